"""The paths of least angles and of the lasso, as functions."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ironlearn import _core
from ironlearn._base import number_of_threads
from ironlearn._config import get_config

# The distance from 1 to the next larger number.
EPS = np.finfo(float).eps
# More steps than any path has.
MOST_STEPS = 2**62

_SHARED_CONSTRAINTS = {
    "max_iter": [Interval(Integral, 0, None, closed="left")],
    "alpha_min": [Interval(Real, 0, None, closed="left")],
    "method": [StrOptions({"lar", "lasso"})],
    "copy_X": ["boolean"],
    "eps": [Interval(Real, 0, None, closed="neither"), None],
    "copy_Gram": ["boolean"],
    "verbose": ["verbose"],
    "return_path": ["boolean"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
}


def as_floats(array):
    """An array as the core takes it: float32 or float64."""
    array = np.asarray(array)
    return np.require(array if array.dtype in (np.float32, np.float64) else array.astype(np.float64), requirements="A")


def options(progress=None):
    """Device, threads and progress of one call."""
    return (get_config()["device"], number_of_threads(), progress)


def step_printer(verbose, header="Step\t\tC/n"):
    """What tells of each step of a path; None where nobody wants to know."""
    if verbose <= 0:
        return None
    if verbose > 1:
        print(header)

    def tell(done, total, measure):
        if verbose > 1:
            print(f"{done}\t\t{measure:.6g}")
        elif done % 10 == 0:
            print(".", end="", flush=True)

    return tell


def common_dtype(*arrays):
    """The type of the results: that of the inputs, where they have one."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return dtypes.pop() if dtypes in ({np.dtype(np.float32)}, {np.dtype(np.float64)}) else np.dtype(np.float64)


def _follow(X, y, Xy, Gram, n_samples, max_iter, alpha_min, method, eps, verbose, return_path, return_n_iter, positive):
    if method == "lar" and positive:
        raise ValueError("Positive constraint not supported for 'lar' coding method.")
    gram = Gram if isinstance(Gram, np.ndarray) else None
    if X is None and gram is None:
        raise ValueError("X and Gram cannot both be unspecified.")
    features = X.shape[1] if gram is None else np.size(Xy) if Xy is not None else X.shape[1]
    if gram is not None and gram.shape != (features, features):
        raise ValueError("The shapes of the inputs Gram and Xy do not match.")
    precompute = Gram is True or (isinstance(Gram, str) and X.shape[0] > X.shape[1])
    rule = (
        method == "lasso",
        bool(positive),
        float(alpha_min),
        int(min(max_iter, MOST_STEPS)),
        float(EPS if eps is None else eps),
        float(n_samples),
    )
    products = (gram, None if Xy is None else np.asarray(Xy, dtype=np.float64).reshape(-1, 1))
    target = None if y is None else np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1)
    rows = None if X is None else as_floats(X)
    alphas, active, coefs, heard = _core.lars_path(
        rows, target, products, precompute, rule, options(step_printer(verbose))
    )
    for _, message in heard:
        warnings.warn(message, ConvergenceWarning, stacklevel=3)
    dtype = common_dtype(X, y, Xy, gram)
    n_iter = len(alphas) - 1
    alphas, coefs = alphas.astype(dtype, copy=False), coefs.astype(dtype, copy=False)
    found = (alphas, active, coefs.T) if return_path else (alphas[-1:], active, coefs[-1])
    return (*found, n_iter) if return_n_iter else found


@validate_params(
    {
        "X": [np.ndarray, None],
        "y": [np.ndarray, None],
        "Xy": [np.ndarray, None],
        "Gram": [StrOptions({"auto"}), "boolean", np.ndarray, None],
        **_SHARED_CONSTRAINTS,
    },
    prefer_skip_nested_validation=True,
)
def lars_path(
    X,
    y,
    Xy=None,
    *,
    Gram=None,
    max_iter=500,
    alpha_min=0,
    method="lar",
    copy_X=True,
    eps=EPS,
    copy_Gram=True,
    verbose=0,
    return_path=True,
    return_n_iter=False,
    positive=False,
):
    """The path of least angle regression, or of the lasso, of X and y as they are: nothing is centred.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features) or None
        Never written to, whatever ``copy_X`` says.
    y : ndarray of shape (n_samples,)
    Xy : ndarray of shape (n_features,), default=None
        ``X.T @ y``, where it is there already.
    Gram : None, bool, "auto" or ndarray of shape (n_features, n_features), default=None
        ``X.T @ X``; True: computed first, "auto": where rows are more than columns. Never written to, whatever
        ``copy_Gram`` says.
    max_iter : int, default=500
        The most steps.
    alpha_min : float, default=0
        Where the path ends.
    method : {"lar", "lasso"}, default="lar"
    copy_X, copy_Gram : bool, default=True
    eps : float, default=2.2e-16
        The least share of a column that counts as outside the active columns' span, in units of its length.
    verbose : int, default=0
        Above 1 each step is printed.
    return_path : bool, default=True
        Whether all knots are returned; else the last one.
    return_n_iter : bool, default=False
    positive : bool, default=False
        Whether coefficients have to be at least 0; for ``method="lasso"``.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The largest correlation with what is left of y at each knot, divided by the number of rows.
    active : list of int
        The active columns at the end.
    coefs : ndarray of shape (n_features, n_alphas) or (n_features,)
    n_iter : int
        Only with ``return_n_iter``.
    """
    if X is None and Gram is not None:
        raise ValueError("X cannot be None if Gram is not None. Use lars_path_gram to avoid passing X and y.")
    if X is None:
        raise ValueError("X and Gram cannot both be unspecified.")
    return _follow(
        X, y, Xy, Gram, y.size, max_iter, alpha_min, method, eps, verbose, return_path, return_n_iter, positive
    )


@validate_params(
    {
        "Xy": [np.ndarray],
        "Gram": [np.ndarray],
        "n_samples": [Interval(Integral, 0, None, closed="left")],
        **_SHARED_CONSTRAINTS,
    },
    prefer_skip_nested_validation=True,
)
def lars_path_gram(
    Xy,
    Gram,
    *,
    n_samples,
    max_iter=500,
    alpha_min=0,
    method="lar",
    copy_X=True,
    eps=EPS,
    copy_Gram=True,
    verbose=0,
    return_path=True,
    return_n_iter=False,
    positive=False,
):
    """:func:`lars_path` from inner products alone.

    Parameters
    ----------
    Xy : ndarray of shape (n_features,)
        ``X.T @ y``.
    Gram : ndarray of shape (n_features, n_features)
        ``X.T @ X``.
    n_samples : int
        What correlations are divided by.
    max_iter, alpha_min, method, copy_X, eps, copy_Gram, verbose, return_path, return_n_iter, positive
        As in :func:`lars_path`.

    Returns
    -------
    alphas, active, coefs, n_iter
        As from :func:`lars_path`.
    """
    return _follow(
        None, None, Xy, Gram, n_samples, max_iter, alpha_min, method, eps, verbose, return_path, return_n_iter, positive
    )
