"""The linear one-class support vector machine by stochastic gradient descent."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import OutlierMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import validate_data

from ironlearn.linear_model._answer import linear_answer
from ironlearn.linear_model._stochastic import StochasticGradients


class SGDOneClassSVM(OutlierMixin, StochasticGradients):
    """Finds the half-space that holds most rows: a linear one-class support vector machine.

    Behind a kernel approximation it comes near the one-class machine with that kernel, at a cost linear in the rows.

    Parameters
    ----------
    nu : float, default=0.5
        At most this share of the rows ends outside, at least this share on the border or outside.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Passes over the rows.
    tol : float or None, default=1e-3
    shuffle : bool, default=True
    verbose : int, default=0
        Above 0 each pass prints a line.
    random_state : int, RandomState instance or None, default=None
    learning_rate : str, default="optimal"
        ``constant``, ``optimal``, ``invscaling``, ``adaptive``.
    eta0 : float, default=0.01
    power_t : float, default=0.5
    warm_start : bool, default=False
    average : bool or int, default=False

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    offset_ : ndarray of shape (1,)
        ``decision_function`` is ``score_samples`` less this.
    n_iter_ : int
    t_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "SGDOneClassSVM"
    _parameter_constraints: dict = {
        **StochasticGradients._parameter_constraints,
        "nu": [Interval(Real, 0.0, 1.0, closed="right")],
        "learning_rate": [
            StrOptions({"constant", "optimal", "invscaling", "adaptive"}),
            Hidden(StrOptions({"pa1", "pa2"})),
        ],
        "power_t": [Interval(Real, None, None, closed="neither")],
    }

    def __init__(
        self,
        nu=0.5,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        random_state=None,
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        warm_start=False,
        average=False,
    ):
        self.nu = nu
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.warm_start = warm_start
        self.average = average

    def _check_together(self, partial=False):
        if self.learning_rate in ("pa1", "pa2"):
            raise ValueError(f"Learning rate '{self.learning_rate}' only works with loss 'epsilon_insensitive'.")

    def _learn(self, X, *, sample_weight, coef_init=None, offset_init=None, partial=False, first=True):
        X = validate_data(
            self,
            X,
            accept_sparse=["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            reset=first,
        )
        sample_weight = self._check_weights(sample_weight, X)
        if partial and not first:
            start = self._saved_model()
        else:
            start = self._begin(1, X.shape[1], X.dtype, coef_init, offset_init)
        params = {"random_state": self._seed()}
        self._run(X, None, params=params, start=start, partial=partial, sample_weight=sample_weight)
        return self

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, coef_init=None, offset_init=None, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        coef_init : array-like of shape (n_features,), default=None
            Coefficients to begin from.
        offset_init : array-like of shape (1,), default=None
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight 0 leave no trace.

        Returns
        -------
        self : object
        """
        self._check_together()
        if self.warm_start and hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            offset_init = self.offset_ if offset_init is None else offset_init
        self._learn(X, sample_weight=sample_weight, coef_init=coef_init, offset_init=offset_init)
        self._warn_power()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Makes one pass over the rows, going on from the steps so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        self._check_together(partial=True)
        return self._learn(X, sample_weight=sample_weight, partial=True, first=not hasattr(self, "coef_"))

    def _fitted(self, name):
        value = super()._fitted(name)
        return np.ravel(value) if name == "coef_" else value

    def _saved_model(self):
        return self._model.with_coefficients(self._fitted("coef_"), self.offset_)

    def score_samples(self, X):
        """``X @ coef_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        return linear_answer(self, X, self._fitted("coef_"), 0.0)

    def decision_function(self, X):
        """``X @ coef_ - offset_``: positive inside.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """1 inside, -1 outside.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return np.where(self.decision_function(X) >= 0, 1, -1).astype(np.int32)
