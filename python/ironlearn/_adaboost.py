"""AdaBoost: each estimator is fitted where the ones before it erred (Zhu et al. 2009, SAMME; Drucker 1997, R2)."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metadata_routing import _RoutingNotSupportedMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _num_samples,
    has_fit_parameter,
)

from ironlearn._base_adaboost import BaseWeightBoosting, floats, options
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

__all__ = ["AdaBoostClassifier", "AdaBoostRegressor"]


class AdaBoostClassifier(_RoutingNotSupportedMixin, ClassifierMixin, BaseWeightBoosting):
    """AdaBoost for classes (SAMME, Zhu et al. 2009); without `estimator` of our own stumps.

    Parameters, attributes and methods are those of scikit-learn's class of this name.
    """

    _native = "AdaBoostClassifier"

    def __init__(self, estimator=None, *, n_estimators=50, learning_rate=1.0, random_state=None):
        super().__init__(estimator=estimator, n_estimators=n_estimators)
        self.learning_rate = learning_rate
        self.random_state = random_state

    def _validate_estimator(self):
        super()._validate_estimator(default=DecisionTreeClassifier(max_depth=1))
        if not has_fit_parameter(self.estimator_, "sample_weight"):
            raise ValueError(f"{type(self.estimator).__name__} doesn't support sample_weight.")

    def _target(self, y):
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return codes.reshape(-1, 1).astype(np.uint32), self.n_classes_

    def _step(self, i, X, y, weights, random_state):
        estimator = self._make_estimator(random_state=random_state).fit(X, y, sample_weight=weights)
        wrong = estimator.predict(X) != y
        if i == 0:
            self.classes_ = getattr(estimator, "classes_", None)
            self.n_classes_ = len(self.classes_)
        error = np.average(wrong, weights=weights)
        if error <= 0:
            return weights, 1.0, 0.0
        if error >= 1 - 1 / self.n_classes_:
            self.estimators_.pop()
            if not self.estimators_:
                raise ValueError(
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble can not be fit."
                )
            return None
        own = self.learning_rate * (np.log((1 - error) / error) + np.log(self.n_classes_ - 1))
        if i < self.n_estimators - 1:
            with np.errstate(over="ignore"):
                weights = np.where(wrong, weights * np.exp(own), weights)
        return weights, own, error

    def _votes(self, estimator, weight, X):
        """What an estimator adds to the score of each class."""
        against = -weight / (self.n_classes_ - 1)
        return np.where(estimator.predict(X)[:, np.newaxis] == self.classes_, weight, against)

    def _scores(self, votes, total):
        if self.n_classes_ == 2:
            return (votes[:, 1] - votes[:, 0]) / total
        return votes / total

    def decision_function(self, X):
        """The weighted votes of the estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        score : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        X = self._check_rows(X)
        if self.n_classes_ == 1:
            return np.zeros((_num_samples(X), 1))
        if (model := self._core_model()) is not None:
            scores = model.decision_function(floats(X), options())
            return scores[:, 0] if self.n_classes_ == 2 else scores
        pairs = zip(self.estimators_, self.estimator_weights_, strict=False)
        return self._scores(sum(self._votes(e, weight, X) for e, weight in pairs), self.estimator_weights_.sum())

    def staged_decision_function(self, X):
        """The weighted votes after each estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        score : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        X = self._check_rows(X)
        votes, total = 0.0, 0.0
        for estimator, weight in zip(self.estimators_, self.estimator_weights_, strict=False):
            total += weight
            if self.n_classes_ == 1:
                yield np.zeros((_num_samples(X), 1))
                continue
            votes = votes + self._votes(estimator, weight, X)
            yield self._scores(votes, total)

    def _classes_of(self, score):
        codes = score > 0 if self.n_classes_ == 2 else score.argmax(axis=1)
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
        return self._classes_of(self.decision_function(X))

    def staged_predict(self, X):
        """The class of each row after each estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        for score in self.staged_decision_function(X):
            yield self._classes_of(score)

    def _probabilities(self, score):
        if self.n_classes_ == 1:
            return np.ones((len(score), 1))
        if self.n_classes_ == 2:
            return softmax(np.column_stack([-score, score]) / 2, axis=1)
        return softmax(score / (self.n_classes_ - 1), axis=1)

    def predict_proba(self, X):
        """The probabilities of the classes, by the softmax of the votes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
        """
        X = self._check_rows(X)
        if (model := self._core_model()) is not None:
            return model.predict_proba(floats(X), options())[0]
        return self._probabilities(self.decision_function(X))

    def staged_predict_proba(self, X):
        """The probabilities of the classes after each estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        proba : ndarray of shape (n_samples, n_classes)
        """
        for score in self.staged_decision_function(X):
            yield self._probabilities(score)

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


class AdaBoostRegressor(_RoutingNotSupportedMixin, RegressorMixin, BaseWeightBoosting):
    """AdaBoost for numbers (R2, Drucker 1997); without `estimator` of our own trees of depth 3.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The rows of each estimator are
    scikit-learn's for the same `random_state`.
    """

    _native = "AdaBoostRegressor"

    _parameter_constraints: dict = {
        **BaseWeightBoosting._parameter_constraints,
        "loss": [StrOptions({"linear", "square", "exponential"})],
    }

    def __init__(self, estimator=None, *, n_estimators=50, learning_rate=1.0, loss="linear", random_state=None):
        super().__init__(estimator=estimator, n_estimators=n_estimators)
        self.learning_rate = learning_rate
        self.loss = loss
        self.random_state = random_state

    def _validate_estimator(self):
        super()._validate_estimator(default=DecisionTreeRegressor(max_depth=3))

    def _target(self, y):
        return np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1), None

    def _step(self, i, X, y, weights, random_state):
        estimator = self._make_estimator(random_state=random_state)
        n = _num_samples(X)
        rows = random_state.choice(np.arange(n), size=n, replace=True, p=weights)
        self._fit_on_rows(estimator, X, y, rows)
        counts = weights > 0
        far = np.abs(estimator.predict(X) - y)[counts]
        if far.max() != 0:
            far = far / far.max()
        if self.loss == "square":
            far = far**2
        elif self.loss == "exponential":
            far = 1 - np.exp(-far)
        error = (weights[counts] * far).sum()
        if error <= 0:
            return weights, 1.0, 0.0
        if error >= 0.5:
            if len(self.estimators_) > 1:
                self.estimators_.pop()
            return None
        beta = error / (1 - error)
        if i < self.n_estimators - 1:
            weights = weights.copy()
            weights[counts] *= beta ** ((1 - far) * self.learning_rate)
        return weights, self.learning_rate * np.log(1 / beta), error

    def _fit_on_rows(self, estimator, X, y, rows):
        estimator.fit(_safe_indexing(X, rows), _safe_indexing(y, rows))

    def _median(self, predictions):
        """The weighted median of the estimators' predictions, of shape (n_samples, estimators)."""
        order = np.argsort(predictions, axis=1)
        below = np.cumsum(self.estimator_weights_[order], axis=1)
        median = (below >= 0.5 * below[:, -1:]).argmax(axis=1)
        rows = np.arange(len(predictions))
        return predictions[rows, order[rows, median]]

    def predict(self, X):
        """The weighted median of the estimators' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        X = self._check_rows(X)
        if (model := self._core_model()) is not None:
            return model.predict(floats(X), options())[:, 0]
        return self._median(np.column_stack([estimator.predict(X) for estimator in self.estimators_]))

    def staged_predict(self, X):
        """The weighted median after each estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        X = self._check_rows(X)
        predictions = np.empty((_num_samples(X), 0))
        for estimator in self.estimators_:
            predictions = np.column_stack([predictions, estimator.predict(X)])
            yield self._median(predictions)
