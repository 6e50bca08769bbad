"""What bagging classifiers and regressors share: drawing, fitting, and answers side by side."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.ensemble._base import BaseEnsemble
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt
from sklearn.utils._tags import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import (
    _check_method_params,
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from ironlearn import _core, _members
from ironlearn._base import NativeEstimator, number_of_threads
from ironlearn._config import config_context, get_config

MOST = np.iinfo(np.int32).max
# Rows times estimators up to which threads cost a prediction more than they bring.
SMALL = 1 << 14
# Numbers in X times estimators up to which threads cost a fit more than they bring.
FEW = 1 << 17


def draw(random_state, with_replacement, population, n):
    """n numbers below ``population``."""
    if with_replacement:
        return random_state.randint(0, population, n)
    return sample_without_replacement(population, n, random_state=random_state)


class BaseBagging(_members.Savable, BaseEnsemble):
    """The fit that both classes share; a class averages the answers.

    Rows and columns are scikit-learn's for the same `random_state`. Estimators of ironlearn are fitted in threads, each
    on one: the core holds no lock of Python's. Others are fitted by joblib, in `n_jobs` processes.
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "max_features": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "bootstrap": ["boolean"],
        "bootstrap_features": ["boolean"],
        "oob_score": ["boolean"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        n_estimators=10,
        *,
        max_samples=None,
        max_features=1.0,
        bootstrap=True,
        bootstrap_features=False,
        oob_score=False,
        warm_start=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(estimator=estimator, n_estimators=n_estimators)
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # ---------------------------------------------------------------------------------------------------------- fit

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fits the estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            How likely each row is drawn.
        **fit_params : dict
            For the estimators' `fit`, where metadata routing is enabled.

        Returns
        -------
        self : object
        """
        _raise_for_params(fit_params, self, "fit")
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False, multi_output=True
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=None)
            if not self.bootstrap:
                warnings.warn(
                    f"When fitting {type(self).__name__} with sample_weight it is recommended to use bootstrap=True, "
                    f"got {self.bootstrap}.",
                    stacklevel=2,
                )
        random_state = check_random_state(self.random_state)
        y = self._encode(y)
        self._validate_estimator(self._get_estimator())
        if _routing_enabled():
            given = process_routing(self, "fit", **fit_params).estimator.fit
        else:
            given = _manual_routing({"estimator": {"fit": fit_params}}).estimator.fit
        self._n_samples = X.shape[0]
        self._max_samples = self._rows_of_each(X.shape[0], sample_weight)
        self._max_features = self._columns_of_each()
        self._sample_weight = sample_weight
        if self.oob_score and not self.bootstrap:
            raise ValueError("Out of bag estimation only available if bootstrap=True")
        if self.oob_score and self.warm_start:
            raise ValueError("Out of bag estimate only available if warm_start=False")
        if self.warm_start:
            self.__dict__.pop("oob_score_", None)
        if not self.warm_start or not hasattr(self, "estimators_"):
            self.__dict__.pop("_n_loaded", None)
            self.estimators_, self.estimators_features_ = [], []
            self._seeds = np.empty(0, dtype=int)
        more = self.n_estimators - len(self.estimators_)
        if more < 0:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"len(estimators_)={len(self.estimators_)} when warm_start==True"
            )
        if more == 0:
            warnings.warn("Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=2)
            return self
        if self.estimators_:
            random_state.randint(MOST, size=len(self.estimators_))
        seeds = random_state.randint(MOST, size=more)
        self._seeds = np.concatenate([self._seeds, seeds])
        one = partial(self._fit_one, X, y, given)
        few = isinstance(self.estimator_, NativeEstimator) and X.shape[0] * X.shape[1] * more < FEW
        for estimator, features in map(one, seeds) if few else self._each(one, list(seeds)):
            self.estimators_.append(estimator)
            self.estimators_features_.append(features)
        if self.oob_score:
            self._set_oob_score(X, y)
        return self

    def _rows_of_each(self, n, sample_weight):
        rows = self.max_samples
        if rows is None:
            rows = n
        elif not isinstance(rows, Integral):
            total = n if sample_weight is None else sample_weight.sum()
            rows = max(int(self.max_samples * total), 1)
            if rows < max(10, n ** (1 / 3)):
                what = "number of samples" if sample_weight is None else "total sum of sample weights"
                warnings.warn(
                    f"Using the fractional value max_samples={self.max_samples} when the {what} is {total} results in "
                    f"a low number ({rows}) of bootstrap samples. We recommend passing `max_samples` as an integer "
                    "instead.",
                    stacklevel=3,
                )
        if not self.bootstrap and rows > n:
            raise ValueError(
                f"Effective max_samples={rows} must be <= n_samples={n} to be able to sample without replacement."
            )
        return rows

    def _columns_of_each(self):
        columns = self.max_features
        if not isinstance(columns, Integral):
            columns = int(columns * self.n_features_in_)
        if columns > self.n_features_in_:
            raise ValueError("max_features must be <= n_features")
        return max(1, int(columns))

    def _encode(self, y):
        return column_or_1d(y, warn=True) if y.ndim == 1 or y.shape[1] == 1 else y

    def _draw(self, seed):
        """The columns and rows that a seed stands for."""
        random_state = check_random_state(seed)
        features = draw(random_state, self.bootstrap_features, self.n_features_in_, self._max_features)
        if self._sample_weight is None:
            return features, draw(random_state, self.bootstrap, self._n_samples, self._max_samples)
        share = self._sample_weight / np.sum(self._sample_weight)
        rows = random_state.choice(self._n_samples, self._max_samples, replace=self.bootstrap, p=share)
        return features, rows

    def _takes_weights(self):
        if _routing_enabled():
            return get_routing_for_object(self.estimator_).consumes("fit", ("sample_weight",))
        return has_fit_parameter(self.estimator_, "sample_weight")

    def _fit_one(self, X, y, given, seed):
        estimator = self._make_estimator(append=False, random_state=seed)
        features, rows = self._draw(seed)
        params = dict(given)
        all_columns = not self.bootstrap_features and len(features) == self.n_features_in_
        if self._takes_weights():
            # Rows that are drawn count as often as they are.
            params["sample_weight"] = np.bincount(rows, minlength=self._n_samples)
        else:
            params = _check_method_params(X, params=params, indices=rows)
            X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
        estimator.fit(X if all_columns else X[:, features], y, **params)
        return estimator, features

    def _each(self, one, items):
        """``one`` of each item, in order: in threads where the estimators are ours."""
        threads = isinstance(self.estimator_, NativeEstimator)
        if not threads:
            # joblib's own verbosity, as in scikit-learn.
            return Parallel(n_jobs=self.n_jobs, verbose=self.verbose)(delayed(one)(item) for item in items)
        workers = min(number_of_threads(self.n_jobs) or _allowed_threads(), len(items))
        if workers <= 1:
            return [one(item) for item in items]
        config = {**get_config(), "n_threads": 1}

        def alone(item):
            with config_context(**config):
                return one(item)

        return Parallel(n_jobs=workers, prefer="threads")(delayed(alone)(item) for item in items)

    @abstractmethod
    def _get_estimator(self):
        """The estimator, or the default one."""

    @abstractmethod
    def _set_oob_score(self, X, y):
        """Judges by the rows that estimators have not seen."""

    def _unseen(self):
        """For each estimator it, its columns and which rows it has not seen."""
        for estimator, features, rows in zip(
            self.estimators_, self.estimators_features_, self.estimators_samples_, strict=True
        ):
            unseen = np.ones(self._n_samples, dtype=bool)
            unseen[rows] = False
            yield estimator, features, unseen

    def _warn_of_rows_always_seen(self):
        warnings.warn(
            "Some inputs do not have OOB scores. This probably means too few estimators were used to compute any "
            "reliable oob estimates.",
            stacklevel=4,
        )

    @property
    def estimators_samples_(self):
        """For each estimator the rows that were drawn, drawn again when asked for."""
        if "_n_loaded" in self.__dict__:
            raise AttributeError("a model file does not hold what the rows of the bags were drawn from")
        return [self._draw(seed)[1] for seed in self._seeds]

    # --------------------------------------------------------------------------------------------------- model file

    def _saved_model(self):
        """The core's model of the bags; TypeError where the estimators are not all ours."""
        members = _members.models(self, self.estimators_)
        n_classes = getattr(self, "n_classes_", None)
        all_columns = np.arange(self.n_features_in_)
        features = [[] if np.array_equal(f, all_columns) else f.tolist() for f in self.estimators_features_]
        oob = getattr(self, "oob_decision_function_" if n_classes is not None else "oob_prediction_", None)
        score = getattr(self, "oob_score_", None)
        classes = []
        if n_classes is not None:
            known = [np.asarray(e.classes_).tolist() for e in self.estimators_]
            classes = [[] if len(codes) == n_classes else codes for codes in known]
        seeds = _members.seeds(self.estimators_)
        return _core.bagged(members, seeds, features, self.n_features_in_, n_classes, classes, score, oob)

    def _after_load(self):
        """Makes the estimators from the core's model."""
        self._validate_estimator(self._get_estimator())
        features, classes = _core.bag_parts(self._model)
        every, n_classes = np.arange(self.n_features_in_), getattr(self, "n_classes_", None)

        def known(k):
            return np.array(classes[k] or range(n_classes), dtype=np.intp)

        own = None if n_classes is None else known
        self.estimators_ = _members.objects(self._model, self.estimator_, own)
        self.estimators_features_ = [np.array(f, dtype=np.int64) if f else every for f in features]
        # What rows and columns were drawn from is not in the file.
        self._seeds, self._n_loaded = np.zeros(len(self.estimators_), dtype=int), len(self.estimators_)
        # The estimators hold all of it.
        del self._model

    # ------------------------------------------------------------------------------------------------- predictions

    def _rows(self, X):
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False, reset=False)

    def _routed(self, method, params):
        if _routing_enabled():
            return process_routing(self, method, **params).estimator
        return {}

    def _all(self, X, answer):
        """What ``answer(estimator, its columns of X)`` gives, in the order of the estimators."""

        every = np.arange(X.shape[1])

        def one(pair):
            estimator, features = pair
            return answer(estimator, X if np.array_equal(features, every) else X[:, features])

        pairs = list(zip(self.estimators_, self.estimators_features_, strict=True))
        if isinstance(self.estimator_, NativeEstimator) and X.shape[0] * len(pairs) < SMALL:
            return [one(pair) for pair in pairs]
        return self._each(one, pairs)

    def get_metadata_routing(self):
        """How metadata is routed to the estimators.

        Returns
        -------
        routing : MetadataRouter
        """
        estimator = self._get_estimator()
        proba = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
        log_proba = "predict_log_proba" if hasattr(estimator, "predict_log_proba") else proba
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping.add(caller="decision_function", callee="decision_function")
        mapping.add(caller="predict", callee=proba).add(caller="predict_proba", callee=proba)
        mapping.add(caller="predict_log_proba", callee=log_proba)
        return MetadataRouter(owner=self).add(estimator=estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        own = get_tags(self._get_estimator()).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = own.sparse, own.allow_nan
        return tags


def _allowed_threads():
    from ironlearn import _core

    return _core.allowed_threads()
