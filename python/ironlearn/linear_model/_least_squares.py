"""Ordinary least squares."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import sklearn.linear_model
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin


class LinearRegression(LinearRegressorMixin, NativeEstimator):
    """Ordinary least squares: minimises ``||y - Xw - b||²``, and of several solutions takes the shortest w.

    Dense data: second moments in one pass and a Cholesky factorisation with refinement, or, where X is ill-conditioned
    or has fewer rows than columns, a singular value decomposition. Sparse data: LSQR on X with its columns centred
    implicitly.

    Parameters
    ----------
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Without effect: X is never written to.
    tol : float, default=1e-6
        Dense data: singular values up to ``tol`` times the largest count as 0. Sparse data: LSQR's two tolerances.
    n_jobs : int or None, default=None
        Threads: -1 or None for all that are allowed.
    positive : bool, default=False
        Whether coefficients have to be at least 0 (dense data; by active sets).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    rank_ : int
        Rank of the centred X. Dense data without ``positive`` only.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred X. Dense data without ``positive`` only.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "LinearRegression"
    _parameter_constraints: dict = {
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "n_jobs": [None, Integral],
        "positive": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, fit_intercept=True, copy_X=True, tol=1e-6, n_jobs=None, positive=False):
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=False if self.positive else ["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=True,
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        for name in ("rank_", "singular_"):
            self.__dict__.pop(name, None)
        return self._fit_linear(X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags


# RANSACRegressor, for one, asks for an instance of scikit-learn's class.
sklearn.linear_model.LinearRegression.register(LinearRegression)
