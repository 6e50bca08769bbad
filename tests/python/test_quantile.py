"""Quantile regression against scikit-learn's linear programmes: the objective, the vertex, hard data, options."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from ironlearn.linear_model import QuantileRegressor
from scipy.optimize import OptimizeWarning
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning


def objective(model, X, y, w=None):
    w = np.ones(len(y)) if w is None else w
    r = y - X @ model.coef_ - model.intercept_
    loss = np.where(r >= 0, model.quantile * r, (model.quantile - 1) * r)
    return w @ loss / w.sum() + model.alpha * np.abs(model.coef_).sum()


def problem(seed):
    """Rows, columns and target of many kinds: counts, copies of columns, constants, scales, offsets, ties."""
    rng = np.random.RandomState(seed)
    n, p = rng.randint(5, 150), rng.randint(1, 20)
    X = rng.randn(n, p)
    kind = seed % 5
    if kind == 1:
        X = rng.randint(0, 3, (n, p)).astype(float)
    elif kind == 2 and p > 2:
        X[:, 1], X[:, 2] = X[:, 0], 3
    elif kind == 3:
        X = X * 10.0 ** rng.uniform(-8, 8, p)
    elif kind == 4:
        X = X + 100
    spread = np.where(X.std(0) > 0, X.std(0), 1)
    y = (X / spread) @ rng.randn(p) + rng.standard_t(2, n)
    if rng.rand() < 0.3:
        y = np.round(y)
    w = rng.randint(0, 4, n).astype(float) if rng.rand() < 0.5 and n > 20 else None
    params = dict(
        quantile=rng.choice([0.05, 0.3, 0.5, 0.9]),
        alpha=rng.choice([0, 0, 1e-8, 1e-3, 0.01, 0.1]),
        fit_intercept=rng.rand() < 0.8,
    )
    return X, y, w, params


@pytest.mark.parametrize("seed", range(60))
def test_objective_is_the_linear_programmes(seed):
    X, y, w, params = problem(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = QuantileRegressor(**params).fit(X, y, sample_weight=w)
    reference = theirs.QuantileRegressor(**params).fit(X, y, sample_weight=w)
    found, best = objective(ours, X, y, w), objective(reference, X, y, w)
    # Where the fit is exact, rounding of X @ coef is all that is left.
    assert found <= best + 1e-9 * abs(best) + 1e-13 * np.abs(y).max()


@pytest.mark.parametrize("alpha", [0, 0.1, 1.0])
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_real_data(alpha, quantile):
    X, y = load_diabetes(return_X_y=True)
    X = X * 20
    ours = QuantileRegressor(quantile=quantile, alpha=alpha).fit(X, y)
    reference = theirs.QuantileRegressor(quantile=quantile, alpha=alpha).fit(X, y)
    assert objective(ours, X, y) == pytest.approx(objective(reference, X, y), rel=1e-9)
    np.testing.assert_array_equal(ours.coef_ == 0, reference.coef_ == 0)
    met = np.abs(y - ours.predict(X)) < 1e-10
    assert met.sum() >= (ours.coef_ != 0).sum() + 1
    for X_sparse in (sp.csr_matrix(X), sp.csc_matrix(X), sp.coo_array(X)):
        again = QuantileRegressor(quantile=quantile, alpha=alpha).fit(X_sparse, y)
        np.testing.assert_allclose(again.coef_, ours.coef_, atol=1e-9)


def test_weights_of_zero_are_rows_removed():
    X, y = load_diabetes(return_X_y=True)
    w = np.arange(len(y)) % 3
    for quantile in (0.5, 0.75):
        fit = QuantileRegressor(quantile=quantile, alpha=0.001).fit
        weighted = fit(X, y, sample_weight=w).coef_
        removed = fit(X[w > 0], y[w > 0], sample_weight=w[w > 0]).coef_
        repeated = fit(np.repeat(X, w, axis=0), np.repeat(y, w)).coef_
        np.testing.assert_allclose(weighted, removed, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(weighted, repeated, rtol=1e-8, atol=1e-8)


def test_float32_is_fitted_without_loss():
    X, y = load_diabetes(return_X_y=True)
    single = X.astype(np.float32)
    ours = QuantileRegressor(alpha=0.01).fit(single, y)
    assert ours.coef_.dtype == np.float64
    np.testing.assert_allclose(ours.coef_, QuantileRegressor(alpha=0.01).fit(single.astype(float), y).coef_, rtol=1e-9)


def test_solvers_and_options():
    X, y = load_diabetes(return_X_y=True)
    coef = QuantileRegressor(alpha=0.01).fit(X, y).coef_
    for solver in ("highs-ds", "highs-ipm", "revised simplex"):
        np.testing.assert_array_equal(QuantileRegressor(alpha=0.01, solver=solver).fit(X, y).coef_, coef)
    with pytest.raises(ValueError, match="not anymore available"):
        QuantileRegressor(solver="interior-point").fit(X, y)
    with pytest.raises(ValueError, match="does not support sparse X. Use solver 'highs'"):
        QuantileRegressor(solver="revised simplex").fit(sp.csr_matrix(X), y)
    for limit in ({"maxiter": 2}, {"time_limit": 0.0}):
        with pytest.warns(ConvergenceWarning, match="Linear programming for QuantileRegressor did not succeed"):
            QuantileRegressor(alpha=0.01, solver_options=limit).fit(X, y)
    with pytest.warns(OptimizeWarning, match="Unrecognized options"):
        QuantileRegressor(alpha=0.01, solver_options={"maxitr": 2}).fit(X, y)
    with pytest.raises(TypeError, match="maxiter"):
        QuantileRegressor(solver_options={"maxiter": "many"}).fit(X, y)


def test_weights_that_say_nothing_or_ask_for_the_impossible():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="at least one non-zero"):
        QuantileRegressor().fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        QuantileRegressor().fit(X, y, sample_weight=-np.ones(len(y)))
