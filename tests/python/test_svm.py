"""The kernel machines against LIBSVM as scikit-learn has it."""

import pickle
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn import svm
from sklearn import svm as theirs
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import StandardScaler

X2, Y2 = make_classification(300, 8, n_informative=5, flip_y=0.05, random_state=0)
X3, Y3 = load_iris(return_X_y=True)
XR, YR = load_diabetes(return_X_y=True)
XR = StandardScaler().fit_transform(XR)
KERNELS = ["linear", "poly", "rbf", "sigmoid"]
CLASSIFIERS = [("SVC", {"C": 2.0}), ("NuSVC", {"nu": 0.5})]
MACHINES = [*CLASSIFIERS, ("SVR", {"C": 10.0}), ("NuSVR", {"C": 10.0, "nu": 0.4}), ("OneClassSVM", {"nu": 0.2})]


def both(name, **params):
    return getattr(svm, name)(**params), getattr(theirs, name)(**params)


def data_of(name):
    return (X2, Y2) if name in ("SVC", "NuSVC") else (XR, YR)


def near(ours, expected, share=1e-4):
    """Decision values to this share of their scale."""
    np.testing.assert_allclose(ours, expected, atol=share * np.abs(expected).max(), rtol=0)


def scores(model, X):
    return model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("name", "params"), MACHINES)
def test_decision_values(name, params, kernel):
    X, y = data_of(name)
    if name == "OneClassSVM" and kernel == "linear":
        # Around the origin no plane keeps rows away from it.
        X = X + 1.0
    # The sigmoid is no kernel; of small factors it is nearly one, and the optimum is one.
    X = X * 0.3 if kernel == "sigmoid" else X
    params = params | {"kernel": kernel, "tol": 1e-6, "coef0": 0.1, "gamma": 0.05}
    ours, other = both(name, **params)
    if (name, kernel) == ("OneClassSVM", "linear"):
        # LIBSVM's single precision cannot go so far: it would not end.
        other.set_params(tol=1e-4)
    ours.fit(X, y), other.fit(X, y)
    near(scores(ours, X), scores(other, X))
    assert abs(ours.n_support_.sum() - other.n_support_.sum()) <= max(2, 0.02 * other.n_support_.sum())
    np.testing.assert_allclose(ours.intercept_, other.intercept_, atol=1e-4 * np.abs(scores(other, X)).max())
    if kernel == "linear":
        near(ours.coef_, other.coef_)
        assert not ours.coef_.flags.writeable
    for attribute in ("dual_coef_", "support_vectors_", "intercept_", "n_support_", "support_"):
        a, b = getattr(ours, attribute), getattr(other, attribute)
        assert (a.dtype, a.ndim) == (b.dtype, b.ndim), attribute
    assert type(ours.n_iter_) is type(other.n_iter_) and ours.fit_status_ == 0
    assert ours.shape_fit_ == other.shape_fit_


def problems():
    """Each machine with the bounds of its duals: costs, or for NuSVC and OneClassSVM shares."""
    for C in (0.1, 1.0, 100.0):
        yield "SVC", {"C": C}
        yield "SVR", {"C": C, "epsilon": 0.1}
        yield "NuSVR", {"C": C, "nu": 0.3}
    for nu in (0.1, 0.3, 0.7):
        yield "NuSVC", {"nu": nu}
        yield "OneClassSVM", {"nu": nu}


def objective(name, model, K, y):
    """The dual objective by LIBSVM's formula, of what is minimised there."""
    beta = np.zeros(len(y))
    beta[model.support_] = np.asarray(model._dual_coef_).ravel()
    if name == "NuSVC":
        # The coefficients are those of the problem over a number that makes margins 1.
        beta *= model.nu * len(y) / np.abs(beta).sum()
        assert np.abs(beta).max() <= 1 + 1e-9
    else:
        assert np.abs(beta).max() <= (1.0 if name == "OneClassSVM" else model.C)
    linear = {"SVC": np.where(y == 0, 1.0, -1.0), "SVR": y, "NuSVR": y}.get(name, np.zeros(len(y)))
    value = 0.5 * beta @ K @ beta - linear @ beta
    return value + model.epsilon * np.abs(beta).sum() if name == "SVR" else value


@pytest.mark.parametrize("gamma", ["scale", 0.3])
@pytest.mark.parametrize("cache_size", [200, 0.1])
@pytest.mark.parametrize(("name", "params"), list(problems()))
def test_dual_objectives_and_decision_values(name, params, cache_size, gamma):
    X, y = data_of(name)
    # The conditions of NuSVC are those before its scores are divided by their margin, which is 0.007 for nu = 0.1.
    ours, other = both(name, gamma=gamma, tol=1e-7 if params.get("nu") == 0.1 and name == "NuSVC" else 1e-6, **params)
    ours.set_params(cache_size=cache_size)
    ours.fit(X, y), other.fit(X, y)
    K = rbf_kernel(X, gamma=ours._gamma)
    mine, expected = (objective(name, m, K, y) for m in (ours, other))
    assert mine <= expected + 1e-6 * abs(expected)
    near(scores(ours, X), scores(other, X))


@pytest.mark.parametrize(("name", "params"), CLASSIFIERS)
@pytest.mark.parametrize("shape", ["ovr", "ovo"])
def test_many_classes(name, params, shape):
    digits, labels = load_digits(return_X_y=True)
    for X, y in ((X3, np.array(["a", "b", "c"])[Y3]), (digits[:600], labels[:600])):
        params = params | {"nu": 0.0937 if len(X) > 150 else 0.3719} if "nu" in params else params
        ours, other = both(name, decision_function_shape=shape, tol=1e-6, **params)
        ours.fit(X, y), other.fit(X, y)
        near(ours.decision_function(X), other.decision_function(X), 1e-3 if shape == "ovr" else 1e-4)
        np.testing.assert_array_equal(ours.predict(X), other.predict(X))
        assert ours.dual_coef_.shape == (len(ours.classes_) - 1, len(ours.support_))
        np.testing.assert_allclose(ours.n_support_, other.n_support_, atol=2)
    linear = svm.SVC(kernel="linear", tol=1e-6).fit(X3, Y3)
    near(linear.coef_, theirs.SVC(kernel="linear", tol=1e-6).fit(X3, Y3).coef_)
    ties = svm.SVC(break_ties=True).fit(X3, Y3)
    np.testing.assert_array_equal(ties.predict(X3), np.argmax(ties.decision_function(X3), axis=1))


@pytest.mark.parametrize(("name", "params"), MACHINES)
def test_weights(name, params):
    X, y = data_of(name)
    rng = np.random.default_rng(0)
    w = rng.choice([0.0, -1.0, 0.5, 1.0, 2.0], len(y))
    keep = w > 0
    if name == "SVC":
        params = params | {"class_weight": {0: 0.5, 1: 3.0}}
    ours, other = both(name, tol=1e-6, **params)
    ours.fit(X, y, sample_weight=w)
    other.fit(X[keep], y[keep], sample_weight=w[keep])
    near(scores(ours, X), scores(other, X))
    alone = getattr(svm, name)(tol=1e-6, **params).fit(X[keep], y[keep], sample_weight=w[keep])
    np.testing.assert_array_equal(ours.dual_coef_, alone.dual_coef_)
    np.testing.assert_array_equal(ours.support_, np.flatnonzero(keep)[alone.support_])
    np.testing.assert_array_equal(X[ours.support_], ours.support_vectors_)
    with pytest.raises(ValueError, match="all samples have zero or negative weights|infeasible"):
        getattr(svm, name)().fit(X, y, sample_weight=np.zeros(len(y)))


@pytest.mark.parametrize(("name", "params"), MACHINES)
def test_sparse_single_precision_and_threads(name, params):
    X, y = data_of(name)
    X = np.where(X > 0.3, X, 0.0)
    ours, other = both(name, tol=1e-6, **params)
    other.fit(sp.csr_array(X), y)
    ours.fit(sp.csr_array(X), y)
    near(scores(ours, sp.csr_array(X)), scores(other, sp.csr_array(X)))
    near(scores(ours, X), scores(other, X))
    assert sp.issparse(ours.dual_coef_) and sp.issparse(ours.support_vectors_)
    dense = getattr(svm, name)(tol=1e-6, **params).fit(X, y)
    near(scores(dense, X), scores(other, X))
    with pytest.raises(ValueError, match="trained on dense data"):
        dense.predict(sp.csr_array(X))
    single = getattr(svm, name)(tol=1e-6, **params).fit(X.astype(np.float32), y)
    near(scores(single, X.astype(np.float32)), scores(other, X), 1e-3)
    with ironlearn.config_context(n_threads=1):
        one = getattr(svm, name)(tol=1e-6, **params).fit(X, y)
    np.testing.assert_array_equal(one.dual_coef_, dense.dual_coef_)


def product(A, B):
    return (0.05 * (A @ B.T) + 1.0) ** 2


@pytest.mark.parametrize(("name", "params"), MACHINES)
def test_precomputed_and_callable(name, params):
    X, y = data_of(name)
    train, test = slice(0, 200), slice(200, None)
    ours, other = both(name, kernel=product, tol=1e-6, **params)
    ours.fit(X[train], y[train]), other.fit(X[train], y[train])
    near(scores(ours, X[test]), scores(other, X[test]))
    given = getattr(svm, name)(kernel="precomputed", tol=1e-6, **params).fit(product(X[train], X[train]), y[train])
    near(scores(given, product(X[test], X[train])), scores(other, X[test]))
    np.testing.assert_array_equal(scores(pickle.loads(pickle.dumps(ours)), X), scores(ours, X))
    with pytest.raises(TypeError, match="product"):
        ironlearn._saved.dumps(ours)
    again = ironlearn._saved.loads(ironlearn._saved.dumps(given))
    np.testing.assert_array_equal(scores(again, product(X, X[train])), scores(given, product(X, X[train])))
    with pytest.raises(ValueError, match="square"):
        getattr(svm, name)(kernel="precomputed").fit(X, y)


def test_probabilities():
    for X, y in ((X2, Y2), (X3, Y3)):
        with pytest.warns(FutureWarning, match="probability"):
            ours = svm.SVC(probability=True, random_state=0).fit(X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = theirs.SVC(probability=True, random_state=0).fit(X, y)
            assert ours.probA_.shape == other.probA_.shape
        p, expected = ours.predict_proba(X), other.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        # Other parts are held out; the calibration is one of few rows.
        assert np.abs(p - expected).mean() < 0.02
        np.testing.assert_array_equal(ours.predict_log_proba(X), np.log(p))
    assert not hasattr(svm.SVC(), "predict_proba")


def test_large_problems_go_by_blocks():
    X, y = make_classification(3000, 10, n_informative=6, random_state=1)
    ours, other = both("SVC", C=2.0, tol=1e-4)
    other.fit(X, y)
    for params in ({}, {"cache_size": 0.5}, {"shrinking": False}):
        ours.set_params(**params).fit(X, y)
        near(ours.decision_function(X), other.decision_function(X), 1e-3)
    ours, other = both("NuSVC", nu=0.2, tol=1e-4)
    ours.set_params(cache_size=2).fit(X, y), other.fit(X, y)
    near(ours.decision_function(X), other.decision_function(X), 1e-3)
    noisy = X[:, 0] + np.random.default_rng(0).normal(size=len(X))
    for name, params in (("SVR", {}), ("NuSVR", {}), ("OneClassSVM", {"nu": 0.1})):
        ours, other = both(name, tol=1e-4, **params)
        ours.set_params(cache_size=2).fit(X, noisy), other.fit(X, noisy)
        near(scores(ours, X), scores(other, X), 1e-3)


def test_steps_and_words(capsys):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        model = svm.SVC(max_iter=2).fit(X2, Y2)
    assert model.fit_status_ == 1 and model.n_iter_.tolist() == [2]
    svm.SVC(verbose=True).fit(X2, Y2)
    out = capsys.readouterr().out
    assert "[LibSVM]" in out and "optimization finished" in out and "Total nSV" in out
    iris = svm.SVC(verbose=True).fit(X3, Y3)
    out = capsys.readouterr().out
    other = [theirs.SVC().fit(X3[Y3 != k], Y3[Y3 != k]).n_support_.sum() for k in (2, 1, 0)]
    told = [int(part.split(",")[0]) for part in out.split("\nnSV = ")[1:]]
    assert len(told) == len(iris.intercept_) == 3 and np.abs(np.subtract(told, other)).max() <= 2
    model = svm.SVC().fit(X2, Y2)
    before = model.decision_function(X2)
    model._intercept_ -= 1.0
    np.testing.assert_allclose(model.decision_function(X2), before + 1.0)


@pytest.mark.parametrize("C", [1.0, 1e10])
@pytest.mark.parametrize("gamma", [1e6, 1e-9])
def test_hard_input_ends(C, gamma):
    X = np.vstack([X2[:50], X2[:50], X2])
    y = np.concatenate([Y2[:50], 1 - Y2[:50], Y2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = svm.SVC(C=C, gamma=gamma, max_iter=100_000).fit(X, y)
        other = theirs.SVC(C=C, gamma=gamma, max_iter=100_000).fit(X, y)
    assert np.isfinite(ours.decision_function(X)).all()
    assert (ours.predict(X) == y).mean() >= (other.predict(X) == y).mean() - 0.02


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
def test_no_support_vector_at_all(layout):
    """A target within the tube, or a tolerance that is met at once: the intercept is the answer."""
    X, constant = layout(X3), np.full(len(X3), 7.0)
    for name, y, params in (("SVR", constant, {}), ("SVC", Y3, {"tol": 1e3}), ("SVC", Y3 == 0, {"tol": 1e3})):
        for kernel in ("rbf", "linear"):
            ours, other = both(name, kernel=kernel, **params)
            ours.fit(X, y), other.fit(X, y)
            assert len(ours.support_) == 0 and ours.dual_coef_.shape == other.dual_coef_.shape
            np.testing.assert_array_equal(ours.predict(X), other.predict(X))
            np.testing.assert_array_equal(scores(ours, X), scores(other, X))
            for again in (pickle.loads(pickle.dumps(ours)), ironlearn._saved.loads(ironlearn._saved.dumps(ours))):
                np.testing.assert_array_equal(again.predict(X), ours.predict(X))


def test_saved():
    for name, params in MACHINES:
        X, y = data_of(name)
        for rows in (X, sp.csr_array(X)):
            model = getattr(svm, name)(**params).fit(rows, y)
            again = ironlearn._saved.loads(ironlearn._saved.dumps(model))
            np.testing.assert_array_equal(scores(again, rows), scores(model, rows))
            assert again.n_support_.tolist() == model.n_support_.tolist()
