"""The kernel machines for numbers."""

from __future__ import annotations

from typing import ClassVar

from sklearn.base import RegressorMixin, _fit_context
from sklearn.callback import with_callbacks

from ironlearn._svm_base import KernelMachine, constraints


class _Regressor(RegressorMixin, KernelMachine):
    """SVR and NuSVR."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, or with ``kernel="precomputed"`` the kernel matrix of shape (n_samples, n_samples).
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the rows' costs. Rows of weight 0 or less leave no trace.

        Returns
        -------
        self : object
        """
        return self._fit_machine(X, y, sample_weight)

    def predict(self, X):
        """Predicts the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._answer(X, "values").ravel()


class SVR(_Regressor):
    """Numbers by a tube that forgives errors up to ``epsilon``, in the space of a kernel.

    Parameters
    ----------
    C : float, default=1.0
        The cost of a unit of error outside of the tube.
    epsilon : float, default=0.1
        Errors up to it cost nothing.
    kernel, degree, gamma, coef0, tol, shrinking, cache_size, verbose, max_iter
        As for :class:`SVC`.

    Attributes
    ----------
    support_, support_vectors_, n_support_, dual_coef_, coef_, intercept_, n_iter_, fit_status_, shape_fit_, \
n_features_in_, feature_names_in_, report_
        As for :class:`SVC`, of one problem.
    """

    _native = "SVR"
    _parameter_constraints: ClassVar[dict] = constraints("C", "epsilon")

    def __init__(
        self,
        *,
        kernel="rbf",
        degree=3,
        gamma="scale",
        coef0=0.0,
        tol=1e-3,
        C=1.0,
        epsilon=0.1,
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
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter


class NuSVR(_Regressor):
    """Numbers by the narrowest tube outside of which a share ``nu`` of the rows lies, in the space of a kernel.

    Parameters
    ----------
    nu : float, default=0.5
        An upper bound of the share of errors and a lower bound of the share of support vectors.
    C : float, default=1.0
        The cost of a unit of error outside of the tube.
    kernel, degree, gamma, coef0, shrinking, tol, cache_size, verbose, max_iter
        As for :class:`SVC`.

    Attributes are those of :class:`SVR`.
    """

    _native = "NuSVR"
    _parameter_constraints: ClassVar[dict] = constraints("nu", "C")

    def __init__(
        self,
        *,
        nu=0.5,
        C=1.0,
        kernel="rbf",
        degree=3,
        gamma="scale",
        coef0=0.0,
        shrinking=True,
        tol=1e-3,
        cache_size=200,
        verbose=False,
        max_iter=-1,
    ):
        self.nu = nu
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.tol = tol
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
