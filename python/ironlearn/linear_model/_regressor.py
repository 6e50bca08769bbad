"""What linear regressions share: fitting on validated data, and predictions from the coefficients as they are now."""

from __future__ import annotations

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import assert_all_finite

from ironlearn.linear_model._answer import linear_answer


class LinearRegressorMixin(MultiOutputMixin, RegressorMixin):
    """Predictions from ``coef_`` and ``intercept_`` as they are now: a user who assigns them is obeyed."""

    def predict(self, X):
        """Predicts ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return linear_answer(self, X, self._fitted("coef_"), self.intercept_)

    def _saved_model(self):
        """The core's model with the coefficients as they are now: what a file of this estimator holds."""
        return self._model.with_coefficients(self._fitted("coef_"), self.intercept_)

    def _after_load(self):
        """A file does not tell a target of one column from one of one dimension: the latter."""
        if len(self.coef_) == 1:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _fit_linear(self, X, y, sample_weight, params=None):
        """Fits data that are validated but for the finiteness of X, which the core looks at as it goes."""
        if sample_weight is not None and not (sample_weight.flags.c_contiguous and sample_weight.dtype == np.float64):
            sample_weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
        try:
            self._fit_native(X, self._as_2d_target(y), sample_weight=sample_weight, params=params)
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        if y.ndim == 1:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0
        return self
