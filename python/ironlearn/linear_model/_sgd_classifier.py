"""SGDClassifier, and what it shares with the perceptron and the passive-aggressive classifier."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import validate_data

from ironlearn.linear_model._classifier import LinearClassifierMixin
from ironlearn.linear_model._stochastic import _MAX_INT, StochasticGradients

_LOSSES = {
    "hinge",
    "log_loss",
    "modified_huber",
    "squared_hinge",
    "perceptron",
    "squared_error",
    "huber",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
}


class StochasticClassifier(LinearClassifierMixin, StochasticGradients):
    """Two classes as one problem, more as one class against the others each, side by side."""

    _parameter_constraints: dict = {
        **StochasticGradients._parameter_constraints,
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }
    _stratified = True

    def _learn(self, X, y, *, classes, sample_weight, coef_init=None, intercept_init=None, partial=False):
        first = not hasattr(self, "classes_")
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            reset=first,
        )
        _check_partial_fit_first_call(self, classes)
        k = len(self.classes_)
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        sample_weight = self._check_weights(sample_weight, X)
        if k < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {k} class")
        codes = np.searchsorted(self.classes_, y).reshape(-1, 1).astype(np.uint32)
        problems = k if k > 2 else 1
        if partial and not first and "coef_" in self.__dict__:
            start = self._saved_model()
        else:
            start = self._begin(problems, X.shape[1], X.dtype, coef_init, intercept_init, multi=k > 2)
        held_out, seeds = self._draw(codes[:, 0], k)
        params = {"random_state": seeds}
        if self.class_weight is not None:
            params["class_weight"] = [weights.tolist()]
        if held_out is not None:
            params["validation_rows"] = held_out
        self._run(X, codes, params=params, start=start, partial=partial, n_classes=[k], sample_weight=sample_weight)
        return self

    def _draw(self, codes, k):
        """The held-out rows and the seed of each problem's orders, drawn as scikit-learn draws them."""
        if k == 2:
            random = check_random_state(self.random_state)
            random.randint(1, _MAX_INT)
            held_out = self._held_out(codes)
            return held_out, [int(random.randint(_MAX_INT))]
        held_out = self._held_out(codes)
        seeds = []
        for seed in check_random_state(self.random_state).randint(_MAX_INT, size=k):
            random = np.random.RandomState(seed)
            random.randint(1, _MAX_INT)
            seeds.append(int(random.randint(_MAX_INT)))
        return held_out, seeds

    def _fit_anew(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        self._check_together()
        classes = np.unique(validate_data(self, y=y))
        if self.warm_start and hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        self.__dict__.pop("classes_", None)
        self._learn(
            X, y, classes=classes, sample_weight=sample_weight, coef_init=coef_init, intercept_init=intercept_init
        )
        self._warn_power()
        return self

    def _fit_more(self, X, y, classes, sample_weight=None):
        if not hasattr(self, "classes_"):
            self._check_together(partial=True)
            if self.class_weight == "balanced":
                raise ValueError(
                    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
                    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough "
                    "sample of the full training set target to properly estimate the class frequency distributions. "
                    "Pass the resulting weights as the class_weight parameter."
                )
        return self._learn(X, y, classes=classes, sample_weight=sample_weight, partial=True)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        coef_init : array-like of shape (n_classes, n_features), or (n_features,) for two classes, default=None
            Coefficients to begin from.
        intercept_init : array-like of shape (n_classes,), or (1,) for two classes, default=None
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight 0 leave no trace.

        Returns
        -------
        self : object
        """
        return self._fit_anew(X, y, coef_init, intercept_init, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Makes one pass over the rows, going on from the steps so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; wanted in the first call.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        return self._fit_more(X, y, classes, sample_weight)


class SGDClassifier(StochasticClassifier):
    """Linear classification by stochastic gradient descent: support vector machines, logistic regression and others.

    Minimises the mean loss plus ``alpha`` times the penalty, one step a row. The rows are visited in scikit-learn's
    order: the same ``random_state`` makes the same steps. Columns should have similar scales.

    Parameters
    ----------
    loss : str, default="hinge"
        ``hinge``, ``log_loss``, ``modified_huber``, ``squared_hinge``, ``perceptron``; ``squared_error``, ``huber``,
        ``epsilon_insensitive``, ``squared_epsilon_insensitive`` on the classes as -1 and 1.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
    alpha : float, default=1e-4
    l1_ratio : float or None, default=0.15
        The share of L1 in ``elasticnet``.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Passes over the rows.
    tol : float or None, default=1e-3
        Passes end once the objective has not improved by so much for ``n_iter_no_change`` passes.
    shuffle : bool, default=True
    verbose : int, default=0
        Above 0 each pass prints a line.
    epsilon : float, default=0.1
        The threshold of ``huber`` and the insensitive losses.
    n_jobs : int or None, default=None
        Threads for the classes: -1 or None for all that are allowed.
    random_state : int, RandomState instance or None, default=None
    learning_rate : str, default="optimal"
        ``constant``, ``optimal``, ``invscaling``, ``adaptive``, ``pa1``, ``pa2``.
    eta0 : float, default=0.01
    power_t : float, default=0.5
    early_stopping : bool, default=False
        Holds rows out and stops when the accuracy on them no longer rises.
    validation_fraction : float, default=0.1
    n_iter_no_change : int, default=5
    class_weight : dict, "balanced" or None, default=None
    warm_start : bool, default=False
    average : bool or int, default=False
        True or the step from which on the mean of the coefficients is taken, to be the result.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    classes_ : ndarray of shape (n_classes,)
    n_iter_ : int
        Passes made; of several classes the largest number.
    t_ : float
        The number of the next step.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Passes of each class, what ran where, seconds.
    """

    _native = "SGDClassifier"
    _parameter_constraints: dict = {
        **StochasticClassifier._parameter_constraints,
        "loss": [StrOptions(_LOSSES)],
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "power_t": [Interval(Real, None, None, closed="neither")],
        "epsilon": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"})],
    }

    def __init__(
        self,
        loss="hinge",
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
        n_jobs=None,
        random_state=None,
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        class_weight=None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average

    def _has_probabilities(self):
        if self.loss not in ("log_loss", "modified_huber"):
            raise AttributeError(f"probability estimates are not available for loss={self.loss!r}")
        return True

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Probabilities of the classes, for the losses ``log_loss`` and ``modified_huber``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        return self._answer(X, "one_vs_rest" if self.loss == "log_loss" else "modified_huber")

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Logarithms of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))
