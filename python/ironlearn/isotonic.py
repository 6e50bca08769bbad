"""Isotonic regression: the best monotonic function of one variable."""

from __future__ import annotations

import warnings
from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin, TransformerMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_array, check_consistent_length, metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from ironlearn import _core
from ironlearn._base import NativeEstimator

__all__ = ["IsotonicRegression", "check_increasing", "isotonic_regression"]


@validate_params({"x": ["array-like"], "y": ["array-like"]}, prefer_skip_nested_validation=True)
def check_increasing(x, y):
    """Whether y rises with x: the sign of Spearman's rank correlation.

    Warns where the 95 % confidence interval of the correlation, by Fisher's transform, holds 0.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)

    Returns
    -------
    increasing_bool : bool
    """
    x, y = (np.ascontiguousarray(np.ravel(a), dtype=np.float64) for a in (x, y))
    check_consistent_length(x, y)
    increasing, doubt = _core.check_increasing(x, y)
    if doubt is not None:
        warnings.warn(doubt, stacklevel=2)
    return np.bool_(increasing)


@validate_params(
    {
        "y": ["array-like"],
        "sample_weight": ["array-like", None],
        "y_min": [Interval(Real, None, None, closed="both"), None],
        "y_max": [Interval(Real, None, None, closed="both"), None],
        "increasing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def isotonic_regression(y, *, sample_weight=None, y_min=None, y_max=None, increasing=True):
    """The rising (or falling) sequence that is nearest to y in the weighted sum of squares.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
    sample_weight : array-like of shape (n_samples,), default=None
        Positive weights.
    y_min, y_max : float, default=None
        Bounds of the result.
    increasing : bool, default=True

    Returns
    -------
    y_ : ndarray of shape (n_samples,)
    """
    y = check_array(y, ensure_2d=False, input_name="y", dtype=[np.float64, np.float32])
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}; it must have one dimension")
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
        if sample_weight.shape != y.shape:
            raise ValueError("Input arrays y and w must have one dimension of equal length.")
        if not np.all(sample_weight > 0):
            raise ValueError("Weights w must be strictly positive.")
    fitted = _core.isotonic_regression(y.astype(np.float64), sample_weight, increasing).astype(y.dtype, copy=False)
    if y_min is not None or y_max is not None:
        np.clip(fitted, -np.inf if y_min is None else y_min, np.inf if y_max is None else y_max, fitted)
    return fitted


class IsotonicRegression(RegressorMixin, TransformerMixin, NativeEstimator):
    """Isotonic regression: the monotonic function of one variable with the least weighted sum of squares.

    Pool adjacent violators finds it in one pass over the sorted rows; between the places of the fit it is linear.
    Rows of weight 0 do not count, not even for the range of X or the direction.

    Parameters
    ----------
    y_min, y_max : float, default=None
        Bounds of the predictions.
    increasing : bool or 'auto', default=True
        Whether the function rises; 'auto': as Spearman's correlation says.
    out_of_bounds : {'nan', 'clip', 'raise'}, default='nan'
        What is predicted outside of the range of X at the fit: NaN, the value at the nearest end, or an error.

    Attributes
    ----------
    X_min_, X_max_ : float
        The range of X at the fit.
    X_thresholds_, y_thresholds_ : ndarray of shape (n_thresholds,)
        The corners of the function.
    f_ : callable
        The function.
    increasing_ : bool
    report_ : dict
    """

    _native = "IsotonicRegression"
    __metadata_request__predict = {"T": metadata_routing.UNUSED}
    __metadata_request__transform = {"T": metadata_routing.UNUSED}
    _parameter_constraints: dict = {
        "y_min": [Interval(Real, None, None, closed="both"), None],
        "y_max": [Interval(Real, None, None, closed="both"), None],
        "increasing": ["boolean", StrOptions({"auto"})],
        "out_of_bounds": [StrOptions({"nan", "clip", "raise"})],
    }

    def __init__(self, *, y_min=None, y_max=None, increasing=True, out_of_bounds="nan"):
        self.y_min = y_min
        self.y_max = y_max
        self.increasing = increasing
        self.out_of_bounds = out_of_bounds

    def _column(self, X):
        """X as one column; ValueError where it is none."""
        if not (X.ndim == 1 or (X.ndim == 2 and X.shape[1] == 1)):
            raise ValueError("Isotonic regression input X should be a 1d array or 2d array with 1 feature")
        return np.ascontiguousarray(X).reshape(-1, 1)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, 1)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        X = check_array(X, input_name="X", dtype=[np.float64, np.float32], accept_sparse=False, ensure_2d=False)
        y = check_array(y, input_name="y", dtype=X.dtype, accept_sparse=False, ensure_2d=False)
        check_consistent_length(X, y, sample_weight)
        X = self._column(X)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
            sample_weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
        self._fit_native(X, self._as_2d_target(y), sample_weight=sample_weight)
        return self

    @property
    def f_(self):
        """The fitted function."""
        self._fitted("X_thresholds_")
        return self._values

    def _values(self, x):
        x = np.asarray(x, dtype=self.X_thresholds_.dtype)
        values = self._model.predict(np.ascontiguousarray(x).reshape(-1, 1), self._options())
        return values.reshape(x.shape).astype(x.dtype, copy=False)

    def _transform(self, T):
        # The shape is looked at first, as in scikit-learn.
        T = self._column(check_array(T, dtype=getattr(self, "X_thresholds_", np.empty(0)).dtype, ensure_2d=False))
        check_is_fitted(self, "X_thresholds_")
        return self._values(T.ravel())

    def transform(self, T):
        """The function at each place.

        Parameters
        ----------
        T : array-like of shape (n_samples,) or (n_samples, 1)

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
        """
        return self._transform(T)

    def predict(self, T):
        """The function at each place.

        Parameters
        ----------
        T : array-like of shape (n_samples,) or (n_samples, 1)

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
        """
        return self._transform(T)

    def get_feature_names_out(self, input_features=None):
        """The name of the one column that ``transform`` makes.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Not used, as in scikit-learn.

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self, "X_thresholds_")
        return np.asarray([f"{type(self).__name__.lower()}0"], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags
