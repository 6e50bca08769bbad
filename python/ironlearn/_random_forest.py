"""Random forests and extremely randomised trees."""

from __future__ import annotations

import warnings

from ironlearn import _interop
from ironlearn._forest import BaseForest, ForestClassifier, ForestRegressor
from ironlearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)


class RandomForestClassifier(ForestClassifier):
    """A random forest that predicts classes: trees on rows drawn with replacement, features drawn for each split.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The forest is the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed. Two keywords are ours:

    max_bins : int or None, default=None
        Nodes of at least 1,024 rows choose among the borders of so many bins of a feature, which hold about as many
        rows each (2 to 255); smaller ones among all values. None: every node is searched exactly. For dense X.
    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. Any set of categories may go left: the best one where y is one number or one of two classes (but for
        the absolute error), else one close to it. Missing categories, and those that a node has not seen, go where
        missing values go.
    """

    _native = "RandomForestClassifier"
    _tree_type = DecisionTreeClassifier

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        class_weight=None,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
        max_bins=None,
        categorical_features=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.max_bins = max_bins
        self.categorical_features = categorical_features


class ExtraTreesClassifier(RandomForestClassifier):
    """Extremely randomised trees that predict classes: one threshold is drawn for each feature that is drawn.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The forest is the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed. One keyword is ours:

    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. A set of categories that goes left is drawn at random. Missing categories, and those that a node has not
        seen, go where missing values go.
    """

    _native = "ExtraTreesClassifier"
    _tree_type = ExtraTreeClassifier
    _parameter_constraints: dict = {**RandomForestClassifier._parameter_constraints}
    _parameter_constraints.pop("max_bins")

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features="sqrt",
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=False,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        class_weight=None,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
        categorical_features=None,
    ):
        super().__init__(
            n_estimators=n_estimators,
            criterion=criterion,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            bootstrap=bootstrap,
            oob_score=oob_score,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
            class_weight=class_weight,
            ccp_alpha=ccp_alpha,
            max_samples=max_samples,
            monotonic_cst=monotonic_cst,
            categorical_features=categorical_features,
        )


class RandomForestRegressor(ForestRegressor):
    """A random forest that predicts numbers: trees on rows drawn with replacement, and the mean of their answers.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The forest is the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed. Three keywords are ours:

    max_bins : int or None, default=None
        Nodes of at least 1,024 rows choose among the borders of so many bins of a feature, which hold about as many
        rows each (2 to 255); smaller ones among all values. None: every node is searched exactly. For dense X,
        and not for `criterion="absolute_error"`.
    keep_samples : bool, default=False
        Keeps in which leaves the rows of the fit ended, which `predict_quantiles` needs.
    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. Any set of categories may go left: the best one where y is one number or one of two classes (but for
        the absolute error), else one close to it. Missing categories, and those that a node has not seen, go where
        missing values go.
    """

    _native = "RandomForestRegressor"
    _tree_type = DecisionTreeRegressor

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=True,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
        max_bins=None,
        keep_samples=False,
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
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.max_bins = max_bins
        self.keep_samples = keep_samples
        self.categorical_features = categorical_features


class ExtraTreesRegressor(RandomForestRegressor):
    """Extremely randomised trees that predict numbers: one threshold is drawn for each feature that is drawn.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The forest is the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed. Two keywords are ours:

    keep_samples : bool, default=False
        Keeps in which leaves the rows of the fit ended, which `predict_quantiles` needs.
    categorical_features : None, "from_dtype" or array-like of bool, int or str, default=None
        Features that hold categories, at most 65,535 each, given as for HistGradientBoosting*; text of a table becomes
        codes. A set of categories that goes left is drawn at random. Missing categories, and those that a node has not
        seen, go where missing values go.
    """

    _native = "ExtraTreesRegressor"
    _tree_type = ExtraTreeRegressor
    _parameter_constraints: dict = {**RandomForestRegressor._parameter_constraints}
    _parameter_constraints.pop("max_bins")

    def __init__(
        self,
        n_estimators=100,
        *,
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_features=1.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        bootstrap=False,
        oob_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        ccp_alpha=0.0,
        max_samples=None,
        monotonic_cst=None,
        keep_samples=False,
        categorical_features=None,
    ):
        super().__init__(
            n_estimators=n_estimators,
            criterion=criterion,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            bootstrap=bootstrap,
            oob_score=oob_score,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
            ccp_alpha=ccp_alpha,
            max_samples=max_samples,
            monotonic_cst=monotonic_cst,
            keep_samples=keep_samples,
            categorical_features=categorical_features,
        )


_interop.register_forests(
    BaseForest,
    RandomForestClassifier=RandomForestClassifier,
    RandomForestRegressor=RandomForestRegressor,
    ExtraTreesClassifier=ExtraTreesClassifier,
    ExtraTreesRegressor=ExtraTreesRegressor,
)
