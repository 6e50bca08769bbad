"""Decision trees."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context, clone
from sklearn.callback import with_callbacks
from sklearn.utils import Bunch, metadata_routing
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_is_fitted, validate_data

from ironlearn import _interop
from ironlearn._base import NativeEstimator

__all__ = ["DecisionTreeClassifier", "DecisionTreeRegressor"]


class BaseDecisionTree(MultiOutputMixin, NativeEstimator):
    """What both trees share: parameters, fitting on validated data, and all that a tree answers."""

    __metadata_request__predict = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: dict = {
        "splitter": [StrOptions({"best", "random"})],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_split": [
            Interval(Integral, 2, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
        ],
        "min_samples_leaf": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="neither"),
        ],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_features": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0.0, 1.0, closed="right"),
            StrOptions({"sqrt", "log2"}),
            None,
        ],
        "random_state": ["random_state"],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
        "min_impurity_decrease": [Interval(Real, 0.0, None, closed="left")],
        "ccp_alpha": [Interval(Real, 0.0, None, closed="left")],
        "monotonic_cst": ["array-like", None],
    }

    def _validate_fit(self, X, y, check_input):
        """X as the core takes it, and y as given."""
        if not check_input:
            return X, np.atleast_1d(y)
        check_X = {"dtype": [np.float64, np.float32], "accept_sparse": ["csc", "csr"], "ensure_all_finite": False}
        X, y = validate_data(self, X, y, validate_separately=(check_X, {"ensure_2d": False, "dtype": None}))
        if not isinstance(X, np.ndarray) or not self.__sklearn_tags__().input_tags.allow_nan:
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        return X, y

    def _fit_tree(self, X, y, n_classes, sample_weight, class_weight=None):
        """Fits on y of shape (n, outputs): codes where there are classes."""
        if len(y) != X.shape[0]:
            raise ValueError(f"Number of labels={len(y)} does not match number of samples={X.shape[0]}")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        params = self._native_params()
        params["monotonic_cst"] = self._constraints()
        if n_classes is not None:
            params["class_weight"] = class_weight
        self.n_features_in_ = X.shape[1]
        self._fit_native(X, y, n_classes=n_classes, sample_weight=sample_weight, params=params)
        self.__dict__.pop("_sklearn_tree", None)
        return self

    def _constraints(self):
        if self.monotonic_cst is None:
            return None
        signs = np.asarray(self.monotonic_cst)
        if not np.isin(signs, (-1, 0, 1)).all():
            raise ValueError(f"monotonic_cst must be None or an array-like of -1, 0 or 1, but got {np.unique(signs)}")
        return signs.astype(int).tolist()

    def _rows(self, X, check_input=True):
        """X for a prediction: checked natively where it is a plain array, else by scikit-learn's rules."""
        model = self._fitted("_model")
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.char in "df"
        if plain and X.shape[1] == model.n_features_in and len(X) and "feature_names_in_" not in self.__dict__:
            if self.__sklearn_tags__().input_tags.allow_nan or not np.isnan(X).any():
                return X
        if not check_input and plain:
            return X
        finite = "allow-nan" if isinstance(X, np.ndarray) or not hasattr(X, "format") else True
        if not self.__sklearn_tags__().input_tags.allow_nan:
            finite = True
        return self._validate_rows(X, accept_sparse=["csr", "csc"], ensure_all_finite=finite)

    @property
    def tree_(self):
        """The tree as scikit-learn's own `Tree`, built when first asked for. Predictions do not run on it."""
        tree = self.__dict__.get("_sklearn_tree")
        if tree is None:
            if "_model" not in self.__dict__:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute 'tree_'")
            tree = self._sklearn_tree = _interop.sklearn_tree(self._model.tree(0))
        return tree

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_sklearn_tree", None)
        if "report_" in state:
            # How long the fit took is not part of the model: equal fits give equal pickles.
            state["report_"] = {**state["report_"], "seconds": 0.0, "ops": []}
        return state

    @property
    def feature_importances_(self):
        """The share of the decrease of the criterion that each feature brought, of shape (n_features,)."""
        return self._fitted("_model").feature_importances(0)

    def get_depth(self):
        """The number of levels below the root."""
        return self._fitted("_model").tree_size(0)[1]

    def get_n_leaves(self):
        """The number of leaves."""
        return self._fitted("_model").tree_size(0)[2]

    def apply(self, X, check_input=True):
        """The number of the leaf that each row ends in.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        check_input : bool, default=True
            Without it, X has to be an array of floats.

        Returns
        -------
        leaves : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self._model.apply(self._rows(X, check_input), self._options())[:, 0]

    def decision_path(self, X, check_input=True):
        """The nodes that each row passes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        check_input : bool, default=True
            Without it, X has to be an array of floats.

        Returns
        -------
        indicator : sparse CSR array of shape (n_samples, n_nodes)
            1 where a row passes a node.
        """
        from scipy.sparse import csr_array

        check_is_fitted(self)
        X = self._rows(X, check_input)
        offsets, nodes = self._model.decision_path(X, self._options())
        ones = np.ones(len(nodes), dtype=np.intp)
        shape = (X.shape[0], self._model.tree_size(0)[0])
        return _interop.sparse(csr_array((ones, nodes, offsets), shape=shape))

    def cost_complexity_pruning_path(self, X, y, sample_weight=None):
        """The alphas at which minimal cost-complexity pruning cuts a branch.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        path : Bunch
            `ccp_alphas`, and `impurities`: the impurity of the leaves from each alpha on.
        """
        tree = clone(self).set_params(ccp_alpha=0.0).fit(X, y, sample_weight=sample_weight)
        alphas, impurities = tree._model.pruning_path(0)
        return Bunch(ccp_alphas=alphas, impurities=impurities)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class DecisionTreeClassifier(ClassifierMixin, BaseDecisionTree):
    """A tree of axis-parallel splits that predicts classes.

    Parameters, attributes and methods are those of scikit-learn's class of this name. Splits are exact; of equally
    good splits on different features one is drawn with `random_state`.
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
        one = len(classes) == 1
        self.classes_ = classes[0] if one else classes
        self.n_classes_ = np.intp(n_classes[0]) if one else np.array(n_classes, dtype=np.intp)
        return self

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
    good splits on different features one is drawn with `random_state`.
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


_interop.register_trees(BaseDecisionTree, DecisionTreeClassifier, DecisionTreeRegressor)
