"""Decision trees."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import metadata_routing
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from ironlearn import _interop
from ironlearn._tree import BaseDecisionTree

__all__ = ["DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"]


class DecisionTreeClassifier(ClassifierMixin, BaseDecisionTree):
    """A tree of axis-parallel splits that predicts classes.

    Parameters, attributes and methods are those of scikit-learn's class of this name. Splits are exact; of equally
    good splits on different features one is drawn with `random_state`. One keyword is
    ours:

    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. Any set of categories may go left: the best one where y is one number or one of two classes (but for
        the absolute error), else one close to it. Missing categories, and those that a node has not seen, go where
        missing values go.
    """

    _native = "DecisionTreeClassifier"
    __metadata_request__predict_proba = {"check_input": metadata_routing.UNUSED}
    __metadata_request__fit = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: dict = {
        **BaseDecisionTree._parameter_constraints,
        "criterion": [StrOptions({"gini", "entropy", "log_loss"})],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        criterion="gini",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        class_weight=None,
        ccp_alpha=0.0,
        monotonic_cst=None,
        categorical_features=None,
    ):
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.categorical_features = categorical_features

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, check_input=True):
        """Grows the tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            NaN is a missing value where X is dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        check_input : bool, default=True
            Without it, X has to be an array of floats or a CSC or CSR matrix.

        Returns
        -------
        self : object
        """
        X, y = self._validate_fit(X, y, check_input)
        check_classification_targets(y)
        columns = np.atleast_1d(y)
        columns = columns.reshape(-1, 1) if columns.ndim == 1 else columns
        codes = np.empty(columns.shape, dtype=np.uint32)
        classes = []
        for k in range(columns.shape[1]):
            names, codes[:, k] = np.unique(columns[:, k], return_inverse=True)
            classes.append(names)
        n_classes = [len(names) for names in classes]
        weights = self._class_weights(columns, classes)
        self._fit_tree(X, codes, n_classes, sample_weight, weights)
        self.classes_ = classes[0] if len(classes) == 1 else classes
        self._after_load()
        return self

    def _after_load(self):
        """Counts the classes."""
        several = isinstance(self.classes_, list)
        counts = np.array([len(c) for c in self.classes_] if several else [len(self.classes_)], dtype=np.intp)
        self.n_classes_ = counts if several else counts[0]

    def _class_weights(self, y, classes):
        """For each output the weight of each class, where there are such; `balanced` is the core's affair."""
        weights = self.class_weight
        if weights is None or isinstance(weights, str):
            return weights
        if len(classes) > 1:
            if isinstance(weights, dict):
                raise ValueError("For multi-output, class_weight should be a list of dicts, or the string 'balanced'.")
            if len(weights) != len(classes):
                raise ValueError(
                    "For multi-output, number of elements in class_weight should match number of outputs. "
                    f"Got {len(weights)} element(s) while having {len(classes)} outputs."
                )
        elif isinstance(weights, dict):
            weights = [weights]
        each = zip(weights, classes, strict=True)
        return [compute_class_weight(w, classes=c, y=y[:, k]).tolist() for k, (w, c) in enumerate(each)]

    def predict(self, X, check_input=True):
        """The class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        check_input : bool, default=True
            Without it, X has to be an array of floats.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        model = self._fitted("_model")
        codes = model.predict(self._rows(X, check_input), self._options()).astype(np.intp)
        if self.n_outputs_ == 1:
            return self.classes_.take(codes[:, 0], axis=0)
        y = np.zeros(codes.shape, dtype=self.classes_[0].dtype)
        for k, classes in enumerate(self.classes_):
            y[:, k] = classes.take(codes[:, k])
        return y

    def predict_proba(self, X, check_input=True):
        """The share of each class in the leaf of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        check_input : bool, default=True
            Without it, X has to be an array of floats.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), or a list of one for each output
        """
        model = self._fitted("_model")
        proba = model.predict_proba(self._rows(X, check_input), self._options())
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


class DecisionTreeRegressor(RegressorMixin, BaseDecisionTree):
    """A tree of axis-parallel splits that predicts numbers.

    Parameters, attributes and methods are those of scikit-learn's class of this name. Splits are exact; of equally
    good splits on different features one is drawn with `random_state`. One keyword is
    ours:

    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. Any set of categories may go left: the best one where y is one number or one of two classes (but for
        the absolute error), else one close to it. Missing categories, and those that a node has not seen, go where
        missing values go.
    """

    _native = "DecisionTreeRegressor"
    __metadata_request__fit = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: dict = {
        **BaseDecisionTree._parameter_constraints,
        "criterion": [StrOptions({"squared_error", "absolute_error", "poisson"})],
    }

    def __init__(
        self,
        *,
        criterion="squared_error",
        splitter="best",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=None,
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        ccp_alpha=0.0,
        monotonic_cst=None,
        categorical_features=None,
    ):
        if isinstance(criterion, str) and criterion == "friedman_mse":
            criterion = "squared_error"
            warnings.warn(
                'Value `"friedman_mse"` for `criterion` is deprecated and will be removed in 1.11. It maps to '
                '`"squared_error"` as both were always equivalent. Use `criterion="squared_error"` to remove this '
                "warning.",
                FutureWarning,
                stacklevel=2,
            )
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.categorical_features = categorical_features

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, check_input=True):
        """Grows the tree.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            NaN is a missing value where X is dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        check_input : bool, default=True
            Without it, X has to be an array of floats or a CSC or CSR matrix.

        Returns
        -------
        self : object
        """
        X, y = self._validate_fit(X, y, check_input)
        if self.criterion == "poisson":
            if np.any(y < 0):
                raise ValueError("Some value(s) of y are negative which is not allowed for Poisson regression.")
            if np.sum(y) <= 0:
                raise ValueError("Sum of y is not positive which is necessary for Poisson regression.")
        return self._fit_tree(X, self._as_2d_target(np.atleast_1d(y)), None, sample_weight)

    def predict(self, X, check_input=True):
        """The number of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        check_input : bool, default=True
            Without it, X has to be an array of floats.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        model = self._fitted("_model")
        y = model.predict(self._rows(X, check_input), self._options())
        return y[:, 0] if self.n_outputs_ == 1 else y

    def _compute_partial_dependence_recursion(self, grid, target_features):
        return _interop.partial_dependence(self.tree_, grid, target_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class ExtraTreeClassifier(DecisionTreeClassifier):
    """An extremely randomised tree that predicts classes: a member of a forest, not of use alone.

    Parameters, attributes and methods are those of scikit-learn's class of this name. For each of some features drawn
    at random one threshold is drawn, and the best of them splits the node. One keyword is
    ours:

    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. A set of categories that goes left is drawn at random. Missing categories, and those that a node has not
        seen, go where missing values go.
    """

    _native = "ExtraTreeClassifier"

    def __init__(
        self,
        *,
        criterion="gini",
        splitter="random",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        random_state=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        class_weight=None,
        ccp_alpha=0.0,
        monotonic_cst=None,
        categorical_features=None,
    ):
        super().__init__(
            criterion=criterion,
            splitter=splitter,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            random_state=random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            class_weight=class_weight,
            ccp_alpha=ccp_alpha,
            monotonic_cst=monotonic_cst,
            categorical_features=categorical_features,
        )


class ExtraTreeRegressor(DecisionTreeRegressor):
    """An extremely randomised tree that predicts numbers: a member of a forest, not of use alone.

    Parameters, attributes and methods are those of scikit-learn's class of this name. For each of some features drawn
    at random one threshold is drawn, and the best of them splits the node. One keyword is
    ours:

    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. A set of categories that goes left is drawn at random. Missing categories, and those that a node has not
        seen, go where missing values go.
    """

    _native = "ExtraTreeRegressor"

    def __init__(
        self,
        *,
        criterion="squared_error",
        splitter="random",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        random_state=None,
        min_impurity_decrease=0.0,
        max_leaf_nodes=None,
        ccp_alpha=0.0,
        monotonic_cst=None,
        categorical_features=None,
    ):
        super().__init__(
            criterion=criterion,
            splitter=splitter,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            random_state=random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            ccp_alpha=ccp_alpha,
            monotonic_cst=monotonic_cst,
            categorical_features=categorical_features,
        )


_interop.register_trees(BaseDecisionTree, DecisionTreeClassifier, DecisionTreeRegressor)
_interop.register_extra_trees(ExtraTreeClassifier, ExtraTreeRegressor)
