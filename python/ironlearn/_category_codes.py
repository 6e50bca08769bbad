"""Features that hold categories: which they are, and tables of text as codes.

Boosting on histograms, trees and forests take `categorical_features` alike; this is the one place that reads it.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import _check_categorical_features, validate_data

from ironlearn import _columns


def has_only_numbers(X) -> bool:
    """Whether X holds numbers in every column, so that it can be a float array as it is."""
    dtypes = getattr(X, "dtypes", None)
    if dtypes is None:
        return np.asarray(X).dtype.kind in "fiub"
    return all(_is_number(dtype) for dtype in dtypes)


def _is_number(dtype) -> bool:
    kind = getattr(dtype, "kind", None)
    if isinstance(kind, str):
        return kind in "fiub"
    # A type of polars.
    numeric = getattr(dtype, "is_numeric", None)
    return bool(numeric and numeric())


class TakesCategories:
    """An estimator whose parameter `categorical_features` says which features hold categories.

    Its class says in `_most_categories()` how many a feature may have.
    """

    is_categorical_ = None
    _codes = None

    def _learn_categories(self, X):
        """Learns which features hold categories. Returns X as codes where it is a table that does not hold numbers
        alone, with its names noted; else None: the core learns numbers that stand for categories itself."""
        before, self._codes = self._codes, None
        by_place = not (self.categorical_features is None or isinstance(self.categorical_features, str))
        shaped = X if hasattr(X, "shape") or not by_place else np.asarray(X)
        self.is_categorical_ = _check_categorical_features(shaped, self.categorical_features)
        if self.is_categorical_ is None:
            return None
        if issparse(X):
            raise ValueError(
                "Sparse data was passed for X, but dense data is required where features hold categories "
                f"(categorical_features={self.categorical_features!r})."
            )
        if has_only_numbers(X):
            return None
        self._codes = CategoryCodes(self.is_categorical_, self._most_categories())
        coded = self._codes.fit_transform(X)
        if self._goes_on() and before is not None and not before.same_as(self._codes):
            self._codes = before
            raise ValueError("warm_start goes on with the trees of the last fit, which had other categories")
        return coded

    def _goes_on(self) -> bool:
        """Whether the fit goes on with the trees of the last one."""
        return bool(getattr(self, "warm_start", False)) and "_model" in self.__dict__

    def _coded_rows(self, X):
        """A table for a prediction as codes; categories that the fit did not see become missing values."""
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._codes.transform(X)

    def _named(self, error):
        """An error about a feature, by its name where it has one."""
        text = str(error)
        if "at index " in text and "feature_names_in_" in self.__dict__:
            place = text.split("at index ")[1].split(" ")[0]
            text = text.replace(f"at index {place}", repr(self.feature_names_in_[int(place)]))
            return ValueError(text)
        return error

    def _saved_steps(self):
        return [] if self._codes is None else [("categories", self._codes.columns)]

    def _take_steps(self, steps):
        if len(steps) == 1 and steps[0][0] == "categories":
            self._codes = CategoryCodes(self.is_categorical_, self._most_categories())
            self._codes.columns = steps[0][1]
            return True
        return not steps


class CategoryCodes:
    """Learns the categories of the marked columns, rising; an unknown or missing one becomes NaN.

    It is a ColumnTransformer whose branches keep the columns in their order, so that a model file can hold it.
    """

    def __init__(self, is_categorical, max_bins):
        self.is_categorical, self.max_bins = is_categorical, max_bins

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_maps"}

    def fit_transform(self, X):
        from ironlearn.compose import ColumnTransformer
        from ironlearn.preprocessing import OrdinalEncoder

        X = self._table(X)
        marked = self.is_categorical
        ends = [0, *(np.flatnonzero(marked[1:] != marked[:-1]) + 1), len(marked)]
        branches = []
        for start, end in zip(ends[:-1], ends[1:], strict=True):
            encoder = OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
            )
            step = encoder if marked[start] else "passthrough"
            branches.append((str(start), step, list(range(start, end))))
        self.columns = ColumnTransformer(branches, sparse_threshold=0)
        self.__dict__.pop("_maps", None)
        self.columns.fit(X)
        for name, step, places in self.columns.transformers_:
            if name != "remainder" and marked[places[0]]:
                self._check_counts(X, step.categories_, places)
        return self.transform(X)

    def _levels(self):
        """The categories of each marked column, missing ones aside."""
        for _, step, _ in self.columns.transformers_:
            yield from _known_levels(step)

    def same_as(self, other) -> bool:
        """Whether both give the same codes."""
        return np.array_equal(self.is_categorical, other.is_categorical) and all(
            a == b for a, b in zip(self._levels(), other._levels(), strict=True)
        )

    def _check_counts(self, X, categories, places):
        for place, levels in zip(places, categories, strict=True):
            n = len(levels) - int(sum(_is_missing(c) for c in levels[-2:]))
            if n > self.max_bins:
                names = getattr(X, "columns", None)
                name = f"at index {place}" if names is None else repr(list(names)[place])
                raise ValueError(
                    f"Categorical feature {name} is expected to have a cardinality <= {self.max_bins} but actually has "
                    f"a cardinality of {n}."
                )

    def transform(self, X):
        X = self._table(X)
        out = self._by_column(X) if hasattr(X, "iloc") else None
        if out is None:
            out = check_array(self.columns.transform(X), dtype=np.float64, ensure_all_finite=False)
        return out

    def _by_column(self, X):
        """What ``columns`` makes of a pandas table, without the cost of cutting it up, which is what a prediction for
        a few rows waits for. None where a column's type is left to ``columns``: it converts more, and has the errors.
        """
        if "_maps" not in self.__dict__:
            self._maps = self._read_maps()
        places, maps = self._maps
        in_order = places == list(range(len(places))) or places == list(X.columns)
        if not len(X) or X.shape[1] != len(maps) or not in_order:
            return None
        out = np.empty(X.shape)
        for j, (levels, series) in enumerate(zip(maps, _columns.frame_columns(X), strict=True)):
            if levels is None:
                values = series.to_numpy() if isinstance(series.dtype, np.dtype) else None
                values = values if values is not None and values.dtype.kind in "fiub" else None
            else:
                values = levels.codes(series)
            if values is None:
                return None
            out[:, j] = values
        return out

    def _read_maps(self):
        """The columns of the branches, one after the other, by index or name, and a map for those of categories."""
        places, maps = [], []
        for name, step, of_step in self.columns.transformers_:
            if name != "remainder":
                places += list(of_step)
                maps += [_LevelMap(levels) for levels in _known_levels(step)] or [None] * len(of_step)
        return places, maps

    @staticmethod
    def _table(X):
        return X if hasattr(X, "columns") else np.asarray(X)


class _LevelMap:
    """The codes of one feature's categories, which are texts or numbers; those of the last pandas dtype are kept."""

    def __init__(self, levels):
        self.texts = self.numbers = None
        if all(isinstance(level, str) for level in levels):
            self.texts = {level: float(code) for code, level in enumerate(levels)}
        elif all(isinstance(level, Real) and not isinstance(level, bool | np.bool_) for level in levels):
            self.numbers = np.array(levels, dtype=np.float64)
        self.seen = (None, None)

    def codes(self, series):
        """The entries of a pandas Series as codes, NaN where they are missing or unknown; None for a type that is not
        that of the categories."""
        if type(series.dtype).__name__ != "CategoricalDtype":
            return self._of(series)
        known, (seen, codes) = series.dtype.categories, self.seen
        if seen is not known:
            codes = self._of(known)
            # The place -1, of a missing entry, is the last.
            codes = None if codes is None else np.append(codes, np.nan)
            self.seen = (known, codes)
        return None if codes is None else codes[series.array.codes]

    def _of(self, entries):
        try:
            _, kind, values, *levels = _columns.column("", entries)
        except (TypeError, ValueError):
            return None
        if kind == "codes" and self.texts:
            codes = np.array([*(self.texts.get(level, np.nan) for level in levels[0]), np.nan])
            return codes[np.minimum(values, len(levels[0]))]
        if kind == "number" and self.numbers is not None:
            at = np.minimum(np.searchsorted(self.numbers, values), len(self.numbers) - 1)
            return np.where(self.numbers[at] == values, at, np.nan)
        return None


def _known_levels(step):
    """The categories of each column of a branch, missing ones aside; none where the branch has numbers."""
    return [[c for c in levels if not _is_missing(c)] for levels in getattr(step, "categories_", [])]


def _is_missing(value) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ == "NAType"
