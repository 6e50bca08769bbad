"""Bagging: estimators on random rows and columns, whose answers are averaged (Breiman 1996; Ho 1998; Louppe 2012)."""

from __future__ import annotations

import itertools

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metadata_routing import (
    _raise_for_params,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _estimator_has,
    check_is_fitted,
)

from ironlearn._base_bagging import BaseBagging
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

__all__ = ["BaggingClassifier", "BaggingRegressor"]


class BaggingClassifier(ClassifierMixin, BaseBagging):
    """Bagging for classes; without `estimator` of our own trees.

    Parameters, attributes and methods are those of scikit-learn's class of this name.
    """

    def _get_estimator(self):
        return DecisionTreeClassifier() if self.estimator is None else self.estimator

    def _encode(self, y):
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, y = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return y

    def _votes(self, estimator, X, predict=None, predict_proba=None):
        """An estimator's probabilities of all classes, or its vote where it has none."""
        votes = np.zeros((X.shape[0], self.n_classes_))
        if hasattr(estimator, "predict_proba"):
            votes[:, estimator.classes_] = estimator.predict_proba(X, **(predict_proba or {}))
        else:
            votes[np.arange(X.shape[0]), estimator.predict(X, **(predict or {}))] = 1
        return votes

    def _set_oob_score(self, X, y):
        votes = np.zeros((self._n_samples, self.n_classes_))
        for estimator, features, unseen in self._unseen():
            votes[unseen] += self._votes(estimator, X[unseen][:, features])
        total = votes.sum(axis=1)
        if (total == 0).any():
            self._warn_of_rows_always_seen()
        with np.errstate(invalid="ignore"):
            self.oob_decision_function_ = votes / total[:, np.newaxis]
        self.oob_score_ = accuracy_score(y, votes.argmax(axis=1))

    def predict(self, X, **params):
        """The class that is most likely by the mean of the estimators' probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimators, where metadata routing is enabled.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        _raise_for_params(params, self, "predict")
        proba = self.predict_proba(X, **params)
        return self.classes_.take(proba.argmax(axis=1), axis=0)

    def predict_proba(self, X, **params):
        """The mean of the estimators' probabilities, or of their votes where they have none.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimators, where metadata routing is enabled.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
        """
        _raise_for_params(params, self, "predict_proba")
        X = self._rows(X)
        routed = self._routed("predict_proba", params)
        predict, proba = routed.get("predict", {}), routed.get("predict_proba", {})
        return sum(self._all(X, lambda e, part: self._votes(e, part, predict, proba))) / len(self.estimators_)

    def predict_log_proba(self, X, **params):
        """The logarithm of the mean probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimators, where metadata routing is enabled.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
        """
        _raise_for_params(params, self, "predict_log_proba")
        check_is_fitted(self)
        if not hasattr(self.estimator_, "predict_log_proba"):
            return np.log(self.predict_proba(X, **params))
        X = self._rows(X)
        given = self._routed("predict_log_proba", params).get("predict_log_proba", {})

        def answer(estimator, part):
            logs = np.full((part.shape[0], self.n_classes_), -np.inf)
            logs[:, estimator.classes_] = estimator.predict_log_proba(part, **given)
            return logs

        logs = itertools.accumulate(self._all(X, answer), np.logaddexp)
        return list(logs)[-1] - np.log(len(self.estimators_))

    @available_if(_estimator_has("decision_function", delegates=("estimators_", "estimator")))
    def decision_function(self, X, **params):
        """The mean of the estimators' scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimators, where metadata routing is enabled.

        Returns
        -------
        score : ndarray of shape (n_samples, k)
        """
        _raise_for_params(params, self, "decision_function")
        X = self._rows(X)
        given = self._routed("decision_function", params).get("decision_function", {})
        return sum(self._all(X, lambda e, part: e.decision_function(part, **given))) / len(self.estimators_)


class BaggingRegressor(RegressorMixin, BaseBagging):
    """Bagging for numbers; without `estimator` of our own trees.

    Parameters, attributes and methods are those of scikit-learn's class of this name.
    """

    def _get_estimator(self):
        return DecisionTreeRegressor() if self.estimator is None else self.estimator

    def _set_oob_score(self, X, y):
        sums = np.zeros(self._n_samples)
        times = np.zeros(self._n_samples)
        for estimator, features, unseen in self._unseen():
            sums[unseen] += estimator.predict(X[unseen][:, features])
            times[unseen] += 1
        if (times == 0).any():
            self._warn_of_rows_always_seen()
        self.oob_prediction_ = sums / np.maximum(times, 1)
        self.oob_score_ = r2_score(y, self.oob_prediction_)

    def predict(self, X, **params):
        """The mean of the estimators' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimators, where metadata routing is enabled.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        _raise_for_params(params, self, "predict")
        X = self._rows(X)
        given = self._routed("predict", params).get("predict", {})
        return sum(self._all(X, lambda e, part: e.predict(part, **given))) / len(self.estimators_)
