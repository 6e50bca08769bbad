"""What both classes of gradient boosting share: parameters, fitting on validated data, raw predictions."""

from __future__ import annotations

from numbers import Integral, Real
from time import perf_counter

import numpy as np
from sklearn.base import _fit_context, is_classifier
from sklearn.callback import with_callbacks
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing, check_random_state, resample
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_monotonic_cst,
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ironlearn import _boosted_interop, _core
from ironlearn._base import NativeEstimator, _native_names
from ironlearn._callbacks import FitCallbacks
from ironlearn._category_codes import TakesCategories

# Rows that a scorer is asked about, at most, of those trained on.
SCORED_ROWS = 10_000


class BaseHistGradientBoosting(TakesCategories, _boosted_interop.BoostedInterop, NativeEstimator):
    """What both classes share."""

    _parameter_constraints: dict = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "max_features": [Interval(RealNotInt, 0, 1, closed="right")],
        "monotonic_cst": ["array-like", dict, None],
        "interaction_cst": [list, tuple, StrOptions({"pairwise", "no_interactions"}), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [
            Interval(RealNotInt, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "warm_start": ["boolean"],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "scoring": [str, callable, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Grows the trees.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN is a missing value.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        X_val : array-like of shape (n_val, n_features), default=None
            Rows for early stopping, instead of a part of X.
        y_val : array-like of shape (n_val,), default=None
        sample_weight_val : array-like of shape (n_val,), default=None

        Returns
        -------
        self : object
        """
        given, given_val = X, X_val
        start = self._model if self.warm_start and "_model" in self.__dict__ else None
        X = self._check_X(X, reset=True)
        y = self._encode_y(_check_y(y, estimator=self))
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        held = self._check_val(X_val, y_val, sample_weight_val)
        if start is None or "_tree_seed" not in self.__dict__:
            # A model that was loaded goes on with the seeds that an integer gave it.
            random = check_random_state(self.random_state)
            self._random_seed = int(random.randint(np.iinfo(np.uint32).max, dtype="u8"))
            self._tree_seed = int(random.randint(np.iinfo(np.uint32).max, dtype="u8"))
        params = self._boosting_params(X, y)
        stops = len(X) > 10_000 if self.early_stopping == "auto" else bool(self.early_stopping)
        params["early_stopping"] = stops
        if stops and held is None and self.validation_fraction is not None:
            held = self._split(y)
        n_classes = [len(self.classes_)] if is_classifier(self) else None
        y_2d = y.reshape(-1, 1)
        began = perf_counter()
        with FitCallbacks(self, X, y) as progress:
            arguments = (self._native, params, X, y_2d, n_classes, sample_weight, held, start)
            try:
                run = _core.boosting_begin(*arguments, self._options())
            except ValueError as error:
                raise self._named(error) from None
            if self.verbose:
                print(f"Binned {X.nbytes / 1e9:.3f} GB of training data: {perf_counter() - began:.3f} s")
                print("Fitting gradient boosted rounds:")
            scorer = None
            if stops and self.scoring != "loss":
                scorer = _Scorer(self, run, given, given_val, y, sample_weight, held, self._random_seed)
            if scorer is None and self.verbose < 2:
                run.run(self._options(progress))
            else:
                self._iterate(run, stops, scorer, progress)
        for cache in ("_tables", "_sklearn_predictors"):
            self.__dict__.pop(cache, None)
        self._take(run.model())
        if self.verbose:
            leaves = int(np.sum(self._parts()["left"] < 0))
            trees = len(self._parts()["starts"]) - 1
            print(f"Fit {trees} trees in {perf_counter() - began:.3f} s, ({leaves} total leaves)")
        return self

    def _iterate(self, run, stops, scorer, progress):
        """Goes on iteration by iteration: for a scorer, or to tell of each."""
        first = run.n_iter == 0
        if stops and first:
            scorer.note() if scorer else run.score(self._options())
        while run.n_iter < self.max_iter:
            began = perf_counter()
            run.iterate(self._options())
            stop = stops and (scorer.note() if scorer else run.score(self._options()))
            scores = [s for s in run.last_scores() if s is not None]
            if progress:
                progress(run.n_iter, self.max_iter, -scores[-1] if scores else np.nan)
            if self.verbose >= 2:
                trees, leaves, depth = run.last_trees()
                told = "".join(
                    f"{name} {'score' if scorer else 'loss'}: {score if scorer else -score:.5f}, "
                    for name, score in zip(("train", "val"), scores, strict=False)
                )
                print(
                    f"[{run.n_iter}/{self.max_iter}] {trees} tree{'s' if trees > 1 else ''}, {leaves} leaves, "
                    f"max depth = {depth}, {told}in {perf_counter() - began:0.3f}s"
                )
            if stop:
                break

    def _boosting_params(self, X, y):
        """The core's parameters."""
        n_features = X.shape[1]
        if self.monotonic_cst is not None and self.n_trees_per_iteration_ != 1:
            raise ValueError("monotonic constraints are not supported for multiclass classification.")
        monotonic = None if self.monotonic_cst is None else _check_monotonic_cst(self, self.monotonic_cst)
        params = {
            name: value for name, value in self.get_params(deep=False).items() if name in _native_names(self._native)
        }
        params["random_state"] = self._tree_seed
        params["monotonic_cst"] = None if monotonic is None else np.asarray(monotonic).astype(int).tolist()
        params["interaction_cst"] = self._check_interaction_cst(n_features)
        params["categorical_features"] = None if self.is_categorical_ is None else self.is_categorical_.tolist()
        params.update(self._class_params(y))
        return params

    def _class_params(self, y):
        return {}

    def _decode_y(self, y):
        return y

    def _check_interaction_cst(self, n_features):
        """The sets of features as lists, or a rule's name."""
        given = self.interaction_cst
        if given is None or isinstance(given, str):
            return given
        try:
            sets = [set(group) for group in given]
        except TypeError:
            raise ValueError(
                f"Interaction constraints must be a sequence of tuples or lists, got: {given!r}."
            ) from None
        for group in sets:
            if not all(isinstance(x, Integral) and 0 <= x < n_features for x in group):
                raise ValueError(
                    "Interaction constraints must consist of integer indices in [0, n_features - 1] = "
                    f"[0, {n_features - 1}], specifying the position of features, got invalid indices: {group!r}"
                )
        return [sorted(int(x) for x in group) for group in sets]

    def _check_X(self, X, *, reset):
        """X as the core takes it: numbers, with text categories as codes."""
        checks = {"dtype": [np.float64, np.float32], "ensure_all_finite": False}
        if reset:
            coded = self._learn_categories(X)
            if coded is not None:
                validate_data(self, X, skip_check_array=True)
                return coded
            X = validate_data(self, X, **checks)
        elif self._codes is not None:
            return self._coded_rows(X)
        else:
            X = validate_data(self, X, reset=False, **checks)
        return np.require(X, requirements="A")

    def _check_val(self, X_val, y_val, sample_weight_val):
        """The rows for early stopping that the user gave: X, y, weights."""
        if X_val is None and y_val is None:
            return None
        if y_val is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        X_val = self._check_X(X_val, reset=False)
        y_val = self._encode_y_val(_check_y(y_val, estimator=self))
        check_consistent_length(X_val, y_val)
        if sample_weight_val is not None:
            sample_weight_val = _check_sample_weight(sample_weight_val, X_val, dtype=np.float64)
        if self.early_stopping is False:
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time early_stopping is False. When passing X_val "
                "and y_val to fit,early_stopping should be set to either 'auto' or True."
            )
        return X_val, y_val.astype(np.float64), sample_weight_val

    def _split(self, y):
        """Rows to train on and rows held out: those that scikit-learn holds out for this seed."""
        parts = train_test_split(
            np.arange(len(y), dtype=np.uint32),
            test_size=self.validation_fraction,
            stratify=y if is_classifier(self) else None,
            random_state=self._random_seed,
        )
        return tuple(np.sort(part) for part in parts)

    def _rows(self, X):
        """X for a prediction: as it is where it is a plain array, else checked by scikit-learn's rules."""
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.char in "df"
            and self._codes is None
            and X.shape[1] == self.__dict__.get("n_features_in_")
            and len(X)
            and "feature_names_in_" not in self.__dict__
        ):
            return X
        return self._check_X(X, reset=False)

    def _raw_predict(self, X):
        """The sums of the leaves, of shape (n_samples, n_trees_per_iteration_)."""
        scored = self.__dict__.get("_scored")
        if scored is not None:
            known = scored.raw_of(X)
            if known is not None:
                return known
            model = scored.run.model()
        else:
            model = self.__dict__.get("_model")
            if model is None:
                check_is_fitted(self)
                model = self._model
        n_iter = scored.run.n_iter if scored is not None else self.n_iter_
        return _core.boosting_raw(model, self._rows(X), 0, n_iter, None, self._options())

    def _staged_raw_predict(self, X):
        check_is_fitted(self)
        X = self._rows(X)
        raw = None
        for i in range(self.n_iter_):
            raw = _core.boosting_raw(self._model, X, i, i + 1, raw, self._options())
            yield raw.copy()

    def _most_categories(self):
        return self.max_bins

    def __getstate__(self):
        state = super().__getstate__()
        for cache in ("_tables", "_sklearn_predictors"):
            state.pop(cache, None)
        if "report_" in state:
            # How long the fit took is not part of the model: equal fits give equal pickles.
            state["report_"] = {**state["report_"], "seconds": 0.0, "ops": []}
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class _Scorer:
    """A scorer during a fit: it is asked about some of the rows trained on and about those held out.

    While it is asked, the estimator answers for these rows with the raw predictions that the run holds anyway.
    """

    def __init__(self, estimator, run, X, X_val, y, weights, held, seed):
        self.estimator, self.run = estimator, run
        self.scorer = check_scoring(estimator, estimator.scoring)
        decode = estimator._decode_y
        train = np.arange(len(y)) if held is None or len(held) == 3 else held[0]
        self.places = np.arange(len(train))
        if len(train) > SCORED_ROWS:
            stratify = y[train] if is_classifier(estimator) else None
            picked = {"n_samples": SCORED_ROWS, "replace": False, "random_state": seed, "stratify": stratify}
            self.places = resample(self.places, **picked)
        rows = train[self.places]
        whole = len(rows) == len(y) and held is None
        self.train = (X if whole else _safe_indexing(X, rows), decode(y[rows]), _take(weights, rows))
        self.held = None
        if held is not None and len(held) == 2:
            self.held = (_safe_indexing(X, held[1]), decode(y[held[1]]), _take(weights, held[1]))
        elif held is not None:
            self.held = (X_val, decode(held[1].astype(y.dtype)), held[2])

    def raw_of(self, X):
        """The raw predictions of rows that the run knows."""
        if X is self.train[0]:
            return self.run.raw()[self.places]
        if self.held is not None and X is self.held[0]:
            return self.run.held_raw()
        return None

    def _score(self, X, y, weights):
        given = {} if weights is None else {"sample_weight": weights}
        self.estimator._scored = self
        try:
            return float(self.scorer(self.estimator, X, y, **given))
        finally:
            del self.estimator._scored

    def note(self):
        """Scores the model so far; whether to stop."""
        held = None if self.held is None else self._score(*self.held)
        return self.run.note(self._score(*self.train), held)


def _take(weights, rows):
    return None if weights is None else weights[rows]
