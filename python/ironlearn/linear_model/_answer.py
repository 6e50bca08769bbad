"""Answers of linear models from their attributes as they are now: a user who assigns them is obeyed."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from ironlearn import _core


def linear_answer(estimator, X, coef, intercept, answer="scores", accept_sparse=("csr", "csc")):
    """``X @ coef.T + intercept`` or what follows from it, see ``_core.linear_predict``.

    X that the core can use as it is goes there at once; another is validated by scikit-learn's rules.
    """
    if (type(X) is np.ndarray or issparse(X)) and "feature_names_in_" not in estimator.__dict__:
        found = _core.linear_predict(X, coef, intercept, estimator._options(), answer)
        if found is not None:
            return found
    X = estimator._validate_rows(X, accept_sparse=list(accept_sparse))
    if getattr(X, "format", None) == "coo":
        X = X.tocsr()
    found = _core.linear_predict(X, coef, intercept, estimator._options(), answer)
    if found is None:
        raise ValueError(f"coef_ of shape {np.shape(coef)} does not fit X of shape {X.shape}")
    return found
