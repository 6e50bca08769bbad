"""LinearSVC, LinearSVR and l1_min_c against liblinear: objectives, layouts, weights, threads, hard input."""

import pickle
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn.svm import LinearSVC, LinearSVR, l1_min_c
from sklearn import svm as reference
from sklearn.exceptions import ConvergenceWarning

SVC_KINDS = [
    {"loss": "squared_hinge"},
    {"loss": "squared_hinge", "dual": True},
    {"loss": "hinge"},
    {"loss": "squared_hinge", "penalty": "l1", "dual": False},
]
SVR_KINDS = [
    {"loss": "epsilon_insensitive"},
    {"loss": "epsilon_insensitive", "epsilon": 0.4},
    {"loss": "squared_epsilon_insensitive", "epsilon": 0.2},
]
TIGHT = {"tol": 1e-8, "max_iter": 200_000, "random_state": 0}


def objective(model, X, y, weights=None):
    """What liblinear minimises, summed over the classes that are told from the rest."""
    weights = np.ones(X.shape[0]) if weights is None else weights
    z = X @ np.atleast_2d(model.coef_).T + model.intercept_
    b = np.broadcast_to(model.intercept_, z.shape[1]) / model.intercept_scaling
    penalty = np.abs(model.coef_).sum() + np.abs(b).sum()
    if getattr(model, "penalty", "l2") == "l2":
        penalty = (np.sum(np.square(model.coef_)) + b @ b) / 2
    if hasattr(model, "classes_"):
        positive = model.classes_[1:] if len(model.classes_) == 2 else model.classes_
        outside = np.maximum(0, 1 - np.where(np.asarray(y)[:, None] == positive, 1, -1) * z)
    else:
        outside = np.maximum(0, np.abs(np.asarray(y)[:, None] - z) - model.epsilon)
    outside = outside**2 if model.loss.startswith("squared") else outside
    return penalty + model.C * float(weights @ outside.sum(axis=1))


def problem(seed, n, p, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, size=p)
    z = X @ rng.normal(size=(p, classes)) + rng.normal(size=(n, classes)) * np.abs(X).mean() * np.sqrt(p)
    return X, (z[:, 0] > 0).astype(int) if classes == 2 else z.argmax(axis=1), z[:, 0] / z.std()


def quietly(model, X, y, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **more)


@pytest.mark.parametrize("kind", SVC_KINDS)
@pytest.mark.parametrize(("n", "p", "classes"), [(60, 5, 2), (40, 90, 2), (150, 6, 4)])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_objective_of_classes_is_no_higher_than_liblinears(kind, n, p, classes, C):
    for seed in range(3):
        X, y, _ = problem(seed, n, p, classes)
        ours = quietly(LinearSVC(C=C, **kind, **TIGHT), X, y)
        theirs = quietly(reference.LinearSVC(C=C, **kind, **TIGHT), X, y)
        assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-6)
        assert ours.coef_.shape == theirs.coef_.shape and ours.intercept_.shape == theirs.intercept_.shape


@pytest.mark.parametrize("kind", SVR_KINDS)
@pytest.mark.parametrize(("n", "p"), [(60, 5), (40, 90)])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_the_objective_of_numbers_is_no_higher_than_liblinears(kind, n, p, C):
    for seed in range(3):
        X, _, y = problem(seed, n, p)
        ours = quietly(LinearSVR(C=C, **kind, **TIGHT), X, y)
        theirs = quietly(reference.LinearSVR(C=C, **kind, **TIGHT), X, y)
        assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-6)
        assert ours.coef_.shape == theirs.coef_.shape and np.shape(ours.intercept_) == np.shape(theirs.intercept_)


@pytest.mark.parametrize("kind", SVC_KINDS + SVR_KINDS)
def test_at_the_default_tolerance_the_objective_is_as_good(kind):
    """What `tol` promises: at least what liblinear reaches with it, here within a ten-thousandth."""
    svr = "epsilon_insensitive" in kind["loss"]
    for seed in range(3):
        X, codes, numbers = problem(seed, 400, 8)
        y = numbers if svr else codes
        ours = quietly((LinearSVR if svr else LinearSVC)(random_state=0, **kind), X, y)
        theirs = quietly((reference.LinearSVR if svr else reference.LinearSVC)(random_state=0, **kind), X, y)
        assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-4)


@pytest.mark.parametrize("kind", [*SVC_KINDS, {"multi_class": "crammer_singer"}, *SVR_KINDS])
@pytest.mark.parametrize(("n", "p"), [(120, 5), (30, 80)])
def test_every_layout_gives_the_same_model(kind, n, p):
    svr = "epsilon_insensitive" in kind.get("loss", "")
    X, codes, numbers = problem(1, n, p, 3)
    X[np.abs(X) < np.median(np.abs(X))] = 0
    X = X.astype(np.float32).astype(np.float64)
    y = numbers if svr else codes

    def fit(X):
        return quietly((LinearSVR if svr else LinearSVC)(C=0.1, **kind, **TIGHT), X, y)

    dense = fit(X)
    for other in (np.asfortranarray(X), X.astype(np.float32), sp.csr_array(X), sp.csc_matrix(X), sp.coo_array(X)):
        model = fit(other)
        assert model.coef_.dtype == np.float64
        scale = np.abs(dense.coef_).max()
        np.testing.assert_allclose(model.coef_, dense.coef_, atol=2e-4 * scale)


@pytest.mark.parametrize("kind", [*SVC_KINDS, {"multi_class": "crammer_singer"}, *SVR_KINDS])
def test_weights_are_repetitions(kind):
    svr = "epsilon_insensitive" in kind.get("loss", "")
    X, codes, numbers = problem(2, 150, 4, 3)
    y = numbers if svr else codes
    weights = np.random.default_rng(0).integers(0, 4, size=150)

    def make():
        return (LinearSVR if svr else LinearSVC)(C=0.1, **kind, **TIGHT)

    weighted = quietly(make(), X, y, sample_weight=weights)
    repeated = quietly(make(), np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=2e-4 * np.abs(repeated.coef_).max())
    # A negative weight leaves a row out, as in liblinear.
    signed = np.where(weights == 0, -1.0, weights)
    np.testing.assert_array_equal(quietly(make(), X, y, sample_weight=signed).coef_, weighted.coef_)


@pytest.mark.parametrize("multi_class", ["ovr", "crammer_singer"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0}])
@pytest.mark.parametrize("classes", [2, 3])
def test_class_weights_count_as_in_liblinear(multi_class, class_weight, classes):
    X, y, _ = problem(3, 200, 4, classes)
    if isinstance(class_weight, dict):
        class_weight = {k: v for k, v in class_weight.items() if k < classes}
    given = {"multi_class": multi_class, "class_weight": class_weight, "C": 0.1, "loss": "hinge"}
    ours = quietly(LinearSVC(**given, **TIGHT), X, y)
    theirs = quietly(reference.LinearSVC(**given, **TIGHT), X, y)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3 * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-3 * scale)


@pytest.mark.parametrize("kind", [*SVC_KINDS, {"multi_class": "crammer_singer"}])
@pytest.mark.parametrize("p", [6, 300])
def test_threads_change_no_bit(kind, p):
    X, y, _ = problem(4, 200, p, 3)
    coefs = []
    for threads in (1, 2, 3):
        with ironlearn.config_context(n_threads=threads):
            coefs.append(quietly(LinearSVC(random_state=0, **kind), X, y).coef_)
    np.testing.assert_array_equal(coefs[0], coefs[1])
    np.testing.assert_array_equal(coefs[0], coefs[2])


@pytest.mark.parametrize("C", [1e10, 1e-10])
@pytest.mark.parametrize("kind", [{"loss": "hinge"}, {"loss": "squared_hinge"}, {"multi_class": "crammer_singer"}])
def test_hard_problems_end(kind, C):
    X, y, _ = problem(5, 100, 3)
    # Duplicated rows with opposite labels.
    X, y = np.vstack([X, X]), np.concatenate([y, 1 - y])
    model = quietly(LinearSVC(C=C, random_state=0, **kind), X, y)
    assert np.isfinite(model.coef_).all()
    weights = (y == 0).astype(float)
    assert np.isfinite(quietly(LinearSVC(C=C, random_state=0, **kind), X, y, sample_weight=weights).coef_).all()
    numbers = quietly(LinearSVR(C=C, random_state=0), X, y.astype(float))
    assert np.isfinite(numbers.coef_).all()


def test_a_huge_c_separates_what_is_separable():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = (X @ [1.0, -2.0, 0.5, 0.0] > 0).astype(int)
    for loss in ("hinge", "squared_hinge"):
        assert quietly(LinearSVC(C=1e8, loss=loss, random_state=0), X, y).score(X, y) == 1.0


@pytest.mark.parametrize(
    "kind",
    [
        {"loss": "hinge", "dual": False},
        {"loss": "hinge", "penalty": "l1"},
        {"penalty": "l1", "dual": True},
        {"loss": "hinge", "penalty": "l1", "dual": True},
    ],
)
def test_combinations_without_a_solver_are_refused_in_the_same_words(kind):
    X, y, _ = problem(6, 30, 3)
    with pytest.raises(ValueError) as theirs:
        reference.LinearSVC(**kind).fit(X, y)
    with pytest.raises(ValueError) as ours:
        LinearSVC(**kind).fit(X, y)
    assert str(ours.value) == str(theirs.value)


def test_the_same_errors():
    X, y, _ = problem(6, 30, 3)
    with pytest.raises(ValueError, match=r"the data contains only one class: np\.int64\(1\)"):
        LinearSVC().fit(X, np.ones(30, dtype=int))
    with pytest.raises(ValueError, match="contains NaN"):
        LinearSVC().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="contains NaN"):
        LinearSVR().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="epsilon"):
        LinearSVR(epsilon=-1.0).fit(X, y)


def test_attributes_and_warnings():
    X, y, numbers = problem(7, 200, 5)
    with pytest.warns(ConvergenceWarning, match="Liblinear failed to converge, increase the number of iterations."):
        model = LinearSVC(max_iter=1).fit(X, y)
    assert model.n_iter_ == 1 and isinstance(model.n_iter_, int)
    assert LinearSVC(fit_intercept=False).fit(X, y).intercept_ == 0.0
    assert LinearSVR(fit_intercept=False).fit(X, numbers).intercept_ == 0.0
    sparse = LinearSVC().fit(X, y).sparsify()
    assert sp.issparse(sparse.coef_) and sparse.predict(X).shape == (200,)


def test_verbose_prints_a_line_for_each_iteration(capsys):
    X, y, numbers = problem(7, 200, 5)
    model = LinearSVR(verbose=1).fit(X, numbers)
    assert len(capsys.readouterr().out.splitlines()) >= model.n_iter_
    LinearSVC(verbose=1).fit(X, np.arange(len(X)) % 3)
    assert capsys.readouterr().out.splitlines() == [f"class {k} of 3 is done" for k in (1, 2, 3)]


def test_file_and_pickle(tmp_path):
    X, y, numbers = problem(8, 100, 5, 3)
    for model in (LinearSVC().fit(X, y), LinearSVR(epsilon=0.1).fit(X, numbers)):
        ironlearn.save(model, tmp_path / "model")
        for again in (ironlearn.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
            assert again.get_params() == model.get_params()
            np.testing.assert_array_equal(again.predict(X), model.predict(X))
            assert again.n_iter_ == model.n_iter_ and again.coef_.shape == model.coef_.shape


@pytest.mark.parametrize("loss", ["squared_hinge", "log"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_matrix])
def test_the_bound_of_c(loss, classes, form):
    X, y, _ = problem(9, 80, 4, classes)
    for given in ({}, {"fit_intercept": False}, {"intercept_scaling": 30.0}):
        found = l1_min_c(form(X), y, loss=loss, **given)
        assert found == pytest.approx(reference.l1_min_c(form(X), y, loss=loss, **given), rel=1e-12)
    with pytest.raises(ValueError, match="Ill-posed l1_min_c calculation"):
        l1_min_c(np.zeros((2, 2)), [0, 1])


def test_coefficients_begin_at_the_bound_of_c():
    X, y, _ = problem(9, 80, 4)
    bound = l1_min_c(X, y)
    model = LinearSVC(penalty="l1", tol=1e-8)
    assert not model.set_params(C=bound * 0.999).fit(X, y).coef_.any()
    assert model.set_params(C=bound * 1.01).fit(X, y).coef_.any() or model.intercept_.any()


def joint_objective(model, X, y):
    """Crammer and Singer's."""
    z = np.asarray(X @ model.coef_.T) + model.intercept_
    own = z[np.arange(len(y)), y]
    z += np.arange(z.shape[1]) != np.asarray(y)[:, None]
    return (np.sum(model.coef_**2) + np.sum(model.intercept_**2)) / 2 + model.C * np.sum(z.max(axis=1) - own)


@pytest.mark.parametrize(("n", "p", "C", "tol"), [(1000, 12, 1.0, 0.1), (1000, 12, 1e3, 0.1), (300, 400, 1.0, 1e-4)])
def test_overlapping_classes_together_converge_where_liblinear_crawls(n, p, C, tol):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = np.digitize(2 * X[:, 0] + rng.normal(size=n), [-2, -1, 0, 1])
    given = {"multi_class": "crammer_singer", "C": C, "tol": tol, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        ours = LinearSVC(**given).fit(X, y)
    theirs = quietly(reference.LinearSVC(**given), X, y)
    assert joint_objective(ours, X, y) <= joint_objective(theirs, X, y) * (1 + 1e-9)
    # Nothing is cut off, but what takes more than `max_iter` is said to.
    with pytest.warns(ConvergenceWarning):
        few = LinearSVC(**given, max_iter=2).fit(X, y)
    np.testing.assert_array_equal(few.coef_, ours.coef_)


def test_a_hinge_on_many_columns_of_zeros_is_no_higher_than_liblinears():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 200)) * (rng.random((600, 200)) < 0.2)
    y = (X @ rng.normal(size=(200, 4)) + rng.normal(size=(600, 4))).argmax(axis=1)
    for C in (0.01, 1.0):
        given = {"loss": "hinge", "C": C, "tol": 1e-6, "max_iter": 200_000, "random_state": 0}
        ours, theirs = quietly(LinearSVC(**given), X, y), quietly(reference.LinearSVC(**given), X, y)
        assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-6)


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
def test_an_l1_penalty_on_sparse_columns_is_no_higher_than_liblinears(C):
    rng = np.random.default_rng(0)
    X = sp.random(800, 600, density=0.05, random_state=1, format="csr")
    y = np.asarray(X @ rng.normal(size=(600, 3)) + 0.3 * rng.normal(size=(800, 3))).argmax(axis=1)
    given = {"penalty": "l1", "dual": False, "C": C, "random_state": 0}
    ours, theirs = quietly(LinearSVC(**given), X, y), quietly(reference.LinearSVC(**given), X, y)
    assert objective(ours, X, y) <= objective(theirs, X, y) * (1 + 1e-5)
    assert (ours.coef_ == 0).any()
