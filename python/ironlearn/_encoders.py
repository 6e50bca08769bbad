"""OneHotEncoder and OrdinalEncoder."""

from __future__ import annotations

import numbers
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import OneToOneFeatureMixin, _fit_context
from sklearn.utils._encode import _unique
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, check_array, check_is_fitted

from ironlearn import _categories, _columns
from ironlearn._transformer import NativeTransformer, aligned, category_columns

_FREQUENCY = [Interval(Integral, 1, None, closed="left"), Interval(RealNotInt, 0, 1, closed="neither"), None]
_MOST = [Interval(Integral, 1, None, closed="left"), None]


class _Encoder(NativeTransformer):
    """What both encoders share: categories given or found, the rare ones together."""

    def _check_given(self, arrays) -> object:
        """The core's ``categories``, checked by scikit-learn's rules."""
        if isinstance(self.categories, str):
            return "auto"
        if len(self.categories) != len(arrays):
            raise ValueError("Shape mismatch: if categories is an array, it has to be of shape (n_features,).")
        out = []
        self._given_arrays = []
        for j, (values, wanted) in enumerate(zip(arrays, self.categories, strict=True)):
            dtype = object if values.dtype.kind == "U" else values.dtype
            wanted = np.array(wanted, dtype=dtype)
            if wanted.dtype == object and len(wanted) and isinstance(wanted[0], bytes) and values.dtype.kind != "S":
                raise ValueError(
                    f"In column {j}, the predefined categories have type 'bytes' which is incompatible with values of"
                    f" type '{type(values[0]).__name__}'."
                )
            if any(_categories.is_nan(v) for v in wanted[:-1]):
                raise ValueError(
                    f"Nan should be the last element in user provided categories, see categories {wanted}"
                    f" in column #{j}"
                )
            if wanted.size != len(_unique(wanted)):
                raise ValueError(f"In column {j}, the predefined categories contain duplicate elements.")
            out.append(_categories.given(wanted, j))
            self._given_arrays.append(wanted)
        return {"given": out}

    def _native_params(self) -> dict:
        params = super()._native_params()
        for name in ("min_frequency", "max_categories"):
            value = params[name]
            params[name] = value if value is None else int(value) if isinstance(value, Integral) else float(value)
        return params

    def _fit_categories(self, X):
        """Fits the core and sets ``categories_``; gives the core's state."""
        self.__dict__.pop("_given_arrays", None)
        arrays, rows, _ = category_columns(self, X, reset=True)
        self.n_features_in_ = len(arrays)
        params = self._native_params()
        params["categories"] = self._check_given(arrays)
        rows = _nan_is_not_none(rows, self.__dict__.get("_given_arrays", []))
        self._fit_rows(rows, params=params)
        state = self._state()
        found = self._found(state)
        changed = False
        for values, categories in zip(arrays, found, strict=True):
            if "number" in categories:
                kind = _categories.number_kind(values.dtype, values)
                changed |= categories["number"]["kind"] != kind
                categories["number"]["kind"] = kind
        if changed:
            from ironlearn import _core

            self._model = _core.Transformer.from_state(self._native, _as_lists(state))
        given = self.__dict__.pop("_given_arrays", None)
        self.categories_ = given or [
            _categories.to_array(categories, values.dtype) for values, categories in zip(arrays, found, strict=True)
        ]
        for values, categories in zip(arrays, self.categories_, strict=True):
            if given is None and _columns.holds_bytes(values):
                categories[:] = [c.encode("latin-1") if isinstance(c, str) else c for c in categories]
            # None among numbers of an object array is not told from NaN in the core.
            if values.dtype.kind == "O" and len(categories) and _categories.is_nan(categories[-1]):
                missing = {None if v is None else "nan" for v in values if v is None or _categories.is_nan(v)}
                if missing == {None} and given is None:
                    categories[-1] = None
        return state

    def _rows(self, X):
        """Validated rows for the core."""
        return _nan_is_not_none(category_columns(self, X, reset=False)[1], self.categories_)

    @property
    def _infrequent_enabled(self) -> bool:
        return self.max_categories is not None or self.min_frequency is not None

    @property
    def infrequent_categories_(self):
        """The categories of each feature that are taken together, or None."""
        if not self._infrequent_enabled:
            raise AttributeError("infrequent_categories_ needs min_frequency or max_categories")
        return [
            None if indices is None else categories[indices]
            for categories, indices in zip(self.categories_, self._infrequent_indices, strict=True)
        ]

    def _groups(self, j: int, n: int) -> np.ndarray:
        """The group of each of the first ``n`` categories of feature j, the rare ones last."""
        groups = np.arange(n)
        rare = self._infrequent_indices[j]
        if rare is None:
            return groups
        is_rare = np.zeros(n, dtype=bool)
        is_rare[rare] = True
        groups[~is_rare] = np.arange(n - len(rare))
        groups[is_rare] = n - len(rare)
        return groups

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


def _as_lists(state):
    """A state with its bytes as lists of numbers, as ``from_state`` takes them."""
    from ironlearn._transformer import numbers_of

    if isinstance(state, bytes):
        return numbers_of(state).tolist()
    if isinstance(state, dict):
        return {name: _as_lists(value) for name, value in state.items()}
    if isinstance(state, list):
        return [_as_lists(value) for value in state]
    return state


def _nan_is_not_none(rows, all_categories):
    """The core takes NaN for None where None alone is a category, for a table's empty entries: here it is unknown."""
    if not isinstance(rows, list) or len(rows) != len(all_categories):
        return rows
    for j, (column, categories) in enumerate(zip(rows, all_categories, strict=True)):
        plain = categories.dtype.kind != "O" or column[1] != "codes"
        if plain or not any(c is None for c in categories) or any(_categories.is_nan(c) for c in categories):
            continue
        name, kind, codes, levels = column
        gone = codes == _columns.NAN
        if gone.any():
            unknown = "nan" if "nan" not in {*levels, *categories} else "\0nan"
            rows[j] = (name, kind, np.where(gone, np.uint32(len(levels)), codes), [*levels, unknown])
    return rows


class OneHotEncoder(_Encoder):
    """Each column becomes one column of 0 and 1 for each of its categories."""

    _native = "OneHotEncoder"
    _parameter_constraints: dict = {
        "categories": [StrOptions({"auto"}), list],
        "drop": [StrOptions({"first", "if_binary"}), "array-like", None],
        "dtype": "no_validation",
        "handle_unknown": [StrOptions({"error", "ignore", "infrequent_if_exist", "warn"})],
        "max_categories": _MOST,
        "min_frequency": _FREQUENCY,
        "sparse_output": ["boolean"],
        "feature_name_combiner": [StrOptions({"concat"}), callable],
    }

    def __init__(
        self,
        *,
        categories="auto",
        drop=None,
        sparse_output=True,
        dtype=np.float64,
        handle_unknown="error",
        min_frequency=None,
        max_categories=None,
        feature_name_combiner="concat",
    ):
        self.categories = categories
        self.sparse_output = sparse_output
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.drop = drop
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.feature_name_combiner = feature_name_combiner

    def _native_params(self) -> dict:
        params = super()._native_params()
        params["sparse_output"] = bool(self.sparse_output)
        if self.drop is None:
            params["drop"] = "none"
        elif not isinstance(self.drop, str):
            params["drop"] = {"given": [_categories.category(v) for v in np.asarray(self.drop, dtype=object)]}
        return params

    @staticmethod
    def _found(state):
        return [feature["categories"] for feature in state["features"]]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Finds the categories of each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        self._set_attributes(self._fit_categories(X))
        return self

    def _set_attributes(self, state):
        features = state["features"]
        self._infrequent_indices = [
            np.array(f["infrequent"], dtype=np.int64) if f["infrequent"] else None for f in features
        ]
        self._drop_groups = [feature["drop"] for feature in features]
        self.drop_idx_ = None
        if self.drop is not None:
            self.drop_idx_ = np.empty(len(features), dtype=object)
            for j, drop in enumerate(self._drop_groups):
                if drop is not None:
                    self.drop_idx_[j] = int(np.flatnonzero(self._groups(j, len(self.categories_[j])) == drop)[0])

    def _groups_of(self, j: int) -> np.ndarray:
        """What each group of feature j is called: its category, or the group of the rare ones."""
        categories, rare = self.categories_[j], self._infrequent_indices[j]
        if rare is None:
            return categories
        keep = np.ones(len(categories), dtype=bool)
        keep[rare] = False
        return np.concatenate([categories[keep], np.array(["infrequent_sklearn"], dtype=object)])

    def _columns_of(self, j: int) -> np.ndarray:
        """The groups of feature j that have a column."""
        groups, drop = self._groups_of(j), self._drop_groups[j]
        return groups if drop is None else np.delete(groups, drop)

    @property
    def _n_features_outs(self) -> list[int]:
        return [len(self._columns_of(j)) for j in range(len(self.categories_))]

    def transform(self, X):
        """Zeros and ones, sparse (CSR) by default.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_out : {ndarray, sparse matrix} of shape (n_samples, n_encoded_features)
        """
        check_is_fitted(self)
        frames = _get_output_config("transform", estimator=self)["dense"]
        if frames != "default" and self.sparse_output:
            kind = frames.capitalize()
            raise ValueError(
                f"{kind} output does not support sparse data. Set sparse_output=False to output {frames} dataframes or"
                f' disable {kind} output via` ohe.set_output(transform="default").'
            )
        rows = self._rows(X)
        out = self._transform_rows(rows).astype(self.dtype, copy=False)
        if sparse.issparse(out):
            return aligned(out) if self.sparse_output else out.toarray()
        return sparse.csr_matrix(out) if self.sparse_output else out

    def inverse_transform(self, X):
        """The categories behind zeros and ones; None where a row holds none and none was dropped.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_encoded_features)

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = check_array(X, accept_sparse="csr")
        widths = self._n_features_outs
        if X.shape[1] != sum(widths):
            raise ValueError(
                f"Shape of the passed X data is not correct. Expected {sum(widths)} columns, got {X.shape[1]}."
            )
        p = len(self.categories_)
        groups = [self._groups_of(j) for j in range(p)]
        out = np.empty((X.shape[0], p), dtype=np.result_type(*[g.dtype for g in groups]))
        unknown = {}
        start = 0
        for j, width in enumerate(widths):
            part = X[:, start : start + width]
            start += width
            drop = self._drop_groups[j]
            if width == 0:
                out[:, j] = groups[j][drop]
                continue
            out[:, j] = self._columns_of(j)[np.asarray(part.argmax(axis=1)).ravel()]
            zeros = np.asarray(part.sum(axis=1) == 0).ravel()
            if not zeros.any():
                continue
            lenient = self.handle_unknown == "ignore" or (
                self.handle_unknown in ("infrequent_if_exist", "warn") and self._infrequent_indices[j] is None
            )
            if drop is not None:
                out[zeros, j] = groups[j][drop]
            elif lenient or self.drop is not None:
                unknown[j] = zeros
            else:
                raise ValueError(
                    f"Samples {np.flatnonzero(zeros)} can not be inverted when drop=None and handle_unknown='error' "
                    "because they contain all zeros"
                )
        if unknown:
            out = out.astype(object, copy=False)
            for j, rows in unknown.items():
                out[rows, j] = None
        return out

    def get_feature_names_out(self, input_features=None):
        """The names of the columns: feature and category.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.feature_name_combiner == "concat":
            combine = _concat
        else:
            combine = self.feature_name_combiner
            example = combine("feature", "category")
            if not isinstance(example, str):
                raise TypeError(
                    "When `feature_name_combiner` is a callable, it should return a Python string. "
                    f"Got {type(example)} instead."
                )
        out = [combine(name, c) for j, name in enumerate(names) for c in self._columns_of(j)]
        return np.array(out, dtype=object)


def _concat(feature, category) -> str:
    return f"{feature}_{category}"


class OrdinalEncoder(OneToOneFeatureMixin, _Encoder):
    """Each entry becomes the place of its category among the categories of its column."""

    _native = "OrdinalEncoder"
    _parameter_constraints: dict = {
        "categories": [StrOptions({"auto"}), list],
        "dtype": "no_validation",
        "encoded_missing_value": [Integral, type(np.nan)],
        "handle_unknown": [StrOptions({"error", "use_encoded_value"})],
        "unknown_value": [Integral, type(np.nan), None],
        "max_categories": _MOST,
        "min_frequency": _FREQUENCY,
    }

    def __init__(
        self,
        *,
        categories="auto",
        dtype=np.float64,
        handle_unknown="error",
        unknown_value=None,
        encoded_missing_value=np.nan,
        min_frequency=None,
        max_categories=None,
    ):
        self.categories = categories
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.unknown_value = unknown_value
        self.encoded_missing_value = encoded_missing_value
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    def _native_params(self) -> dict:
        params = super()._native_params()
        params["encoded_missing_value"] = float(self.encoded_missing_value)
        if self.unknown_value is not None:
            params["unknown_value"] = float(self.unknown_value)
        return params

    @staticmethod
    def _found(state):
        return state["categories"]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Finds the categories of each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        floats = np.dtype(self.dtype).kind == "f"
        if self.handle_unknown == "use_encoded_value":
            if _categories.is_nan(self.unknown_value):
                if not floats:
                    raise ValueError(
                        f"When unknown_value is np.nan, the dtype parameter should be a float dtype. Got {self.dtype}."
                    )
            elif not isinstance(self.unknown_value, numbers.Integral):
                raise TypeError(
                    "unknown_value should be an integer or np.nan when handle_unknown is 'use_encoded_value', "
                    f"got {self.unknown_value}."
                )
        elif self.unknown_value is not None:
            raise TypeError(
                "unknown_value should only be set when handle_unknown is 'use_encoded_value', "
                f"got {self.unknown_value}."
            )
        try:
            state = self._fit_categories(X)
        except ValueError as error:
            start, _, features = str(error).partition("known category in features: ")
            if features and "feature_names_in_" in self.__dict__:
                named = self.feature_names_in_[[int(j) for j in features.strip("[]").split(",")]]
                raise ValueError(f"{start}known category in features: {named}") from None
            raise
        missing = [j for j, c in enumerate(self.categories_) if len(c) and _categories.is_nan(c[-1])]
        if missing and not floats and _categories.is_nan(self.encoded_missing_value):
            raise ValueError(
                f"There are missing values in features {missing}. For OrdinalEncoder to encode missing values with"
                f" dtype: {self.dtype}, set encoded_missing_value to a non-nan value, or set dtype to a float"
            )
        self._set_attributes(state)
        return self

    def _set_attributes(self, state):
        self._infrequent_indices = [np.array(rare, dtype=np.int64) if rare else None for rare in state["infrequent"]]
        self._missing_indices = {
            j: len(c) - 1 for j, c in enumerate(self.categories_) if len(c) and _categories.is_nan(c[-1])
        }

    def transform(self, X):
        """The places of the categories.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self, "categories_")
        rows = self._rows(X)
        return self._transform_rows(rows).astype(self.dtype, copy=False)

    def inverse_transform(self, X):
        """The categories at these places; None for the unknown.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = check_array(X, ensure_all_finite="allow-nan")
        p = len(self.categories_)
        if X.shape[1] != p:
            raise ValueError(f"Shape of the passed X data is not correct. Expected {p} columns, got {X.shape[1]}.")
        out = np.empty(X.shape, dtype=np.result_type(*[c.dtype for c in self.categories_]))
        grouped, unknown = {}, {}
        for j, categories in enumerate(self.categories_):
            places = X[:, j]
            todo = np.ones(len(places), dtype=bool)
            rare = self._infrequent_indices[j]
            keep = np.ones(len(categories), dtype=bool)
            if j in self._missing_indices:
                missing = _same(places, self.encoded_missing_value)
                keep[-1] = False
                todo &= ~missing
                out[missing, j] = categories[-1]
            if rare is not None:
                keep[rare] = False
                grouped[j] = todo & (places == keep.sum())
                todo &= ~grouped[j]
            if self.handle_unknown == "use_encoded_value":
                unknown[j] = todo & _same(places, self.unknown_value)
                todo &= ~unknown[j]
            out[todo, j] = categories[keep][places[todo].astype(np.int64)]
        if grouped or unknown:
            out = out.astype(object, copy=False)
        for rows_of, value in ((grouped, "infrequent_sklearn"), (unknown, None)):
            for j, rows in rows_of.items():
                out[rows, j] = value
        return out


def _same(values: np.ndarray, value) -> np.ndarray:
    return np.isnan(values) if _categories.is_nan(value) else values == value
