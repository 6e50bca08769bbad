"""Given second moments: scikit-learn's rules for when they are used, and the form in which the core takes them."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse


def core_precompute(precompute, X, fit_intercept, weights=None, check=True):
    """The core's ``precompute`` parameter: a flag, ``"auto"``, or a given matrix."""
    if isinstance(precompute, str | bool | np.bool_):
        return precompute if isinstance(precompute, str) else bool(precompute)
    if sparse.issparse(X):
        return False
    gram = np.asarray(precompute)
    if gram.shape != (X.shape[1], X.shape[1]):
        raise ValueError(f"a Gram matrix of shape {gram.shape} does not fit X of shape {X.shape}")
    offset = np.average(X, axis=0, weights=weights) if fit_intercept else np.zeros(X.shape[1])
    if fit_intercept and not np.allclose(offset, 0):
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
            stacklevel=3,
        )
        return "auto"
    if check:
        _check_one_entry(gram, X, offset, weights)
    gram = np.ascontiguousarray(gram, dtype=np.float64)
    if not np.isfinite(gram).all():
        raise ValueError("the Gram matrix holds NaN or infinity")
    return {"gram": {"shape": list(gram.shape), "data": gram.tobytes()}}


def _check_one_entry(gram, X, offset, weights):
    """Compares the entry in the middle with its definition."""
    i = X.shape[1] // 2
    j = min(i + 1, X.shape[1] - 1)
    scale = 1.0 if weights is None else weights * (len(weights) / weights.sum())
    expected = np.sum((X[:, i] - offset[i]) * (X[:, j] - offset[j]) * scale)
    rtol = 1e-4 if np.float32 in (gram.dtype, X.dtype) else 1e-7
    if not np.isclose(expected, gram[i, j], rtol=rtol, atol=1e-5):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a single element was "
            f"checked: for element ({i},{j}) we computed {expected} but the given value is {gram[i, j]}. Is it of the "
            "centred and weighted X?"
        )
