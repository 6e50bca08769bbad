"""Huber's regression against scikit-learn: the objective, hard data, weights at every step, warm starts."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from ironlearn.linear_model import HuberRegressor
from sklearn.datasets import load_diabetes, make_regression
from sklearn.exceptions import ConvergenceWarning


def objective(model, X, y, w=None):
    w = np.ones(len(y)) if w is None else w
    z, e = np.abs(y - X @ model.coef_ - model.intercept_) / model.scale_, model.epsilon
    loss = np.where(z <= e, z * z, 2 * e * z - e * e)
    return w @ (model.scale_ * (1 + loss)) + model.alpha * model.coef_ @ model.coef_


def gradient(model, X, y):
    """In the coefficients, the intercept and the scale."""
    u = np.clip((y - X @ model.coef_ - model.intercept_) / model.scale_, -model.epsilon, model.epsilon)
    return np.r_[-2 * X.T @ u + 2 * model.alpha * model.coef_, -2 * u.sum(), (1 - u * u).sum()]


@pytest.mark.parametrize("epsilon", [1.0, 1.0001, 1.05, 1.35, 3.0, 100.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_objective_is_no_higher_than_scikit_learns(epsilon, fit_intercept):
    X, y = make_regression(n_samples=100, n_features=20, random_state=0, noise=1.0)
    params = dict(epsilon=epsilon, fit_intercept=fit_intercept, tol=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = HuberRegressor(**params).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reference = theirs.HuberRegressor(max_iter=20_000, **params).fit(X, y)
    assert objective(ours, X, y) <= objective(reference, X, y) * (1 + 1e-6)
    assert ours.n_iter_ < 40


@pytest.mark.parametrize("seed", range(30))
def test_hard_data(seed):
    """Counts, copies of columns, constants, scales, offsets, weights of zero."""
    rng = np.random.RandomState(seed)
    n, p = rng.randint(20, 150), rng.randint(1, 15)
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
    w = rng.randint(0, 4, n).astype(float) if seed % 2 else np.ones(n)
    params = dict(epsilon=rng.choice([1.05, 1.35, 3.0]), alpha=rng.choice([0, 1e-4, 0.1]), tol=1e-8)
    ours = HuberRegressor(**params).fit(X, y, sample_weight=w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reference = theirs.HuberRegressor(max_iter=20_000, **params).fit(X, y, sample_weight=w)
    assert objective(ours, X, y, w) <= objective(reference, X, y, w) * (1 + 1e-6)


def test_real_data_and_its_gradient():
    X, y = load_diabetes(return_X_y=True)
    X = X * 20
    ours = HuberRegressor(tol=1e-8).fit(X, y)
    reference = theirs.HuberRegressor(tol=1e-8, max_iter=10_000).fit(X, y)
    # scikit-learn's stops with a gradient of about 1e-2: the last steps change its objective by less than it can tell.
    assert objective(ours, X, y) <= objective(reference, X, y)
    np.testing.assert_allclose(ours.coef_, reference.coef_, rtol=1e-2, atol=1e-2)
    assert ours.scale_ == pytest.approx(reference.scale_, rel=1e-4)
    np.testing.assert_array_equal(ours.outliers_, np.abs(y - ours.predict(X)) > ours.epsilon * ours.scale_)
    assert np.abs(gradient(ours, X, y)).max() < 1e-6
    again = HuberRegressor(tol=1e-8).fit(sp.csr_matrix(X), y)
    np.testing.assert_allclose(again.coef_, ours.coef_, rtol=1e-8)


@pytest.mark.parametrize("max_iter", [1, 3, 100])
def test_weights_are_repetitions_at_every_step(max_iter):
    rng = np.random.RandomState(42)
    X, y = rng.rand(15, 30), rng.randint(0, 3, 15)
    w = rng.randint(0, 5, 15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted = HuberRegressor(max_iter=max_iter).fit(X, y, sample_weight=w)
        repeated = HuberRegressor(max_iter=max_iter).fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-7, atol=1e-9)


def test_a_warm_start_at_the_optimum_takes_no_steps():
    X, y = load_diabetes(return_X_y=True)
    model = HuberRegressor(warm_start=True).fit(X, y)
    before = model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, before)
    model.coef_ = np.zeros_like(before)
    model.fit(X, y)
    assert model.n_iter_ > 0
    np.testing.assert_allclose(model.coef_, before, rtol=1e-5)


def test_no_steps_and_few_steps():
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="failed to converge"):
        model = HuberRegressor(max_iter=0).fit(X, y)
    assert (model.coef_ == 0).all() and model.intercept_ == 0 and model.scale_ == 1 and model.n_iter_ == 0
    with pytest.warns(ConvergenceWarning, match="Increase the number of iterations"):
        assert HuberRegressor(max_iter=2).fit(X, y).n_iter_ == 2


def test_float32_is_kept():
    X, y = load_diabetes(return_X_y=True)
    single = HuberRegressor().fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, HuberRegressor().fit(X, y).coef_, rtol=1e-3)
