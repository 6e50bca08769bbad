"""The lasso's family beside scikit-learn: objectives on real data, sparse X, float32, the choice of the penalty."""

import numpy as np
import pytest
from ironlearn.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, lasso_path
from scipy import sparse
from sklearn import linear_model as reference
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True)
X = X / X.std(axis=0)


def objective(model, X, weights=None):
    alpha, ratio = model.alpha, getattr(model, "l1_ratio", 1.0)
    loss = np.average((y - X @ model.coef_ - model.intercept_) ** 2, weights=weights) / 2
    return loss + alpha * (ratio * np.abs(model.coef_).sum() + (1 - ratio) / 2 * model.coef_ @ model.coef_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 10.0])
@pytest.mark.parametrize(
    "name, more", [("Lasso", {}), ("Lasso", {"positive": True}), ("ElasticNet", {"l1_ratio": 0.3})]
)
def test_the_objective_is_no_higher_than_scikit_learns(name, more, alpha, weighted):
    ours, theirs = {"Lasso": Lasso, "ElasticNet": ElasticNet}[name], getattr(reference, name)
    weights = np.random.default_rng(0).uniform(0.2, 3, len(y)) if weighted else None
    fit = [cls(alpha, tol=1e-8, max_iter=100_000, **more).fit(X, y, sample_weight=weights) for cls in (ours, theirs)]
    found, wanted = (objective(model, X, weights) for model in fit)
    assert found <= wanted * (1 + 1e-9)
    np.testing.assert_allclose(fit[0].coef_, fit[1].coef_, atol=1e-3)


@pytest.mark.parametrize("layout", [sparse.csr_matrix, sparse.csc_matrix, np.asfortranarray])
def test_layouts_give_one_answer(layout):
    thin = np.where(np.abs(X) > 1, X, 0.0)
    wanted = Lasso(1.0, tol=1e-10, max_iter=10_000).fit(thin, y)
    found = Lasso(1.0, tol=1e-10, max_iter=10_000).fit(layout(thin), y)
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=1e-5)


def test_float32_stays_float32():
    model = Lasso(1.0).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.coef_.dtype == np.float32 and model.predict(X.astype(np.float32)).dtype == np.float32


def test_the_choice_is_scikit_learns():
    for ours, theirs, more in [
        (LassoCV, reference.LassoCV, {}),
        (ElasticNetCV, reference.ElasticNetCV, {"l1_ratio": [0.2, 0.8]}),
    ]:
        found, wanted = (cls(cv=4, tol=1e-6, max_iter=10_000, **more).fit(X, y) for cls in (ours, theirs))
        assert found.alpha_ == pytest.approx(wanted.alpha_)
        np.testing.assert_allclose(found.mse_path_, wanted.mse_path_, rtol=1e-3)


def test_a_path_ends_where_single_fits_do():
    alphas, coefs, gaps = lasso_path(X, y - y.mean(), alphas=[5.0, 0.5], tol=1e-8)
    assert list(alphas) == [5.0, 0.5] and (gaps >= 0).all()
    for k, alpha in enumerate(alphas):
        single = Lasso(alpha, fit_intercept=False, tol=1e-8).fit(X, y - y.mean())
        np.testing.assert_allclose(coefs[:, k], single.coef_, atol=1e-4)


def test_screening_keeps_active_columns_where_the_gap_is_rounding():
    few = np.random.default_rng(0).uniform(size=(30, 4))
    target = few[:, 0].copy()
    alphas, coefs, gaps = lasso_path(few, target, tol=1e-10)
    # Each strength by itself, from nothing.
    for k in (10, 50, 99):
        single = Lasso(alphas[k], fit_intercept=False, tol=1e-10, max_iter=10_000).fit(few, target)
        np.testing.assert_allclose(coefs[:, k], single.coef_, atol=1e-6)
