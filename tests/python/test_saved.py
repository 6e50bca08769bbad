"""The model file from Python: whole pipelines, single estimators, files of the shell, and what cannot be saved."""

import pickle
import shutil
import subprocess
from pathlib import Path

import ironlearn
import numpy as np
import pandas as pd
import pytest
import sklearn.compose
import sklearn.decomposition
import sklearn.pipeline
from ironlearn.compose import ColumnTransformer
from ironlearn.impute import SimpleImputer
from ironlearn.linear_model import LinearRegression, Ridge
from ironlearn.pipeline import Pipeline, make_pipeline
from ironlearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from ironlearn.tree import DecisionTreeClassifier


def frame(n=400):
    rng = np.random.default_rng(0)
    size = rng.normal(10, 3, n)
    size[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "size": size,
            "count": rng.integers(0, 9, n),
            "city": rng.choice(["Rome", "Oslo", "Lima"], n),
            "kind": np.where(rng.random(n) < 0.1, None, rng.choice(["a", "b"], n)).astype(object),
            "unused": rng.random(n),
        }
    )


def target(X):
    return X["size"].fillna(10) * 2 + X["count"] + (X["city"] == "Rome") * 3.0


def columns(module=sklearn.compose, **options):
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    text = OneHotEncoder(handle_unknown="ignore")
    return module.ColumnTransformer(
        [("numbers", numbers, ["size", "count"]), ("text", text, ["city", "kind"])], **options
    )


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("remainder", ["drop", "passthrough"])
def test_a_pipeline_comes_back_whole(tmp_path, threshold, remainder):
    X = frame()
    y = target(X)
    steps = [("columns", columns(sparse_threshold=threshold, remainder=remainder)), ("ridge", Ridge(alpha=0.5))]
    fitted = sklearn.pipeline.Pipeline(steps).fit(X, y)
    ironlearn.save(fitted, tmp_path / "model")
    again = ironlearn.load(tmp_path / "model")
    assert isinstance(again, Pipeline) and [name for name, _ in again.steps] == ["columns", "ridge"]
    assert again.named_steps["ridge"].alpha == 0.5
    np.testing.assert_array_equal(again.named_steps["ridge"].coef_, fitted.named_steps["ridge"].coef_)
    assert list(again[:-1].get_feature_names_out()) == list(fitted[:-1].get_feature_names_out())
    whole = again.predict(X)
    np.testing.assert_array_equal(whole, fitted.predict(X))
    # Step by step, in another order of columns, row by row: the same bits.
    np.testing.assert_array_equal(again.named_steps["ridge"].predict(again[:-1].transform(X)), whole)
    np.testing.assert_array_equal(again.predict(X[X.columns[::-1]]), whole)
    np.testing.assert_array_equal([again.predict(X.iloc[[i]])[0] for i in range(20)], whole[:20])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).predict(X), whole)
    assert again.fit(X, y + 1).predict(X).mean() == pytest.approx(y.mean() + 1)


def test_transformers_alone_and_pipelines_of_them(tmp_path):
    X = frame()
    fitted = [
        StandardScaler().fit(X[["size", "count"]]),
        SimpleImputer(strategy="constant", fill_value=-1).fit(X[["size"]].to_numpy()),
        SimpleImputer(strategy="most_frequent").fit(X[["kind"]].where(X[["kind"]].notna(), np.nan)),
        OneHotEncoder(drop="first", min_frequency=100).fit(X[["city", "kind"]]),
        OneHotEncoder(categories=[["Oslo", "Rome", "Lima", "Mars"]], drop=["Mars"]).fit(X[["city"]]),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-3).fit(X[["city", "count"]]),
        columns(ironlearn.compose).fit(X),
        make_pipeline(SimpleImputer(), StandardScaler()).fit(X[["size"]]),
    ]
    for step in fitted:
        rows = X[list(step.feature_names_in_)] if hasattr(step, "feature_names_in_") else X[["size"]].to_numpy()
        ironlearn.save(step, tmp_path / "step")
        again = ironlearn.load(tmp_path / "step")
        assert type(again) is type(step)
        got, wanted = again.transform(rows), step.transform(rows)
        if hasattr(got, "toarray"):
            got, wanted = got.toarray(), wanted.toarray()
        np.testing.assert_array_equal(got, wanted)
        assert list(again.get_feature_names_out()) == list(step.get_feature_names_out())
        if hasattr(step, "categories_"):
            for a, b in zip(again.categories_, step.categories_, strict=True):
                assert list(map(str, a)) == list(map(str, b))


def test_single_estimators_come_back(tmp_path):
    X = frame()[["size", "count"]].fillna(0.0)
    y = target(X.assign(city="Oslo"))
    labels = np.where(y > y.median(), "high", "low")
    from ironlearn.cluster import KMeans

    for estimator, goal in [
        (Ridge(), y),
        (LinearRegression(), y),
        (KMeans(n_clusters=3, random_state=0, n_init=1), None),
        (DecisionTreeClassifier(max_depth=3, random_state=0), labels),
    ]:
        fitted = estimator.fit(X, goal)
        ironlearn.save(fitted, tmp_path / "model")
        again = ironlearn.load(tmp_path / "model")
        assert type(again) is type(fitted) and list(again.feature_names_in_) == ["size", "count"]
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
        assert again.get_params().keys() == fitted.get_params().keys()


def test_what_cannot_be_saved_is_named(tmp_path):
    X = frame()[["size", "count"]].fillna(0.0)
    pca = sklearn.pipeline.make_pipeline(StandardScaler(), sklearn.decomposition.PCA(), Ridge()).fit(X, X["size"])
    with pytest.raises(TypeError, match=r"step 'pca' \(sklearn.decomposition._pca.PCA\) cannot be saved"):
        ironlearn.save(pca, tmp_path / "model")
    with pytest.raises(TypeError, match="function as strategy cannot be saved"):
        ironlearn.save(SimpleImputer(strategy=np.max).fit(X), tmp_path / "model")
    with pytest.raises(Exception, match="not fitted"):
        ironlearn.save(Ridge(), tmp_path / "model")
    for content in (b"", b"ironlrn\n", b"x" * 100):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ValueError, match="not a usable ironlearn model"):
            ironlearn.load(tmp_path / "bad")


def shell():
    built = Path(__file__).parents[2] / "target" / "release" / "ironlearn"
    return shutil.which("ironlearn") or (str(built) if built.exists() else None)


@pytest.mark.skipif(shell() is None, reason="the ironlearn binary is not built")
def test_the_shell_and_python_read_each_others_files(tmp_path):
    X = frame(300)
    X["when"] = pd.date_range("2013-01-01", periods=300, freq="7h").strftime("%Y-%m-%dT%H:%M:%SZ")
    table = X.assign(y=target(X))
    table.to_csv(tmp_path / "table.csv", index=False)

    def run(*arguments):
        done = subprocess.run([shell(), *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def predictions(model):
        run("predict", model, "table.csv", "--out", "predicted.csv")
        return pd.read_csv(tmp_path / "predicted.csv").iloc[:, -1].to_numpy()

    run("train", "table.csv", "--target", "y", "--model", "ridge", "--out", "shell.model")
    loaded = ironlearn.load(tmp_path / "shell.model")
    data = pd.read_csv(tmp_path / "table.csv").drop(columns="y")
    np.testing.assert_array_equal(loaded.predict(data), predictions("shell.model"))
    assert "when_year" in list(loaded[:-1].get_feature_names_out())

    numbers = data.drop(columns=["when", "kind"])
    numeric = columns(ColumnTransformerOf)
    numeric.transformers[1] = ("text", OneHotEncoder(handle_unknown="ignore"), ["city"])
    fitted = Pipeline([("columns", numeric), ("ridge", Ridge())]).fit(numbers, table["y"])
    ironlearn.save(fitted, tmp_path / "python.model")
    np.testing.assert_array_equal(fitted.predict(numbers), predictions("python.model"))


class ColumnTransformerOf:
    ColumnTransformer = ColumnTransformer
