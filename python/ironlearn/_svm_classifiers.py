"""The kernel machines for classes: one problem for each pair."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.exceptions import NotFittedError
from sklearn.utils import column_or_1d, compute_class_weight, deprecated
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ironlearn._svm_base import KernelMachine, constraints

_DEPRECATED = (
    "Attribute `{}` was deprecated in version 1.9 and will be removed in 1.11 as the `probability=True` option for SVC "
    "and NuSVC was deprecated and will be removed in 1.11."
)


class _Classifier(ClassifierMixin, KernelMachine):
    """SVC and NuSVC: a machine for each pair of classes."""

    _classifies = True

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, or with ``kernel="precomputed"`` the kernel matrix of shape (n_samples, n_samples).
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the rows' costs. Rows of weight 0 or less leave no trace.

        Returns
        -------
        self : object
        """
        if self.probability != "deprecated":
            warnings.warn(
                "The `probability` parameter was deprecated in 1.9 and will be removed in version 1.11. Use "
                "`CalibratedClassifierCV(SVC(), ensemble=False)` instead of `SVC(probability=True)`",
                FutureWarning,
                stacklevel=4,
            )
        return self._fit_machine(X, y, sample_weight)

    def _validate_targets(self, y, weights):
        names = column_or_1d(y, warn=True)
        check_classification_targets(names)
        # Rows without weight leave no trace, in the weights of the classes either.
        counted = names
        if weights is not None and len(weights) == len(names) and (weights > 0).any():
            counted = names[weights > 0]
        classes = np.unique(names)
        present = np.unique(counted)
        if len(classes) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
        self.classes_ = present if len(present) > 1 else classes
        self.class_weight_ = compute_class_weight(self.class_weight, classes=self.classes_, y=counted)
        codes = np.searchsorted(self.classes_, names).clip(0, len(self.classes_) - 1)
        return codes.reshape(-1, 1).astype(np.uint32)

    def _fit_native(self, X, y=None, *, n_classes=None, params=None, **more):
        params = dict(params, probability=self.probability not in ("deprecated", False))
        if "C" in params:
            params["class_weight"] = [[float(w) for w in self.class_weight_]]
        # The core refuses the pair that predictions refuse.
        if params["decision_function_shape"] == "ovo":
            params["break_ties"] = False
        return super()._fit_native(X, y, n_classes=[len(self.classes_)], params=params, **more)

    def _after_load(self):
        super()._after_load()
        if not hasattr(self, "class_weight_"):
            self.class_weight_ = np.ones(len(self.classes_))

    def decision_function(self, X):
        """The scores of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_pairs)
            For two classes one score; positive means ``classes_[1]``. Otherwise as ``decision_function_shape`` says.
        """
        check_is_fitted(self)
        if len(self.classes_) == 2:
            return -self._answer(X, "values").ravel()
        return self._answer(X, "scores" if self.decision_function_shape == "ovr" else "values")

    def predict(self, X):
        """The class that most pairs vote for.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        if self.break_ties and self.decision_function_shape == "ovo":
            raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")
        if self.break_ties and len(self.classes_) > 2:
            codes = np.argmax(self.decision_function(X), axis=1)
        else:
            codes = self._answer(X, "classes").ravel()
        return self.classes_.take(np.asarray(codes, dtype=np.intp))

    def _check_proba(self):
        if self.probability == "deprecated" or not self.probability:
            raise AttributeError("predict_proba is not available when probability=False")
        return True

    @available_if(_check_proba)
    def predict_proba(self, X):
        """The probability of each class, by Platt's sigmoids of the pairs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        if self._probA.size == 0 or self._probB.size == 0:
            raise NotFittedError("predict_proba is not available when fitted with probability=False")
        return self._answer(X, "probabilities")

    @available_if(_check_proba)
    def predict_log_proba(self, X):
        """The logarithms of the probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    def _get_coef(self):
        if self.dual_coef_.shape[0] == 1:
            return safe_sparse_dot(self.dual_coef_, self.support_vectors_)
        ends = np.cumsum([0, *self._n_support])
        parts, n_classes = [], len(self._n_support)
        for i in range(n_classes):
            for j in range(i + 1, n_classes):
                first, second = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
                dual = self.dual_coef_
                parts.append(
                    safe_sparse_dot(dual[[j - 1]][:, first], self.support_vectors_[first])
                    + safe_sparse_dot(dual[[i]][:, second], self.support_vectors_[second])
                )
        return sparse.vstack(parts).tocsr() if sparse.issparse(parts[0]) else np.vstack(parts)

    @deprecated(_DEPRECATED.format("probA_"))
    @property
    def probA_(self):
        """The slopes of the pairs' sigmoids, with ``probability=True``."""
        return self._probA

    @deprecated(_DEPRECATED.format("probB_"))
    @property
    def probB_(self):
        """The places of the pairs' sigmoids, with ``probability=True``."""
        return self._probB


class SVC(_Classifier):
    """Classes by the widest margins, in the space of a kernel; a machine for each pair of classes.

    Parameters
    ----------
    C : float, default=1.0
        The cost of a row inside its margin.
    kernel : {"linear", "poly", "rbf", "sigmoid", "precomputed"} or callable, default="rbf"
        A callable is called with two matrices and returns their kernel matrix; a model with one can be pickled, but
        not written to a model file.
    degree : int, default=3
        The exponent of ``poly``.
    gamma : {"scale", "auto"} or float, default="scale"
        The factor of ``rbf``, ``poly`` and ``sigmoid``: 1 / (n_features * X.var()), 1 / n_features or a number. Rows
        without weight do not count.
    coef0 : float, default=0.0
        What ``poly`` and ``sigmoid`` add.
    shrinking : bool, default=True
        Whether rows that nothing draws from their bounds are put aside for a while.
    probability : bool, default="deprecated"
        Whether ``predict_proba`` is prepared, by five more fits.
    tol : float, default=1e-3
        The violation of the optimality conditions at which to stop.
    cache_size : float, default=200
        Megabytes for rows of the kernel matrix.
    class_weight : dict or "balanced", default=None
    verbose : bool, default=False
        Whether to print what LIBSVM prints of each problem.
    max_iter : int, default=-1
        The most steps of each problem; -1 for max(10,000,000, 100 * n_samples), LIBSVM's own limit, which scikit-learn
        took out. A fit that is cut off says so by a ConvergenceWarning and ``fit_status_`` 1.
    decision_function_shape : {"ovo", "ovr"}, default="ovr"
    break_ties : bool, default=False
        Whether predictions of more than two classes follow the scores of ``ovr`` instead of the votes.
    random_state : int, RandomState instance or None, default=None
        Deals the rows to the parts for probabilities.

    Attributes
    ----------
    support_ : ndarray of shape (n_SV,)
        Where the support vectors are in X.
    support_vectors_ : {ndarray, sparse matrix} of shape (n_SV, n_features)
    n_support_ : ndarray of shape (n_classes,)
    dual_coef_ : {ndarray, sparse matrix} of shape (n_classes - 1, n_SV)
    coef_ : {ndarray, sparse matrix} of shape (n_pairs, n_features)
        With ``kernel="linear"``.
    intercept_ : ndarray of shape (n_pairs,)
    n_iter_ : ndarray of shape (n_pairs,)
    fit_status_ : int
        0 where all problems were solved, else 1.
    classes_ : ndarray of shape (n_classes,)
    class_weight_ : ndarray of shape (n_classes,)
    shape_fit_ : tuple
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "SVC"
    _parameter_constraints: ClassVar[dict] = {
        **constraints("C", "probability", "class_weight", "random_state"),
        "decision_function_shape": [StrOptions({"ovr", "ovo"})],
        "break_ties": ["boolean"],
    }

    def __init__(
        self,
        *,
        C=1.0,
        kernel="rbf",
        degree=3,
        gamma="scale",
        coef0=0.0,
        shrinking=True,
        probability="deprecated",
        tol=1e-3,
        cache_size=200,
        class_weight=None,
        verbose=False,
        max_iter=-1,
        decision_function_shape="ovr",
        break_ties=False,
        random_state=None,
    ):
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state


class NuSVC(_Classifier):
    """Classes by margins of which a share ``nu`` of the rows may fall short; a machine for each pair of classes.

    Parameters
    ----------
    nu : float, default=0.5
        An upper bound of the share of margin errors and a lower bound of the share of support vectors.
    class_weight : dict or "balanced", default=None
        Without effect on the fit, as in scikit-learn: the problem has no costs.
    kernel, degree, gamma, coef0, shrinking, probability, tol, cache_size, verbose, max_iter, \
decision_function_shape, break_ties, random_state
        As for :class:`SVC`.

    Attributes are those of :class:`SVC`.
    """

    _native = "NuSVC"
    _parameter_constraints: ClassVar[dict] = {
        **constraints("nu", "probability", "class_weight", "random_state"),
        "decision_function_shape": [StrOptions({"ovr", "ovo"})],
        "break_ties": ["boolean"],
    }

    def __init__(
        self,
        *,
        nu=0.5,
        kernel="rbf",
        degree=3,
        gamma="scale",
        coef0=0.0,
        shrinking=True,
        probability="deprecated",
        tol=1e-3,
        cache_size=200,
        class_weight=None,
        verbose=False,
        max_iter=-1,
        decision_function_shape="ovr",
        break_ties=False,
        random_state=None,
    ):
        self.nu = nu
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
