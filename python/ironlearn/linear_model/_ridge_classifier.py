"""Ridge regression to -1 and 1 as a classifier, of one label a row or of several."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from ironlearn.linear_model._classifier import LinearClassifierMixin
from ironlearn.linear_model._ridge import BaseRidge, _stream


class RidgeLabelsMixin(LinearClassifierMixin):
    """Labels as the core takes them, and what is predicted of them: one class a row, or several labels."""

    def _validate_labels(self, X, y, sample_weight, accept_sparse):
        """X, the codes (n, outputs), how many classes each output has, the weights, and y."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=accept_sparse,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=False,
        )
        kind = type_of_target(y, input_name="y")
        if "multioutput" in kind:
            raise ValueError("Multioutput target data is not supported with label binarization")
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            check_classification_targets(y)
        self._multilabel = kind.startswith("multilabel")
        if self._multilabel:
            y = y.toarray() if sparse.issparse(y) else np.asarray(y)
            codes = np.ascontiguousarray(y != 0, dtype=np.uint32)
            self.classes_ = np.arange(codes.shape[1])
            n_classes = [2] * codes.shape[1]
        else:
            y = column_or_1d(y, warn=True)
            codes = self._encode(y)
            n_classes = [len(self.classes_)]
        sample_weight = np.ascontiguousarray(_check_sample_weight(sample_weight, X, dtype=X.dtype), dtype=np.float64)
        if self.class_weight:
            sample_weight = sample_weight * compute_sample_weight(self.class_weight, y)
        return X, codes, n_classes, sample_weight, y

    def _flatten(self):
        """One row of coefficients has one dimension."""
        if len(self.coef_) == 1:
            self.coef_ = self.coef_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def predict(self, X):
        """The class of the largest score; with several labels those with a positive score.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        check_is_fitted(self)
        if self._multilabel:
            return (self.decision_function(X).reshape(-1, len(self.classes_)) > 0).astype(np.int64)
        return super().predict(X)

    def _saved_classes(self):
        """The classes of each output, as a file holds them."""
        return [np.array([0, 1])] * len(self.classes_) if self._multilabel else [self.classes_]

    def _after_load(self):
        self._multilabel = isinstance(self.classes_, list)
        if self._multilabel:
            self.classes_ = np.arange(len(self.classes_))
        self._flatten()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class RidgeClassifier(RidgeLabelsMixin, BaseRidge):
    """Classes by ridge regression on -1 and 1: one target for two classes, else one a class.

    Parameters
    ----------
    alpha : float, default=1.0
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Without effect: X is never written to.
    max_iter : int or None, default=None
    tol : float, default=1e-4
    class_weight : dict or "balanced", default=None
    solver : str, default="auto"
        As in :class:`Ridge`.
    positive : bool, default=False
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : None or ndarray of shape (n_targets,)
    classes_ : ndarray of shape (n_classes,)
    solver_ : str
        The solver that ran.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "RidgeClassifier"
    _parameter_constraints: dict = {
        **BaseRidge._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-4,
        class_weight=None,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        super().__init__(
            alpha,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            solver=solver,
            positive=positive,
            random_state=random_state,
        )
        self.class_weight = class_weight

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or of 0 and 1 of shape (n_samples, n_labels)
        sample_weight : float or array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        accept = "csr" if self.solver in ("auto", "sag", "saga") else ["csr", "csc"]
        X, codes, n_classes, sample_weight, _ = self._validate_labels(X, y, sample_weight, accept)
        solver = self._resolve(sparse.issparse(X))
        params = self._native_params()
        params |= {
            "solver": solver,
            "random_state": _stream(self.random_state, solver),
            # The weights of the rows have it already.
            "class_weight": None,
        }
        self._fit_classes(X, codes, sample_weight, params, n_classes=n_classes)
        self._flatten()
        self._note_solver()
        return self

    def _after_load(self):
        super()._after_load()
        self._note_solver()
