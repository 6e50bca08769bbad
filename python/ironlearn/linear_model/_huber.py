"""Huber's regression, whose scale is fitted along with the coefficients."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin


class HuberRegressor(LinearRegressorMixin, NativeEstimator):
    """Linear regression with a squared loss near the line and an absolute loss far from it.

    Minimises ``sum(w * (sigma + sigma * H((y - Xw - b) / sigma))) + alpha * ||w||²`` over w, b and sigma, where
    ``H(z)`` is ``z²`` up to ``epsilon`` and ``2 * epsilon * |z| - epsilon²`` beyond. scikit-learn runs L-BFGS-B; here
    an interior point method takes steps on all of them at once (one weighted Gram matrix of X each), so columns of any
    scale converge alike, and an ``epsilon`` near 1 is no harder.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residuals beyond ``epsilon * scale_`` are outliers. At least 1.
    max_iter : int, default=100
        Steps; ten to twenty are usual.
    alpha : float, default=0.0001
        Strength of the penalty.
    warm_start : bool, default=False
        Whether a fit goes on from the last one's coefficients and scale.
    fit_intercept : bool, default=True
    tol : float, default=1e-5
        Steps end where the objective is known to a millionth of it, relative to itself. A warm start with no larger
        gradient is the answer.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    scale_ : float
        sigma, in units of y.
    outliers_ : ndarray of shape (n_samples,)
        True for the rows of the fit beyond ``epsilon * scale_``.
    n_iter_ : int
        Steps taken.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "HuberRegressor"
    _parameter_constraints: dict = {
        "epsilon": [Interval(Real, 1.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
    }

    def __init__(self, *, epsilon=1.35, max_iter=100, alpha=0.0001, warm_start=False, fit_intercept=True, tol=1e-05):
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative: the objective would have no minimum.

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], y_numeric=True, dtype=[np.float64, np.float32])
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        start = self._saved_model() if self.warm_start and hasattr(self, "coef_") else None
        self._fit_native(X, self._as_2d_target(y), sample_weight=sample_weight, start=start)
        self._after_load()
        return self

    def _after_load(self):
        super()._after_load()
        self.n_iter_ = self.report_["iterations"][0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = False
        return tags
