"""Gradient boosting on histograms: the two classes."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from ironlearn import _boosted_interop, _core
from ironlearn._boosting import BaseHistGradientBoosting


class HistGradientBoostingRegressor(RegressorMixin, BaseHistGradientBoosting):
    """Boosted trees that predict numbers.

    Parameters, attributes and methods are those of scikit-learn's class of this name. X is binned once; float32 is
    not converted. Random choices are drawn with `random_state` from streams of our own, except for the rows that early
    stopping holds out, which are scikit-learn's.
    """

    _native = "HistGradientBoostingRegressor"

    _parameter_constraints: dict = {
        **BaseHistGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "poisson", "gamma", "quantile"})],
        "quantile": [Interval(Real, 0, 1, closed="both"), None],
    }

    def __init__(
        self,
        loss="squared_error",
        *,
        quantile=None,
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0.0,
        max_features=1.0,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        interaction_cst=None,
        warm_start=False,
        early_stopping="auto",
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        verbose=0,
        random_state=None,
    ):
        self.loss = loss
        self.quantile = quantile
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state

    def _encode_y(self, y):
        self.n_trees_per_iteration_ = 1
        y = np.ascontiguousarray(y, dtype=np.float64)
        if self.loss == "gamma" and not np.all(y > 0):
            raise ValueError("loss='gamma' requires strictly positive y.")
        if self.loss == "poisson" and not (np.all(y >= 0) and np.sum(y) > 0):
            raise ValueError("loss='poisson' requires non-negative y and sum(y) > 0.")
        return y

    _encode_y_val = _encode_y

    def _from_raw(self, raw):
        return np.exp(raw[:, 0]) if self.loss in ("poisson", "gamma") else raw[:, 0]

    def predict(self, X):
        """The number of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._from_raw(self._raw_predict(X))

    def staged_predict(self, X):
        """The number of each row after each iteration.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        yield from map(self._from_raw, self._staged_raw_predict(X))


class HistGradientBoostingClassifier(ClassifierMixin, BaseHistGradientBoosting):
    """Boosted trees that predict classes.

    Parameters, attributes and methods are those of scikit-learn's class of this name. X is binned once; float32 is
    not converted. Random choices are drawn with `random_state` from streams of our own, except for the rows that early
    stopping holds out, which are scikit-learn's.
    """

    _native = "HistGradientBoostingClassifier"

    _parameter_constraints: dict = {
        **BaseHistGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"log_loss"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        loss="log_loss",
        *,
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0.0,
        max_features=1.0,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        interaction_cst=None,
        warm_start=False,
        early_stopping="auto",
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        verbose=0,
        random_state=None,
        class_weight=None,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.class_weight = class_weight

    def _encode_y(self, y):
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_trees_per_iteration_ = 1 if len(self.classes_) <= 2 else len(self.classes_)
        return codes.astype(np.uint32)

    def _encode_y_val(self, y):
        places = np.searchsorted(self.classes_, y)
        known = self.classes_.take(np.minimum(places, len(self.classes_) - 1))
        if not np.all(known == y):
            raise ValueError(f"y contains previously unseen labels: {np.unique(np.asarray(y)[known != y]).tolist()}")
        return places.astype(np.uint32)

    def _decode_y(self, y):
        return self.classes_.take(y)

    def _class_params(self, codes):
        weights = self.class_weight
        if weights is not None and not isinstance(weights, str):
            weights = [compute_class_weight(weights, classes=self.classes_, y=self.classes_.take(codes)).tolist()]
        return {"class_weight": weights}

    def _classes_of(self, raw):
        codes = (raw[:, 0] > 0).astype(np.intp) if raw.shape[1] == 1 else np.argmax(raw, axis=1)
        return self.classes_.take(codes, axis=0)

    def predict(self, X):
        """The class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._classes_of(self._raw_predict(X))

    def staged_predict(self, X):
        """The class of each row after each iteration.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Yields
        ------
        y : ndarray of shape (n_samples,)
        """
        yield from map(self._classes_of, self._staged_raw_predict(X))

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
        """
        return _core.boosting_probabilities(self._raw_predict(X))

    def staged_predict_proba(self, X):
        """The probability of each class after each iteration.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Yields
        ------
        proba : ndarray of shape (n_samples, n_classes)
        """
        yield from map(_core.boosting_probabilities, self._staged_raw_predict(X))

    def decision_function(self, X):
        """The raw predictions: the sums of the leaves.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        raw = self._raw_predict(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def staged_decision_function(self, X):
        """The raw predictions after each iteration.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Yields
        ------
        decision : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        for raw in self._staged_raw_predict(X):
            yield raw[:, 0] if raw.shape[1] == 1 else raw


_boosted_interop.register(BaseHistGradientBoosting, HistGradientBoostingClassifier, HistGradientBoostingRegressor)
