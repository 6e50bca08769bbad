"""Missing entries filled in."""

from __future__ import annotations

import numbers
import warnings

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.impute import MissingIndicator
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import MissingValues, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ironlearn import _categories, _columns, _core
from ironlearn._transformer import NativeTransformer, aligned

__all__ = ["SimpleImputer"]

_FLOATS = (np.float64, np.float32, np.float16)


class SimpleImputer(NativeTransformer):
    """Replaces each missing entry by a statistic of its column."""

    _native = "SimpleImputer"
    _parameter_constraints: dict = {
        "missing_values": [MissingValues()],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "strategy": [StrOptions({"mean", "median", "most_frequent", "constant"}), callable],
        "fill_value": "no_validation",
        "copy": ["boolean"],
    }

    def __init__(
        self,
        *,
        missing_values=np.nan,
        strategy="mean",
        fill_value=None,
        copy=True,
        add_indicator=False,
        keep_empty_features=False,
    ):
        self.missing_values = missing_values
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.strategy = strategy
        self.fill_value = fill_value
        self.copy = copy

    def _native_params(self) -> dict:
        params = super()._native_params()
        params["missing_values"] = _categories.category(self.missing_values)
        params["fill_value"] = None if self.fill_value is None else _categories.category(self.fill_value)
        if self.strategy != "constant":
            params["fill_value"] = None
        if callable(self.strategy):
            params["strategy"] = "most_frequent"
        return params

    def _validate_input(self, X, in_fit):
        """X by scikit-learn's rules: floats for mean and median, its own type for the rest."""
        if self.strategy in ("most_frequent", "constant"):
            texts = isinstance(X, list) and any(isinstance(v, str) for row in X for v in row)
            dtype = object if texts else None
        else:
            dtype = _FLOATS
        if not in_fit and self._fit_dtype.kind == "O":
            dtype = self._fit_dtype
        lenient = is_pandas_na(self.missing_values) or is_scalar_nan(self.missing_values)
        try:
            X = validate_data(
                self,
                X,
                reset=in_fit,
                accept_sparse="csc",
                dtype=dtype,
                force_writeable=True if not in_fit else None,
                ensure_all_finite="allow-nan" if lenient else True,
                copy=self.copy if not in_fit else False,
            )
        except ValueError as error:
            if "could not convert" in str(error):
                raise ValueError(f"Cannot use {self.strategy} strategy with non-numeric data:\n{error}") from None
            raise
        if in_fit:
            self._fit_dtype = X.dtype
        kind = X.dtype.kind
        if is_pandas_na(self.missing_values) and kind not in "iufO":
            raise ValueError(f"missing_values=pandas.NA does not suit data of dtype {X.dtype}")
        if kind in "fiu" and not isinstance(self.missing_values, numbers.Real) and not lenient:
            raise ValueError(
                "'X' and 'missing_values' types are expected to be both numerical. "
                f"Got X.dtype={X.dtype} and  type(missing_values)={type(self.missing_values)}."
            )
        if kind not in "iufO":
            raise ValueError(
                f"SimpleImputer does not support data with dtype {X.dtype}. Please provide either a numeric array (with"
                " a floating point or integer dtype) or categorical data represented either as an array with integer"
                " dtype or an array of string values with an object dtype."
            )
        if sparse.issparse(X) and self.missing_values == 0:
            raise ValueError(
                "Imputation not possible when missing_values == 0 and input is sparse. Provide a dense array instead."
            )
        if self.strategy == "constant":
            self._check_fill(X, in_fit)
        return X

    def _check_fill(self, X, in_fit):
        if in_fit and self.fill_value is not None:
            fill = type(self.fill_value)
            message = (
                f"fill_value={self.fill_value!r} (of type {fill!r}) cannot be cast to the input data that is"
                f" {X.dtype!r}. If fill_value is a Python scalar, instead pass  a numpy scalar (e.g."
                " fill_value=np.uint8(0) if your data is of type np.uint8). Make sure that both dtypes are of the same"
                " kind."
            )
        elif not in_fit:
            fill = self._fill_dtype
            message = (
                f"The dtype of the filling value (i.e. {fill!r}) cannot be cast to the input data that is {X.dtype!r}."
                " Make sure that the dtypes of the input data are of the same kind between fit and transform."
            )
        else:
            return
        if not np.can_cast(fill, X.dtype, casting="same_kind"):
            raise ValueError(message)

    def _rows(self, X):
        """X as the core takes it."""
        if X.dtype.kind == "O":
            return [self._object_column(f"x{j}", X[:, j]) for j in range(X.shape[1])]
        if sparse.issparse(X):
            return X.astype(np.float64) if X.dtype not in (np.float64, np.float32) else X
        if X.dtype in (np.float64, np.float32):
            return X
        return np.ascontiguousarray(X, dtype=np.float64)

    def _object_column(self, name, values):
        """An object column for the core, NaN where it is missing; as text where text is to fill it."""
        gone = self._missing_objects(values)
        if self.strategy == "constant" and not isinstance(self.fill_value, numbers.Real):
            texts = np.array([str(v) for v in values], dtype=object)
            texts[gone] = np.nan
            codes, levels = _core.factorize(texts)
            return (name, "codes", codes, levels)
        values = values.copy()
        values[gone] = np.nan
        return _columns.array_column(name, values)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learns what fills each column.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        X = self._validate_input(X, in_fit=True)
        self._fill_dtype = X.dtype
        params = self._native_params()
        if X.dtype.kind == "O":
            params["missing_values"] = {"missing": "nan"}
        self._fit_rows(self._rows(X), params=params)
        if callable(self.strategy):
            self._fit_callable(X)
        self._set_attributes(self._state())
        return self

    def _fit_callable(self, X):
        """Fills by the user's function of each column's entries."""
        state = self._state()
        for j in range(X.shape[1]):
            if sparse.issparse(X):
                values = X.data[X.indptr[j] : X.indptr[j + 1]]
                values = values[~self._gone(values)]
                values = values[values != 0]
                if not len(values) and self.keep_empty_features:
                    state["fills"][j] = {"number": 0.0}
                    continue
            else:
                values = X[:, j]
                values = values[~self._gone(values)]
            value = float(self.strategy(values))
            state["fills"][j] = None if np.isnan(value) else {"number": value}
        self._model = _core.Transformer.from_state(self._native, state)

    def _gone(self, values):
        if is_scalar_nan(self.missing_values):
            return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
        return values == self.missing_values

    def _set_attributes(self, state):
        fills = [_categories.from_category(fill) for fill in state["fills"]]
        objects = self.strategy == "constant" or (self.strategy == "most_frequent" and self._fit_dtype.kind == "O")
        if objects:
            self.statistics_ = np.empty(len(fills), dtype=object)
            self.statistics_[:] = [self._as_given(fill) for fill in fills]
        else:
            dtype = self._fit_dtype if self._fit_dtype.kind == "f" and self.strategy != "most_frequent" else np.float64
            self.statistics_ = np.array(fills, dtype=dtype)
        self.indicator_ = None
        if self.add_indicator:
            indicator = MissingIndicator(missing_values=self.missing_values, error_on_new=False)
            indicator.features_ = np.array(state["indicated"], dtype=np.int64)
            indicator._n_features = indicator.n_features_in_ = len(fills)
            indicator._precomputed = False
            self.indicator_ = indicator

    def _as_given(self, fill):
        """A fill as the user wrote it, where he did."""
        if self.strategy == "constant" and not is_scalar_nan(fill) and self.fill_value is not None:
            return self.fill_value
        if isinstance(fill, float) and fill.is_integer():
            return int(fill)
        return fill

    def transform(self, X):
        """X with its missing entries filled, without the columns that had no entry at the fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        X_imputed : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
        """
        check_is_fitted(self)
        given = X
        X = self._validate_input(X, in_fit=False)
        if X.shape[1] != self.statistics_.shape[0]:
            raise ValueError(f"X has {X.shape[1]} features per sample, expected {self.statistics_.shape[0]}")
        out, _ = self._model.transform(self._rows(X), self._options())
        out = _columns.to_array(out)
        self._warn_of_empty()
        if sparse.issparse(X):
            out = out.tocsc().astype(X.dtype, copy=False)
            if self.copy or out.nnz != X.nnz or not X.has_sorted_indices:
                return aligned(out)
            X.data[:] = out.data
            return X
        if X.dtype.kind == "O":
            return self._restore(out, X)
        if X.dtype.kind in "iu" and not self.add_indicator:
            out = out.astype(X.dtype)
        elif X.dtype.kind in "iu":
            out = out.astype(X.dtype)
        elif X.dtype == np.float16:
            out = out.astype(np.float16)
        if not self.copy and X is given and out.shape == X.shape:
            X[...] = out
            return X
        return out

    def _restore(self, out, X):
        """An object array with the entries of X where they were not missing."""
        kept = [j for j, fill in enumerate(self._state()["fills"]) if fill is not None]
        result = np.empty(out.shape, dtype=object)
        result[:] = out
        for new, old in enumerate(kept):
            values = X[:, old]
            gone = self._missing_objects(values)
            result[~gone, new] = values[~gone]
            result[gone, new] = self.statistics_[old]
        for new in range(len(kept), out.shape[1]):
            result[:, new] = result[:, new].astype(bool)
        return result

    def _missing_objects(self, values):
        marker = self.missing_values
        if is_scalar_nan(marker):
            return np.array([is_scalar_nan(v) for v in values], dtype=bool)
        if is_pandas_na(marker):
            return np.array([is_pandas_na(v) for v in values], dtype=bool)
        if marker is None:
            return np.array([v is None for v in values], dtype=bool)
        return np.array([v == marker for v in values], dtype=bool)

    def _warn_of_empty(self):
        empty = np.array([fill is None for fill in self._state()["fills"]])
        if empty.any():
            features = np.flatnonzero(empty)
            if "feature_names_in_" in self.__dict__:
                features = self.feature_names_in_[features]
            warnings.warn(
                f"Skipping features without any observed values: {features}. At least one non-missing value is needed"
                f" for imputation with strategy='{self.strategy}'.",
                stacklevel=3,
            )

    def _saved_model(self):
        if callable(self.strategy):
            raise TypeError("SimpleImputer with a function as strategy cannot be saved")
        return self._model

    def inverse_transform(self, X):
        """The rows with their missing entries, as far as indicators tell of them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features + n_indicators)

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        if not self.add_indicator:
            raise ValueError(
                "'inverse_transform' works only when 'SimpleImputer' is instantiated with 'add_indicator=True'. "
                f"Got 'add_indicator={self.add_indicator}' instead."
            )
        flagged = self.indicator_.features_
        width = X.shape[1] - len(flagged)
        masks = np.zeros((X.shape[0], len(self.statistics_)), dtype=bool)
        masks[:, flagged] = X[:, width:].astype(bool)
        out = np.zeros(masks.shape)
        kept = iter(range(width))
        for j in range(masks.shape[1]):
            if not masks[:, j].all():
                out[:, j] = X[:, next(kept)]
        out[masks] = self.missing_values
        return out

    def get_feature_names_out(self, input_features=None):
        """The names of the columns: those kept, then the indicators.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self, "n_features_in_")
        names = _check_feature_names_in(self, input_features)
        return np.array(self._model.feature_names_out([str(name) for name in names]), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = is_pandas_na(self.missing_values) or is_scalar_nan(self.missing_values)
        return tags
