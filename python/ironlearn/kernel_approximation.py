"""Features whose plain products are nearly a kernel's: what brings kernels to a million rows with a linear model."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ironlearn import _core
from ironlearn._base import draw_seed
from ironlearn._callbacks import FitCallbacks
from ironlearn._transformer import NativeTransformer

__all__ = ["Nystroem", "RBFSampler"]

_FLOATS = [np.float64, np.float32]
# What each kernel takes, as scikit-learn's pairwise kernels do.
_KERNEL_PARAMS: dict[str, tuple[str, ...]] = {
    "additive_chi2": (),
    "chi2": ("gamma",),
    "cosine": (),
    "laplacian": ("gamma",),
    "linear": (),
    "poly": ("gamma", "degree", "coef0"),
    "polynomial": ("gamma", "degree", "coef0"),
    "rbf": ("gamma",),
    "sigmoid": ("gamma", "coef0"),
}


class RBFSampler(ClassNamePrefixFeaturesOutMixin, NativeTransformer):
    """Random waves: ``sqrt(2 / n_components) * cos(X @ random_weights_ + random_offset_)``.

    Products of the new rows are nearly the RBF kernel ``exp(-gamma * ||x - y||²)``, and nearer with more components.
    Directions and offsets of a seed are scikit-learn's.

    Parameters
    ----------
    gamma : "scale" or float, default=1.0
        "scale": ``1 / (n_features * X.var())``.
    n_components : int, default=100
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    random_weights_ : ndarray of shape (n_features, n_components)
    random_offset_ : ndarray of shape (n_components,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    """

    _native = "RBFSampler"
    _parameter_constraints: ClassVar[dict] = {
        "gamma": [StrOptions({"scale"}), Interval(Real, 0.0, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, *, gamma=1.0, n_components=100, random_state=None):
        self.gamma = gamma
        self.n_components = n_components
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Draws directions and offsets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=_FLOATS)
        rng, shape = check_random_state(self.random_state), (X.shape[1], int(self.n_components))
        self._gamma = self._width(X) if self.gamma == "scale" else self.gamma
        params = {"gamma": self.gamma if self.gamma == "scale" else float(self.gamma), "n_components": shape[1]}
        # scikit-learn's draws, in its order.
        weights = np.sqrt(2.0 * self._gamma) * rng.normal(size=shape)
        offsets = rng.uniform(0, 2 * np.pi, size=shape[1])
        kept = [values.astype(X.dtype, copy=False) for values in (weights, offsets)]
        with FitCallbacks(self, X, y, reconstruction_attributes={}):
            self._fit_rows(X, params=params)
            self._model = _core.random_waves_with(self._model, *kept)
        self._set_attributes()
        return self

    @staticmethod
    def _width(X):
        """1 / (columns times the variance of all entries); 1 where they are all alike."""
        if sparse.issparse(X):
            variance = X.multiply(X).mean() - X.mean() ** 2
        else:
            variance = X.var()
        return 1.0 / (X.shape[1] * variance) if variance != 0 else 1.0

    def _set_attributes(self, state=None):
        self.random_weights_, self.random_offset_ = _core.random_waves(self._model)
        self._n_features_out = len(self.random_offset_)
        self._as_fitted = (self.random_weights_, self.random_offset_)

    def _saved_model(self):
        """The core's model; made anew where directions or offsets were assigned since."""
        weights, offsets = self.random_weights_, self.random_offset_
        if weights is not self._as_fitted[0] or offsets is not self._as_fitted[1]:
            self._model = _core.random_waves_with(self._model, weights, offsets)
            self._as_fitted = (weights, offsets)
        return self._model

    def transform(self, X):
        """Maps rows to waves.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=_FLOATS, reset=False)
        self._saved_model()
        return self._transform_rows(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class Nystroem(ClassNamePrefixFeaturesOutMixin, NativeTransformer):
    """Nyström's method: ``kernel(X, components_) @ normalization_.T``.

    Products of the new rows are nearly the kernel, and with as many components as rows they are the kernel. The
    components are rows of X, drawn by the core's random numbers, so those of a seed differ from scikit-learn's.

    Parameters
    ----------
    kernel : str or callable, default="rbf"
        ``rbf``, ``linear``, ``poly`` (``polynomial``), ``sigmoid``, ``laplacian``, ``cosine``, ``chi2``,
        ``additive_chi2``; ``precomputed``: X is the kernel matrix, and for new rows theirs with all rows of the fit. A
        callable is called with two rows and ``kernel_params``; a transformer with one can be pickled, but not written
        to a model file.
    gamma : float or None, default=None
    coef0 : float or None, default=None
    degree : float or None, default=None
    kernel_params : dict or None, default=None
        Further parameters of the kernel; ``gamma``, ``coef0`` and ``degree`` come first.
    n_components : int, default=100
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        Threads; None: those of the configuration.

    Attributes
    ----------
    components_ : {ndarray, sparse array} of shape (n_components, n_features)
    component_indices_ : ndarray of shape (n_components,)
    normalization_ : ndarray of shape (n_components, n_components)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    """

    _native = "Nystroem"
    _parameter_constraints: ClassVar[dict] = {
        "kernel": [StrOptions({*_KERNEL_PARAMS, "precomputed"}), callable],
        "gamma": [Interval(Real, 0, None, closed="left"), None],
        "coef0": [Interval(Real, None, None, closed="neither"), None],
        "degree": [Interval(Real, 1, None, closed="left"), None],
        "kernel_params": [dict, None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        kernel="rbf",
        *,
        gamma=None,
        coef0=None,
        degree=None,
        kernel_params=None,
        n_components=100,
        random_state=None,
        n_jobs=None,
    ):
        self.kernel = kernel
        self.gamma = gamma
        self.coef0 = coef0
        self.degree = degree
        self.kernel_params = kernel_params
        self.n_components = n_components
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _kernel_params(self) -> dict:
        """The kernel's parameters that are given, those of the constructor before those of ``kernel_params``."""
        given = {name: getattr(self, name) for name in ("gamma", "coef0", "degree")}
        given = {name: value for name, value in given.items() if value is not None}
        if callable(self.kernel) or self.kernel == "precomputed":
            if given:
                raise ValueError(
                    "Don't pass gamma, coef0 or degree to Nystroem if using a callable or precomputed kernel"
                )
            return dict(self.kernel_params or {})
        known = _KERNEL_PARAMS[self.kernel]
        both = {**(self.kernel_params or {}), **given}
        return {name: float(value) for name, value in both.items() if name in known and value is not None}

    def _check_kind(self, X):
        if self.kernel in ("chi2", "additive_chi2") and sparse.issparse(X):
            raise TypeError(f"kernel={self.kernel!r} is for dense data, but X is sparse: X.toarray() makes it dense")

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Draws the components and normalises their kernel.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=_FLOATS)
        self._check_kind(X)
        given, seed = self._kernel_params(), draw_seed(self.random_state)
        with FitCallbacks(self, X, y, reconstruction_attributes={}):
            if callable(self.kernel):
                self._fit_called(X, given, seed)
            else:
                names = {"kernel": self.kernel, "n_components": int(self.n_components), "random_state": seed}
                unset = {"gamma": None, "coef0": None, "degree": None}
                self._fit_rows(X, params=unset | given | names)
                self._set_attributes()
        if self.kernel == "precomputed":
            self.components_ = X[self.component_indices_]
            self._as_fitted = (self.components_, self.normalization_)
        if self.n_components > X.shape[0]:
            warnings.warn(
                "n_components > n_samples. This is not possible.\nn_components was set to n_samples, which results in "
                "inefficient evaluation of the full kernel.",
                stacklevel=2,
            )
        return self

    def _fit_called(self, X, given, seed):
        """With a callable kernel: it makes the matrices, the core draws the rows and takes the root."""
        self.__dict__.pop("_model", None)
        self.component_indices_ = _core.kernel_landmarks(X.shape[0], int(self.n_components), seed)
        self.components_ = X[self.component_indices_]
        K = pairwise_kernels(self.components_, metric=self.kernel, filter_params=True, n_jobs=self.n_jobs, **given)
        self.normalization_ = _core.kernel_root(np.asarray(K, dtype=np.float64)).astype(K.dtype, copy=False)
        self._n_features_out = len(self.component_indices_)

    def _set_attributes(self, state=None):
        rows, self.component_indices_, self.normalization_ = _core.kernel_features(self._model)
        if isinstance(rows, tuple):
            shape, data, indices, indptr = rows
            rows = sparse.csr_array((data, indices, indptr), shape=shape)
        if rows is not None:
            self.components_ = rows
        self._n_features_out = len(self.component_indices_)
        self._as_fitted = (self.__dict__.get("components_"), self.normalization_)

    def _saved_model(self):
        """The core's model; made anew where components or normalisation were assigned since."""
        if callable(self.kernel):
            name = getattr(self.kernel, "__qualname__", None) or repr(self.kernel)
            raise TypeError(f"Nystroem with kernel={name} cannot be saved: a model file holds no Python functions")
        parts = (self.__dict__.get("components_"), self.normalization_)
        if parts[0] is not self._as_fitted[0] or parts[1] is not self._as_fitted[1]:
            rows = None if self.kernel == "precomputed" else parts[0]
            self._model = _core.kernel_features_with(self._model, rows, parts[1])
            self._as_fitted = parts
        return self._model

    def transform(self, X):
        """Maps rows to the kernel's features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        X_transformed : ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=_FLOATS, reset=False)
        self._check_kind(X)
        if callable(self.kernel):
            given = self._kernel_params()
            K = pairwise_kernels(
                X, self.components_, metric=self.kernel, filter_params=True, n_jobs=self.n_jobs, **given
            )
            return K @ self.normalization_.T
        self._saved_model()
        return self._transform_rows(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
