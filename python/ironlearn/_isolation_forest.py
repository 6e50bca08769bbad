"""Isolation forests."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import OutlierMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, check_is_fitted, validate_data

from ironlearn import _core, _interop
from ironlearn._forest import TreeEnsemble
from ironlearn.tree import ExtraTreeRegressor


class IsolationForest(OutlierMixin, TreeEnsemble):
    """Outliers are rows that few random splits separate from the others.

    Parameters, attributes and methods are those of scikit-learn's class of this name. The forest is the same for one
    `random_state` at any number of threads; `n_jobs=None` means all threads allowed.
    """

    _native = "IsolationForest"

    _parameter_constraints: dict = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_samples": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "max_features": [Integral, Interval(Real, 0, 1, closed="right")],
        "bootstrap": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        *,
        n_estimators=100,
        max_samples="auto",
        contamination="auto",
        max_features=1.0,
        bootstrap=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
    ):
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.contamination = contamination
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    def _tree_class(self):
        depth = int(np.ceil(np.log2(max(self.max_samples_, 2))))
        return ExtraTreeRegressor, {"max_features": 1, "max_depth": depth}

    def _tree(self, k, seed):
        return super()._tree(k, seed, self._model.tree_features(k))

    @property
    def estimator_(self):
        """A tree as the forest grows them, not fitted."""
        check_is_fitted(self)
        make, params = self._tree_class()
        return make(**params)

    @property
    def estimators_features_(self):
        """For each tree the features that it may use."""
        model = self._fitted("_model")
        return [np.asarray(model.tree_features(k)) for k in range(len(model.tree_seeds()))]

    @property
    def estimators_samples_(self):
        """For each tree the rows that it was grown on, as often as they were drawn."""
        n, weights = self._rows_of_fit()
        size = self.max_samples_
        return [_core.isolation_rows(s, n, size, self.bootstrap, weights) for s in self._model.tree_seeds()]

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Grows the forest.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            NaN is a missing value where X is dense.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Rows are drawn in proportion to their weights.

        Returns
        -------
        self : object
        """
        X = validate_data(
            self, X, accept_sparse=["csc", "csr"], dtype=[np.float64, np.float32], ensure_all_finite=False
        )
        if issparse(X):
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        self._n_samples, self._sample_weight = X.shape[0], sample_weight
        params = self._native_params()
        if isinstance(self.max_samples, Integral):
            # No X has so many rows.
            params["max_samples"] = min(int(self.max_samples), 2**62)
        self._fit_native(X, sample_weight=sample_weight, start=self._start(), params=params, tell=self._tell())
        return self

    def score_samples(self, X):
        """The score of each row: the lower, the more it is an outlier; minus the score of the original paper.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        model = self._fitted("_model")
        return model.score_samples(self._rows(X), self._options())

    def decision_function(self, X):
        """`score_samples` minus `offset_`: negative for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """-1 for outliers, 1 for the others.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


_interop.register_isolation_forest(IsolationForest)
