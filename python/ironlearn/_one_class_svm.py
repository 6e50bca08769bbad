"""The kernel machine for one class: what is like the rows of the fit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import OutlierMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils.validation import _num_samples

from ironlearn._svm_base import KernelMachine, constraints


class OneClassSVM(OutlierMixin, KernelMachine):
    """The region where rows lie, but for a share ``nu`` of them, in the space of a kernel.

    Parameters
    ----------
    nu : float, default=0.5
        An upper bound of the share of rows outside and a lower bound of the share of support vectors.
    kernel, degree, gamma, coef0, tol, shrinking, cache_size, verbose, max_iter
        As for :class:`SVC`.

    Attributes
    ----------
    offset_ : float
        ``decision_function = score_samples - offset_``.
    support_, support_vectors_, n_support_, dual_coef_, coef_, intercept_, n_iter_, fit_status_, shape_fit_, \
n_features_in_, feature_names_in_, report_
        As for :class:`SVC`, of one problem.
    """

    _native = "OneClassSVM"
    _parameter_constraints: ClassVar[dict] = constraints("nu")

    def __init__(
        self,
        *,
        kernel="rbf",
        degree=3,
        gamma="scale",
        coef0=0.0,
        tol=1e-3,
        nu=0.5,
        shrinking=True,
        cache_size=200,
        verbose=False,
        max_iter=-1,
    ):
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, or with ``kernel="precomputed"`` the kernel matrix of shape (n_samples, n_samples).
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the bounds of the dual coefficients. Rows of weight 0 or less leave no trace.

        Returns
        -------
        self : object
        """
        return self._fit_machine(X, np.ones(_num_samples(X)), sample_weight)

    def _take_parts(self):
        super()._take_parts()
        self.offset_ = -self._intercept_

    def decision_function(self, X):
        """How far inside the region rows lie: positive for those like the rows of the fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        return self._answer(X, "values").ravel()

    def score_samples(self, X):
        """`decision_function` without its offset.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        return self.decision_function(X) + self.offset_

    def predict(self, X):
        """1 for rows like those of the fit, -1 for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,)
        """
        return np.where(self.decision_function(X) > 0, 1, -1)
