"""What decision trees share: parameters, fitting on validated data, and all that a tree answers."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import MultiOutputMixin, clone
from sklearn.utils import Bunch, check_random_state, metadata_routing
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_is_fitted, validate_data

from ironlearn import _interop
from ironlearn._base import NativeEstimator, draw_seed
from ironlearn._category_codes import TakesCategories


def seed_of(random_state) -> int:
    """The seed of a tree: a whole number is that seed, so that a forest can tell its trees' seeds."""
    if isinstance(random_state, Integral):
        check_random_state(random_state)
        return int(random_state)
    return draw_seed(random_state)


# Categories of a feature, at most: what the core can tell apart.
MOST_CATEGORIES = 65_535


class TreeBased(TakesCategories, NativeEstimator):
    """What single trees and forests share: constraints, categories, and X as a prediction takes it."""

    def _most_categories(self):
        return MOST_CATEGORIES

    def _fit_native(self, *args, **kwargs):
        try:
            return super()._fit_native(*args, **kwargs)
        except ValueError as error:
            named = self._named(error)
            if named is error:
                raise
            raise named from None

    def _native_params(self):
        params = super()._native_params()
        for name in ("max_features", "max_samples"):
            if isinstance(params.get(name), bool | np.bool_):
                params[name] = int(params[name])
        if "categorical_features" in params:
            marked = self.is_categorical_
            params["categorical_features"] = None if marked is None else np.asarray(marked).tolist()
        return params

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
        if self._codes is not None:
            return self._coded_rows(X)
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

    def __getstate__(self):
        state = super().__getstate__()
        if "report_" in state:
            # How long the fit took is not part of the model: equal fits give equal pickles.
            state["report_"] = {**state["report_"], "seconds": 0.0, "ops": []}
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class BaseDecisionTree(MultiOutputMixin, TreeBased):
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
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    }

    def _validate_fit(self, X, y, check_input):
        """X as the core takes it, and y as given."""
        given, coded = X, self._learn_categories(X)
        X = X if coded is None else coded
        if not check_input:
            return X, np.atleast_1d(y)
        check_X = {"dtype": [np.float64, np.float32], "accept_sparse": ["csc", "csr"], "ensure_all_finite": False}
        X, y = validate_data(self, X, y, validate_separately=(check_X, {"ensure_2d": False, "dtype": None}))
        if not isinstance(X, np.ndarray) or not self.__sklearn_tags__().input_tags.allow_nan:
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        if coded is not None:
            validate_data(self, given, skip_check_array=True)
        return X, y

    def _fit_tree(self, X, y, n_classes, sample_weight, class_weight=None):
        """Fits on y of shape (n, outputs): codes where there are classes."""
        if len(y) != X.shape[0]:
            raise ValueError(f"Number of labels={len(y)} does not match number of samples={X.shape[0]}")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        params = self._native_params()
        params["monotonic_cst"] = self._constraints()
        params["random_state"] = seed_of(self.random_state)
        if n_classes is not None:
            params["class_weight"] = class_weight
        self.n_features_in_ = X.shape[1]
        self._fit_native(X, y, n_classes=n_classes, sample_weight=sample_weight, params=params)
        self.__dict__.pop("_sklearn_tree", None)
        return self

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
