"""AdaBoost and bagging against scikit-learn's, and scikit-learn's voting and stacking with our estimators inside."""

import pickle

import ironlearn
import numpy as np
import pytest
from ironlearn import _core
from ironlearn import ensemble as ours
from ironlearn.discriminant_analysis import LinearDiscriminantAnalysis
from ironlearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from ironlearn.pipeline import make_pipeline
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from scipy import sparse
from sklearn import config_context
from sklearn import ensemble as theirs
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.svm import SVC


@pytest.fixture(scope="module")
def flowers():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def numbers():
    return load_diabetes(return_X_y=True)


# ------------------------------------------------------------------------------------------------------------ AdaBoost


@pytest.mark.parametrize("base", [None, LogisticRegression(max_iter=500), DecisionTreeClassifier(max_depth=2)])
@pytest.mark.parametrize("rate", [1.0, 0.3])
@pytest.mark.parametrize("k", [2, 3])
def test_adaboost_of_classes(flowers, base, rate, k):
    X, y = flowers
    y = np.array(["a", "b", "c"])[y % k if k == 3 else (y == 1).astype(int)]
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    params = {"n_estimators": 15, "learning_rate": rate, "random_state": 0}
    a = theirs.AdaBoostClassifier(clone(base) if base else None, **params).fit(X, y, w)
    b = ours.AdaBoostClassifier(base, **params).fit(X, y, w)
    if isinstance(base, LogisticRegression):
        # The one part that both have in common draws no numbers: the same up to rounding.
        np.testing.assert_allclose(b.estimator_weights_, a.estimator_weights_, rtol=1e-6)
        np.testing.assert_allclose(b.estimator_errors_, a.estimator_errors_, rtol=1e-6)
        for one, other in zip(a.staged_decision_function(X), b.staged_decision_function(X), strict=True):
            np.testing.assert_allclose(other, one, atol=1e-6)
    assert abs(a.score(X, y) - b.score(X, y)) < 0.05
    np.testing.assert_allclose(b.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(b.predict_log_proba(X)), b.predict_proba(X))
    np.testing.assert_array_equal(list(b.staged_predict(X))[-1], b.predict(X))
    np.testing.assert_allclose(list(b.staged_predict_proba(X))[-1], b.predict_proba(X))
    assert list(b.staged_score(X, y))[-1] == b.score(X, y)
    assert (b.classes_ == a.classes_).all()
    assert len(b) == len(b.estimators_)
    assert (pickle.loads(pickle.dumps(b)).predict(X) == b.predict(X)).all()
    np.testing.assert_array_equal(ours.AdaBoostClassifier(base, **params).fit(X, y, w).predict(X), b.predict(X))


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
def test_adaboost_of_numbers(numbers, loss):
    X, y = numbers
    params = {"loss": loss, "n_estimators": 10, "random_state": 0}
    a = theirs.AdaBoostRegressor(LinearRegression(), **params).fit(X, y)
    b = ours.AdaBoostRegressor(LinearRegression(), **params).fit(X, y)
    np.testing.assert_allclose(b.predict(X), a.predict(X), rtol=1e-9)
    np.testing.assert_allclose(b.estimator_weights_, a.estimator_weights_, rtol=1e-9)
    for one, other in zip(a.staged_predict(X), b.staged_predict(X), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9)
    trees = ours.AdaBoostRegressor(**params).fit(X, y)
    assert isinstance(trees.estimators_[0], DecisionTreeRegressor)
    assert trees.score(X, y) > theirs.AdaBoostRegressor(**params).fit(X, y).score(X, y) - 0.05
    np.testing.assert_allclose(trees.feature_importances_.sum(), 1)
    with pytest.raises(AttributeError, match="feature importances"):
        _ = b.feature_importances_


def test_adaboost_says_what_it_cannot_do(flowers):
    X, y = flowers
    with pytest.raises(ValueError, match="doesn't support sample_weight"):
        ours.AdaBoostClassifier(make_pipeline(LogisticRegression())).fit(X, y)
    noise = np.random.default_rng(0).integers(0, 2, 400)
    with pytest.raises(ValueError, match="worse than random"):
        ours.AdaBoostClassifier(theirs_dummy()).fit(np.zeros((400, 1)), noise)
    with pytest.raises(ValueError, match="[Nn]egative"):
        ours.AdaBoostClassifier().fit(X, y, -np.ones(len(y)))
    with pytest.raises(NotFittedError):
        ours.AdaBoostRegressor().predict(X)
    with pytest.raises(TypeError, match="AdaBoostClassifier around sklearn"):
        foreign = ours.AdaBoostClassifier(theirs.RandomForestClassifier(n_estimators=2), n_estimators=2)
        ironlearn.save(foreign.fit(X, y), "nowhere.iron")


def theirs_dummy():
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="constant", constant=0)


# ------------------------------------------------------------------------------------------------------------- bagging

BAGS = [
    {},
    {"max_samples": 0.5, "max_features": 0.5, "bootstrap_features": True},
    {"max_samples": 60, "bootstrap": False},
    {"max_features": 2, "oob_score": True, "n_estimators": 40},
]


@pytest.mark.parametrize("bag", BAGS)
@pytest.mark.parametrize("base", [LogisticRegression(max_iter=500), SVC()])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_bags_of_classes_are_scikit_learns(flowers, bag, base, layout):
    X, y = flowers
    X = layout(X[50:])
    y = np.array(["x", "y"])[y[50:] - 1]
    params = {"n_estimators": 8, "random_state": 1, **bag}
    a = theirs.BaggingClassifier(clone(base), **params).fit(X, y)
    b = ours.BaggingClassifier(base, **params).fit(X, y)
    for one, other in zip(a.estimators_samples_, b.estimators_samples_, strict=True):
        np.testing.assert_array_equal(other, one)
    np.testing.assert_array_equal(b.estimators_features_, a.estimators_features_)
    np.testing.assert_allclose(b.predict_proba(X), a.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(b.decision_function(X), a.decision_function(X), atol=1e-9)
    np.testing.assert_allclose(b.predict_log_proba(X), a.predict_log_proba(X), atol=1e-8)
    assert (b.predict(X) == a.predict(X)).all()
    if "oob_score" in bag:
        assert b.oob_score_ == a.oob_score_
        np.testing.assert_allclose(b.oob_decision_function_, a.oob_decision_function_, atol=1e-9)


@pytest.mark.parametrize("bag", BAGS)
def test_bags_of_numbers_are_scikit_learns(numbers, bag):
    X, y = numbers
    params = {"n_estimators": 8, "random_state": 1, **bag}
    w = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    for weights in (None, w) if bag.get("bootstrap", True) else (None,):
        a = theirs.BaggingRegressor(Ridge(alpha=0.1), **params).fit(X, y, weights)
        b = ours.BaggingRegressor(Ridge(alpha=0.1), **params).fit(X, y, weights)
        np.testing.assert_allclose(b.predict(X), a.predict(X), rtol=1e-9)
        if "oob_score" in bag:
            np.testing.assert_allclose(b.oob_prediction_, a.oob_prediction_, rtol=1e-9)
    trees = ours.BaggingRegressor(random_state=1, n_estimators=30).fit(X, y)
    assert trees.score(X, y) > 0.85
    assert isinstance(trees.estimators_[0], DecisionTreeRegressor)


def test_threads_change_no_bag(numbers):
    X, y = numbers
    found = [ours.BaggingRegressor(n_jobs=n, random_state=0).fit(X, y).predict(X) for n in (1, 2, -1, None)]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_bags_grow_on(flowers):
    X, y = flowers
    whole = ours.BaggingClassifier(n_estimators=9, random_state=3).fit(X, y)
    parts = ours.BaggingClassifier(n_estimators=4, random_state=3, warm_start=True).fit(X, y)
    parts.set_params(n_estimators=9).fit(X, y)
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    for one, other in zip(parts.estimators_samples_, whole.estimators_samples_, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.warns(UserWarning, match="does not fit new trees"):
        parts.fit(X, y)
    with pytest.raises(ValueError, match="larger or equal"):
        parts.set_params(n_estimators=2).fit(X, y)


def test_metadata_is_routed(numbers):
    X, y = numbers
    with config_context(enable_metadata_routing=True):
        base = LinearRegression().set_fit_request(sample_weight=True)
        model = ours.BaggingRegressor(base, random_state=0).fit(X, y)
        assert model.get_metadata_routing().consumes("fit", ["sample_weight"]) == {"sample_weight"}
        expected = theirs.BaggingRegressor(base, random_state=0).fit(X, y).predict(X)
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


def test_bagging_says_what_it_cannot_do(flowers):
    X, y = flowers
    for params, message in [
        ({"oob_score": True, "bootstrap": False}, "Out of bag"),
        ({"oob_score": True, "warm_start": True}, "Out of bag"),
        ({"max_features": 9}, "max_features"),
        ({"max_samples": 500, "bootstrap": False}, "max_samples"),
    ]:
        with pytest.raises(ValueError, match=message):
            ours.BaggingClassifier(**params).fit(X, y)
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        ours.BaggingClassifier(n_estimators=1, oob_score=True, random_state=0).fit(X, y)
    assert not hasattr(ours.BaggingClassifier(), "decision_function")
    with pytest.raises(TypeError, match="BaggingClassifier around sklearn"):
        ironlearn.save(ours.BaggingClassifier(SVC(), n_estimators=2).fit(X, y), "nowhere.iron")


def test_missing_values_and_names_pass_through(flowers):
    pd = pytest.importorskip("pandas")
    X, y = flowers
    frame = pd.DataFrame(X, columns=list("abcd")).mask(X > 6)
    model = ours.BaggingClassifier(n_estimators=5, random_state=0).fit(frame, y)
    assert list(model.feature_names_in_) == list("abcd")
    assert model.score(frame, y) > 0.9


# ------------------------------------------------------------------------------------------- the core, and model files

TREES_OF_CLASSES = [
    None,
    DecisionTreeClassifier(max_depth=3, min_samples_leaf=5),
    DecisionTreeClassifier(max_depth=2, max_features=2, criterion="entropy"),
    ExtraTreeClassifier(max_depth=2, min_samples_leaf=10),
]
TREES_OF_NUMBERS = [
    None,
    DecisionTreeRegressor(max_leaf_nodes=6),
    DecisionTreeRegressor(max_depth=2, max_features="sqrt"),
    ExtraTreeRegressor(max_depth=5),
]


def boosted(cls, base, X, y, weights, in_the_core, monkeypatch):
    with monkeypatch.context() as patch:
        if not in_the_core:
            patch.setattr(cls, "_boosts_in_the_core", lambda self: False)
        return cls(base, n_estimators=12, random_state=3).fit(X, y, weights)


@pytest.mark.parametrize("base", TREES_OF_CLASSES)
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csc_array])
def test_the_core_boosts_classes_as_python_does(base, layout, monkeypatch):
    # Where two features part the rows alike, as in iris, rounding chooses one.
    X, y = load_wine(return_X_y=True)
    X, y = layout(X), np.array(["x", "y", "z"])[y]
    w = np.random.default_rng(1).uniform(0.5, 2, len(y))
    a, b = (boosted(ours.AdaBoostClassifier, base, X, y, w, core, monkeypatch) for core in (False, True))
    assert [e.random_state for e in a.estimators_] == [e.random_state for e in b.estimators_]
    np.testing.assert_allclose(b.estimator_errors_, a.estimator_errors_, rtol=1e-9)
    np.testing.assert_allclose(b.estimator_weights_, a.estimator_weights_, rtol=1e-9)
    for one, other in zip(a.estimators_, b.estimators_, strict=True):
        np.testing.assert_array_equal(other.predict(X), one.predict(X))
        np.testing.assert_array_equal(other.tree_.threshold, one.tree_.threshold)
        assert other.get_params() == one.get_params() and (other.classes_ == one.classes_).all()
    np.testing.assert_allclose(b.predict_proba(X), a.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("base", TREES_OF_NUMBERS)
def test_the_core_boosts_numbers_as_python_does(numbers, base, monkeypatch):
    X, y = numbers
    w = np.random.default_rng(1).uniform(0.5, 2, len(y))
    a, b = (boosted(ours.AdaBoostRegressor, base, X, y, w, core, monkeypatch) for core in (False, True))
    np.testing.assert_allclose(b.estimator_errors_, a.estimator_errors_, rtol=1e-9)
    for one, other in zip(a.estimators_, b.estimators_, strict=True):
        np.testing.assert_allclose(other.predict(X), one.predict(X), rtol=1e-9)
    np.testing.assert_allclose(b.predict(X), a.predict(X), rtol=1e-9)


def test_assigned_estimators_take_effect(flowers):
    X, y = flowers
    model = ours.AdaBoostClassifier(n_estimators=10, random_state=0).fit(X, y)
    before = model.decision_function(X)
    model.estimators_ = model.estimators_[:2]
    model.estimator_weights_ = model.estimator_weights_[:2]
    model.estimator_errors_ = model.estimator_errors_[:2]
    np.testing.assert_allclose(model.decision_function(X), list(model.staged_decision_function(X))[-1], rtol=1e-12)
    assert not np.allclose(model.decision_function(X), before)


FILES = [
    ours.AdaBoostClassifier(n_estimators=5),
    ours.AdaBoostClassifier(LogisticRegression(C=5.0), n_estimators=3),
    ours.AdaBoostClassifier(ours.BaggingClassifier(n_estimators=2), n_estimators=2),
    ours.AdaBoostRegressor(n_estimators=5, loss="square"),
    ours.AdaBoostRegressor(Ridge(alpha=0.5), n_estimators=3),
    ours.BaggingClassifier(max_features=2, oob_score=True, n_estimators=30),
    ours.BaggingClassifier(LinearDiscriminantAnalysis(), max_samples=8),
    ours.BaggingClassifier(RidgeClassifier(), bootstrap_features=True),
    ours.BaggingRegressor(oob_score=True, n_estimators=30),
    ours.BaggingRegressor(ours.AdaBoostRegressor(n_estimators=2), n_estimators=3),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", FILES, ids=lambda m: f"{type(m).__name__}-{type(m.estimator).__name__}")
def test_files_hold_estimators_of_estimators(flowers, model, tmp_path):
    X, y = flowers
    y = y if isinstance(model, ours.AdaBoostClassifier | ours.BaggingClassifier) else X[:, 0] + y
    model = clone(model).set_params(random_state=0).fit(X, y)
    ironlearn.save(model, tmp_path / "model")
    again = ironlearn.load(tmp_path / "model")
    assert type(again) is type(model) and type(again.estimator) is type(model.estimator)
    if model.estimator is not None:
        assert again.estimator.get_params() == model.estimator.get_params()
    for method in ("predict", "predict_proba", "decision_function"):
        # Scores of bags that know different classes have no mean, in scikit-learn either.
        if hasattr(model, method) and not (
            method == "decision_function" and isinstance(model.estimator, LinearDiscriminantAnalysis)
        ):
            np.testing.assert_array_equal(getattr(again, method)(X), getattr(model, method)(X))
    for one, other in zip(model.estimators_, again.estimators_, strict=True):
        assert type(one) is type(other)
        if "random_state" in one.get_params():
            assert one.random_state == other.random_state
    # What Rust and the shell predict with the same file.
    whole = _core.Pipeline.from_bytes((tmp_path / "model").read_bytes())
    found = whole.predict(X)[:, 0]
    np.testing.assert_array_equal(
        model.classes_[found.astype(int)] if hasattr(model, "classes_") else found, model.predict(X)
    )
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(whole.predict_proba(X)[0], model.predict_proba(X))


def test_loaded_bags_grow_on_but_do_not_know_their_rows(flowers, tmp_path):
    X, y = flowers
    model = ours.BaggingClassifier(n_estimators=3, random_state=0).fit(X, y)
    ironlearn.save(model, tmp_path / "model")
    again = ironlearn.load(tmp_path / "model")
    with pytest.raises(AttributeError, match="model file"):
        _ = again.estimators_samples_
    again.set_params(n_estimators=5, warm_start=True, random_state=0).fit(X, y)
    whole = ours.BaggingClassifier(n_estimators=5, random_state=0).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))


def test_estimators_lie_four_deep_at_most(flowers):
    X, y = flowers
    model = DecisionTreeClassifier(max_depth=2)
    for _ in range(3):
        model = ours.BaggingClassifier(model, n_estimators=2, random_state=0)
    ironlearn._saved.dumps(model.fit(X, y))
    with pytest.raises(ValueError, match="lie in one another"):
        ironlearn._saved.dumps(ours.BaggingClassifier(model, n_estimators=2, random_state=0).fit(X, y))


# ----------------------------------------------------------------------------------- scikit-learn's voting and stacking


def test_voting_and_stacking_take_our_classifiers(flowers):
    X, y = flowers
    inside = [
        ("lr", LogisticRegression(max_iter=500)),
        ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
        ("gb", ours.GradientBoostingClassifier(n_estimators=5, random_state=0)),
        ("ada", ours.AdaBoostClassifier(n_estimators=5, random_state=0)),
        ("bag", ours.BaggingClassifier(n_estimators=5, random_state=0)),
    ]
    for voting in ("hard", "soft"):
        model = theirs.VotingClassifier(inside, voting=voting).fit(X, y)
        assert model.score(X, y) > 0.95
        assert type(model.named_estimators_["gb"]) is ours.GradientBoostingClassifier
    for passthrough in (False, True):
        final = LogisticRegression(max_iter=1000)
        model = theirs.StackingClassifier(inside, final, cv=3, passthrough=passthrough).fit(X, y)
        assert model.score(X, y) > 0.95
        assert model.transform(X).shape == (150, 15 + 4 * passthrough)
    model.set_params(gb__n_estimators=7, tree="drop").fit(X, y)
    assert model.named_estimators_["gb"].n_estimators_ == 7


def test_voting_and_stacking_take_our_regressors(numbers):
    X, y = numbers
    inside = [
        ("ridge", Ridge()),
        ("tree", DecisionTreeRegressor(max_depth=3, random_state=0)),
        ("gb", ours.GradientBoostingRegressor(n_estimators=10, random_state=0)),
        ("ada", ours.AdaBoostRegressor(n_estimators=5, random_state=0)),
        ("bag", ours.BaggingRegressor(n_estimators=5, random_state=0)),
    ]
    voting = theirs.VotingRegressor(inside, weights=[1, 1, 2, 1, 1]).fit(X, y, sample_weight=np.ones(len(y)))
    mean = np.average([e.predict(X) for e in voting.estimators_], axis=0, weights=[1, 1, 2, 1, 1])
    np.testing.assert_allclose(voting.predict(X), mean)
    stacking = theirs.StackingRegressor(inside, Ridge(), cv=3).fit(X, y)
    assert stacking.score(X, y) > 0.45
