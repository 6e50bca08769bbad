"""What both gradient boosting estimators share: parameters, the fit, and what its stages answer."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils._param_validation import Hidden, Interval, RealNotInt, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ironlearn import _core, _interop
from ironlearn._base import NativeEstimator, draw_seed
from ironlearn._callbacks import FitCallbacks
from ironlearn._stage_report import StageReport
from ironlearn.tree import DecisionTreeRegressor


class BaseGradientBoosting(NativeEstimator):
    """What both estimators share: parameters, the fit, and what its stages answer."""

    _parameter_constraints: dict = {
        "learning_rate": [Interval(Real, 0.0, None, closed="left")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "subsample": [Interval(Real, 0.0, 1.0, closed="right")],
        "criterion": [StrOptions({"squared_error"}), Hidden(StrOptions({"deprecated", "friedman_mse"}))],
        "min_samples_split": [
            Interval(Integral, 2, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
        ],
        "min_samples_leaf": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="neither"),
        ],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_impurity_decrease": [Interval(Real, 0.0, None, closed="left")],
        "random_state": ["random_state"],
        "max_features": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
            StrOptions({"sqrt", "log2"}),
            None,
        ],
        "verbose": ["verbose"],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "warm_start": ["boolean"],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "ccp_alpha": [Interval(Real, 0.0, None, closed="left")],
    }

    # ---------------------------------------------------------------------------------------------------------- fit

    def _boost(self, X, y, sample_weight, monitor):
        """Validates and fits; ``_encode`` turns y into what the core takes."""
        if self.criterion != "deprecated":
            warnings.warn(
                "The parameter `criterion` is deprecated and will be removed in 1.11. It has no effect. Leave it to "
                "its default value to avoid this warning.",
                FutureWarning,
                stacklevel=4,
            )
        if not self.warm_start:
            self._clear()
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32], multi_output=True
        )
        if not issparse(X):
            X = np.require(X, requirements="A")
        given = sample_weight is not None
        sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64) if given else None
        target, n_classes = self._encode(y, sample_weight)
        start = self.__dict__.get("_model")
        self._check_start(start, n_classes)
        params = self._native_params()
        params["init"] = "zero" if isinstance(self.init, str) else None
        rows = np.arange(X.shape[0])
        if self.n_iter_no_change is not None:
            stratify = target[:, 0].astype(np.float64) if n_classes else None
            rows, held_out = train_test_split(
                rows, random_state=self.random_state, test_size=self.validation_fraction, stratify=stratify
            )
            params["validation_rows"] = np.sort(held_out).astype("<u4").tobytes()
            if n_classes and len(np.unique(target[rows])) != n_classes[0]:
                raise ValueError(
                    "The training data after the early stopping split is missing some classes. Try using another "
                    "random seed."
                )
        params["random_state"] = draw_seed(self.random_state)
        if start is None:
            init = self._fit_init(X, target, rows, sample_weight)
            first = 0
        else:
            init = self.__dict__.get("_init")
            first = start_stages = self.n_estimators_
            if self.n_estimators < start_stages:
                raise ValueError(
                    f"n_estimators={self.n_estimators} must be larger or equal to "
                    f"estimators_.shape[0]={start_stages} when warm_start==True"
                )
        raw = None if init is None else self._init_raw(init, X)
        watch, models = self._watch(monitor, first, X, y, sample_weight)
        with FitCallbacks(self, X, y) as progress:
            options = self._options(progress)
            model = _core.boost(
                self._native, params, X, target, n_classes, sample_weight, raw, start, watch, models, options
            )
        if init is not None:
            self._init = init
        self._accept(model)
        self._grown = [*self.__dict__.get("_grown", []), (self.n_estimators_, self._tree_params())]
        return self

    def _clear(self):
        """Forgets an earlier fit."""
        for name in (
            "_model",
            "_init",
            "_grown",
            "_trees",
            "train_score_",
            "oob_improvement_",
            "oob_scores_",
            "oob_score_",
        ):
            self.__dict__.pop(name, None)

    def _check_start(self, start, n_classes):
        if start is None:
            return
        found = (start.n_features_in, self.n_trees_per_iteration_)
        wanted = (self.n_features_in_, 1 if not n_classes or n_classes[0] <= 2 else n_classes[0])
        if found != wanted:
            raise ValueError(
                f"warm_start goes on with {found[0]} features and {found[1]} tree(s) a stage, but X and y ask for "
                f"{wanted[0]} and {wanted[1]}"
            )

    def _accept(self, model):
        """Takes the attributes of a model over."""
        self.__dict__.pop("_trees", None)
        self._take(model)

    def _fit_init(self, X, target, rows, sample_weight):
        """Fits the estimator to start from, where there is one."""
        init = self.init
        if init is None or isinstance(init, str):
            return None
        y = target[rows, 0].astype(np.float64)
        X = _as_float32(X)
        X = X if len(rows) == X.shape[0] else X[rows]
        if sample_weight is None:
            init.fit(X, y)
            return init
        message = f"The initial estimator {type(init).__name__} does not support sample weights."
        try:
            init.fit(X, y, sample_weight=sample_weight[rows])
        except TypeError as error:
            if "unexpected keyword argument 'sample_weight'" in str(error):
                raise ValueError(message) from error
            raise
        except ValueError as error:
            if "pass parameters to specific steps of your pipeline using the stepname__parameter" in str(error):
                raise ValueError(message) from error
            raise
        return init

    def _watch(self, monitor, first, X, y, sample_weight):
        """Who hears of every stage, and whether it wants the model."""
        if monitor is None and not self.verbose:
            return None, False
        report = StageReport(self.verbose, self.n_estimators, first, self.subsample < 1) if self.verbose else None

        def watch(stage, train_score, oob_improvement, model):
            if report is not None:
                report.update(stage, train_score, oob_improvement)
            if monitor is None:
                return False
            self._grown_until(model)
            surroundings = {"i": stage, "self": self, "X": X, "y": y, "sample_weight": sample_weight}
            return bool(monitor(stage, self, surroundings))

        return watch, monitor is not None

    def _grown_until(self, model):
        """The estimator as it is after a stage, for a monitor."""
        self.__dict__.pop("_trees", None)
        for name, value in model.attributes().items():
            setattr(self, name, value)
        self._model = model

    def _tree_params(self):
        names = (
            "max_depth",
            "min_samples_split",
            "min_samples_leaf",
            "min_weight_fraction_leaf",
            "min_impurity_decrease",
            "max_features",
            "max_leaf_nodes",
            "ccp_alpha",
        )
        return {name: getattr(self, name) for name in names}

    def _after_load(self):
        """What a file does not hold, or holds in another form."""
        self._grown = [(self.n_estimators_, self._tree_params())]

    # ------------------------------------------------------------------------------------------------- predictions

    def _rows(self, X):
        """X for a prediction: checked natively where it is a plain array, else by scikit-learn's rules."""
        model = self._fitted("_model")
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.char in "df" and len(X)
        if plain and X.shape[1] == model.n_features_in and "feature_names_in_" not in self.__dict__:
            return X
        return self._validate_rows(X, accept_sparse="csr")

    def _raw(self, X):
        """The raw predictions of validated X, of shape (n_samples, n_trees_per_iteration_)."""
        init = self.__dict__.get("_init")
        raw = None if init is None else self._init_raw(init, X)
        return _core.boosted_raw(self._model, X, raw, 0, self.n_estimators_, self._options())

    def _staged_raw(self, X):
        """The raw predictions after each stage."""
        X = self._rows(X)
        init = self.__dict__.get("_init")
        raw = None if init is None else self._init_raw(init, X)
        # Some stages at once: eight megabytes of their predictions.
        at_once = max(1, 2**20 // (X.shape[0] * self.n_trees_per_iteration_))
        for first in range(0, self.n_estimators_, at_once):
            last = min(first + at_once, self.n_estimators_)
            stages = _core.boosted_stages(self._model, X, raw, first, last, self._options())
            raw = stages[-1].copy()
            yield from stages

    def apply(self, X):
        """The number of the leaf that each row ends in, in each tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        leaves : ndarray of shape (n_samples, n_estimators, n_classes)
            With one tree for two classes.
        """
        check_is_fitted(self)
        X = self._rows(X)
        leaves = self._model.apply(X, self._options()).astype(np.float64)
        return leaves.reshape(len(leaves), self.n_estimators_, self.n_trees_per_iteration_)

    # -------------------------------------------------------------------------------------------------- attributes

    @property
    def estimators_(self):
        """The trees, of shape (n_estimators, n_trees_per_iteration_): ours, built when first asked for."""
        trees = self.__dict__.get("_trees")
        if trees is None:
            if "_model" not in self.__dict__:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute 'estimators_'")
            trees = np.empty((self.n_estimators_, self.n_trees_per_iteration_), dtype=object)
            grown = iter(self.__dict__.get("_grown", []))
            until, params = next(grown, (self.n_estimators_, self._tree_params()))
            for stage in range(self.n_estimators_):
                while stage >= until:
                    until, params = next(grown, (self.n_estimators_, self._tree_params()))
                for k in range(self.n_trees_per_iteration_):
                    tree = DecisionTreeRegressor(**params)
                    tree.n_features_in_ = self.n_features_in_
                    tree._take(_core.boosted_tree(self._model, stage * self.n_trees_per_iteration_ + k))
                    trees[stage, k] = tree
            self._trees = trees
        return trees

    def __len__(self):
        """The number of stages."""
        return len(self.estimators_)

    def __getitem__(self, index):
        """The trees of a stage."""
        return self.estimators_[index]

    def __iter__(self):
        """The trees, stage by stage."""
        return iter(self.estimators_)

    @property
    def init_(self):
        """What raw predictions start from: a fitted estimator, or "zero"."""
        if "_init" in self.__dict__:
            return self._init
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'init_'")
        return "zero" if isinstance(self.init, str) else self._dummy(_core.boosted_parts(self._model)[0])

    @property
    def feature_importances_(self):
        """The share of the decrease of the squared error that each feature brought, of shape (n_features,)."""
        return _core.boosted_parts(self._fitted("_model"))[3]

    @property
    def _loss(self):
        """scikit-learn's loss of this kind, for its tools."""
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute '_loss'")
        delta = _core.boosted_parts(self._model)[2]
        return _interop.boosting_loss(self.loss, getattr(self, "n_classes_", None), getattr(self, "alpha", None), delta)

    def _compute_partial_dependence_recursion(self, grid, target_features):
        if self.init is not None:
            warnings.warn(
                "Using recursion method with a non-constant init predictor will lead to incorrect partial dependence "
                f"values. Got init={self.init}.",
                UserWarning,
                stacklevel=2,
            )
        trees = self.estimators_
        sums = [
            sum(_interop.partial_dependence(tree.tree_, grid, target_features) for tree in trees[:, k])
            for k in range(trees.shape[1])
        ]
        return self.learning_rate * np.array(sums)

    def _saved_model(self):
        if "_init" in self.__dict__:
            kind = type(self._init).__name__
            raise TypeError(
                f"{type(self).__name__} with init={kind} cannot be saved: a model file holds no {kind} to start from"
            )
        return self._model

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_trees", None)
        if "report_" in state:
            # How long the fit took is not part of the model: equal fits give equal pickles.
            state["report_"] = {**state["report_"], "seconds": 0.0, "ops": []}
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _as_float32(X):
    """X as scikit-learn's boosting hands it to other estimators."""
    return X.astype(np.float32).tocsr() if issparse(X) else X.astype(np.float32)
