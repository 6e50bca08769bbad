"""Tables with text categories as numbers: each categorical column as codes, the others as they are."""

from __future__ import annotations

import numpy as np
from sklearn.utils import _safe_indexing, check_array


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
    """Learns the categories of the marked columns, rising; an unknown or missing one becomes NaN."""

    def __init__(self, is_categorical, max_bins):
        self.is_categorical, self.max_bins = is_categorical, max_bins

    def fit_transform(self, X):
        from ironlearn.preprocessing import OrdinalEncoder

        self.encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
        )
        self.encoder.fit(self._columns(X, self.is_categorical))
        for place, categories in zip(np.flatnonzero(self.is_categorical), self.encoder.categories_, strict=True):
            n = len(categories) - int(sum(_is_missing(c) for c in categories[-2:]))
            if n > self.max_bins:
                names = getattr(X, "columns", None)
                name = f"at index {place}" if names is None else repr(list(names)[place])
                raise ValueError(
                    f"Categorical feature {name} is expected to have a cardinality <= {self.max_bins} but actually has "
                    f"a cardinality of {n}."
                )
        return self.transform(X)

    def transform(self, X):
        marked = self.is_categorical
        codes = self.encoder.transform(self._columns(X, marked))
        out = np.empty((codes.shape[0], len(marked)))
        out[:, marked] = codes
        if not marked.all():
            out[:, ~marked] = check_array(self._columns(X, ~marked), dtype=np.float64, ensure_all_finite=False)
        return out

    @staticmethod
    def _columns(X, mask):
        if not hasattr(X, "iloc") and not hasattr(X, "columns"):
            X = np.asarray(X)
        return _safe_indexing(X, np.flatnonzero(mask), axis=1)


def _is_missing(value) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ == "NAType"
