"""Gradient boosting with exact splits, for classes and for numbers."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.special import expit, logit, softmax
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ironlearn import _core, _interop
from ironlearn._base_boosting import BaseGradientBoosting, _as_float32

__all__ = ["GradientBoostingClassifier", "GradientBoostingRegressor"]


class GradientBoostingClassifier(ClassifierMixin, BaseGradientBoosting):
    """Stages of regression trees that follow the gradient of a loss of classes.

    Parameters, attributes and methods are those of scikit-learn's class of this name. Splits are exact; of equally good
    splits on different features one is drawn with `random_state`.
    """

    _native = "GradientBoostingClassifier"

    _parameter_constraints: dict = {
        **BaseGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"log_loss", "exponential"})],
        "init": [StrOptions({"zero"}), None, HasMethods(["fit", "predict_proba"])],
    }

    def __init__(
        self,
        *,
        loss="log_loss",
        learning_rate=0.1,
        n_estimators=100,
        subsample=1.0,
        criterion="deprecated",
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_depth=3,
        min_impurity_decrease=0.0,
        init=None,
        random_state=None,
        max_features=None,
        verbose=0,
        max_leaf_nodes=None,
        warm_start=False,
        validation_fraction=0.1,
        n_iter_no_change=None,
        tol=1e-4,
        ccp_alpha=0.0,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.criterion = criterion
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, monitor=None):
        """Fits the stages.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        monitor : callable, default=None
            Called after each stage as ``monitor(i, self, surroundings)``; the fit stops where it returns True.

        Returns
        -------
        self : object
        """
        return self._boost(X, y, sample_weight, monitor)

    def _encode(self, y, sample_weight):
        check_classification_targets(y)
        classes, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        kept = len(classes) if sample_weight is None else np.count_nonzero(np.bincount(codes, sample_weight))
        if kept < 2:
            raise ValueError(
                f"y contains {kept} class after sample_weight trimmed classes with zero weights, while a minimum of 2 "
                "classes are required."
            )
        self.classes_ = classes
        self.n_classes_ = len(classes)
        return codes.astype(np.uint32).reshape(-1, 1), [len(classes)]

    def _init_raw(self, init, X):
        proba = init.predict_proba(_as_float32(X))
        if self.n_classes_ == 2:
            proba = proba[:, 1:]
        eps = np.finfo(np.float64).eps
        proba = np.clip(proba, eps, 1 - eps, dtype=np.float64)
        if self.n_classes_ == 2:
            return logit(proba) * (0.5 if self.loss == "exponential" else 1.0)
        logs = np.log(proba)
        return logs - logs.mean(axis=1, keepdims=True)

    def _dummy(self, start):
        if self.n_classes_ == 2:
            p = expit(start[0] * (2.0 if self.loss == "exponential" else 1.0))
            prior = np.array([1 - p, p])
        else:
            prior = softmax(np.array(start))
        codes = np.arange(self.n_classes_, dtype=np.float64)
        fitted = {"_strategy": "prior", "sparse_output_": False, "n_outputs_": 1, "classes_": codes}
        fitted.update(n_classes_=self.n_classes_, class_prior_=prior, n_features_in_=self.n_features_in_)
        return _interop.dummy("DummyClassifier", {"strategy": "prior"}, fitted)

    def _after_load(self):
        super()._after_load()
        self.n_classes_ = len(self.classes_)

    def decision_function(self, X):
        """The raw predictions: sums of the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        score : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        raw = self._raw(self._rows(X))
        return raw.ravel() if raw.shape[1] == 1 else raw

    def staged_decision_function(self, X):
        """The raw predictions after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        score : ndarray of shape (n_samples, k)
        """
        yield from self._staged_raw(X)

    def _classes_of(self, raw):
        codes = (raw[:, 0] >= 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)
        return self.classes_.take(codes, axis=0)

    def predict(self, X):
        """The class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._classes_of(self._raw(self._rows(X)))

    def staged_predict(self, X):
        """The class of each row after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        for raw in self._staged_raw(X):
            yield self._classes_of(raw)

    def predict_proba(self, X):
        """The probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
        """
        raw = self._raw(self._rows(X))
        return _core.boosted_probabilities(self._model, raw)

    def predict_log_proba(self, X):
        """The logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    def staged_predict_proba(self, X):
        """The probabilities of the classes after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        proba : ndarray of shape (n_samples, n_classes)
        """
        for raw in self._staged_raw(X):
            yield _core.boosted_probabilities(self._model, raw)


class GradientBoostingRegressor(RegressorMixin, BaseGradientBoosting):
    """Stages of regression trees that follow the gradient of a loss of numbers.

    Parameters, attributes and methods are those of scikit-learn's class of this name. Splits are exact; of equally good
    splits on different features one is drawn with `random_state`.
    """

    _native = "GradientBoostingRegressor"

    _parameter_constraints: dict = {
        **BaseGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber", "quantile"})],
        "init": [StrOptions({"zero"}), None, HasMethods(["fit", "predict"])],
        "alpha": [Interval(Real, 0.0, 1.0, closed="neither")],
    }

    def __init__(
        self,
        *,
        loss="squared_error",
        learning_rate=0.1,
        n_estimators=100,
        subsample=1.0,
        criterion="deprecated",
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_depth=3,
        min_impurity_decrease=0.0,
        init=None,
        random_state=None,
        max_features=None,
        alpha=0.9,
        verbose=0,
        max_leaf_nodes=None,
        warm_start=False,
        validation_fraction=0.1,
        n_iter_no_change=None,
        tol=1e-4,
        ccp_alpha=0.0,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.criterion = criterion
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.alpha = alpha
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, monitor=None):
        """Fits the stages.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        monitor : callable, default=None
            Called after each stage as ``monitor(i, self, surroundings)``; the fit stops where it returns True.

        Returns
        -------
        self : object
        """
        return self._boost(X, y, sample_weight, monitor)

    def _encode(self, y, sample_weight):
        return self._as_2d_target(column_or_1d(y, warn=True)), None

    def _init_raw(self, init, X):
        return np.asarray(init.predict(_as_float32(X)), dtype=np.float64).reshape(-1, 1)

    def _dummy(self, start):
        quantile = {"absolute_error": 0.5, "huber": 0.5, "quantile": self.alpha}.get(self.loss)
        params = {"strategy": "mean"} if quantile is None else {"strategy": "quantile", "quantile": quantile}
        fitted = {"constant_": np.array([start]), "n_outputs_": 1, "n_features_in_": self.n_features_in_}
        return _interop.dummy("DummyRegressor", params, fitted)

    def predict(self, X):
        """The number of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._raw(self._rows(X)).ravel()

    def staged_predict(self, X):
        """The number of each row after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        for raw in self._staged_raw(X):
            yield raw.ravel()

    def apply(self, X):
        """The number of the leaf that each row ends in, in each tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        leaves : ndarray of shape (n_samples, n_estimators)
        """
        check_is_fitted(self)
        return super().apply(X)[:, :, 0]


_interop.register_gradient_boosting(BaseGradientBoosting, GradientBoostingClassifier, GradientBoostingRegressor)
