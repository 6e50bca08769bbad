"""SGDRegressor, and what it shares with the passive-aggressive regressor."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from ironlearn.linear_model._regressor import LinearRegressorMixin
from ironlearn.linear_model._stochastic import StochasticGradients


class StochasticRegressor(RegressorMixin, StochasticGradients):
    """One output of numbers."""

    _parameter_constraints: dict = {
        **StochasticGradients._parameter_constraints,
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    }

    predict = LinearRegressorMixin.predict

    def _learn(self, X, y, *, sample_weight, coef_init=None, intercept_init=None, partial=False, first=True):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            reset=first,
        )
        y = y.astype(X.dtype, copy=False)
        sample_weight = self._check_weights(sample_weight, X)
        if partial and not first:
            start = self._saved_model()
        else:
            start = self._begin(1, X.shape[1], X.dtype, coef_init, intercept_init)
        held_out = self._held_out(y)
        params = {"random_state": self._seed()}
        if held_out is not None:
            params["validation_rows"] = held_out
        self._run(X, self._as_2d_target(y), params=params, start=start, partial=partial, sample_weight=sample_weight)
        self._after_load()
        return self

    def _after_load(self):
        """One output: ``coef_`` has one dimension."""
        self.coef_ = np.ravel(self.coef_)

    def _fitted(self, name):
        value = super()._fitted(name)
        return np.ravel(value) if name == "coef_" else value

    def _saved_model(self):
        return self._model.with_coefficients(self._fitted("coef_"), self.intercept_)

    def _fit_anew(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        self._check_together()
        if self.warm_start and getattr(self, "coef_", None) is not None:
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        self._learn(X, y, sample_weight=sample_weight, coef_init=coef_init, intercept_init=intercept_init)
        self._warn_power()
        return self

    def _fit_more(self, X, y, sample_weight=None):
        first = not hasattr(self, "coef_")
        if first:
            self._check_together(partial=True)
        return self._learn(X, y, sample_weight=sample_weight, partial=True, first=first)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_features,), default=None
            Coefficients to begin from.
        intercept_init : array-like of shape (1,), default=None
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight 0 leave no trace.

        Returns
        -------
        self : object
        """
        return self._fit_anew(X, y, coef_init, intercept_init, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Makes one pass over the rows, going on from the steps so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        return self._fit_more(X, y, sample_weight)


class SGDRegressor(StochasticRegressor):
    """Linear regression by stochastic gradient descent.

    Minimises the mean loss plus ``alpha`` times the penalty, one step a row. The rows are visited in scikit-learn's
    order: the same ``random_state`` makes the same steps. Columns should have similar scales.

    Parameters
    ----------
    loss : str, default="squared_error"
        ``squared_error``, ``huber``, ``epsilon_insensitive``, ``squared_epsilon_insensitive``.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
    alpha : float, default=1e-4
    l1_ratio : float or None, default=0.15
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Passes over the rows.
    tol : float or None, default=1e-3
        Passes end once the objective has not improved by so much for ``n_iter_no_change`` passes.
    shuffle : bool, default=True
    verbose : int, default=0
        Above 0 each pass prints a line.
    epsilon : float, default=0.1
        The threshold of all losses but ``squared_error``.
    random_state : int, RandomState instance or None, default=None
    learning_rate : str, default="invscaling"
        ``constant``, ``optimal``, ``invscaling``, ``adaptive``, ``pa1``, ``pa2``.
    eta0 : float, default=0.01
    power_t : float, default=0.25
    early_stopping : bool, default=False
        Holds rows out and stops when R² on them no longer rises.
    validation_fraction : float, default=0.1
    n_iter_no_change : int, default=5
    warm_start : bool, default=False
    average : bool or int, default=False

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,)
    n_iter_ : int
    t_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "SGDRegressor"
    _parameter_constraints: dict = {
        **StochasticRegressor._parameter_constraints,
        "loss": [StrOptions({"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"})],
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "power_t": [Interval(Real, None, None, closed="neither")],
        "learning_rate": [StrOptions({"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"})],
        "epsilon": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        epsilon=0.1,
        random_state=None,
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        warm_start=False,
        average=False,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
