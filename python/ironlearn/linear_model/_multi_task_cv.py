"""The multi-task models with the penalty chosen by cross-validation."""

from __future__ import annotations

from ironlearn.linear_model._lasso_cv import CoordinateDescentCV, ElasticNetCV
from ironlearn.linear_model._lasso_path import enet_path, lasso_path


def _without(constraints, *names):
    return {name: rule for name, rule in constraints.items() if name not in names}


class MultiTaskElasticNetCV(CoordinateDescentCV):
    """The multi-task elastic net with penalty and L1 share chosen by cross-validation; see :class:`LassoCV`.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        The share of the L1 part, or several to choose from.
    eps, alphas, fit_intercept, max_iter, tol, cv, copy_X, verbose, n_jobs, random_state, selection
        As in :class:`LassoCV`.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        What was chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratio, n_alphas, n_folds)
    coef_, intercept_, n_iter_, dual_gap_, n_features_in_, feature_names_in_, report_
        As in :class:`MultiTaskElasticNet`, of the fit to all rows.
    """

    _native = "MultiTaskElasticNetCV"
    _joint = True
    _parameter_constraints: dict = _without(ElasticNetCV._parameter_constraints, "precompute", "positive")
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        random_state=None,
        selection="cyclic",
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection


class MultiTaskLassoCV(CoordinateDescentCV):
    """The multi-task lasso with its penalty chosen by cross-validation; see :class:`LassoCV`.

    Parameters
    ----------
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv, verbose, n_jobs, random_state, selection
        As in :class:`LassoCV`.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    alphas_ : ndarray of shape (n_alphas,)
    mse_path_ : ndarray of shape (n_alphas, n_folds)
    coef_, intercept_, n_iter_, dual_gap_, n_features_in_, feature_names_in_, report_
        As in :class:`MultiTaskLasso`, of the fit to all rows.
    """

    _native = "MultiTaskLassoCV"
    _joint = True
    _parameter_constraints: dict = _without(CoordinateDescentCV._parameter_constraints, "precompute", "positive")
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        random_state=None,
        selection="cyclic",
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
