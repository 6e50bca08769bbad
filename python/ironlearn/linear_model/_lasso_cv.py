"""The lasso's family with the penalty chosen by cross-validation."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_consistent_length, validate_data

from ironlearn._base import NativeEstimator
from ironlearn._folds import explicit_folds
from ironlearn.linear_model._lasso import CoordinateDescentMixin
from ironlearn.linear_model._lasso_path import enet_path, lasso_path
from ironlearn.linear_model._lasso_precompute import core_precompute


def _print_step(done, total, measure):
    print(f"coordinate descent: {done} of at most {total} passes, duality gap {measure:.6g}")


class CoordinateDescentCV(CoordinateDescentMixin, NativeEstimator):
    """What the family's cross-validated classes share: paths on each fold's rows, the best penalty on all rows."""

    _joint = False
    _parameter_constraints: dict = {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Chooses the penalty and fits it to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            For fits and for each fold's mean squared error; the mean over the folds is not weighted.
        **params : dict
            For the splitter, with metadata routing.

        Returns
        -------
        self : object
        """
        _raise_for_params(params, self, "fit")
        X, y = self._checked(X, y)
        weights = self._weights(sample_weight, X)
        native = self._descent_params(**self._search())
        if "precompute" in native:
            native["precompute"] = core_precompute(self.precompute, X, self.fit_intercept, weights)
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
        else:
            routed = _manual_routing({"splitter": {}})
        splits = check_cv(self.cv).split(X, y, **routed.splitter.split)
        native["cv"] = explicit_folds(splits, X.shape[0])
        tell = _print_step if self.verbose else None
        self._fit_native(X, self._as_2d_target(y), sample_weight=weights, params=native, tell=tell)
        self._shape_attributes(y.ndim == 1)
        return self

    def _checked(self, X, y):
        x_rules = {"accept_sparse": ["csc", "csr"], "dtype": [np.float64, np.float32], "accept_large_sparse": False}
        y_rules = {"dtype": [np.float64, np.float32], "ensure_2d": False}
        X, y = validate_data(self, X, y, validate_separately=(x_rules, y_rules))
        check_consistent_length(X, y)
        if not self._joint:
            if y.ndim > 1 and y.shape[1] > 1:
                raise ValueError(f"For multi-task outputs, use MultiTask{type(self).__name__}")
            return X, column_or_1d(y, warn=True)
        if y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {self._native.removeprefix('MultiTask')}")
        return X, y

    def _search(self):
        """The penalties to try, as the core takes them."""
        if isinstance(self.alphas, Integral):
            found = {"alphas": int(self.alphas)}
        else:
            for index, alpha in enumerate(self.alphas):
                check_scalar(alpha, f"alphas[{index}]", target_type=Real, min_val=0.0, include_boundaries="left")
            found = {"alphas": np.asarray(self.alphas, dtype=np.float64).tolist()}
        if hasattr(self, "l1_ratio"):
            found["l1_ratio"] = np.atleast_1d(self.l1_ratio).astype(np.float64).tolist()
        return found

    def _shape_attributes(self, flat):
        if self._joint:
            self.n_iter_, self.dual_gap_ = self.report_["iterations"][0], self.dual_gap_[0]
            if not self.fit_intercept:
                self.intercept_ = 0.0
        else:
            super()._shape_attributes(flat)
        self.mse_path_ = np.squeeze(self.mse_path_)
        if len(self.alphas_) == 1 or not isinstance(self.alphas, Integral):
            self.alphas_ = self.alphas_[0]
        if not hasattr(self, "l1_ratio"):
            del self.l1_ratio_

    def get_metadata_routing(self):
        """The routing of metadata to the splitter.

        Returns
        -------
        routing : MetadataRouter
        """
        split = MethodMapping().add(caller="fit", callee="split")
        return MetadataRouter(owner=self).add_self_request(self).add(splitter=check_cv(self.cv), method_mapping=split)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.single_output = not self._joint
        tags.target_tags.multi_output = self._joint
        return tags


class LassoCV(CoordinateDescentCV):
    """The lasso with its penalty chosen by cross-validation.

    Second moments of the folds are formed in one pass over X and shared; each path begins where the penalty before it
    ended; folds run in parallel with the same result at any number of threads. The objective is :class:`Lasso`'s.

    Parameters
    ----------
    eps : float, default=1e-3
        The smallest penalty relative to the largest, where ``alphas`` is a number.
    alphas : array-like or int, default=100
        The penalties, or how many: then from the smallest that leaves no coefficient downwards.
    fit_intercept : bool, default=True
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        As in :class:`ElasticNet`. A matrix of all rows is no fold's: without an intercept it is refused, with one it
        is formed anew, with a warning.
    max_iter, tol, positive, random_state, selection
        As in :class:`ElasticNet`.
    copy_X : bool, default=True
        Without effect: X is never written to.
    cv : int, cross-validation generator or iterable, default=None
    verbose : bool or int, default=False
        Whether to print the duality gap as the fit goes on.
    n_jobs : int or None, default=None
        Threads: -1 or None for all that are allowed.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    alphas_ : ndarray of shape (n_alphas,)
    mse_path_ : ndarray of shape (n_alphas, n_folds)
    coef_, intercept_, n_iter_, dual_gap_, n_features_in_, feature_names_in_, report_
        As in :class:`ElasticNet`, of the fit to all rows.
    """

    _native = "LassoCV"
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection


class ElasticNetCV(CoordinateDescentCV):
    """The elastic net with penalty and L1 share chosen by cross-validation; see :class:`LassoCV`.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        The share of the L1 part, or several to choose from.
    eps, alphas, fit_intercept, precompute, max_iter, tol, cv, copy_X, verbose, n_jobs, positive, random_state,
    selection
        As in :class:`LassoCV`.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        What was chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratio, n_alphas, n_folds)
    coef_, intercept_, n_iter_, dual_gap_, n_features_in_, feature_names_in_, report_
        As in :class:`ElasticNet`, of the fit to all rows.
    """

    _native = "ElasticNetCV"
    _parameter_constraints: dict = {
        **CoordinateDescentCV._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-4,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
