"""StandardScaler."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import OneToOneFeatureMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted, validate_data

from ironlearn import _columns, _core
from ironlearn._callbacks import FitCallbacks
from ironlearn._transformer import NativeTransformer, aligned, numbers_of

_FLOATS = [np.float64, np.float32, np.float16]


def _rows(X):
    """X as the core takes it: it holds no float16."""
    return X.astype(np.float32) if X.dtype == np.float16 else X


class StandardScaler(OneToOneFeatureMixin, NativeTransformer):
    """Brings each column to mean 0 and variance 1, over the entries that are not NaN."""

    _native = "StandardScaler"
    _parameter_constraints: dict = {"copy": ["boolean"], "with_mean": ["boolean"], "with_std": ["boolean"]}

    def __init__(self, *, copy=True, with_mean=True, with_std=True):
        self.with_mean = with_mean
        self.with_std = with_std
        self.copy = copy

    def _reset(self):
        for name in ("scale_", "n_samples_seen_", "mean_", "var_", "_model"):
            self.__dict__.pop(name, None)

    def fit(self, X, y=None, sample_weight=None):
        """Learns mean and variance of each column.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        self._reset()
        return self.partial_fit(X, y, sample_weight)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Takes in further rows, as if all had been there at one fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        first = "n_samples_seen_" not in self.__dict__
        X = validate_data(
            self,
            X,
            accept_sparse=("csr", "csc"),
            dtype=_FLOATS,
            ensure_all_finite="allow-nan",
            reset=first,
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        with FitCallbacks(self, X, y, reconstruction_attributes={}):
            rows = _rows(X)
            if first:
                self._fit_rows(rows, sample_weight=sample_weight)
            else:
                self._model = self._saved_model().updated(rows, sample_weight, self._options())
            seen_dtype = X.dtype if sample_weight is not None else np.int64
            self._set_attributes(self._state(), seen_dtype, sparse.issparse(X))
        return self

    def _set_attributes(self, state, seen_dtype=None, is_sparse=False):
        mean, seen = numbers_of(state["mean"]), numbers_of(state["seen"])
        if seen_dtype is None:
            seen_dtype = np.int64 if (seen == np.floor(seen)).all() else np.float64
        seen = seen.astype(seen_dtype)
        self.n_samples_seen_ = seen[0] if (seen == seen[0]).all() else seen
        wanted = self.with_std if is_sparse else self.with_mean or self.with_std
        self.mean_ = mean if wanted else None
        self.var_ = numbers_of(state["var"]) if self.with_std else None
        self.scale_ = numbers_of(state["scale"]) if self.with_std else None
        self._as_fitted = (self.mean_, self.scale_)

    def _saved_model(self):
        """The core's model; made anew where ``mean_`` or ``scale_`` were assigned since."""
        fitted = self.__dict__.get("_as_fitted", (None, None))
        if self.mean_ is fitted[0] and self.scale_ is fitted[1]:
            return self._model
        state = self._state()
        for name, values in (("mean", self.mean_), ("scale", self.scale_)):
            if values is not None:
                state[name] = np.asarray(values, dtype=float).tolist()
            state[name] = numbers_of(state[name]).tolist()
        for name in ("var", "seen"):
            state[name] = numbers_of(state[name]).tolist()
        return _core.Transformer.from_state(self._native, state)

    def transform(self, X, copy=None):
        """``(X - mean_) / scale_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        copy : bool, default=None
            False: the result is written over X where X is an array of floats.

        Returns
        -------
        X_tr : {ndarray, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        copy = copy if copy is not None else self.copy
        X = validate_data(
            self,
            X,
            reset=False,
            accept_sparse="csr",
            dtype=_FLOATS,
            force_writeable=not copy,
            ensure_all_finite="allow-nan",
        )
        return self._map(X, copy, lambda X: self._saved_model().transform(X, self._options())[0])

    def inverse_transform(self, X, copy=None):
        """``X * scale_ + mean_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        copy : bool, default=None
            False: the result is written over X where X is an array of floats.

        Returns
        -------
        X_original : {ndarray, sparse matrix} of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        copy = copy if copy is not None else self.copy
        X = check_array(
            X,
            accept_sparse="csr",
            dtype=_FLOATS,
            force_writeable=not copy,
            ensure_all_finite="allow-nan",
        )
        return self._map(X, copy, lambda X: self._saved_model().inverse_transform(X, self._options()))

    def _map(self, X, copy, work):
        out = _columns.to_array(work(_rows(X)))
        if X.dtype == np.float16:
            out = out.astype(np.float16)
        if sparse.issparse(X):
            out = aligned(out.astype(X.dtype, copy=False))
            if copy:
                return out
            X.data[:] = out.data
            return X
        if copy:
            return out
        X[...] = out
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = not self.with_mean
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
