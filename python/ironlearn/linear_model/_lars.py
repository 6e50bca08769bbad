"""Least angle regression, and the lasso by its path."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._lars_path import EPS, as_floats, step_printer
from ironlearn.linear_model._regressor import LinearRegressorMixin


class _LeastAngle(LinearRegressorMixin, NativeEstimator):
    """What the five have in common: parameters and data for the core, attributes from it."""

    def _path_params(self):
        """The core's parameters; inner products and noise are this side's affair."""
        given = self.get_params(deep=False)
        ours = ("precompute", "jitter", "random_state", "cv", "verbose", "copy_X", "n_jobs")
        params = {name: value for name, value in given.items() if name not in ours}
        if not hasattr(self.precompute, "__array__"):
            params["precompute"] = False if self.precompute is None else self.precompute
        return params

    def _walk(self, X, y, params, products=None, verbose=0):
        """Fits validated data."""
        flat = y.ndim == 1
        y = self._as_2d_target(y)
        for name in ("active_", "coef_path_"):
            self.__dict__.pop(name, None)
        self._fit_native(as_floats(X), y, params=params, products=products, tell=step_printer(verbose))
        self._shape(flat)
        return self

    def _shape(self, flat):
        """The attributes in the shapes that one target, in one dimension or two, or several have."""
        iterations = self.report_["iterations"]
        self.n_iter_ = iterations[0] if len(iterations) == 1 else iterations
        if "active_" in self.__dict__:
            active = self.active_
            self.active_ = [a.tolist() for a in active] if isinstance(active, list) else active.tolist()
        if len(self.coef_) == 1 and ("coef_path_" in self.__dict__ or not getattr(self, "fit_path", True)):
            # Without a path scikit-learn's coef_ keeps two dimensions.
            if getattr(self, "fit_path", True):
                self.coef_ = self.coef_[0]
                self.intercept_ = self.intercept_[0] if flat else self.intercept_
        elif len(self.coef_) == 1:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _after_load(self):
        self._shape(True)


class Lars(_LeastAngle):
    """Least angle regression: coefficients grow so that all active columns keep one correlation with what is left of y,
    and another column joins when it reaches that.

    Parameters
    ----------
    fit_intercept : bool, default=True
    verbose : bool or int, default=False
        Above 1, steps are printed.
    precompute : bool, "auto" or ndarray of shape (n_features, n_features), default="auto"
        Whether ``X.T @ X`` is computed first ("auto": where rows are more than columns), or that matrix of the centred
        X.
    n_nonzero_coefs : int, default=500
        The most steps.
    eps : float, default=2.2e-16
        The least share of a column that counts as outside the active columns' span, in units of its length. Columns
        of which less than 1e-7 is outside do not join.
    copy_X : bool, default=True
        Without effect: X is never written to.
    fit_path : bool, default=True
        Whether ``coef_path_`` and ``active_`` are kept.
    jitter : float or None, default=None
        The upper bound of uniform noise that is added to y: columns that reach the same correlation at exactly the
        same place are beyond the method.
    random_state : int, RandomState instance or None, default=None
        The noise.

    Attributes
    ----------
    alphas_ : ndarray of shape (n_alphas,) or list of such arrays
        The largest correlation at each knot, divided by the number of rows.
    active_ : list of int or list of such lists
        The active columns at the end.
    coef_path_ : ndarray of shape (n_features, n_alphas) or list of such arrays
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : int or list of int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "Lars"
    _parameter_constraints: ClassVar[dict] = {
        "fit_intercept": ["boolean"],
        "verbose": ["verbose"],
        "precompute": ["boolean", StrOptions({"auto"}), np.ndarray, Hidden(None)],
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "fit_path": ["boolean"],
        "jitter": [Interval(Real, 0, None, closed="left"), None],
        "random_state": ["random_state"],
    }
    method = "lar"
    positive = False

    def __init__(
        self,
        *,
        fit_intercept=True,
        verbose=False,
        precompute="auto",
        n_nonzero_coefs=500,
        eps=EPS,
        copy_X=True,
        fit_path=True,
        jitter=None,
        random_state=None,
    ):
        self.fit_intercept = fit_intercept
        self.verbose = verbose
        self.precompute = precompute
        self.n_nonzero_coefs = n_nonzero_coefs
        self.eps = eps
        self.copy_X = copy_X
        self.fit_path = fit_path
        self.jitter = jitter
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, Xy=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Xy : array-like of shape (n_features,) or (n_features, n_targets), default=None
            ``X.T @ y`` of the centred X and y, where it is there already.

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, y_numeric=True, multi_output=True)
        if self.jitter is not None:
            noise = check_random_state(self.random_state).uniform(high=self.jitter, size=len(y))
            y = y + noise if y.ndim == 1 else y + noise[:, np.newaxis]
        gram = self.precompute if hasattr(self.precompute, "__array__") else None
        products = None
        if gram is not None or Xy is not None:
            products = (gram, None if Xy is None else np.asarray(Xy, dtype=np.float64).reshape(X.shape[1], -1))
        return self._walk(X, y, self._path_params(), products, self.verbose - 1)


class LassoLars(Lars):
    """The lasso, ``1 / (2 * n_samples) * ||y - Xw - b||² + alpha * ||w||_1``, by its path: least angle regression in
    which a coefficient that reaches 0 leaves.

    Parameters
    ----------
    alpha : float, default=1.0
        Where the path ends.
    fit_intercept : bool, default=True
    verbose : bool or int, default=False
        Above 1, steps are printed.
    precompute : bool, "auto" or ndarray of shape (n_features, n_features), default="auto"
        As in :class:`Lars`.
    max_iter : int, default=500
        The most steps.
    eps : float, default=2.2e-16
        As in :class:`Lars`.
    copy_X : bool, default=True
        Without effect: X is never written to.
    fit_path : bool, default=True
        Whether ``coef_path_`` and ``active_`` are kept.
    positive : bool, default=False
        Whether coefficients have to be at least 0.
    jitter : float or None, default=None
        As in :class:`Lars`.
    random_state : int, RandomState instance or None, default=None
        The noise.

    Attributes
    ----------
    alphas_, active_, coef_path_, coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, report_
        As in :class:`Lars`.
    """

    _native = "LassoLars"
    _parameter_constraints: ClassVar[dict] = {
        **{name: rule for name, rule in Lars._parameter_constraints.items() if name != "n_nonzero_coefs"},
        "alpha": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "positive": ["boolean"],
    }
    method = "lasso"

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        verbose=False,
        precompute="auto",
        max_iter=500,
        eps=EPS,
        copy_X=True,
        fit_path=True,
        positive=False,
        jitter=None,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.verbose = verbose
        self.positive = positive
        self.precompute = precompute
        self.copy_X = copy_X
        self.eps = eps
        self.fit_path = fit_path
        self.jitter = jitter
        self.random_state = random_state
