"""Theil-Sen: the spatial median of least-squares solutions of small subsets of rows."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin


class TheilSenRegressor(LinearRegressorMixin, NativeEstimator):
    """Theil-Sen regression: bears a share of arbitrarily wrong rows.

    For each of many subsets of rows the least-squares solution is computed; the coefficients are the spatial median of
    these. All subsets are used where there are at most ``max_subpopulation``, else so many are drawn, and they are
    scikit-learn's for the same ``random_state``. Subsets are solved in threads, with the same result for any number.

    Parameters
    ----------
    fit_intercept : bool, default=True
    max_subpopulation : int or float, default=1e4
        The most subsets.
    n_subsamples : int, default=None
        Rows of a subset, from the number of coefficients (with the intercept) to the number of rows. None: as few as
        possible, which bears the most wrong rows; all rows are least squares.
    max_iter : int, default=300
        The most steps towards the spatial median.
    tol : float, default=1e-3
        The length of a step at which to stop.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int, default=None
        Threads: -1 or None for all that are allowed.
    verbose : bool, default=False
        Whether to print the breakdown point and the numbers of rows and subsets.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    breakdown_ : float
        The share of rows that may be arbitrarily wrong.
    n_iter_ : int
        The last step towards the spatial median, counted from 0.
    n_subpopulation_ : int
        The number of subsets.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "TheilSenRegressor"
    _parameter_constraints: dict = {
        "fit_intercept": ["boolean"],
        "max_subpopulation": [Interval(Real, 1, None, closed="left")],
        "n_subsamples": [None, Integral],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [None, Integral],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        fit_intercept=True,
        max_subpopulation=1e4,
        n_subsamples=None,
        max_iter=300,
        tol=1.0e-3,
        random_state=None,
        n_jobs=None,
        verbose=False,
    ):
        self.fit_intercept = fit_intercept
        self.max_subpopulation = max_subpopulation
        self.n_subsamples = n_subsamples
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self : object
        """
        random_state = check_random_state(self.random_state)
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], y_numeric=True)
        params = {
            "fit_intercept": bool(self.fit_intercept),
            "max_subpopulation": float(self.max_subpopulation),
            "n_subsamples": None if self.n_subsamples is None else int(self.n_subsamples),
            "max_iter": int(self.max_iter),
            "tol": float(self.tol),
        }
        n_subsamples, n_subpopulation, drawn, breakdown = _core.theil_sen_plan(params, *X.shape)
        if self.verbose:
            print(f"Breakdown point: {breakdown}")
            print(f"Number of samples: {X.shape[0]}")
            print(f"Tolerable outliers: {int(breakdown * X.shape[0])}")
            print(f"Number of subpopulations: {n_subpopulation}")
        if drawn:
            params["subsets"] = _draw(random_state, X.shape[0], n_subsamples, n_subpopulation)
        return self._fit_linear(X, y, None, params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _draw(random_state, n, n_subsamples, n_subpopulation) -> bytes:
    """The rows of the subsets, in the draws that scikit-learn makes."""
    subsets = np.empty((n_subpopulation, n_subsamples), dtype=np.uint32)
    for subset in subsets:
        subset[:] = random_state.choice(n, size=n_subsamples, replace=False)
    return subsets.tobytes()
