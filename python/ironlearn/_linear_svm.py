"""Linear support vector machines."""

from __future__ import annotations

from math import isnan
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.linear_model._base import SparseCoefMixin
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_array,
    check_consistent_length,
    validate_data,
)

from ironlearn import _core
from ironlearn._base import NativeEstimator, number_of_threads
from ironlearn._config import get_config
from ironlearn.linear_model._classifier import LinearClassifierMixin
from ironlearn.linear_model._regressor import LinearRegressorMixin


def _tell(done, total, measure):
    if isnan(measure):
        # Classes are solved side by side: a step is a class that is done, and there is no one objective.
        print(f"class {done} of {total} is done")
    else:
        print(f"iteration {done} of at most {total}: {measure:.10g}")


def _rows(estimator, X, y, **check):
    """Rows and targets, validated as scikit-learn does, but for the finiteness of X; float32 stays float32."""
    return validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        accept_large_sparse=False,
        ensure_all_finite=False,
        **check,
    )


class LinearSVC(LinearClassifierMixin, SparseCoefMixin, NativeEstimator):
    """Linear support vector classification.

    Minimises ``||w||² / 2 + (b / intercept_scaling)² / 2 + C * sum(weight * loss(y * (x @ w + b)))``, or with the L1
    penalty the sums of absolute values instead of half the squares; of several classes for each against the rest, side
    by side.

    The parameters name liblinear's solvers; ours have the same optimum and draw near it at least as far for the same
    ``tol``, whatever ``dual`` says. For more rows than columns: Newton's method for the squared hinge (up to 1,500
    columns), an interior point for the hinge (up to 1,000). For others, and for ``crammer_singer``: coordinate descent
    on the dual. L1: Newton's method over working sets. float32 and sparse X are used as they are.

    Parameters
    ----------
    penalty : {"l1", "l2"}, default="l2"
    loss : {"hinge", "squared_hinge"}, default="squared_hinge"
    dual : "auto" or bool, default="auto"
        Which formulation is asked for; combinations that liblinear has no solver for are refused, as in scikit-learn.
    tol : float, default=1e-4
        liblinear's tolerance.
    C : float, default=1.0
    multi_class : {"ovr", "crammer_singer"}, default="ovr"
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1
        The intercept is penalised as the coefficient of a column of this number.
    class_weight : dict or "balanced", default=None
        Of several classes a class's weight counts for its own rows where it is told from the rest.
    verbose : int, default=0
        Whether to print a line for each iteration, or for each class where classes are solved side by side.
    random_state : int, RandomState instance or None, default=None
        The order in which coordinate descent on a dual visits rows. The other methods draw no numbers.
    max_iter : int, default=1000

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        float64.
    intercept_ : ndarray of shape (1,) or (n_classes,)
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    n_iter_ : int
        The most iterations of a class; what an iteration is depends on the method.
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "LinearSVC"
    _parameter_constraints: dict = {
        "penalty": [StrOptions({"l1", "l2"})],
        "loss": [StrOptions({"hinge", "squared_hinge"})],
        "dual": ["boolean", StrOptions({"auto"})],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "C": [Interval(Real, 0.0, None, closed="neither")],
        "multi_class": [StrOptions({"ovr", "crammer_singer"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [None, dict, StrOptions({"balanced"})],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        penalty="l2",
        loss="squared_hinge",
        *,
        dual="auto",
        tol=1e-4,
        C=1.0,
        multi_class="ovr",
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        verbose=0,
        random_state=None,
        max_iter=1000,
    ):
        self.dual = dual
        self.tol = tol
        self.C = C
        self.multi_class = multi_class
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.penalty = penalty
        self.loss = loss

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of a weight that is not positive are left out.

        Returns
        -------
        self : object
        """
        X, y = _rows(self, X, y)
        check_classification_targets(y)
        codes = self._encode(y)
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[0]!r}"
            )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        params = self._native_params() | {"class_weight": None, "C": float(self.C)}
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight)
            params["class_weight"] = [weights.tolist()]
        self._fit_classes(X, codes, sample_weight, params, tell=_tell if self.verbose else None)
        self._after_load()
        return self

    def _after_load(self):
        self.n_iter_ = max(self.report_["iterations"])
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearSVR(LinearRegressorMixin, NativeEstimator):
    """Linear support vector regression.

    Minimises ``||w||² / 2 + (b / intercept_scaling)² / 2 + C * sum(weight * loss(y - x @ w - b))``.

    The parameters name liblinear's solvers; ours have the same optimum and draw near it at least as far for the same
    ``tol``, whatever ``dual`` says. For more rows than columns: Newton's method for the squared loss (up to 1,500
    columns), an interior point for the other (up to 1,000). For others: coordinate descent on the dual. float32 and
    sparse X are used as they are.

    Parameters
    ----------
    epsilon : float, default=0.0
        Half the width of the tube in which nothing is paid, in units of y.
    tol : float, default=1e-4
        liblinear's tolerance.
    C : float, default=1.0
    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}, default="epsilon_insensitive"
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1.0
        The intercept is penalised as the coefficient of a column of this number.
    dual : "auto" or bool, default="auto"
        Which formulation is asked for; combinations that liblinear has no solver for are refused, as in scikit-learn.
    verbose : int, default=0
        Whether to print a line for each iteration.
    random_state : int, RandomState instance or None, default=None
        The order in which coordinate descent on the dual visits rows. The other methods draw no numbers.
    max_iter : int, default=1000

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        float64.
    intercept_ : ndarray of shape (1,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    n_iter_ : int
        Iterations; what one is depends on the method.
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "LinearSVR"
    _parameter_constraints: dict = {
        "epsilon": [Real],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "C": [Interval(Real, 0.0, None, closed="neither")],
        "loss": [StrOptions({"epsilon_insensitive", "squared_epsilon_insensitive"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "dual": ["boolean", StrOptions({"auto"})],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        epsilon=0.0,
        tol=1e-4,
        C=1.0,
        loss="epsilon_insensitive",
        fit_intercept=True,
        intercept_scaling=1.0,
        dual="auto",
        verbose=0,
        random_state=None,
        max_iter=1000,
    ):
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.dual = dual
        self.loss = loss

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of a weight that is not positive are left out.

        Returns
        -------
        self : object
        """
        X, y = _rows(self, X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        tell = _tell if self.verbose else None
        try:
            y = np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1)
            self._fit_native(X, y, sample_weight=sample_weight, tell=tell)
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        self._after_load()
        return self

    def _after_load(self):
        self.n_iter_ = max(self.report_["iterations"])
        self.coef_ = self.coef_.ravel()
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = False
        return tags


@validate_params(
    {
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "loss": [StrOptions({"squared_hinge", "log"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def l1_min_c(X, y, *, loss="squared_hinge", fit_intercept=True, intercept_scaling=1.0):
    """The least C for which a model with an L1 penalty has a coefficient that is not 0.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    loss : {"squared_hinge", "log"}, default="squared_hinge"
        That of LinearSVC, or that of LogisticRegression.
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1.0

    Returns
    -------
    l1_min_c : float
    """
    X = check_array(X, accept_sparse=("csc", "csr"), dtype=[np.float64, np.float32])
    check_consistent_length(X, y)
    classes, codes = np.unique(np.asarray(y).ravel(), return_inverse=True)
    codes = codes.reshape(-1, 1).astype(np.uint32)
    scaling = float(intercept_scaling) if fit_intercept else None
    options = (get_config()["device"], number_of_threads(), None)
    return _core.l1_min_c(X, codes, len(classes), loss == "squared_hinge", scaling, options)
