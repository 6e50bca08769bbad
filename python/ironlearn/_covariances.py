"""Covariances of classes by an estimator of the user, and what discriminants do about it."""

from __future__ import annotations

import numpy as np

from ironlearn import _core
from ironlearn._callbacks import FitCallbacks


class GivenCovariancesMixin:
    """A fit that may ask ``covariance_estimator`` for the covariances."""

    def _estimate(self, X):
        """The covariance of the rows X by the user's estimator."""
        if self.shrinkage is not None and self.shrinkage != 0:
            raise ValueError(
                "covariance_estimator and shrinkage parameters are not None. Only one of the two can be set."
            )
        self.covariance_estimator.fit(X)
        if not hasattr(self.covariance_estimator, "covariance_"):
            raise ValueError(f"{type(self.covariance_estimator).__name__} does not have a covariance_ attribute")
        return np.atleast_2d(np.asarray(self.covariance_estimator.covariance_, dtype=np.float64))

    def _fit_codes(self, X, y, codes, params, *, total):
        """Fits validated data. ``total``: the covariance of all rows is wanted too."""
        n_classes = len(self.classes_)
        if self.covariance_estimator is None:
            return self._fit_native(X, codes, n_classes=[n_classes], params=params)
        with FitCallbacks(self, X, y) as progress:
            groups = [X[codes[:, 0] == k] for k in range(n_classes)] + ([X] if total else [])
            covariances = [self._estimate(rows) for rows in groups]
            params = {**params, "shrinkage": None}
            options = self._options(progress)
            model = _core.fit_covariances(self._native, params, X, codes, n_classes, covariances, options)
        return self._take(model)

    def _saved_model(self):
        if self.covariance_estimator is not None:
            name = type(self.covariance_estimator).__name__
            raise TypeError(
                f"{type(self).__name__} with covariance_estimator={name}() cannot be saved: a file cannot hold it"
            )
        return super()._saved_model()
