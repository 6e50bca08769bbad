"""What AdaBoost for classes and for numbers shares: the rounds, and the members in the model file."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier, is_regressor
from sklearn.ensemble._base import BaseEnsemble
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import _raise_for_unsupported_routing
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from ironlearn import _core, _members
from ironlearn._base import number_of_threads
from ironlearn._config import get_config
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

# Trees that the core boosts: it sorts X once for all of them.
TREES = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)


def options():
    return (get_config()["device"], number_of_threads(), None)


def floats(X):
    """Checked X as the core takes it."""
    if type(X) is np.ndarray and X.ndim == 2 and X.dtype.char in "df":
        return np.require(X, requirements="A")
    return check_array(X, dtype=[np.float64, np.float32], accept_sparse=["csr", "csc"], ensure_all_finite=False)


class BaseWeightBoosting(_members.Savable, BaseEnsemble):
    """The loop that both classes share; a class adds the step of one estimator.

    Our own trees are boosted in the core, which sorts X once; everything else here, by the same rules. Where all
    estimators are ours, the core predicts.
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    }

    def _check_rows(self, X):
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse=["csr", "csc"], allow_nd=True, dtype=None, reset=False)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fits estimators one after the other, each on weights that the errors of those before it raise.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        _raise_for_unsupported_routing(self, "fit", sample_weight=sample_weight)
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], allow_nd=True, dtype=None, y_numeric=is_regressor(self)
        )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, copy=True, ensure_non_negative=True)
        weights /= weights.sum()
        self._validate_estimator()
        self.estimators_ = []
        self.estimator_weights_ = np.zeros(self.n_estimators)
        self.estimator_errors_ = np.ones(self.n_estimators)
        random_state = check_random_state(self.random_state)
        if self._boosts_in_the_core() and X.dtype != object:
            # Among objects there may be missing values, which trees take and the core's boosting does not.
            return self._boost_in_the_core(X, y, weights, random_state)
        # A weight that has become tiny counts for something again; one that was 0 never does.
        least = np.where(weights == 0, 0.0, np.finfo(np.float64).eps)
        for i in range(self.n_estimators):
            weights = np.maximum(weights, least)
            step = self._step(i, X, y, weights, random_state)
            if step is None:
                break
            weights, self.estimator_weights_[i], self.estimator_errors_[i] = step
            total = weights.sum()
            if self.estimator_errors_[i] == 0:
                break
            if not np.isfinite(total):
                warnings.warn(
                    f"Sample weights have reached infinite values, at iteration {i}, causing overflow. Iterations "
                    "stopped. Try lowering the learning rate.",
                    stacklevel=2,
                )
                break
            if total <= 0:
                break
            if i < self.n_estimators - 1:
                weights = weights / total
        self._core_model()
        return self

    def _boosts_in_the_core(self):
        base = self.estimator_
        plain = type(base) in TREES and is_classifier(base) == is_classifier(self)
        plain = plain and base.monotonic_cst is None and base.categorical_features is None
        return plain and getattr(base, "class_weight", None) is None and not hasattr(base, "_skl_callbacks")

    def _boost_in_the_core(self, X, y, weights, random_state):
        self.estimator_._validate_params()
        X = floats(X)
        codes, n_classes = self._target(y)
        draws_rows = is_regressor(self)

        def draw(_):
            seed = self._make_estimator(random_state=random_state).random_state
            return seed, random_state.random_sample(X.shape[0]) if draws_rows else None

        # With a seed of its own, so that none is drawn here.
        base = clone(self.estimator_).set_params(random_state=0)._native_params()
        params = {"n_estimators": self.n_estimators, "learning_rate": self.learning_rate}
        params["estimator"] = {type(self.estimator_).__name__: base}
        if draws_rows:
            params["loss"] = self.loss
        model = _core.adaboost(self._native, params, X, codes, n_classes, weights, draw, options())
        for _, message in model.report()["warnings"]:
            warnings.warn(message, stacklevel=4)
        members = _core.members(model)
        self.estimators_ = self.estimators_[: len(members)]
        classes = self.classes_ if n_classes else None
        for estimator, member in zip(self.estimators_, members, strict=True):
            _members.fill(estimator, member, classes)
        # The core writes down so many rounds only as there could ever be.
        for attribute, value in model.attributes().items():
            if attribute != "n_classes_":
                getattr(self, attribute)[: len(value)] = value
        self._model, self._made_of = model, self._parts()
        return self

    @abstractmethod
    def _step(self, i, X, y, weights, random_state):
        """Fits estimator i: new weights, its own weight, its error; None where boosting ends without it."""

    def _saved_model(self):
        """The core's model of the estimators as they are; TypeError where they are not all ours."""
        members = _members.models(self, self.estimators_)
        return _core.boosted(
            members,
            _members.seeds(self.estimators_),
            np.asarray(self.estimator_weights_).tolist(),
            np.asarray(self.estimator_errors_).tolist(),
            self.n_classes_ if is_classifier(self) else None,
        )

    def _core_model(self):
        """The core's model, made anew where estimators or weights were assigned; None where they are not all ours."""
        parts = self._parts()
        if self.__dict__.get("_made_of") != parts:
            try:
                self._model = self._saved_model()
            except (TypeError, ValueError):
                self._model = None
            self._made_of = parts
        return self._model

    def _parts(self):
        """What the core's model is made of: models of the core are equal where they are the same."""
        models = [getattr(estimator, "_model", None) for estimator in self.estimators_]
        return [*models, np.asarray(self.estimator_weights_).tobytes()]

    def _after_load(self):
        """Makes the estimators from the core's model."""
        self._validate_estimator()
        classes = getattr(self, "classes_", None)
        self.estimators_ = _members.objects(self._model, self.estimator_, lambda _: classes)

    def __getstate__(self):
        state = super().__getstate__()
        # Made again when it is asked for.
        state.pop("_model", None)
        state.pop("_made_of", None)
        return state

    def staged_score(self, X, y, sample_weight=None):
        """The score after each estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Yields
        ------
        score : float
        """
        score = accuracy_score if is_classifier(self) else r2_score
        for predicted in self.staged_predict(self._check_rows(X)):
            yield score(y, predicted, sample_weight=sample_weight)

    @property
    def feature_importances_(self):
        """The weighted mean of the estimators' importances, of shape (n_features,)."""
        if not getattr(self, "estimators_", None):
            raise ValueError("Estimator not fitted, call `fit` before `feature_importances_`.")
        try:
            pairs = zip(self.estimator_weights_, self.estimators_, strict=False)
            return sum(weight * e.feature_importances_ for weight, e in pairs) / self.estimator_weights_.sum()
        except AttributeError as error:
            raise AttributeError(
                "Unable to compute feature importances since estimator does not have a feature_importances_ attribute"
            ) from error

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
