"""What the transformers share: from validated rows into the core, and what it gives back."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils._sparse import _align_api_if_sparse
from sklearn.utils.validation import check_array, validate_data

from ironlearn import _columns, _core
from ironlearn._base import NativeEstimator, _warning_class


def numbers_of(state: bytes | list) -> np.ndarray:
    """Numbers of a transformer's state."""
    return np.frombuffer(state, dtype="<f8").copy() if isinstance(state, bytes) else np.array(state, dtype=float)


class NativeTransformer(TransformerMixin, NativeEstimator):
    """A transformer whose fit and transform run in the core under the name ``_native``."""

    def _fit_rows(self, rows, *, y=None, n_classes=None, sample_weight=None, params=None, transform=False):
        """Fits validated rows; keeps the core's model and gives what it made of the rows, if asked."""
        params = self._native_params() if params is None else params
        self._model, out = _core.fit_transformer(
            self._native, params, rows, y, n_classes, sample_weight, transform, self._options()
        )
        return out

    def _transform_rows(self, rows):
        """What the core's model makes of validated rows, with the core's warnings."""
        out, told = self._model.transform(rows, self._options())
        for kind, message in told:
            warnings.warn(message, _warning_class(kind), stacklevel=3)
        return _columns.to_array(out)

    def _state(self) -> dict:
        """What the core's model holds."""
        return self._model.state()

    def _saved_model(self):
        """The core's model of this fitted transformer, for a model file."""
        return self._model


def category_columns(estimator, X, *, reset: bool):
    """The columns of X for an encoder: arrays of their own types, and what the core takes.

    scikit-learn's rules: lists of text are objects, frames keep each column's type, infinite numbers are refused.
    """
    if _columns.is_frame(X):
        validate_data(estimator, X=X, reset=reset, skip_check_array=True)
        arrays = [_columns.series_array(series) for series in _columns.frame_columns(X)]
        for values in arrays:
            _refuse_infinity(values)
        return arrays, _columns.table(X), X.shape[0]
    values = check_array(X, dtype=None, ensure_all_finite="allow-nan")
    if not hasattr(X, "dtype") and values.dtype.kind == "U":
        values = check_array(X, dtype=object, ensure_all_finite="allow-nan")
    validate_data(estimator, X=values if not hasattr(X, "shape") else X, reset=reset, skip_check_array=True)
    arrays = [values[:, j] for j in range(values.shape[1])]
    small = values.dtype.kind in "iu" and (not values.size or max(abs(int(values.min())), int(values.max())) <= 2**53)
    if values.dtype.kind in "fb" or small:
        return arrays, np.ascontiguousarray(values, dtype=np.float64), values.shape[0]
    rows = [_columns.array_column(f"x{j}", column) for j, column in enumerate(arrays)]
    return arrays, rows, values.shape[0]


def _refuse_infinity(values: np.ndarray) -> None:
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise ValueError(f"Input contains infinity or a value too large for {values.dtype!r}.")


def aligned(X):
    """A sparse result in the interface that scikit-learn is set to."""
    return _align_api_if_sparse(X)
