"""BayesianRidge and ARDRegression beside scikit-learn: precisions, coefficients, deviations, and what only we take."""

import pickle
import warnings

import ironlearn
import numpy as np
import pytest
from ironlearn.linear_model import ARDRegression, BayesianRidge
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import linear_model as reference
from sklearn.datasets import load_diabetes

BOTH = [(BayesianRidge, reference.BayesianRidge), (ARDRegression, reference.ARDRegression)]


def tables():
    random = np.random.default_rng(0)
    X, y = load_diabetes(return_X_y=True)
    yield X * 10, y / 10
    for n, p in [(60, 8), (25, 25), (20, 40)]:
        X = random.normal(size=(n, p)) + 2
        yield X, X[:, 0] - 2 * X[:, 1] + 0.3 * random.normal(size=n) + 5


def evidence(model, X, y):
    """The log marginal likelihood of BayesianRidge's precisions by its definition: y is normal around 0."""
    if model.fit_intercept:
        X, y = X - X.mean(axis=0), y - y.mean()
    covariance = np.eye(len(y)) / model.alpha_ + X @ X.T / model.lambda_
    prior = sum(1e-6 * (np.log(v) - v) for v in (model.alpha_, model.lambda_))
    logs = len(y) * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1]
    return prior - (logs + y @ np.linalg.solve(covariance, y)) / 2


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("ours, theirs", BOTH)
def test_everything_that_is_fitted_is_scikit_learns(ours, theirs, fit_intercept):
    for X, y in tables():
        args = dict(fit_intercept=fit_intercept, compute_score=True, max_iter=50)
        found, wanted = ours(**args).fit(X, y), theirs(**args).fit(X, y)
        assert found.n_iter_ == wanted.n_iter_
        for name in ("coef_", "intercept_", "alpha_", "lambda_", "X_offset_", "X_scale_"):
            assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-5, atol=1e-7, err_msg=name)
        if ours is ARDRegression:
            assert_allclose(found.scores_, wanted.scores_, rtol=1e-6)
        else:
            # The last one of scikit-learn's is of coefficients one step old.
            assert_allclose(found.scores_[:-1], wanted.scores_[:-1], rtol=1e-9)
            assert_allclose(found.scores_[-1], evidence(found, X, y), rtol=1e-9)
        assert_allclose(found.sigma_, wanted.sigma_, rtol=1e-4, atol=1e-5 * np.abs(wanted.sigma_).max())
        for a, b in zip(found.predict(X, return_std=True), wanted.predict(X, return_std=True), strict=True):
            assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_weights():
    X, y = next(tables())
    weights = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    found, wanted = (m.BayesianRidge().fit(X, y, weights) for m in (ironlearn.linear_model, reference))
    repeated = BayesianRidge().fit(np.repeat(X, weights.astype(int), axis=0), np.repeat(y, weights.astype(int)))
    for other in (wanted, repeated):
        assert_allclose(found.coef_, other.coef_, rtol=1e-7)
        assert_allclose([found.alpha_, found.lambda_], [other.alpha_, other.lambda_], rtol=1e-7)
    with pytest.raises(TypeError):
        ARDRegression().fit(X, y, sample_weight=weights)
    with pytest.warns(UserWarning, match="alpha_ stays"):
        tiny = BayesianRidge(alpha_init=1e6).fit(X, y, weights / weights.sum())
    assert tiny.alpha_ > 0 and np.isfinite(tiny.coef_).all()


def test_first_precisions():
    X, y = list(tables())[1]
    for args in ({"alpha_init": 0.0}, {"lambda_init": 0.0}, {"alpha_init": 3.0, "lambda_init": 0.1}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = reference.BayesianRidge(**args).fit(X, y)
        found = BayesianRidge(**args).fit(X, y)
        assert found.n_iter_ == wanted.n_iter_
        assert_allclose(found.coef_, wanted.coef_, rtol=1e-8)
    assert BayesianRidge(alpha_init=0.0, compute_score=True).fit(X, y).scores_[0] == -np.inf
    with pytest.raises(ValueError, match="both be 0"):
        BayesianRidge(alpha_init=0.0, lambda_init=0.0).fit(X, y)


def test_all_columns_dropped():
    X, y = list(tables())[1]
    found, wanted = (m.ARDRegression(threshold_lambda=0.0).fit(X, y) for m in (ironlearn.linear_model, reference))
    assert found.n_iter_ == wanted.n_iter_ and found.sigma_.shape == wanted.sigma_.shape == (0, 0)
    assert not found.coef_.any()
    for a, b in zip(found.predict(X, return_std=True), wanted.predict(X, return_std=True), strict=True):
        assert_allclose(a, b)


def test_one_large_column():
    for n, p in [(60, 8), (25, 25), (20, 40)]:
        X = np.random.default_rng(3).normal(size=(n, p))
        y = X[:, 0] - 2 * X[:, 1] + 0.3 * np.random.default_rng(4).normal(size=n)
        X[:, 2] *= 1e8
        for ours, theirs in BOTH:
            assert ours().fit(X, y).score(X, y) >= theirs().fit(X, y).score(X, y) - 0.01
        mean, std = BayesianRidge().fit(X, y).predict(X, return_std=True)
        assert (np.abs(mean - y) <= 5 * std).all() and (std < 5 * y.std()).all()


@pytest.mark.parametrize("ours, theirs", BOTH)
def test_float32_and_files(ours, theirs, tmp_path):
    for X, y in tables():
        model = ours().fit(X.astype(np.float32), y.astype(np.float32))
        mean, std = model.predict(X.astype(np.float32), return_std=True)
        assert {model.coef_.dtype, model.sigma_.dtype, mean.dtype, std.dtype} == {np.dtype(np.float32)}
        assert_allclose(model.predict(X), ours().fit(X, y).predict(X), rtol=1e-3, atol=1e-3)
        ironlearn.save(model, tmp_path / "model")
        for copy in (ironlearn.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
            assert_allclose(copy.predict(X, return_std=True), model.predict(X, return_std=True))
            assert np.shape(copy.intercept_) == () and list(copy.scores_) == []


def test_sparse_rows_are_asked_about(capsys):
    X, y = list(tables())[1]
    model = BayesianRidge(verbose=True).fit(X, y)
    assert "iterations" in capsys.readouterr().out
    for a, b in zip(model.predict(sparse.csr_array(X), return_std=True), model.predict(X, True), strict=True):
        assert_allclose(a, b)
    with pytest.raises(TypeError, match="[Ss]parse"):
        model.fit(sparse.csr_array(X), y)
