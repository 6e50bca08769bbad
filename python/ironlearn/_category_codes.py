"""Tables with text categories as numbers: each categorical column as codes, the others as they are."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_array


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


class CategoryCodes:
    """Learns the categories of the marked columns, rising; an unknown or missing one becomes NaN.

    It is a ColumnTransformer whose branches keep the columns in their order, so that a model file can hold it.
    """

    def __init__(self, is_categorical, max_bins):
        self.is_categorical, self.max_bins = is_categorical, max_bins

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
        self.columns.fit(X)
        for name, step, places in self.columns.transformers_:
            if name != "remainder" and marked[places[0]]:
                self._check_counts(X, step.categories_, places)
        return self.transform(X)

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
        return check_array(self.columns.transform(self._table(X)), dtype=np.float64, ensure_all_finite=False)

    @staticmethod
    def _table(X):
        return X if hasattr(X, "columns") else np.asarray(X)


def _is_missing(value) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ == "NAType"
