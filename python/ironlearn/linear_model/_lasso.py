"""Lasso, ElasticNet and their multi-task relatives, by coordinate descent."""

from __future__ import annotations

import warnings
from numbers import Integral, Number, Real

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_array, metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._sparse import _align_api_if_sparse
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn.linear_model._lasso_path import enet_path
from ironlearn.linear_model._lasso_precompute import core_precompute
from ironlearn.linear_model._regressor import LinearRegressorMixin


class CoordinateDescentMixin(LinearRegressorMixin):
    """What fits by coordinate descent share: warm starts, the random stream, and the fitted attributes."""

    def _descent_params(self, **more):
        params = self._native_params() | more
        if getattr(self, "max_iter", 1) is None:
            raise TypeError("max_iter=None: give the number of passes over the coordinates")
        return params

    def _weights(self, sample_weight, X):
        """Weights for the core; one number for all rows is none."""
        if sample_weight is None or isinstance(sample_weight, Number):
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        return np.ascontiguousarray(weights, dtype=np.float64)

    def _start(self, X, n_targets, params):
        """A model of the coefficients as they are now, to go on from; None without warm_start or coefficients."""
        if not self.warm_start or not hasattr(self, "coef_"):
            return None
        coef = np.atleast_2d(np.asarray(self.coef_, dtype=np.float64))
        if coef.shape != (n_targets, X.shape[1]):
            raise ValueError(f"coef_ of shape {coef.shape} does not fit {n_targets} targets and X of shape {X.shape}")
        if not np.isfinite(coef).all():
            raise ValueError("coef_ holds NaN or infinity: nothing to start from")
        plain = params | ({"precompute": True} if "precompute" in params else {})
        empty = _core.fit(self._native, plain, np.zeros((1, X.shape[1])), np.zeros((1, n_targets)))
        return empty.with_coefficients(coef, np.zeros(n_targets))

    def _fit_descent(self, X, y, sample_weight, params, start=None):
        target = self._as_2d_target(y)
        self._fit_native(X, target, sample_weight=sample_weight, params=params, start=start)
        self._shape_attributes(y.ndim == 1)
        return self

    def _shape_attributes(self, flat):
        """The attributes in the shapes of a target of one dimension (``flat``) or of several columns."""
        passes = self.report_["iterations"]
        self.n_iter_ = passes[0] if len(passes) == 1 else passes
        if len(self.dual_gap_) == 1:
            self.dual_gap_ = self.dual_gap_[0]
        if flat or len(self.coef_) == 1:
            self.coef_ = self.coef_[0]
        if flat:
            self.intercept_ = self.intercept_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _after_load(self):
        self._shape_attributes(True)


class ElasticNet(CoordinateDescentMixin, NativeEstimator):
    """Least squares with an L1 and an L2 penalty.

    Minimises ``1 / (2 * sum(w)) * sum(w * (y - X @ coef - b)²) + alpha * l1_ratio * ||coef||₁
    + 0.5 * alpha * (1 - l1_ratio) * ||coef||²`` with sample weights w, each target by itself.

    Where rows outnumber columns, second moments of X are formed in one pass and the descent works on them alone
    (``precompute=False`` too: the solution's duality gap is bounded alike). Elsewhere working sets of columns are
    descended on, with Anderson acceleration and gap-safe screening.

    Parameters
    ----------
    alpha : float, default=1.0
    l1_ratio : float, default=0.5
    fit_intercept : bool, default=True
    precompute : bool or array-like of shape (n_features, n_features), default=False
        True: second moments are formed whatever the shape of X. An array: those of the centred and weighted X. Sparse
        X never has them.
    max_iter : int, default=1000
        Passes over the coordinates of a working set.
    copy_X : bool, default=True
        Without effect: X is never written to.
    tol : float, default=1e-4
        Stops where the largest change of a pass is at most ``tol`` times the largest coefficient, and the duality gap
        at most ``tol`` times the mean square of the centred y.
    warm_start : bool, default=False
        Whether a fit begins with ``coef_`` as it is.
    positive : bool, default=False
        Whether coefficients have to be at least 0.
    random_state : int, RandomState instance or None, default=None
        The order of coordinates for ``selection="random"``.
    selection : {"cyclic", "random"}, default="cyclic"

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : int or list of int
        Passes over coordinates; 0 where the start is good enough.
    dual_gap_ : float or ndarray of shape (n_targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    __metadata_request__fit = {"check_input": metadata_routing.UNUSED}
    _native = "ElasticNet"
    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }
    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=1000,
        copy_X=True,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, check_input=True):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
        check_input : bool, default=True
            False: X and y are arrays of floats without NaN or infinity, X in Fortran order (but with sample_weight) or
            CSC.

        Returns
        -------
        self : object
        """
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. You are advised to use the LinearRegression "
                "estimator",
                stacklevel=2,
            )
        if check_input:
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse=["csr", "csc"],
                accept_large_sparse=False,
                dtype=[np.float64, np.float32],
                multi_output=True,
                y_numeric=True,
            )
            y = check_array(y, dtype=X.dtype.type, ensure_2d=False)
        elif sample_weight is None and not sparse.issparse(X) and not X.flags.f_contiguous:
            raise ValueError("check_input=False without sample_weight: X has to be in Fortran order")
        weights = self._weights(sample_weight, X)
        precompute = core_precompute(self.precompute, X, self.fit_intercept, weights)
        params = self._descent_params(precompute=precompute)
        start = self._start(X, 1 if y.ndim == 1 else y.shape[1], params)
        return self._fit_descent(X, y, weights, params, start)

    @property
    def sparse_coef_(self):
        """``coef_`` as a sparse matrix."""
        return _align_api_if_sparse(sparse.csr_array(np.atleast_2d(self.coef_)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class Lasso(ElasticNet):
    """Least squares with an L1 penalty.

    Minimises ``1 / (2 * sum(w)) * sum(w * (y - X @ coef - b)²) + alpha * ||coef||₁`` with sample weights w, each target
    by itself. See :class:`ElasticNet` for how.

    Parameters
    ----------
    alpha : float, default=1.0
    fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state, selection
        As in :class:`ElasticNet`.

    Attributes
    ----------
    coef_, sparse_coef_, intercept_, n_iter_, dual_gap_, n_features_in_, feature_names_in_, report_
        As in :class:`ElasticNet`.
    """

    _native = "Lasso"
    _parameter_constraints: dict = {**ElasticNet._parameter_constraints}
    _parameter_constraints.pop("l1_ratio")
    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=1000,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


class MultiTaskElasticNet(CoordinateDescentMixin, NativeEstimator):
    """Least squares for several targets, with an L2/L1 and an L2 penalty: a feature is in or out for all targets.

    Minimises ``1 / (2 * sum(w)) * sum(w * ||Y - X @ coef - b||²) + alpha * l1_ratio * sum_j ||coef_j||
    + 0.5 * alpha * (1 - l1_ratio) * ||coef||²``, where ``coef_j`` are feature j's coefficients for all targets.

    Parameters
    ----------
    alpha : float, default=1.0
    l1_ratio : float, default=0.5
    fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As in :class:`ElasticNet`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
    intercept_ : ndarray of shape (n_targets,)
    n_iter_ : int
    dual_gap_ : float
    eps_ : float
        The gap that ``tol`` asks for, in units of Y² summed over the rows.
    sparse_coef_, n_features_in_, feature_names_in_, report_
        As in :class:`ElasticNet`.
    """

    _native = "MultiTaskElasticNet"
    _parameter_constraints: dict = {**ElasticNet._parameter_constraints}
    for _name in ("precompute", "positive"):
        _parameter_constraints.pop(_name)
    del _name
    path = staticmethod(enet_path)
    sparse_coef_ = ElasticNet.sparse_coef_

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        copy_X=True,
        max_iter=1000,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        x_rules = {
            "accept_sparse": ["csr", "csc"],
            "accept_large_sparse": False,
            "dtype": [np.float64, np.float32],
        }
        y_rules = {"dtype": [np.float64, np.float32], "ensure_2d": False}
        X, y = validate_data(self, X, y, validate_separately=(x_rules, y_rules))
        check_consistent_length(X, y)
        if y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {self._native.removeprefix('MultiTask')}")
        weights = self._weights(sample_weight, X)
        params = self._descent_params()
        start = self._start(X, y.shape[1], params)
        self._fit_descent(X, y, weights, params, start)
        share = np.ones(len(y)) if weights is None else weights * (len(y) / weights.sum())
        about = y - np.average(y, axis=0, weights=share) if self.fit_intercept else y
        self.eps_ = float(self.tol * (share @ np.square(about, dtype=np.float64)).sum())
        return self

    def _shape_attributes(self, flat):
        self.n_iter_ = self.report_["iterations"][0]
        self.dual_gap_ = self.dual_gap_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


class MultiTaskLasso(MultiTaskElasticNet):
    """Least squares for several targets, with an L2/L1 penalty: a feature is in or out for all targets.

    Minimises ``1 / (2 * sum(w)) * sum(w * ||Y - X @ coef - b||²) + alpha * sum_j ||coef_j||``, where ``coef_j`` are
    feature j's coefficients for all targets.

    Parameters
    ----------
    alpha : float, default=1.0
    fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As in :class:`ElasticNet`.

    Attributes
    ----------
    coef_, intercept_, n_iter_, dual_gap_, sparse_coef_, n_features_in_, feature_names_in_, report_
        As in :class:`MultiTaskElasticNet`.
    """

    _native = "MultiTaskLasso"
    _parameter_constraints: dict = {**MultiTaskElasticNet._parameter_constraints}
    _parameter_constraints.pop("l1_ratio")

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=1000,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.l1_ratio = 1.0
        self.random_state = random_state
        self.selection = selection
