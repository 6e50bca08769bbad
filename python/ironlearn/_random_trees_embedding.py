"""Rows as the leaves of random trees that they fall into."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.base import TransformerMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _num_samples,
    assert_all_finite,
    check_is_fitted,
    validate_data,
)

from ironlearn._forest import TreeEnsemble
from ironlearn._tree import BaseDecisionTree
from ironlearn.preprocessing import OneHotEncoder
from ironlearn.tree import ExtraTreeRegressor


class RandomTreesEmbedding(TransformerMixin, TreeEnsemble):
    """Totally random trees: each leaf of each tree is a new column, which is 1 for the rows that fall into it.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The trees are the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed.
    """

    _native = "RandomTreesEmbedding"

    _parameter_constraints: dict = {
        **BaseDecisionTree._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "sparse_output": ["boolean"],
    }
    for param in ("max_features", "ccp_alpha", "splitter", "monotonic_cst", "categorical_features"):
        _parameter_constraints.pop(param)

    criterion = "squared_error"
    max_features = 1

    _TREE_PARAMS = (
        "criterion",
        "max_depth",
        "min_samples_split",
        "min_samples_leaf",
        "min_weight_fraction_leaf",
        "max_features",
        "max_leaf_nodes",
        "min_impurity_decrease",
    )

    def __init__(
        self,
        n_estimators=100,
        *,
        max_depth=5,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_leaf_nodes=None,
        min_impurity_decrease=0.0,
        sparse_output=True,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.sparse_output = sparse_output
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    def _tree_class(self):
        return ExtraTreeRegressor, {name: getattr(self, name) for name in self._TREE_PARAMS}

    @property
    def estimator_(self):
        """A tree as the forest grows them, not fitted."""
        check_is_fitted(self)
        return ExtraTreeRegressor()

    @property
    def estimators_samples_(self):
        """For each tree the rows that it was grown on: all."""
        n, _ = self._rows_of_fit()
        return [np.arange(n, dtype=np.int32) for _ in self._model.tree_seeds()]

    def fit(self, X, y=None, sample_weight=None):
        """Grows the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        self.fit_transform(X, y, sample_weight=sample_weight)
        return self

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None, sample_weight=None):
        """Grows the trees, and says in which leaves the rows end.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        X_transformed : sparse matrix (an array without `sparse_output`) of shape (n_samples, n_out)
        """
        _num_samples(X)
        X = validate_data(
            self, X, accept_sparse=["csc", "csr"], dtype=[np.float64, np.float32], ensure_all_finite=False
        )
        if issparse(X):
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        self._n_samples, self._sample_weight = X.shape[0], sample_weight
        self._fit_native(X, sample_weight=sample_weight, start=self._start(), tell=self._tell())
        self._after_load()
        return self.one_hot_encoder_.transform(self._model.apply(X, self._options()))

    def _after_load(self):
        """The encoder, whose categories are the leaves of each tree."""
        leaves = self._model.leaves()
        most = max(map(len, leaves))
        self.one_hot_encoder_ = OneHotEncoder(sparse_output=self.sparse_output)
        self.one_hot_encoder_.fit(np.column_stack([np.resize(of_tree, most) for of_tree in leaves]))
        self._n_features_out = sum(map(len, leaves))

    def transform(self, X):
        """In which leaves the rows end.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        X_transformed : sparse matrix (an array without `sparse_output`) of shape (n_samples, n_out)
        """
        check_is_fitted(self)
        return self.one_hot_encoder_.transform(self.apply(X))

    def get_feature_names_out(self, input_features=None):
        """The names of the new columns: `randomtreesembedding_{tree}_{leaf}`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Only compared with the names seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self, "_n_features_out")
        _check_feature_names_in(self, input_features=input_features, generate_names=False)
        leaves = enumerate(self.one_hot_encoder_.categories_)
        names = [f"randomtreesembedding_{tree}_{leaf}" for tree, of_tree in leaves for leaf in of_tree]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
