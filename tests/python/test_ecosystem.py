"""Our estimators inside scikit-learn's machinery: pipelines, searches, data frames, routing, clones and pickles."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from ironlearn.cluster import KMeans
from ironlearn.impute import SimpleImputer
from ironlearn.linear_model import LinearRegression, Ridge
from ironlearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline

REGRESSORS = [LinearRegression(), Ridge(), DecisionTreeRegressor(random_state=0)]
TRANSFORMERS = [StandardScaler(), SimpleImputer(), OrdinalEncoder(), OneHotEncoder(sparse_output=False)]


@pytest.mark.parametrize("model", REGRESSORS, ids=repr)
def test_a_grid_search_over_a_pipeline(model):
    X, y = load_diabetes(return_X_y=True)
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), clone(model))
    grid = {"simpleimputer__strategy": ["mean", "median"], "standardscaler__with_mean": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, y)
    assert search.best_score_ > -0.5
    assert np.isfinite(search.predict(X)).all()


def test_classification_with_text_labels_in_cross_validation():
    X, y = load_breast_cancer(return_X_y=True)
    names = np.array(["malignant", "benign"])[y]
    scores = cross_val_score(DecisionTreeClassifier(random_state=0), X, names, cv=5)
    assert scores.mean() > 0.88
    auc = cross_validate(DecisionTreeClassifier(max_depth=3, random_state=0), X, names, scoring="roc_auc")["test_score"]
    assert auc.mean() > 0.88


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_data_frames_bring_names_and_keep_them(frame):
    X, y = load_iris(return_X_y=True)
    names = ["a", "b", "c", "d"]
    table = frame({name: X[:, j] for j, name in enumerate(names)})
    for model in [*REGRESSORS, KMeans(3, n_init=1, random_state=0)]:
        fitted = clone(model).fit(table, y)
        assert list(fitted.feature_names_in_) == names
        assert (fitted.predict(table) == clone(model).fit(X, y).predict(X)).all()
        with pytest.warns(UserWarning, match="valid feature names"):
            fitted.predict(X)
        with pytest.raises(ValueError, match="feature names should match"):
            fitted.predict(table[["b", "a", "c", "d"]])


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize("transformer", [*TRANSFORMERS, KMeans(3, n_init=1, random_state=0)], ids=repr)
def test_set_output_gives_frames_with_names(kind, transformer):
    X, y = load_iris(return_X_y=True)
    table = pd.DataFrame(X.round(), columns=["a", "b", "c", "d"])
    model = clone(transformer).set_output(transform=kind)
    out = model.fit(table, y).transform(table)
    assert list(out.columns) == list(model.get_feature_names_out())
    np.testing.assert_array_equal(np.asarray(out), np.asarray(clone(transformer).fit(table, y).transform(table)))


def test_a_column_transformer_of_scikit_learn_with_our_steps():
    table = pd.DataFrame(
        {"size": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0], "colour": ["red", "blue", "red", None, "green", "blue"]}
    )
    y = np.arange(6.0)
    columns = ColumnTransformer(
        [
            ("number", make_pipeline(SimpleImputer(), StandardScaler()), ["size"]),
            ("text", OneHotEncoder(handle_unknown="ignore"), ["colour"]),
        ]
    )
    model = make_pipeline(columns, Ridge()).fit(table, y)
    unseen = pd.DataFrame({"size": [2.0], "colour": ["violet"]})
    assert np.isfinite(model.predict(unseen)).all()


def test_meta_estimators_of_scikit_learn():
    X, y = load_diabetes(return_X_y=True)
    assert TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(X, y).score(X, y) > 0.3
    both = np.c_[y, -y]
    assert MultiOutputRegressor(DecisionTreeRegressor(max_depth=3)).fit(X, both).predict(X).shape == both.shape


def test_weights_are_routed():
    X, y = load_diabetes(return_X_y=True)
    weights = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True), Ridge().set_fit_request(sample_weight=True)
        )
        routed = pipeline.fit(X, y, sample_weight=weights)
    scaler = StandardScaler().fit(X, sample_weight=weights)
    by_hand = Ridge().fit(scaler.transform(X), y, sample_weight=weights)
    np.testing.assert_array_equal(routed[-1].coef_, by_hand.coef_)


@pytest.mark.parametrize("model", [*REGRESSORS, KMeans(3, n_init=1, random_state=0), *TRANSFORMERS], ids=repr)
def test_clones_and_pickles(model):
    X, y = load_iris(return_X_y=True)
    fitted = clone(model).fit(X, y)
    assert repr(clone(fitted).get_params()) == repr(model.get_params())
    again = pickle.loads(pickle.dumps(fitted))
    method = "predict" if hasattr(fitted, "predict") else "transform"
    assert (getattr(again, method)(X) == getattr(fitted, method)(X)).all()
    assert repr(again.get_params()) == repr(fitted.get_params())  # NaN among them equals itself in text
