"""BayesianRidge and ARDRegression against scikit-learn."""

import ironlearn
import numpy as np
import pytest
from ironlearn.linear_model import ARDRegression, BayesianRidge
from sklearn import linear_model as theirs
from sklearn.datasets import load_diabetes, make_regression
from sklearn.exceptions import NotFittedError

X, Y = load_diabetes(return_X_y=True)
PAIRS = [(BayesianRidge, theirs.BayesianRidge), (ARDRegression, theirs.ARDRegression)]


@pytest.mark.parametrize(("ours", "other"), PAIRS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_as_scikit_learn_on_diabetes(ours, other, fit_intercept):
    params = {"compute_score": True, "fit_intercept": fit_intercept}
    a, b = ours(**params).fit(X, Y), other(**params).fit(X, Y)
    assert a.n_iter_ == b.n_iter_
    for name in ("coef_", "intercept_", "alpha_", "lambda_", "scores_", "X_offset_", "X_scale_"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(a.sigma_, b.sigma_, rtol=1e-6, atol=1e-9 * np.abs(b.sigma_).max())
    for mine, their in zip(a.predict(X, return_std=True), b.predict(X, return_std=True), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-8)


@pytest.mark.parametrize(("ours", "other"), PAIRS)
def test_fewer_rows_than_columns(ours, other):
    x, y = make_regression(30, 60, n_informative=5, noise=1.0, random_state=0)
    a, b = ours().fit(x, y), other().fit(x, y)
    np.testing.assert_allclose(a.predict(x), b.predict(x), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-4 * np.abs(b.coef_).max())
    np.testing.assert_allclose(a.predict(x, return_std=True)[1], b.predict(x, return_std=True)[1], rtol=1e-3)


def test_weights_and_starts():
    w = np.random.default_rng(0).integers(0, 4, len(Y)).astype(float)
    for params in ({}, {"alpha_init": 1.0, "lambda_init": 1e-3}, {"lambda_init": 0.0}):
        a = BayesianRidge(**params).fit(X, Y, sample_weight=w)
        b = theirs.BayesianRidge(**params).fit(X, Y, sample_weight=w)
        np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-6)
    with pytest.raises(ValueError, match="both 0"):
        BayesianRidge(alpha_init=0.0, lambda_init=0.0).fit(X, Y)
    with pytest.raises(TypeError):
        ARDRegression().fit(X, Y, sample_weight=w)


@pytest.mark.parametrize("ours", [BayesianRidge, ARDRegression])
def test_scaled_dependent_and_constant_columns(ours):
    x = np.column_stack([X, X[:, :3], np.ones(len(Y)), X[:, 0] * 1e-8, X[:, 1] * 1e8])
    model = ours().fit(x, Y)
    assert np.isfinite(model.coef_).all()
    assert model.score(x, Y) > 0.5


@pytest.mark.parametrize("ours", [BayesianRidge, ARDRegression])
def test_a_file_keeps_the_standard_deviations(ours, tmp_path):
    model = ours(compute_score=True).fit(X.astype(np.float32), Y)
    assert model.coef_.dtype == model.sigma_.dtype == np.float32
    ironlearn.save(model, tmp_path / "model")
    again = ironlearn.load(tmp_path / "model")
    for a, b in zip(model.predict(X, return_std=True), again.predict(X, return_std=True), strict=True):
        np.testing.assert_array_equal(a, b)
    assert type(again.scores_) is type(model.scores_)
    np.testing.assert_array_equal(again.scores_, model.scores_)
    assert not hasattr(model, "decision_function")
    with pytest.raises(NotFittedError):
        ours().predict(X, return_std=True)


def test_all_columns_dropped():
    model = ARDRegression(max_iter=1, compute_score=True).fit([[1, 0], [0, 0]], [0, 0])
    assert model.sigma_.shape == (0, 0)
    assert (model.n_iter_, len(model.scores_)) == (1, 1)
    mean, std = model.predict([[1, 2]], return_std=True)
    assert mean[0] == 0 and np.isfinite(std).all()
