"""Orthogonal matching pursuit."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.model_selection import check_cv
from sklearn.utils import check_array
from sklearn.utils._metadata_requests import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import FLOAT_DTYPES, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn._folds import explicit_folds
from ironlearn.linear_model._lars_path import as_floats, options, step_printer
from ironlearn.linear_model._regressor import LinearRegressorMixin

_TOO_MANY = "The number of atoms cannot be more than the number of features"


def _result(found, features, return_path, return_n_iter, dtype=np.float64):
    """scikit-learn's arrays from the pursuits of all targets."""
    for _, heard in found:
        for _, message in heard:
            warnings.warn(message, RuntimeWarning, stacklevel=3)
    steps = [coefs for coefs, _ in found]
    if return_path:
        longest = min(len(coefs) for coefs in steps)
        coef = np.stack([coefs[:longest].T for coefs in steps], axis=1)
    else:
        last = [coefs[-1] if len(coefs) else np.zeros(features) for coefs in steps]
        coef = np.stack(last, axis=1)
    coef = np.squeeze(coef.astype(dtype, copy=False))
    n_iters = [len(coefs) for coefs in steps]
    return (coef, n_iters[0] if len(n_iters) == 1 else n_iters) if return_n_iter else coef


@validate_params(
    {
        "X": ["array-like"],
        "y": [np.ndarray],
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "precompute": ["boolean", StrOptions({"auto"})],
        "copy_X": ["boolean"],
        "return_path": ["boolean"],
        "return_n_iter": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def orthogonal_mp(
    X,
    y,
    *,
    n_nonzero_coefs=None,
    tol=None,
    precompute=False,
    copy_X=True,
    return_path=False,
    return_n_iter=False,
):
    """Least squares over few columns, chosen one at a time, of X and y as they are: nothing is centred.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    n_nonzero_coefs : int or None, default=None
        How many columns join. None: a tenth of them, at least one.
    tol : float or None, default=None
        The squared residual at which to stop; takes the place of ``n_nonzero_coefs``.
    precompute : bool or "auto", default=False
        Whether ``X.T @ X`` is computed first.
    copy_X : bool, default=True
        Without effect: X is never written to.
    return_path : bool, default=False
        Whether the coefficients after every step are returned.
    return_n_iter : bool, default=False

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_features, n_targets), with ``return_path`` one dimension more
        Dimensions of length 1 are dropped.
    n_iters : int or list of int
        Only with ``return_n_iter``, and, as in scikit-learn, not with ``precompute``.
    """
    X = as_floats(check_array(X))
    y = check_array(y.reshape(-1, 1) if y.ndim == 1 else y)
    n, p = X.shape
    if n_nonzero_coefs is None and tol is None:
        n_nonzero_coefs = max(int(0.1 * p), 1)
    if tol is None and n_nonzero_coefs > p:
        raise ValueError(_TOO_MANY)
    precompute = n > p if precompute == "auto" else bool(precompute)
    y = np.ascontiguousarray(y, dtype=np.float64)
    columns = n_nonzero_coefs if tol is None else None
    found = _core.orthogonal_mp(X, y, (None, None), None, precompute, columns, tol or 0.0, options())
    return _result(found, p, return_path, return_n_iter and not precompute)


@validate_params(
    {
        "Gram": ["array-like"],
        "Xy": ["array-like"],
        "n_nonzero_coefs": [Interval(Integral, 0, None, closed="neither"), None],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "norms_squared": ["array-like", None],
        "copy_Gram": ["boolean"],
        "copy_Xy": ["boolean"],
        "return_path": ["boolean"],
        "return_n_iter": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def orthogonal_mp_gram(
    Gram,
    Xy,
    *,
    n_nonzero_coefs=None,
    tol=None,
    norms_squared=None,
    copy_Gram=True,
    copy_Xy=True,
    return_path=False,
    return_n_iter=False,
):
    """:func:`orthogonal_mp` from inner products alone.

    Parameters
    ----------
    Gram : array-like of shape (n_features, n_features)
        ``X.T @ X``. Never written to, whatever ``copy_Gram`` says.
    Xy : array-like of shape (n_features,) or (n_features, n_targets)
        ``X.T @ y``. Never written to, whatever ``copy_Xy`` says.
    n_nonzero_coefs : int or None, default=None
        How many columns join. None: a tenth of them.
    tol : float or None, default=None
        The squared residual at which to stop; takes the place of ``n_nonzero_coefs``.
    norms_squared : array-like of shape (n_targets,), default=None
        The squared norms of y; required with ``tol``.
    copy_Gram, copy_Xy : bool, default=True
    return_path : bool, default=False
        Whether the coefficients after every step are returned.
    return_n_iter : bool, default=False

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_features, n_targets), with ``return_path`` one dimension more
        Dimensions of length 1 are dropped.
    n_iters : int or list of int
        Only with ``return_n_iter``.
    """
    Gram = as_floats(check_array(Gram))
    Xy = np.asarray(Xy, dtype=np.float64)
    if Xy.ndim == 1:
        Xy = Xy[:, np.newaxis]
    p = len(Gram)
    if n_nonzero_coefs is None and tol is None:
        n_nonzero_coefs = int(0.1 * p)
    if tol is not None and norms_squared is None:
        raise ValueError("Gram OMP needs the precomputed norms in order to evaluate the error sum of squares.")
    if tol is None and n_nonzero_coefs <= 0:
        raise ValueError("The number of atoms must be positive")
    if tol is None and n_nonzero_coefs > p:
        raise ValueError(_TOO_MANY)
    squares = None if tol is None else np.atleast_1d(np.asarray(norms_squared, dtype=np.float64)).tolist()
    columns = n_nonzero_coefs if tol is None else None
    found = _core.orthogonal_mp(None, None, (Gram, Xy), squares, True, columns, tol or 0.0, options())
    return _result(found, p, return_path, return_n_iter, Gram.dtype)


class _Pursuit(LinearRegressorMixin, NativeEstimator):
    def _shape(self, flat):
        iterations = self.report_["iterations"]
        self.n_iter_ = iterations[0] if len(iterations) == 1 else iterations
        if len(self.coef_) == 1:
            self.coef_ = self.coef_[0]
            self.intercept_ = self.intercept_[0] if flat else self.intercept_
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _after_load(self):
        self.__dict__.setdefault("n_nonzero_coefs_", None)
        self._shape(True)


class OrthogonalMatchingPursuit(_Pursuit):
    """Least squares over few columns: the one that has most to do with what is left of y joins, then all are fitted
    anew.

    Parameters
    ----------
    n_nonzero_coefs : int or None, default=None
        How many columns join. None: a tenth of them, at least one.
    tol : float or None, default=None
        The squared residual at which to stop; takes the place of ``n_nonzero_coefs``.
    fit_intercept : bool, default=True
    precompute : bool or "auto", default="auto"
        Whether ``X.T @ X`` is computed first; "auto": where rows are more than columns.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : int or list of int
        How many columns joined.
    n_nonzero_coefs_ : int or None
        How many were allowed; None with ``tol``.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "OrthogonalMatchingPursuit"
    _parameter_constraints: ClassVar[dict] = {
        "n_nonzero_coefs": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "boolean"],
    }

    def __init__(self, *, n_nonzero_coefs=None, tol=None, fit_intercept=True, precompute="auto"):
        self.n_nonzero_coefs = n_nonzero_coefs
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.precompute = precompute

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=FLOAT_DTYPES)
        self.n_nonzero_coefs_ = None
        self._fit_native(as_floats(X), self._as_2d_target(y))
        self._shape(y.ndim == 1)
        return self


class OrthogonalMatchingPursuitCV(_Pursuit):
    """:class:`OrthogonalMatchingPursuit` with as many columns as make the mean squared error of held-out rows least.

    Parameters
    ----------
    copy : bool, default=True
        Without effect: X is never written to.
    fit_intercept : bool, default=True
    max_iter : int or None, default=None
        The most columns. None or 0: a tenth of them, at least 5 where there are as many.
    cv : int, cross-validation generator or iterable, default=None
    n_jobs : int or None, default=None
        Threads: -1 or None for all that are allowed.
    verbose : bool or int, default=False
        Whether the choice is printed; above 1 steps, too.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_nonzero_coefs_ : int
        The number that was chosen.
    n_iter_ : int
        How many columns joined at last.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "OrthogonalMatchingPursuitCV"
    _parameter_constraints: ClassVar[dict] = {
        "copy": ["boolean"],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 0, None, closed="left"), None],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(self, *, copy=True, fit_intercept=True, max_iter=None, cv=None, n_jobs=None, verbose=False):
        self.copy = copy
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, **fit_params):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        **fit_params : dict
            What the splitter's ``split`` takes; needs metadata routing.

        Returns
        -------
        self : object
        """
        _raise_for_params(fit_params, self, "fit")
        X, y = validate_data(self, X, y, y_numeric=True, ensure_min_features=2)
        X = as_floats(X)
        cv = check_cv(self.cv, classifier=False)
        routed = process_routing(self, "fit", **fit_params) if _routing_enabled() else _manual_routing({"splitter": {}})
        folds = explicit_folds(cv.split(X, **routed.splitter.split), len(X))
        params = {"fit_intercept": self.fit_intercept, "max_iter": self.max_iter, "cv": folds}
        self._fit_native(X, self._as_2d_target(y), params=params, tell=step_printer(self.verbose - 1))
        self._shape(True)
        if self.verbose:
            print(f"cross-validation over {len(folds)} folds: n_nonzero_coefs_={self.n_nonzero_coefs_}")
        return self

    def get_metadata_routing(self):
        """The metadata that ``fit`` hands on.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self)
        return router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
