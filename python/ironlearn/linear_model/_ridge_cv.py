"""Ridge regression and classification whose penalty is chosen by cross-validation."""

from __future__ import annotations

import warnings
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context, is_classifier
from sklearn.callback import with_callbacks
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, _safe_indexing, check_scalar
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import _check_sample_weight, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn._folds import explicit_folds
from ironlearn.linear_model._regressor import LinearRegressorMixin
from ironlearn.linear_model._ridge import Ridge
from ironlearn.linear_model._ridge_classifier import RidgeClassifier, RidgeLabelsMixin


class _GivenValues(RegressorMixin, BaseEstimator):
    """Predicts what it is given: a scorer judges predictions that are there already."""

    def predict(self, X):
        return X


class _GivenScores(ClassifierMixin, BaseEstimator):
    """Classes of the scores that it is given."""

    def __init__(self, multilabel=False, n_classes=2):
        self.multilabel = multilabel
        self.n_classes = n_classes

    @property
    def classes_(self):
        return np.arange(self.n_classes)

    def decision_function(self, X):
        return X

    def predict(self, X):
        if self.multilabel:
            return (X > 0).astype(np.int64)
        return (X > 0).astype(np.int64) if X.ndim == 1 else X.argmax(axis=1)


class _BaseRidgeCV(NativeEstimator):
    """The search for the penalty, of numbers and of classes."""

    _parameter_constraints: dict = {
        "alphas": ["array-like", Interval(Real, 0, None, closed="neither")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }

    def _checked_alphas(self):
        """The penalties as a list, or scikit-learn's error for one out of range."""
        bounds = {"min_val": 0.0, "include_boundaries": "neither" if self.cv is None else "left"}
        if isinstance(self.alphas, np.ndarray | list | tuple) and np.ndim(self.alphas):
            several = len(self.alphas) != 1
            for index, alpha in enumerate(self.alphas):
                check_scalar(alpha, f"alphas[{index}]" if several else "alphas", Real, **bounds)
        return [float(alpha) for alpha in np.atleast_1d(np.asarray(self.alphas)).ravel()]

    def _routed(self, params, sample_weight):
        """What goes to the scorer and to the splitter."""
        if _routing_enabled():
            if sample_weight is not None:
                params = params | {"sample_weight": sample_weight}
            return process_routing(self, "fit", **params)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        if self.cv is not None and self.scoring is not None:
            # As in a grid search: folds are judged with weights where the scorer takes some.
            accepts = getattr(self._get_scorer(), "_accept_sample_weight", None)
            weights = weights if accepts is not None and accepts() else {}
        return Bunch(scorer=Bunch(score=weights), splitter=Bunch(split={}))

    def _search(self, X, y, fit, routed):
        """Chooses the penalty and sets the fitted attributes. ``y`` is what scorers and splitters see, and
        ``fit(params)`` fits natively."""
        if self.cv is not None and self.store_cv_results:
            raise ValueError("cv!=None and store_cv_results=True are incompatible")
        if self.cv is not None and getattr(self, "alpha_per_target", False):
            raise ValueError("cv!=None and alpha_per_target=True are incompatible")
        alphas = self._checked_alphas()
        scorer = self._get_scorer() if self.scoring is not None or self.cv is not None and _routing_enabled() else None
        params = {
            "alphas": alphas,
            "fit_intercept": self.fit_intercept,
            "store_cv_results": self.store_cv_results,
            "keep_path": scorer is not None,
        }
        splits = None
        if self.cv is not None:
            cv = check_cv(self.cv, y, classifier=is_classifier(self))
            splits = list(cv.split(X, y, **routed.splitter.split))
            params["cv"] = explicit_folds(splits, X.shape[0])
        self.__dict__.pop("cv_results_", None)
        fit(params)
        if scorer is None:
            return
        path = [self.__dict__.pop(f"path_{name}_") for name in ("coef", "intercept", "predictions")]
        if splits is None:
            self._choose_by_rows(scorer, routed.scorer.score, y, alphas, path)
        else:
            self._choose_by_folds(scorer, routed.scorer.score, X, y, alphas, path, splits)
        # A file holds the choice that the scorer made.
        choice = [np.atleast_1d(np.asarray(v, dtype=np.float64)).tolist() for v in (self.alpha_, self.best_score_)]
        self._model = _core.with_ridge_choice(self._model, *choice)

    def _choose_by_rows(self, scorer, weights, y, alphas, path):
        """The penalty whose predictions of left-out rows the scorer likes best."""
        coef, intercept, predictions = path
        per_target = getattr(self, "alpha_per_target", False) and predictions.shape[1] > 1
        if per_target:
            scores = [
                [scorer(_GivenValues(), predictions[:, k, m], y[:, k], **weights) for m in range(len(alphas))]
                for k in range(predictions.shape[1])
            ]
            best = np.array([_first_best(of_target) for of_target in scores])
            targets = np.arange(len(best))
            self.alpha_, self.best_score_ = np.array(alphas)[best], np.array(scores)[targets, best]
            self.coef_, self.intercept_ = coef[best, targets], intercept[best, targets]
            return
        given, truth = self._given(y)
        flat = predictions.shape[1] == 1
        scores = [
            scorer(given, predictions[:, 0, m] if flat else predictions[:, :, m], truth, **weights)
            for m in range(len(alphas))
        ]
        best = _first_best(scores)
        self.alpha_, self.best_score_ = alphas[best], scores[best]
        self.coef_, self.intercept_ = coef[best], intercept[best]

    def _choose_by_folds(self, scorer, params, X, y, alphas, path, splits):
        """The penalty whose models the scorer likes best, on average over the folds; then a fit of all rows."""
        coef, intercept = (part.reshape(len(splits), len(alphas), *part.shape[1:]) for part in path[:2])
        scores = np.empty((len(splits), len(alphas)))
        for f, (_, test) in enumerate(splits):
            X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
            of_fold = {
                name: _safe_indexing(v, test) if np.ndim(v) and len(v) == X.shape[0] else v
                for name, v in params.items()
            }
            for m, alpha in enumerate(alphas):
                scores[f, m] = scorer(self._fitted_as(alpha, coef[f, m], intercept[f, m]), X_test, y_test, **of_fold)
        mean = scores.mean(axis=0)
        best = _first_best(mean)
        self.best_score_ = mean[best]
        if self.alpha_ != alphas[best]:
            final = self._fit_all(alphas[best])
            self.coef_, self.intercept_ = np.atleast_2d(final.coef_), np.atleast_1d(final.intercept_)
        self.alpha_ = alphas[best]

    def _fitted_as(self, alpha, coef, intercept):
        """A fitted Ridge or RidgeClassifier with these coefficients."""
        cls = RidgeClassifier if is_classifier(self) else Ridge
        model = cls(alpha, fit_intercept=self.fit_intercept)
        flat = len(coef) == 1 and self._flat_target
        model.coef_, model.intercept_ = (coef[0], intercept[0]) if flat else (coef, intercept)
        model.n_features_in_ = coef.shape[1]
        for name in ("classes_", "_multilabel", "feature_names_in_"):
            if name in self.__dict__:
                setattr(model, name, self.__dict__[name])
        return model

    def get_metadata_routing(self):
        """Routing of metadata to the scorer and to the splitter.

        Returns
        -------
        routing : MetadataRouter
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(scorer=self._get_scorer(), method_mapping=MethodMapping().add(caller="fit", callee="score"))
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        )

    def _get_scorer(self):
        if _routing_enabled() and self.scoring is None:
            return get_scorer(self._default_scorer).set_score_request(sample_weight=True)
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _first_best(scores) -> int:
    """The place of the largest score, the first of equal ones; a score that is no number never wins."""
    scores = np.asarray(scores, dtype=np.float64)
    return 0 if np.isnan(scores).all() else int(np.nanargmax(scores))


class RidgeCV(LinearRegressorMixin, _BaseRidgeCV):
    """Ridge regression with the penalty that predicts left-out rows best.

    Without ``cv`` each row is left out in turn; the errors of all these fits follow from one decomposition of X. With
    ``cv`` there is one decomposition a fold.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
    fit_intercept : bool, default=True
    scoring : str, callable or None, default=None
        None: the negative mean squared error, or with ``cv`` R².
    cv : int, splitter, iterable or None, default=None
    gcv_mode : {"auto", "svd", "eigen"} or None, default=None
        ``eigen`` decomposes the second moments (or, with fewer rows than columns, the products of rows), ``svd`` X
        itself; ``auto`` and None mean ``eigen``, or ``svd`` where a penalty is too small beside X for that.
    store_cv_results : bool, default=False
    alpha_per_target : bool, default=False

    Attributes
    ----------
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        With ``store_cv_results``: squared errors of left-out rows, or with ``scoring`` their predictions.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    alpha_ : float or ndarray of shape (n_targets,)
    best_score_ : float or ndarray of shape (n_targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, what ran where, seconds.
    """

    _native = "RidgeCV"
    _default_scorer = "r2"

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        gcv_mode=None,
        store_cv_results=False,
        alpha_per_target=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
        **params : dict
            For the scorer and the splitter, by metadata routing.

        Returns
        -------
        self : object
        """
        _raise_for_params(params, self, "fit")
        self._checked_alphas()
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=True,
        )
        routed = self._routed(params, sample_weight)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        self._flat_target = y.ndim == 1

        def fit(native):
            native["gcv_mode"] = self.gcv_mode or "auto"
            native["alpha_per_target"] = self.alpha_per_target and n_targets > 1
            self._fit_linear(X, y, sample_weight, native)

        if self.gcv_mode == "svd" and self.cv is None and sparse.issparse(X):
            warnings.warn(
                "The 'svd' mode is not supported for sparse X, we fallback to `gcv_mode='eigen'`. Passing "
                "`gcv_mode='svd'` on sparse X will raise an error in 1.11, use the default or pass `gcv_mode='eigen'` "
                "to suppress this warning.",
                FutureWarning,
                stacklevel=3,
            )
        self._fit_all = lambda alpha: Ridge(alpha, fit_intercept=self.fit_intercept).fit(X, y, sample_weight)
        try:
            self._search(X, y, fit, routed)
        finally:
            del self._fit_all, self._flat_target
        if n_targets == 1:
            self.coef_ = np.ravel(self.coef_)
            self.intercept_ = np.ravel(self.intercept_)[0] if y.ndim == 1 else np.ravel(self.intercept_)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        if self.store_cv_results and y.ndim == 1:
            self.cv_results_ = self.cv_results_[:, 0]
        return self

    def _given(self, y):
        return _GivenValues(), y

    def _after_load(self):
        super()._after_load()
        if self.store_cv_results and self.coef_.ndim == 1:
            self.cv_results_ = self.cv_results_[:, 0]


class RidgeClassifierCV(RidgeLabelsMixin, _BaseRidgeCV):
    """Ridge classification with the penalty that does best on left-out rows; see :class:`RidgeCV`.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
    fit_intercept : bool, default=True
    scoring : str, callable or None, default=None
        None: the negative mean squared error of the targets -1 and 1, or with ``cv`` accuracy.
    cv : int, splitter, iterable or None, default=None
    class_weight : dict or "balanced", default=None
    store_cv_results : bool, default=False

    Attributes
    ----------
    cv_results_ : ndarray of shape (n_samples, n_targets, n_alphas)
        With ``store_cv_results``: squared errors of left-out rows, or with ``scoring`` their scores.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    alpha_ : float
    best_score_ : float
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, what ran where, seconds.
    """

    _native = "RidgeClassifierCV"
    _default_scorer = "accuracy"
    _parameter_constraints: dict = {
        **_BaseRidgeCV._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    for _name in ("gcv_mode", "alpha_per_target"):
        _parameter_constraints.pop(_name)
    del _name

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        scoring=None,
        cv=None,
        class_weight=None,
        store_cv_results=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or of 0 and 1 of shape (n_samples, n_labels)
        sample_weight : float or array-like of shape (n_samples,), default=None
        **params : dict
            For the scorer and the splitter, by metadata routing.

        Returns
        -------
        self : object
        """
        _raise_for_params(params, self, "fit")
        self._checked_alphas()
        X, codes, n_classes, weights, y = self._validate_labels(X, y, sample_weight, ["csr", "csc"])
        routed = self._routed(params, weights)
        self._codes, self._flat_target = codes, codes.shape[1] == 1 and n_classes[0] <= 2

        def fit(native):
            self._fit_classes(X, codes, weights, native, n_classes=n_classes)

        self._fit_all = lambda alpha: RidgeClassifier(alpha, fit_intercept=self.fit_intercept).fit(X, y, weights)
        try:
            self._search(X, y, fit, routed)
        finally:
            del self._fit_all, self._codes, self._flat_target
        self.coef_, self.intercept_ = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        self._flatten()
        return self

    def _given(self, y):
        return _GivenScores(self._multilabel, len(self.classes_)), self._codes if self._multilabel else self._codes[
            :, 0
        ].astype(np.int64)
