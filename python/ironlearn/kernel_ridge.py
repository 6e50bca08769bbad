"""Kernel ridge regression: ridge in the space of a kernel."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator

__all__ = ["KernelRidge"]

_KERNELS = {
    "additive_chi2",
    "chi2",
    "cosine",
    "laplacian",
    "linear",
    "poly",
    "polynomial",
    "precomputed",
    "rbf",
    "sigmoid",
}


class KernelRidge(MultiOutputMixin, RegressorMixin, NativeEstimator):
    """Ridge regression in the space of a kernel: solves ``(K + alpha * 1) d = y`` for the dual coefficients d.

    K is the kernel matrix of the rows with each other; no intercept is fitted. The equations are solved by Cholesky;
    where they are singular, by least squares with a warning. Predictions go by blocks of rows: the kernel matrix of new
    rows is never stored whole.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1
    kernel : str or callable, default="linear"
        ``linear``, ``poly`` (``polynomial``), ``rbf``, ``sigmoid``, ``laplacian``, ``cosine``, ``chi2``,
        ``additive_chi2``; ``precomputed``: X is the kernel matrix. A callable is called with two rows and
        ``kernel_params`` and returns a number; a model with one can be pickled, but not written to a model file.
    gamma : float or None, default=None
        The factor of ``rbf``, ``laplacian``, ``poly``, ``sigmoid`` and ``chi2``. None: 1 / n_features, of ``chi2`` 1.
    degree : float, default=3
        The exponent of ``poly``.
    coef0 : float, default=1
        What ``poly`` and ``sigmoid`` add.
    kernel_params : dict or None, default=None
        Keyword arguments of a callable kernel; other kernels do not look at it, as in scikit-learn.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
    X_fit_ : {ndarray, sparse matrix} of shape (n_samples, n_features)
        The rows of the fit, or the matrix of a precomputed kernel (which a model file does not hold: predictions do not
        need it).
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "KernelRidge"
    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "kernel": [StrOptions(_KERNELS), callable],
        "gamma": [Interval(Real, 0, None, closed="left"), None],
        "degree": [Interval(Real, 0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "kernel_params": [dict, None],
    }

    def __init__(self, alpha=1, *, kernel="linear", gamma=None, degree=3, coef0=1, kernel_params=None):
        self.alpha = alpha
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params

    def _check_kind(self, X):
        if self.kernel in ("chi2", "additive_chi2") and sparse.issparse(X):
            raise TypeError(f"kernel={self.kernel!r} is for dense data, but X is sparse: X.toarray() makes it dense")

    def _called(self, X, Y=None):
        """The matrix of a callable kernel, row by row; of X with itself its upper half is called."""
        params = self.kernel_params or {}
        mirrored = Y is None
        Y = X if mirrored else Y
        K = np.empty((X.shape[0], Y.shape[0]))
        for i in range(K.shape[0]):
            for j in range(i if mirrored else 0, K.shape[1]):
                K[i, j] = (
                    self.kernel(X[[i]], Y[[j]], **params) if sparse.issparse(X) else self.kernel(X[i], Y[j], **params)
                )
            if mirrored:
                K[i + 1 :, i] = K[i, i + 1 :]
        return K

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, or with ``kernel="precomputed"`` the kernel matrix of shape (n_samples, n_samples).
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=("csr", "csc"),
            dtype=[np.float64, np.float32],
            multi_output=True,
            y_numeric=True,
        )
        self._check_kind(X)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        alpha = np.ravel(np.asarray(self.alpha, dtype=np.float64))
        params = {
            "alpha": float(alpha[0]) if alpha.size == 1 else alpha.tolist(),
            "kernel": "precomputed" if callable(self.kernel) else self.kernel,
            "gamma": None if self.gamma is None else float(self.gamma),
            "degree": float(self.degree),
            "coef0": float(self.coef0),
        }
        rows = self._called(X.tocsr() if sparse.issparse(X) else X) if callable(self.kernel) else X
        self._fit_native(rows, self._as_2d_target(y), sample_weight=sample_weight, params=params)
        if y.ndim == 1:
            self.dual_coef_ = self.dual_coef_.ravel()
        self.X_fit_ = self._own_rows = X
        return self

    def predict(self, X):
        """Predicts the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, or with ``kernel="precomputed"`` their kernel matrix with the rows of the fit.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32], reset=False)
        self._check_kind(X)
        dual, rows = self._dual_rows(), None
        if callable(self.kernel):
            X, fitted = (M.tocsr() if sparse.issparse(M) else M for M in (X, self.X_fit_))
            X = self._called(X, fitted)
        elif self.kernel != "precomputed":
            # The core has a copy of its own, made ready for predictions.
            rows = None if self.X_fit_ is getattr(self, "_own_rows", None) else self.X_fit_
        y = _core.kernel_predict(self._model, X, rows, dual, self._options())
        return y.ravel() if np.ndim(self.dual_coef_) == 1 else y

    def _dual_rows(self):
        return np.ascontiguousarray(self.dual_coef_, dtype=np.float64).reshape(len(self.dual_coef_), -1)

    def _saved_model(self):
        """The core's model with the dual coefficients as they are now."""
        if callable(self.kernel):
            name = getattr(self.kernel, "__qualname__", None) or repr(self.kernel)
            raise TypeError(f"KernelRidge with kernel={name} cannot be saved: a model file holds no Python functions")
        return _core.kernel_with_dual(self._model, self._dual_rows())

    def _after_load(self):
        if self.dual_coef_.shape[1] == 1:
            self.dual_coef_ = self.dual_coef_.ravel()
        rows = _core.kernel_rows(self._model)
        if isinstance(rows, tuple):
            shape, data, indices, indptr = rows
            rows = sparse.csr_array((data, indices, indptr), shape=shape)
        if rows is not None:
            self.X_fit_ = self._own_rows = rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags
