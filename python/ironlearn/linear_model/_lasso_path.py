"""Paths of penalties, without an estimator and without an intercept."""

from __future__ import annotations

import sys
import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Hidden, Interval, StrOptions, validate_params

from ironlearn import _core
from ironlearn._base import _warning_class, draw_seed, number_of_threads
from ironlearn._config import get_config
from ironlearn.linear_model._lasso_precompute import core_precompute

_RULES = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", "sparse matrix"],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "n_alphas": [Interval(Integral, 1, None, closed="left"), Hidden(StrOptions({"deprecated"}))],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like", None, Hidden(StrOptions({"warn"}))],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
}


def _strengths(n_alphas, alphas):
    """How many strengths, or which; with scikit-learn's deprecations of 1.9."""
    found = 100
    if n_alphas != "deprecated":
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11. Pass the number as 'alphas' instead, and "
            "leave 'n_alphas' out to silence this warning.",
            FutureWarning,
            stacklevel=4,
        )
        found = n_alphas
    if isinstance(alphas, str) and alphas == "warn":
        return found
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11, when the default becomes 100. Set 'alphas=100' "
            "to silence this warning.",
            FutureWarning,
            stacklevel=4,
        )
        return found
    return alphas


@validate_params(_RULES, prefer_skip_nested_validation=True)
def lasso_path(
    X,
    y,
    *,
    eps=1e-3,
    n_alphas="deprecated",
    alphas="warn",
    precompute="auto",
    Xy=None,
    copy_X=True,
    coef_init=None,
    verbose=False,
    return_n_iter=False,
    positive=False,
    **params,
):
    """The lasso's coefficients along a path of penalty strengths: :func:`enet_path` with ``l1_ratio=1``.

    Parameters
    ----------
    X, y, eps, n_alphas, alphas, precompute, Xy, copy_X, coef_init, verbose, return_n_iter, positive, **params
        As in :func:`enet_path`.

    Returns
    -------
    alphas, coefs, dual_gaps, n_iters
        As from :func:`enet_path`.
    """
    return _path(
        X,
        y,
        1.0,
        _strengths(n_alphas, alphas),
        eps=eps,
        precompute=precompute,
        Xy=Xy,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        **params,
    )


@validate_params(
    {**_RULES, "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")], "check_input": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def enet_path(
    X,
    y,
    *,
    l1_ratio=0.5,
    eps=1e-3,
    n_alphas="deprecated",
    alphas="warn",
    precompute="auto",
    Xy=None,
    copy_X=True,
    coef_init=None,
    verbose=False,
    return_n_iter=False,
    positive=False,
    check_input=True,
    **params,
):
    """The elastic net's coefficients along a path of penalty strengths; several targets are penalised together.

    Nothing is centred: for an intercept, centre X and y first.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
    eps : float, default=1e-3
        The smallest strength relative to the largest, where ``alphas`` is a number.
    n_alphas : int, deprecated
        Use ``alphas``.
    alphas : array-like or int, default=100
        The strengths, or how many: then from the smallest that leaves no coefficient downwards.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
    Xy : array-like of shape (n_features,) or (n_features, n_targets), default=None
        ``X.T @ y``, used with a given Gram matrix.
    copy_X : bool, default=True
        Without effect: X is never written to.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Coefficients to begin with.
    verbose : bool or int, default=False
        A dot for each strength on stderr; above 1 a line.
    return_n_iter : bool, default=False
    positive : bool, default=False
        Whether coefficients have to be at least 0 (one target only).
    check_input : bool, default=True
    **params
        ``tol``, ``max_iter``, ``selection``, ``random_state``; ``sample_weight``, ``X_offset`` and ``X_scale`` for
        sparse X; ``do_screening``, which changes nothing but time.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
    n_iters : list of int
        Only with ``return_n_iter``.
    """
    return _path(
        X,
        y,
        l1_ratio,
        _strengths(n_alphas, alphas),
        eps=eps,
        precompute=precompute,
        Xy=Xy,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        check_input=check_input,
        **params,
    )


def _path(
    X,
    y,
    l1_ratio,
    alphas,
    *,
    eps,
    precompute,
    Xy,
    coef_init,
    verbose,
    return_n_iter,
    positive,
    check_input=True,
    **params,
):
    offset, scale = params.pop("X_offset", None), params.pop("X_scale", None)
    weights = params.pop("sample_weight", None)
    native = {
        "tol": params.pop("tol", 1e-4),
        "max_iter": params.pop("max_iter", 1000),
        "selection": params.pop("selection", "cyclic"),
        "random_state": draw_seed(params.pop("random_state", None)),
        "l1_ratio": float(l1_ratio),
        "positive": bool(positive),
        "fit_intercept": False,
    }
    params.pop("do_screening", None)
    if params:
        raise ValueError("Unexpected parameters in params", params.keys())
    if native["selection"] not in ("random", "cyclic"):
        raise ValueError("selection should be either random or cyclic.")
    if check_input:
        X = check_array(X, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32])
        y = check_array(y, accept_sparse="csc", dtype=X.dtype.type, ensure_2d=False)
        check_consistent_length(X, y)
    if sparse.issparse(y):
        y = y.toarray()
    if y.ndim > 1 and positive:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    is_sparse = sparse.issparse(X)
    if not is_sparse and (weights is not None):
        raise ValueError("sample_weight is for sparse X: scale the rows of a dense one")
    native["precompute"] = core_precompute(precompute, X, False, check=check_input)
    target = np.ascontiguousarray(y, dtype=np.float64).reshape(len(y), -1)
    n_targets = target.shape[1]
    start = None
    if coef_init is not None:
        # The core takes features first.
        start = np.asarray(coef_init, dtype=np.float64).reshape(n_targets, X.shape[1]).T.reshape(-1)
    if Xy is not None:
        Xy = np.asarray(Xy, dtype=np.float64).reshape(X.shape[1], n_targets)
    if is_sparse and offset is not None:
        offset = np.ascontiguousarray(np.asarray(offset) / np.asarray(scale), dtype=np.float64)
    grid = int(alphas) if isinstance(alphas, Integral) else np.asarray(alphas, dtype=np.float64).ravel()
    options = (get_config()["device"], number_of_threads(), None)
    found = _core.enet_path(
        X,
        target,
        native,
        grid,
        float(eps) if eps is not None else 1e-3,
        y.ndim > 1,
        start,
        offset if is_sparse else None,
        Xy if isinstance(native["precompute"], dict) else None,
        None if weights is None else np.ascontiguousarray(weights, dtype=np.float64),
        options,
    )
    alphas, coefs, gaps, n_iters, told = found
    for kind, message in told:
        warnings.warn(message, _warning_class(kind), stacklevel=3)
    for i in range(len(alphas) if verbose else 0):
        if verbose > 1:
            print(f"Path: {i:03} out of {len(alphas):03}")
        else:
            sys.stderr.write(".")
    coefs = np.moveaxis(coefs, 0, -1)
    coefs = coefs[:, 0] if y.ndim == 1 else np.swapaxes(coefs, 0, 1)
    return (alphas, coefs, gaps, n_iters) if return_n_iter else (alphas, coefs, gaps)
