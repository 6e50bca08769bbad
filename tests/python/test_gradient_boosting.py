"""Gradient boosting with exact splits against scikit-learn's, and what is ours alone."""

import pickle

import ironlearn
import numpy as np
import pytest
from ironlearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from scipy import sparse
from sklearn import ensemble as reference
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import export_text

# Gradients that are all the same in a node leave scikit-learn with an impurity of rounding, and it may split there.
# Where this much has to be won, such nodes stay whole.
WHOLE = {"min_impurity_decrease": 1e-12}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 6)).astype(np.float32).astype(np.float64)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.standard_t(3, size=1200)
    return X, y, rng.uniform(0.2, 3, size=1200)


def agree(theirs, ours, X):
    """Scores, predictions of all stages and importances are the same up to rounding."""
    assert theirs.n_estimators_ == ours.n_estimators_
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-8, atol=1e-12)
    raw = "staged_decision_function" if hasattr(theirs, "decision_function") else "staged_predict"
    for a, b in zip(getattr(theirs, raw)(X), getattr(ours, raw)(X), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(ours.predict(X), ours.predict(X))
    np.testing.assert_allclose(ours.feature_importances_.sum(), 1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_numbers_are_those_of_scikit_learn(data, loss, weighted):
    X, y, w = data
    w = w if weighted else None
    params = {"loss": loss, "n_estimators": 25, "random_state": 0, "alpha": 0.8, **WHOLE}
    theirs = reference.GradientBoostingRegressor(**params).fit(X, y, w)
    ours = GradientBoostingRegressor(**params).fit(X, y, w)
    if not weighted and loss in ("absolute_error", "quantile"):
        # Gradients of two values: without weights many splits are equally good, and one of them is drawn.
        np.testing.assert_allclose(ours.init_.predict(X), theirs.init_.predict(X), rtol=1e-12)
        np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=0.03)
    else:
        agree(theirs, ours, X)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "k"), [("log_loss", 2), ("log_loss", 4), ("exponential", 2)])
def test_classes_are_those_of_scikit_learn(data, loss, k, weighted):
    X, y, w = data
    y = np.array(["a", "b", "c", "d"])[np.digitize(y, np.quantile(y, np.arange(1, k) / k))]
    w = w if weighted else None
    params = {"loss": loss, "n_estimators": 25, "random_state": 0, **WHOLE}
    theirs = reference.GradientBoostingClassifier(**params).fit(X, y, w)
    ours = GradientBoostingClassifier(**params).fit(X, y, w)
    agree(theirs, ours, X)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-8)
    for a, b in zip(theirs.staged_predict_proba(X), ours.staged_predict_proba(X), strict=True):
        np.testing.assert_allclose(b, a, atol=1e-9)
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.apply(X).shape == theirs.apply(X).shape


@pytest.mark.parametrize("k", [2, 3])
def test_stages_of_many_rows(data, k):
    """More rows than whose predictions of all stages are made at once; what is yielded is the caller's own."""
    X, y, _ = data
    model = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, np.digitize(y, [0, 1][: k - 1]))
    few = list(model.staged_decision_function(X))
    for stage, raw in enumerate(model.staged_decision_function(np.tile(X, (350, 1)))):
        np.testing.assert_array_equal(raw, np.tile(few[stage], (350, 1)))
        raw[:] = np.nan
    assert stage == 4


@pytest.mark.parametrize(
    "params",
    [
        {"max_leaf_nodes": 9, "max_depth": None, "min_samples_leaf": 5},
        {"max_depth": 8, "min_samples_split": 0.02, "min_samples_leaf": 0.01, "n_estimators": 8},
        {"min_weight_fraction_leaf": 0.05, "learning_rate": 0.5},
        {"ccp_alpha": 1e-2},
        {"init": "zero"},
        {"init": LinearRegression()},
        {"n_estimators": 300, "n_iter_no_change": 3, "validation_fraction": 0.2, "tol": 1e-3, "min_samples_leaf": 4},
        {"min_impurity_decrease": 0.02},
    ],
)
@pytest.mark.parametrize("layout", [np.asarray, np.asfortranarray, np.float32, sparse.csr_array, sparse.csc_matrix])
def test_parameters_mean_the_same(data, params, layout):
    X, y, w = data
    params = {"n_estimators": 20, "random_state": 3, **WHOLE, **params}
    theirs = reference.GradientBoostingRegressor(**params).fit(layout(X), y, w)
    ours = GradientBoostingRegressor(**params).fit(layout(X), y, w)
    agree(theirs, ours, X)
    # Another estimator is given float32, whose products depend on the layout.
    atol = 1e-6 if isinstance(params.get("init"), LinearRegression) else 1e-10
    np.testing.assert_allclose(ours.predict(layout(X)), theirs.predict(X), rtol=1e-8, atol=atol)
    if ours.init_ != "zero":
        np.testing.assert_allclose(ours.init_.predict(X), theirs.init_.predict(X))


def test_another_estimator_to_start_from(data):
    X, y, w = data
    for k in (2, 3):
        classes = np.digitize(y, np.quantile(y, np.arange(1, k) / k))
        for params in [{"init": LogisticRegression()}, {}]:
            params = {"n_estimators": 10, "random_state": 0, **params, **WHOLE}
            theirs = reference.GradientBoostingClassifier(**params).fit(X, classes, w)
            ours = GradientBoostingClassifier(**params).fit(X, classes, w)
            agree(theirs, ours, X)
            np.testing.assert_allclose(ours.init_.predict_proba(X), theirs.init_.predict_proba(X))
            assert (pickle.loads(pickle.dumps(ours)).predict(X) == ours.predict(X)).all()
    starts = GradientBoostingRegressor(init=LinearRegression(), n_estimators=3).fit(X, y)
    with pytest.raises(TypeError, match="LinearRegression"):
        ironlearn.save(starts, "nowhere.iron")


def test_subsampling_and_its_scores(data):
    X, y, _ = data
    params = {"subsample": 0.5, "n_estimators": 30, "random_state": 1}
    ours = GradientBoostingRegressor(**params).fit(X, y)
    theirs = reference.GradientBoostingRegressor(**params).fit(X, y)
    assert ours.oob_score_ == ours.oob_scores_[-1]
    np.testing.assert_allclose(np.diff(ours.oob_scores_) + ours.oob_improvement_[1:], 0, atol=1e-12)
    # Other random rows: scores lie near each other.
    np.testing.assert_allclose(ours.oob_scores_[-5:].mean(), theirs.oob_scores_[-5:].mean(), rtol=0.15)
    root = ours.estimators_[0, 0].tree_
    assert root.n_node_samples[0] == 600
    assert (GradientBoostingRegressor(**params).fit(X, y).predict(X) == ours.predict(X)).all()


def test_going_on_is_one_fit(data):
    X, y, w = data
    for params in [{}, {"subsample": 0.7, "max_features": 2}]:
        whole = GradientBoostingRegressor(n_estimators=15, random_state=2, **params).fit(X, y, w)
        parts = GradientBoostingRegressor(n_estimators=6, random_state=2, warm_start=True, **params).fit(X, y, w)
        first = parts.estimators_
        parts.set_params(n_estimators=15, max_depth=3).fit(X, y, w)
        np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
        np.testing.assert_array_equal(parts.train_score_, whole.train_score_)
        assert len(first) == 6
        assert len(parts) == 15
    with pytest.raises(ValueError, match="larger or equal"):
        parts.set_params(n_estimators=3).fit(X, y, w)
    with pytest.raises(ValueError, match="goes on with"):
        parts.set_params(n_estimators=20).fit(X[:, :3], y, w)


def test_a_monitor_sees_each_stage_and_stops(data):
    X, y, _ = data
    seen = []

    def monitor(i, estimator, surroundings):
        seen.append((i, len(estimator.estimators_), estimator.train_score_[-1], surroundings["i"]))
        return i == 4

    model = GradientBoostingRegressor(n_estimators=50).fit(X, y, monitor=monitor)
    assert [s[:2] for s in seen] == [(i, i + 1) for i in range(5)]
    assert model.n_estimators_ == 5
    assert [s[2] for s in seen] == list(model.train_score_)

    def raises(*_):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        GradientBoostingRegressor().fit(X, y, monitor=raises)


@pytest.mark.parametrize("verbose", [1, 2])
def test_stages_are_told(data, capsys, verbose):
    X, y, _ = data
    params = {"n_estimators": 25, "subsample": 0.8, "verbose": verbose, "random_state": 0}
    GradientBoostingRegressor(**params).fit(X, y)
    ours = capsys.readouterr().out.splitlines()
    reference.GradientBoostingRegressor(**params).fit(X, y)
    theirs = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in ours] == [line.split()[0] for line in theirs]
    assert ours[0] == theirs[0]


def test_criterion_is_deprecated(data):
    X, y, _ = data
    with pytest.warns(FutureWarning, match="The parameter `criterion` is deprecated and will be removed in 1.11"):
        GradientBoostingRegressor(criterion="friedman_mse", n_estimators=1).fit(X, y)


def test_trees_and_files(data, tmp_path):
    X, y, _ = data
    model = GradientBoostingRegressor(n_estimators=4, max_depth=2, random_state=0).fit(X, y)
    trees = model.estimators_
    assert trees.shape == (4, 1)
    total = model.init_.predict(X) + 0.1 * sum(tree.predict(X) for tree in trees[:, 0])
    np.testing.assert_allclose(total, model.predict(X))
    assert "feature_0" in export_text(trees[0, 0])
    ironlearn.save(model, tmp_path / "m.iron")
    again = ironlearn.load(tmp_path / "m.iron")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params()["max_depth"] == 2
    np.testing.assert_array_equal(again.train_score_, model.train_score_)
    codes = np.digitize(y, [-0.5, 0.5])
    classes = GradientBoostingClassifier(n_estimators=4).fit(X, np.array(["x", "y", "z"])[codes])
    ironlearn.save(classes, tmp_path / "c.iron")
    again = ironlearn.load(tmp_path / "c.iron")
    np.testing.assert_array_equal(again.predict_proba(X), classes.predict_proba(X))
    assert (again.predict(X) == classes.predict(X)).all()


def test_a_row_alone_is_the_row_among_others(data):
    X, y, _ = data
    model = GradientBoostingClassifier(n_estimators=20).fit(X, y > 0)
    many = model.decision_function(X)
    np.testing.assert_array_equal([model.decision_function(X[i : i + 1])[0] for i in range(50)], many[:50])
    np.testing.assert_array_equal(model.decision_function(sparse.csr_array(X)), many)
    np.testing.assert_array_equal(model.decision_function(np.asfortranarray(X)), many)


def test_threads_change_nothing(data):
    X, y, w = data
    X, y, w = np.tile(X, (10, 1)), np.tile(y, 10), np.tile(w, 10)
    found = []
    for n in (1, 2):
        with ironlearn.config_context(n_threads=n):
            model = GradientBoostingClassifier(n_estimators=5, random_state=0, subsample=0.8).fit(X, y > 0, w)
            found.append((model.decision_function(X), model.train_score_))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.zeros((20, 3)), np.arange(20.0)),
        (np.eye(20), np.zeros(20)),
        (np.arange(20.0).reshape(-1, 1), np.full(20, 1e308)),
        (np.full((20, 2), 3e38), np.arange(20.0)),
        (np.arange(2.0).reshape(-1, 1), np.arange(2.0)),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_degenerate_data(X, y):
    for loss in ["squared_error", "absolute_error", "huber", "quantile"]:
        model = GradientBoostingRegressor(loss=loss, n_estimators=3).fit(X, y)
        assert model.predict(X).shape == y.shape
    if len(np.unique(y)) > 1:
        assert GradientBoostingClassifier(n_estimators=3).fit(X, y > y[0]).predict(X).shape == y.shape


def test_wrong_input_is_refused(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="1 class"):
        GradientBoostingClassifier().fit(X, np.ones(len(y)))
    with pytest.raises(ValueError, match="binary classification"):
        GradientBoostingClassifier(loss="exponential").fit(X, np.arange(len(y)) % 3)
    with pytest.raises(ValueError, match="NaN"):
        GradientBoostingRegressor().fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="too large for dtype"):
        GradientBoostingRegressor().fit(np.where(X > 2, 1e300, X), y)
    model = GradientBoostingRegressor(n_estimators=2).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        model.predict(np.where(X > 2, np.nan, X))
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :2])


def test_tools_read_our_boosting(data):
    """SHAP and partial dependence by recursion ask for scikit-learn's classes."""
    X, y, _ = data
    for Class, target in ((GradientBoostingRegressor, y), (GradientBoostingClassifier, y > 0)):
        ours = Class(n_estimators=8, random_state=0).fit(X, target)
        theirs = getattr(reference, Class.__name__)(n_estimators=8, random_state=0).fit(X, target)
        assert isinstance(ours, type(theirs))
        a, b = (
            partial_dependence(m, X, [0, 1], method="recursion", grid_resolution=5)["average"] for m in (ours, theirs)
        )
        np.testing.assert_allclose(a, b, rtol=1e-8)
        raw = getattr(ours, "decision_function", ours.predict)(X[:20])
        explainer = pytest.importorskip("shap").TreeExplainer(ours)
        np.testing.assert_allclose(explainer.shap_values(X[:20]).sum(axis=1) + explainer.expected_value, raw)
