"""What forests share: fitting on validated data, their trees as estimators, and all that a forest answers."""

from __future__ import annotations

import sys
from numbers import Integral
from warnings import warn

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context, is_classifier
from sklearn.callback import with_callbacks
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_is_fitted, validate_data

from ironlearn import _core, _interop
from ironlearn._tree import BaseDecisionTree, TreeBased


class TreeEnsemble(TreeBased):
    """What all ensembles of independent trees share: their trees as estimators of their own, and where rows end."""

    def _tree_class(self):
        """The class of the trees, and the parameters that they have of the ensemble."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its trees are")

    @property
    def estimators_(self):
        """The trees as estimators, a list built when first asked for. Predictions do not run on them."""
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'estimators_'")
        trees = self.__dict__.setdefault("_estimators", [])
        trees.extend(self._tree(k, seed) for k, seed in enumerate(self._model.tree_seeds()[len(trees) :], len(trees)))
        return trees

    def _tree(self, k, seed, features=None):
        make, params = self._tree_class()
        tree = make(**params, random_state=seed)
        tree._model = self._model.tree_model(k, tree._native, features)
        tree.report_ = tree._model.report()
        for name, value in tree._model.attributes().items():
            setattr(tree, name, value)
        tree.n_features_in_ = tree._model.n_features_in
        if self._codes is not None:
            # Such a tree takes tables as the forest does.
            tree._codes = self._codes
            if "feature_names_in_" in self.__dict__:
                tree.feature_names_in_ = self.feature_names_in_
        if is_classifier(tree):
            several = self.n_outputs_ > 1
            counts = list(self.n_classes_) if several else [self.n_classes_]
            classes = [np.arange(count, dtype=np.float64) for count in counts]
            tree.classes_ = classes if several else classes[0]
            tree._after_load()
        return tree

    def __len__(self):
        """The number of trees."""
        return len(self.estimators_)

    def __getitem__(self, k):
        """Tree k."""
        return self.estimators_[k]

    def __iter__(self):
        """The trees."""
        return iter(self.estimators_)

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_estimators", None)
        return state

    def _rows_of_fit(self):
        """The number of rows of the fit and their weights: what the drawn rows can be told from."""
        check_is_fitted(self)
        if "_n_samples" not in self.__dict__:
            raise AttributeError("a forest that was read from a file does not know the rows that it was grown on")
        return self._n_samples, self._sample_weight

    def _start(self):
        """The model to go on from, where there is one; else the trees of the last fit are forgotten."""
        if not self.warm_start:
            self.__dict__.pop("_estimators", None)
            return None
        return self.__dict__.get("_model")

    def _nothing_to_grow(self):
        """Whether a warm start has all its trees already, of which the user hears."""
        if not self.warm_start or "_model" not in self.__dict__:
            return False
        if self.n_estimators != len(self._model.tree_seeds()):
            return False
        warn("Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=5)
        return True

    def _tell(self):
        """What is printed while trees are grown."""
        if not self.verbose:
            return None
        every = self.verbose > 1

        def tell(done, total, measure):
            if every:
                print(f"building tree {done} of {total}")
            elif done == total or done * 10 // total != (done - 1) * 10 // total:
                print(f"Done {done} out of {total} trees", file=sys.stderr)

        return tell

    def apply(self, X):
        """The leaf that each row ends in, in each tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        leaves : ndarray of shape (n_samples, n_estimators)
        """
        check_is_fitted(self)
        return self._model.apply(self._rows(X), self._options())

    def decision_path(self, X):
        """The nodes that each row passes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        indicator : sparse CSR array of shape (n_samples, n_nodes)
            1 where a row passes a node; the nodes of the trees stand one after the other.
        n_nodes_ptr : ndarray of shape (n_estimators + 1,)
            Where the nodes of each tree begin.
        """
        from scipy.sparse import csr_array

        check_is_fitted(self)
        X = self._rows(X)
        offsets, nodes = self._model.decision_path(X, self._options())
        sizes = [self._model.tree_size(k)[0] for k in range(len(self._model.tree_seeds()))]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        ones = np.ones(len(nodes), dtype=np.intp)
        return _interop.sparse(csr_array((ones, nodes, offsets), shape=(X.shape[0], starts[-1]))), starts

    @property
    def feature_importances_(self):
        """The mean over the trees of the share of the decrease of the criterion that each feature brought."""
        model = self._fitted("_model")
        trees = range(len(model.tree_seeds()))
        shares = [model.feature_importances(k) for k in trees if model.tree_size(k)[0] > 1]
        if not shares:
            return np.zeros(self.n_features_in_)
        mean = np.mean(shares, axis=0)
        return mean / mean.sum()


class BaseForest(MultiOutputMixin, TreeEnsemble):
    """What forests share: parameters, fitting on validated data, rows out of the bag."""

    _parameter_constraints: dict = {
        **BaseDecisionTree._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "bootstrap": ["boolean"],
        "oob_score": ["boolean", callable],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "max_samples": [
            None,
            Interval(RealNotInt, 0.0, None, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_bins": [Interval(Integral, 2, 255, closed="both"), None],
    }
    _parameter_constraints.pop("splitter")

    _TREE_PARAMS = (
        "criterion",
        "max_depth",
        "min_samples_split",
        "min_samples_leaf",
        "min_weight_fraction_leaf",
        "max_features",
        "max_leaf_nodes",
        "min_impurity_decrease",
        "ccp_alpha",
        "monotonic_cst",
        "categorical_features",
    )

    _tree_type: type

    def _tree_class(self):
        return self._tree_type, {name: getattr(self, name) for name in self._TREE_PARAMS}

    @property
    def estimator(self):
        """A tree as the forest grows them, with its defaults."""
        return self._tree_type()

    @property
    def estimator_(self):
        """A tree as the forest grows them, with its defaults."""
        check_is_fitted(self)
        return self._tree_type()

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Grows the forest.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            NaN is a missing value where X is dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            With `bootstrap`, rows are drawn in proportion to their weights.

        Returns
        -------
        self : object
        """
        if issparse(y):
            raise ValueError("sparse multilabel-indicator for y is not supported.")
        X, y = self._validate_fit(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        y = np.atleast_1d(y)
        if y.ndim == 2 and y.shape[1] == 1:
            warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=4,
            )
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        self._check_contradictions()
        if (not self.oob_score or hasattr(self, "oob_score_")) and self._nothing_to_grow():
            return self
        target, n_classes, sample_weight, class_weight = self._target(y, sample_weight)
        self._n_samples, self.n_outputs_ = y.shape
        if self.oob_score:
            kind = type_of_target(target)
            if kind == "unknown" or (is_classifier(self) and kind == "multiclass-multioutput"):
                raise ValueError(
                    f"The type of target cannot be used to compute OOB estimates. Got {kind} while only the following "
                    "are supported: continuous, continuous-multioutput, binary, multiclass, multilabel-indicator."
                )
        params = self._native_params()
        params["monotonic_cst"] = self._constraints()
        params["oob_score"] = bool(self.oob_score)
        if n_classes is not None:
            params["class_weight"] = class_weight
        self._sample_weight = sample_weight
        self._fit_native(
            X,
            target,
            n_classes=n_classes,
            sample_weight=sample_weight,
            start=self._start(),
            params=params,
            tell=self._tell(),
        )
        self._score_out_of_bag(target)
        return self

    def _validate_fit(self, X, y):
        given, coded = X, self._learn_categories(X)
        X, y = validate_data(
            self,
            X if coded is None else coded,
            y,
            multi_output=True,
            accept_sparse=["csc", "csr"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
        )
        if issparse(X):
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        if coded is not None:
            validate_data(self, given, skip_check_array=True)
        return X, y

    def _check_contradictions(self):
        if not self.bootstrap and self.max_samples is not None:
            raise ValueError(
                "`max_sample` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` or set "
                "`max_sample=None`."
            )
        if not self.bootstrap and self.oob_score:
            raise ValueError("Out of bag estimation only available if bootstrap=True")

    @property
    def estimators_samples_(self):
        """For each tree the rows that it was grown on, as often as they were drawn."""
        n, weights = self._rows_of_fit()
        seeds, size = self._model.tree_seeds(), self._model.rows_drawn()
        if not self.bootstrap:
            return [np.arange(n, dtype=np.int32) for _ in seeds]
        return [_core.forest_rows(seed, n, size, weights) for seed in seeds]


class ForestClassifier(ClassifierMixin, BaseForest):
    """A forest that predicts classes."""

    _parameter_constraints: dict = {
        **BaseForest._parameter_constraints,
        "criterion": [StrOptions({"gini", "entropy", "log_loss"})],
        "class_weight": [StrOptions({"balanced_subsample", "balanced"}), dict, list, None],
    }

    def _target(self, y, sample_weight):
        """Codes, the number of classes, and weights, which dicts of class weights have gone into."""
        check_classification_targets(y)
        codes = np.empty(y.shape, dtype=np.uint32)
        classes = []
        for k in range(y.shape[1]):
            names, codes[:, k] = np.unique(y[:, k], return_inverse=True)
            classes.append(names)
        class_weight = self.class_weight
        if isinstance(class_weight, dict | list):
            by_class = compute_sample_weight(class_weight, y)
            sample_weight = by_class if sample_weight is None else sample_weight * by_class
            class_weight = None
        elif class_weight is not None and self.warm_start:
            warn(
                'class_weight presets "balanced" or "balanced_subsample" are not recommended for warm_start if the '
                "fitted data differs from the full dataset. In order to use "
                '"balanced" weights, use compute_class_weight ("balanced", classes, y). In place of y you can use a '
                "large enough sample of the full training set target to properly estimate the class frequency "
                "distributions. Pass the resulting weights as the class_weight parameter.",
                stacklevel=5,
            )
        self.classes_ = classes[0] if len(classes) == 1 else classes
        self._after_load()
        return codes, [len(names) for names in classes], sample_weight, class_weight

    def _after_load(self):
        """Counts the classes."""
        several = isinstance(self.classes_, list)
        self.n_classes_ = [len(c) for c in self.classes_] if several else len(self.classes_)

    def _score_out_of_bag(self, codes):
        if self.oob_score:
            score = self.oob_score if callable(self.oob_score) else accuracy_score
            self.oob_score_ = score(codes.astype(np.float64), np.argmax(self.oob_decision_function_, axis=1))

    def predict(self, X):
        """The class of each row: the one with the largest mean share in the leaves.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        model = self._fitted("_model")
        codes = model.predict(self._rows(X), self._options()).astype(np.intp)
        if self.n_outputs_ == 1:
            return self.classes_.take(codes[:, 0], axis=0)
        y = np.empty(codes.shape, dtype=self.classes_[0].dtype)
        for k, classes in enumerate(self.classes_):
            y[:, k] = classes.take(codes[:, k])
        return y

    def predict_proba(self, X):
        """The mean over the trees of the share of each class in the leaf of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), or a list of one for each output
        """
        model = self._fitted("_model")
        proba = model.predict_proba(self._rows(X), self._options())
        return proba[0] if self.n_outputs_ == 1 else proba

    def predict_log_proba(self, X):
        """The logarithm of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes), or a list of one for each output
        """
        proba = self.predict_proba(X)
        return np.log(proba) if self.n_outputs_ == 1 else [np.log(p) for p in proba]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_label = True
        return tags


class ForestRegressor(RegressorMixin, BaseForest):
    """A forest that predicts numbers."""

    _parameter_constraints: dict = {
        **BaseForest._parameter_constraints,
        "criterion": [StrOptions({"squared_error", "absolute_error", "poisson"})],
        "keep_samples": ["boolean"],
    }

    def _target(self, y, sample_weight):
        if self.criterion == "poisson":
            if np.any(y < 0):
                raise ValueError("Some value(s) of y are negative which is not allowed for Poisson regression.")
            if np.sum(y) <= 0:
                raise ValueError("Sum of y is not strictly positive which is necessary for Poisson regression.")
        return self._as_2d_target(y), None, sample_weight, None

    def _score_out_of_bag(self, y):
        if self.oob_score:
            score = self.oob_score if callable(self.oob_score) else r2_score
            self.oob_score_ = score(y, self.oob_prediction_)

    def predict(self, X):
        """The mean of what the trees predict for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        model = self._fitted("_model")
        y = model.predict(self._rows(X), self._options())
        return y[:, 0] if self.n_outputs_ == 1 else y

    def predict_quantiles(self, X, q=0.5):
        """Quantiles of the conditional distribution of each row's target (Meinshausen 2006).

        The rows of the fit that share the row's leaves, each weighted by how often and among how few, are that
        distribution. The forest has to be fitted with `keep_samples=True`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        q : float or array-like of shape (n_quantiles,), default=0.5
            In [0, 1].

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_quantiles) for several
        """
        model = self._fitted("_model")
        wanted = np.asarray(q, dtype=np.float64)
        y = model.predict_quantiles(self._rows(X), np.atleast_1d(wanted).tolist(), self._options())
        return y[:, 0] if wanted.ndim == 0 else y

    def _compute_partial_dependence_recursion(self, grid, target_features):
        trees = [tree.tree_ for tree in self.estimators_]
        return _interop.mean_partial_dependence(trees, grid, target_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
