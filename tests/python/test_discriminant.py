"""Discriminants beside scikit-learn: probabilities and directions on real data, shrinkage, estimators of the user."""

import numpy as np
import pytest
import sklearn.discriminant_analysis as reference
from ironlearn import load, save
from ironlearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.covariance import OAS
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

IRIS, WINE = load_iris(return_X_y=True), load_wine(return_X_y=True)
SETS = {"iris": IRIS, "wine": WINE, "cancer": load_breast_cancer(return_X_y=True)}
LDA = [
    {},
    {"solver": "lsqr"},
    {"solver": "eigen"},
    {"solver": "lsqr", "shrinkage": "auto"},
    {"solver": "eigen", "shrinkage": "auto"},
    {"solver": "eigen", "shrinkage": 0.3},
    {"solver": "lsqr", "covariance_estimator": OAS()},
    {"solver": "eigen", "covariance_estimator": OAS()},
]
QDA = [
    {"tol": 1e-12},
    {"reg_param": 0.1},
    {"solver": "eigen", "tol": 1e-12},
    {"solver": "eigen", "shrinkage": "auto", "tol": 1e-12},
    {"solver": "eigen", "shrinkage": 0.2, "tol": 1e-12},
    {"solver": "eigen", "covariance_estimator": OAS(), "tol": 1e-12},
]


def label(params):
    return "-".join(str(v) for v in params.values()) or "default"


@pytest.mark.parametrize("priors", [False, True])
@pytest.mark.parametrize("params", LDA, ids=label)
@pytest.mark.parametrize("name", SETS)
def test_the_linear_one_predicts_what_scikit_learns_does(name, params, priors):
    X, y = SETS[name]
    k = len(np.unique(y))
    params = params | ({"priors": np.arange(1, k + 1) / (k * (k + 1) / 2)} if priors else {})
    ours = LinearDiscriminantAnalysis(store_covariance=True, **params).fit(X, y)
    theirs = reference.LinearDiscriminantAnalysis(store_covariance=True, **params).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.covariance_, theirs.covariance_, rtol=1e-9, atol=1e-9 * ours.covariance_.max())
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-12)
    if ours.solver != "lsqr":
        np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, atol=1e-8)
        found, wanted = np.abs(ours.transform(X)), np.abs(theirs.transform(X))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * wanted.max())


@pytest.mark.parametrize("params", QDA, ids=label)
@pytest.mark.parametrize("name", SETS)
def test_the_quadratic_one_predicts_what_scikit_learns_does(name, params):
    X, y = SETS[name]
    ours = QuadraticDiscriminantAnalysis(store_covariance=True, **params).fit(X, y)
    theirs = reference.QuadraticDiscriminantAnalysis(store_covariance=True, **params).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-6, atol=1e-5)
    for k in range(len(ours.classes_)):
        np.testing.assert_allclose(ours.scalings_[k], theirs.scalings_[k], rtol=1e-6)
        np.testing.assert_allclose(ours.covariance_[k], theirs.covariance_[k], rtol=1e-6, atol=1e-9)


def test_dependent_columns_few_rows_and_units():
    X, y = WINE
    Z = np.column_stack([X * np.logspace(-8, 8, X.shape[1]), X[:, :2] @ [[1.0], [2.0]], np.full(len(X), 0.1)])
    ours, theirs = LinearDiscriminantAnalysis().fit(Z, y), reference.LinearDiscriminantAnalysis().fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(Z), theirs.predict_proba(X), atol=1e-6)
    X, y = load_digits(return_X_y=True)
    X, y = X[:50].astype(float), y[:50]
    ours, theirs = LinearDiscriminantAnalysis().fit(X, y), reference.LinearDiscriminantAnalysis().fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_columns_that_nearly_depend_on_each_other():
    """Where squares lose half of the digits, the axes come from the rows."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 200)
    X = rng.normal(size=(600, 4)) + y[:, None]
    X = np.column_stack([X, X[:, 0] + 3e-7 * rng.normal(size=600)])
    ours = LinearDiscriminantAnalysis(tol=1e-12).fit(X, y)
    theirs = reference.LinearDiscriminantAnalysis(tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    ours = QuadraticDiscriminantAnalysis(tol=0).fit(X, y)
    theirs = reference.QuadraticDiscriminantAnalysis(tol=0).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_float32_stays_float32():
    X, y = IRIS
    X32 = X.astype(np.float32)
    ours = LinearDiscriminantAnalysis().fit(X32, y)
    for values in (ours.coef_, ours.means_, ours.scalings_, ours.xbar_, ours.priors_, ours.transform(X32)):
        assert values.dtype == np.float32
    np.testing.assert_allclose(
        ours.predict_proba(X32), LinearDiscriminantAnalysis().fit(X, y).predict_proba(X), atol=1e-4
    )


@pytest.mark.parametrize("cls", [LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis])
def test_files(cls, tmp_path):
    X, y = IRIS
    model = cls().fit(X, np.array(["a", "b", "c"])[y])
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    if cls is LinearDiscriminantAnalysis:
        np.testing.assert_array_equal(again.transform(X), model.transform(X))
        assert list(again.get_feature_names_out()) == list(model.get_feature_names_out())
    asked = cls(solver="eigen", covariance_estimator=OAS()).fit(X, y)
    with pytest.raises(TypeError, match=r"covariance_estimator=OAS\(\) cannot be saved"):
        save(asked, tmp_path / "model")


def test_priors_that_do_not_add_up():
    X, y = IRIS
    with pytest.warns(UserWarning, match="do not sum to 1"):
        model = LinearDiscriminantAnalysis(priors=[1.0, 1.0, 2.0]).fit(X, y)
    np.testing.assert_allclose(model.priors_, [0.25, 0.25, 0.5])
    with pytest.raises(ValueError, match="non-negative"):
        LinearDiscriminantAnalysis(priors=[-0.5, 1.0, 0.5]).fit(X, y)
    with pytest.raises(np.linalg.LinAlgError, match="not full rank"):
        QuadraticDiscriminantAnalysis().fit(np.column_stack([X, X[:, 0]]), y)
