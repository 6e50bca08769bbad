"""Logistic regression whose penalty is chosen by cross-validation."""

from __future__ import annotations

import inspect
import numbers
import warnings
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import metadata_routing
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_method_params,
    _check_sample_weight,
    _deprecate_positional_args,
    validate_data,
)

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._logistic import LogisticRegression, _check_solver, _LogisticMixin, _tell

# Scorings that the core does itself, by scikit-learn's names.
_NATIVE_SCORING = {None: "accuracy", "accuracy": "accuracy", "neg_log_loss": "neg_log_loss"}


def _rows(rows):
    """Rows of a split as the core takes them."""
    rows = np.asarray(rows)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    return rows.astype(np.uint32).tobytes()


def _strengths(Cs):
    try:
        return np.asarray(Cs, dtype=float).tolist()
    except TypeError as error:
        raise ValueError(f"Cs has to be a number or an array of numbers, got {Cs!r}") from error


class LogisticRegressionCV(_LogisticMixin, NativeEstimator, BaseEstimator):
    """Logistic regression with C and l1_ratio chosen by cross-validation.

    The folds are fitted in the core, each C from the one before, without a copy of X: rows that a fold does not learn
    from have weight 0. Accuracy and log loss are scored there too; other scorers are scikit-learn's, called for each
    fold's models. How a single model is fitted says :class:`LogisticRegression`.

    Parameters
    ----------
    Cs : int or array-like of floats, default=10
        Values of C, or how many between 1e-4 and 1e4.
    l1_ratios : array-like of shape (n_l1_ratios,), default=None
        Shares of the L1 penalty. None is deprecated, as in scikit-learn 1.8.
    fit_intercept : bool, default=True
    cv : int, cross-validation generator or iterable, default=None
    dual : bool, default=False
    penalty : {"l1", "l2", "elasticnet"}, default="l2"
        Deprecated, as in scikit-learn 1.8: use ``l1_ratios``.
    scoring : str or callable, default=None
        None is accuracy; the default changes to "neg_log_loss" in scikit-learn 1.11.
    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}, default="lbfgs"
    tol : float, default=1e-4
    max_iter : int, default=100
    class_weight : dict or "balanced", default=None
    n_jobs : int or None, default=None
        Threads: -1 or None for all that are allowed.
    verbose : int, default=0
        Whether to print the objective after each step.
    refit : bool, default=True
        Whether to fit the best penalty to all rows; else the folds' best coefficients are averaged.
    intercept_scaling : float, default=1
    random_state : int, RandomState instance or None, default=None
        Without effect: no algorithm here draws numbers.
    use_legacy_attributes : bool, default=True
        Whether the attributes below have the shapes of scikit-learn before 1.10.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    Cs_ : ndarray of shape (n_cs,)
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_classes, n_dof), or dict of class to ndarray
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs), or dict of class to ndarray
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs), or of shape (1, n_folds, n_cs[, n_l1_ratios])
    C_ : float, or ndarray of shape (n_classes,)
    l1_ratio_ : float, or ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "LogisticRegressionCV"
    __metadata_request__score = {"sample_weight": metadata_routing.UNUSED}
    _parameter_constraints: dict = {
        **{
            k: v
            for k, v in LogisticRegression._parameter_constraints.items()
            if k not in ("C", "warm_start", "l1_ratio")
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"}))],
        "refit": ["boolean"],
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"}))],
        "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
    }

    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios="warn",
        fit_intercept=True,
        cv=None,
        dual=False,
        penalty="deprecated",
        scoring="warn",
        solver="lbfgs",
        tol=1e-4,
        max_iter=100,
        class_weight=None,
        n_jobs=None,
        verbose=0,
        refit=True,
        intercept_scaling=1.0,
        random_state=None,
        use_legacy_attributes="warn",
    ):
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.solver = solver
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    def _resolve(self):
        """l1_ratios as given, those to fit, the scoring and whether attributes are the old ones; all warnings."""
        l1_ratios = self.l1_ratios
        if isinstance(l1_ratios, str):
            l1_ratios = None
            warnings.warn(
                "The default value for l1_ratios will change from None to (0.0,) in version 1.10. From version 1.10 "
                "onwards, only array-like with values in [0, 1] will be allowed, None will be forbidden. To avoid this "
                "warning, explicitly set a value, e.g. l1_ratios=(0,).",
                FutureWarning,
                stacklevel=4,
            )
        if self.penalty == "deprecated":
            if self.l1_ratios is None:
                warnings.warn(
                    "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use an "
                    "array-like with values in [0, 1] instead.",
                    FutureWarning,
                    stacklevel=4,
                )
            ratios = np.asarray(0 if l1_ratios is None else l1_ratios)
            penalty = "l2" if np.all(ratios == 0) else "l1" if np.all(ratios == 1) else "elasticnet"
        else:
            penalty = self.penalty
            warnings.warn(
                "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
                "'penalty' set to its default value and use 'l1_ratios' and 'Cs' instead. Use l1_ratios=(0,) instead "
                "of penalty='l2', l1_ratios=(1,) instead of penalty='l1', l1_ratios set to floats between 0 and 1 "
                "instead of penalty='elasticnet', and Cs=(np.inf,) instead of penalty=None.",
                FutureWarning,
                stacklevel=4,
            )
        scoring = self.scoring
        if isinstance(scoring, str) and scoring == "warn":
            scoring = None
            warnings.warn(
                "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to 'neg_log_loss' "
                "in version 1.11. To silence this warning, explicitly set the scoring parameter: "
                "scoring='neg_log_loss' for the new, scoring='accuracy' or scoring=None for the old default.",
                FutureWarning,
                stacklevel=4,
            )
        legacy = self.use_legacy_attributes
        if legacy == "warn":
            legacy = True
            name = self.__class__.__name__
            warnings.warn(
                f"The fitted attributes of {name} will be simplified in scikit-learn 1.10 to remove redundancy. Set"
                "`use_legacy_attributes=False` to enable the new behavior now, or set it to `True` to silence this "
                "warning during the transition period while keeping the deprecated behavior for the time being. The "
                "default value of use_legacy_attributes will change from True to False in scikit-learn 1.10. See the "
                f"docstring of {name} for more details.",
                FutureWarning,
                stacklevel=4,
            )
        _check_solver(self.solver, penalty, self.dual)
        if penalty == "elasticnet":
            if (
                l1_ratios is None
                or len(l1_ratios) == 0
                or any(not isinstance(r, numbers.Number) or r < 0 or r > 1 for r in l1_ratios)
            ):
                raise ValueError(
                    f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={l1_ratios!r})"
                )
        elif l1_ratios is not None and self.penalty != "deprecated":
            warnings.warn(
                f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})", stacklevel=4
            )
        shown = [None] if l1_ratios is None else l1_ratios
        ratio = {"l2": 0.0, "l1": 1.0}.get(penalty)
        fitted = [float(r) if ratio is None else ratio for r in shown]
        return l1_ratios, penalty, shown, fitted, scoring, legacy

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        **params : dict
            For the splitter and the scorer.

        Returns
        -------
        self : object
        """
        _raise_for_params(params, self, "fit")
        if self.n_jobs == 0:
            raise ValueError("n_jobs == 0 has no meaning: at least one thread is needed")
        l1_ratios, penalty, shown, ratios, scoring, legacy = self._resolve()
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            accept_large_sparse=self.solver not in ("liblinear", "sag", "saga"),
            ensure_all_finite=False,
        )
        check_classification_targets(y)
        codes = self._encode(y)
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[0]}."
            )
        self._check_many(X)
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
        else:
            score_params = dict(params)
            if sample_weight is not None:
                score_params["sample_weight"] = sample_weight
            routed = _manual_routing({"splitter": {}, "scorer": {"score": score_params}})
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y, **routed.splitter.split))
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        native = self._native_params() | {
            "Cs": self.Cs if isinstance(self.Cs, numbers.Integral) else _strengths(self.Cs),
            "l1_ratios": ratios,
            "cv": [{"train": _rows(train), "test": _rows(test)} for train, test in folds],
            "scoring": "accuracy",
            "class_weight": self._class_weights(y, sample_weight),
        }
        tell = _tell if self.verbose else None
        plain = not _routing_enabled() and not params and not callable(scoring)
        if plain and scoring in _NATIVE_SCORING:
            native["scoring"] = _NATIVE_SCORING[scoring]
            self._fit_classes(X, codes, weights, native, tell=tell)
        else:
            self._fit_classes(X, codes, weights, native | {"refit": False}, tell=tell)
            scores = self._scores(X, y, folds, scoring, weights, routed.scorer.score)
            native["scores"] = scores.ravel().tolist()
            self._fit_classes(X, codes, weights, native, start=self._model, tell=tell)
        self._shape_attributes(l1_ratios, penalty, shown, legacy)
        return self

    def _after_load(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            l1_ratios, penalty, shown, _, _, legacy = self._resolve()
        self._shape_attributes(l1_ratios, penalty, shown, legacy)

    def _shape_attributes(self, l1_ratios, penalty, shown, legacy):
        """The core's attributes as the parameters want them."""
        self.l1_ratios_ = np.asarray(shown)
        if not self.refit and penalty != "elasticnet":
            self.l1_ratio_ = 0.0
        elif l1_ratios is None and self.penalty == "deprecated":
            self.l1_ratio_ = 0.0
        if legacy:
            self._as_before(l1_ratios, shown)

    def _class_weights(self, y, sample_weight):
        """The weight of each class, by all rows."""
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, dict):
            if not set(self.class_weight) <= set(self.classes_):
                raise ValueError(
                    "The given class_weight dict must have the class labels as keys; "
                    f"classes={self.classes_} but key={self.class_weight.keys()}"
                )
            return [[float(self.class_weight.get(c, 1.0)) for c in self.classes_.tolist()]]
        weights = compute_class_weight("balanced", classes=self.classes_, y=y, sample_weight=sample_weight)
        return [weights.tolist()]

    def _scores(self, X, y, folds, scoring, weights, score_params):
        """The folds' models judged by scikit-learn's scorer."""
        scorer = get_scorer(scoring)
        if hasattr(scorer, "_score_func"):
            known = inspect.signature(scorer._score_func).parameters
            if "labels" in known:
                # A fold may lack classes.
                more = {"labels": self.classes_}
                if "pos_label" in known and len(self.classes_) == 2:
                    more["pos_label"] = self.classes_[-1]
                scorer = make_scorer(
                    scorer._score_func,
                    greater_is_better=scorer._sign == 1,
                    response_method=scorer._response_method,
                    **more,
                    **getattr(scorer, "_kwargs", {}),
                )
        one = LogisticRegression(solver=self.solver)
        one.classes_, one.n_features_in_ = self.classes_, self.n_features_in_
        scores = np.empty(self.scores_.shape)
        for f, (_, test) in enumerate(folds):
            X_test, y_test = X[test], y[test]
            own = None if weights is None else weights[test]
            for r, c in np.ndindex(scores.shape[1:]):
                one.C, w = self.Cs_[c], self.coefs_paths_[f, r, c]
                one.coef_ = w[:, :-1] if self.fit_intercept else w
                one.intercept_ = w[:, -1] if self.fit_intercept else np.zeros(len(w))
                if scorer is None:
                    scores[f, r, c] = one.score(X_test, y_test, sample_weight=own)
                else:
                    routed = _check_method_params(X=X, params=score_params or {}, indices=test)
                    scores[f, r, c] = scorer(one, X_test, y_test, **routed)
        return scores

    def _as_before(self, l1_ratios, shown):
        """The attributes as they were before scikit-learn 1.10."""
        names = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        # n_classes, n_folds, n_cs, n_l1_ratios, n_dof
        paths = np.moveaxis(self.coefs_paths_, (3, 0, 2, 1), (0, 1, 2, 3))
        scores, steps = np.swapaxes(self.scores_, 1, 2), np.swapaxes(self.n_iter_, 1, 2)[None]
        if l1_ratios is None:
            paths, scores, steps = paths[:, :, :, 0], scores[:, :, 0], steps[..., 0]
        self.coefs_paths_ = dict(zip(names, paths, strict=True))
        self.scores_ = {name: scores for name in names}
        self.n_iter_ = steps
        ratio = self.l1_ratio_ if l1_ratios is not None or not self.refit else shown[0]
        self.C_, self.l1_ratio_ = np.array([self.C_] * len(names)), np.array([ratio] * len(names))

    @_deprecate_positional_args(version="1.11")
    def score(self, X, y, *, sample_weight=None, **score_params):
        """The score by ``scoring``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        **score_params : dict
            For the scorer.

        Returns
        -------
        score : float
        """
        _raise_for_params(score_params, self, "score")
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if _routing_enabled():
            routed = process_routing(self, "score", **score_params)
        else:
            routed = _manual_routing({"scorer": {"score": {} if sample_weight is None else score_params}})
        return self._get_scorer()(self, X, y, **routed.scorer.score)

    def get_metadata_routing(self):
        """The routing of metadata to the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
        """
        both = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=self.cv, method_mapping=split).add(scorer=self._get_scorer(), method_mapping=both)

    def _get_scorer(self):
        named = isinstance(self.scoring, str) and self.scoring == "warn"
        return get_scorer("accuracy" if named else self.scoring or "accuracy")
