"""The passive-aggressive classifier and regressor, which scikit-learn deprecates."""

from __future__ import annotations

from numbers import Real

from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import deprecated
from sklearn.utils._param_validation import Interval, StrOptions

from ironlearn.linear_model._sgd_classifier import StochasticClassifier
from ironlearn.linear_model._sgd_regressor import StochasticRegressor


def _but_eta0(constraints):
    return {name: v for name, v in constraints.items() if name != "eta0"}


@deprecated(
    "this is deprecated in version 1.8 and will be removed in 1.10. Use `SGDClassifier(loss='hinge', penalty=None, "
    "learning_rate='pa1', eta0=1.0)` instead."
)
class PassiveAggressiveClassifier(StochasticClassifier):
    """Passive-aggressive classification: each step is the shortest that makes its row right.

    The same as ``SGDClassifier(loss="hinge", penalty=None, learning_rate="pa1", eta0=C)``, or ``pa2`` for
    ``squared_hinge``.

    Parameters
    ----------
    C : float, default=1.0
        The longest step of ``hinge``; for ``squared_hinge`` a smaller one holds steps back.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Passes over the rows.
    tol : float or None, default=1e-3
    early_stopping : bool, default=False
    validation_fraction : float, default=0.1
    n_iter_no_change : int, default=5
    shuffle : bool, default=True
    verbose : int, default=0
        Above 0 each pass prints a line.
    loss : {"hinge", "squared_hinge"}, default="hinge"
    n_jobs : int or None, default=None
        Threads for the classes: -1 or None for all that are allowed.
    random_state : int, RandomState instance or None, default=None
    warm_start : bool, default=False
    class_weight : dict, "balanced" or None, default=None
    average : bool or int, default=False

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    classes_ : ndarray of shape (n_classes,)
    n_iter_ : int
    t_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "PassiveAggressiveClassifier"
    _parameter_constraints: dict = {
        **_but_eta0(StochasticClassifier._parameter_constraints),
        "loss": [StrOptions({"hinge", "squared_hinge"})],
        "C": [Interval(Real, 0, None, closed="right")],
    }

    def __init__(
        self,
        *,
        C=1.0,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        shuffle=True,
        verbose=0,
        loss="hinge",
        n_jobs=None,
        random_state=None,
        warm_start=False,
        class_weight=None,
        average=False,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.verbose = verbose
        self.loss = loss
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.average = average

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, coef_init=None, intercept_init=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_classes, n_features), or (n_features,) for two classes, default=None
        intercept_init : array-like of shape (n_classes,), or (1,) for two classes, default=None

        Returns
        -------
        self : object
        """
        return self._fit_anew(X, y, coef_init, intercept_init)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None):
        """Makes one pass over the rows, going on from the steps so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; wanted in the first call.

        Returns
        -------
        self : object
        """
        return self._fit_more(X, y, classes)


@deprecated(
    "this is deprecated in version 1.8 and will be removed in 1.10. Use `SGDRegressor(loss='epsilon_insensitive', "
    "penalty=None, learning_rate='pa1', eta0 = 1.0)` instead."
)
class PassiveAggressiveRegressor(StochasticRegressor):
    """Passive-aggressive regression: each step is the shortest that brings its row within ``epsilon``.

    The same as ``SGDRegressor(loss="epsilon_insensitive", penalty=None, learning_rate="pa1", eta0=C)``, or ``pa2`` for
    ``squared_epsilon_insensitive``.

    Parameters
    ----------
    C : float, default=1.0
        The longest step of ``epsilon_insensitive``; for the squared loss a smaller one holds steps back.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Passes over the rows.
    tol : float or None, default=1e-3
    early_stopping : bool, default=False
    validation_fraction : float, default=0.1
    n_iter_no_change : int, default=5
    shuffle : bool, default=True
    verbose : int, default=0
        Above 0 each pass prints a line.
    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}, default="epsilon_insensitive"
    epsilon : float, default=0.1
    random_state : int, RandomState instance or None, default=None
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

    _native = "PassiveAggressiveRegressor"
    _parameter_constraints: dict = {
        **_but_eta0(StochasticRegressor._parameter_constraints),
        "loss": [StrOptions({"epsilon_insensitive", "squared_epsilon_insensitive"})],
        "C": [Interval(Real, 0, None, closed="right")],
        "epsilon": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        C=1.0,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        shuffle=True,
        verbose=0,
        loss="epsilon_insensitive",
        epsilon=0.1,
        random_state=None,
        warm_start=False,
        average=False,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.verbose = verbose
        self.loss = loss
        self.epsilon = epsilon
        self.random_state = random_state
        self.warm_start = warm_start
        self.average = average

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, coef_init=None, intercept_init=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_features,), default=None
        intercept_init : array-like of shape (1,), default=None

        Returns
        -------
        self : object
        """
        return self._fit_anew(X, y, coef_init, intercept_init)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y):
        """Makes one pass over the rows, going on from the steps so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self : object
        """
        return self._fit_more(X, y)
