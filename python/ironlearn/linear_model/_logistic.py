"""Logistic regression."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import SparseCoefMixin
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn._callbacks import IterationCallbacks
from ironlearn.linear_model._classifier import LinearClassifierMixin

_SOLVERS = {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}


def _check_solver(solver, penalty, dual):
    """Refuses what scikit-learn refuses under this name."""
    if solver not in ("liblinear", "saga") and penalty not in ("l2", None):
        raise ValueError(f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty.")
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if penalty == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if solver == "liblinear" and penalty is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")


def _tell(done, total, measure):
    print(f"iteration {done} of at most {total}: objective {measure:.10g}")


class _LogisticMixin(LinearClassifierMixin, SparseCoefMixin):
    """What LogisticRegression and LogisticRegressionCV share."""

    _probabilities = "softmax"

    def _check_many(self, X):
        """Checks that the solver takes X and so many classes."""
        n_classes = len(self.classes_)
        if self.solver == "liblinear":
            if n_classes != 2:
                raise ValueError(
                    "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Either use "
                    "another solver or wrap the estimator in a OneVsRestClassifier to keep applying a one-versus-rest "
                    "scheme."
                )
            if np.max(X) > 1e30:
                raise ValueError(
                    "Using the 'liblinear' solver while X contains a maximum value > 1e30 results in a frozen fit. "
                    "Please choose another solver or rescale the input X."
                )
        if n_classes < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[0]!r}"
            )

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self._answer(X, self._probabilities)

    def predict_log_proba(self, X):
        """The logarithms of the probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        if self.solver == "liblinear":
            tags.classifier_tags.multi_class = False
        return tags


class LogisticRegression(_LogisticMixin, NativeEstimator, BaseEstimator):
    """Logistic regression: minimises ``C * sum(w * log_loss) + (1 - l1_ratio) / 2 * ||coef||² + l1_ratio * ||coef||₁``.

    The solver's name chooses which penalties are allowed and whether the intercept is penalised, as in scikit-learn.
    The algorithms are ours. Without an L1 part, every name runs L-BFGS on centred and scaled columns, started from the
    Hessian; large dense data are fitted on a part of the rows first. With an L1 part, Newton's method with coordinate
    descent on working sets. So unscaled data converge within the default ``max_iter``.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", None}, default="l2"
        Deprecated, as in scikit-learn 1.8: use ``l1_ratio`` and ``C=np.inf``.
    C : float, default=1.0
        Inverse of the penalty's strength; infinity for none.
    l1_ratio : float, default=0.0
        The share of the L1 penalty.
    dual : bool, default=False
        For ``liblinear`` with an L2 penalty only. Both formulations have one optimum, which is found alike.
    tol : float, default=1e-4
        Largest entry of the gradient of the average loss plus penalty at which to stop. With an L1 part, that of the
        smallest subgradient, and ``tol`` times that part's strength.
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1
        ``liblinear`` only, which penalises ``intercept_ / intercept_scaling`` like a coefficient.
    class_weight : dict or "balanced", default=None
    random_state : int, RandomState instance or None, default=None
        Without effect: no algorithm here draws numbers.
    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}, default="lbfgs"
    max_iter : int, default=100
    verbose : int, default=0
        Whether to print the objective after each step.
    warm_start : bool, default=False
        Whether to go on from the coefficients of the last fit. Not with ``liblinear``.
    n_jobs : None
        Deprecated, as in scikit-learn 1.8.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    n_iter_ : ndarray of shape (1,)
        Steps on all rows.
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "LogisticRegression"
    _parameter_constraints: dict = {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions(_SOLVERS)],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        penalty="deprecated",
        *,
        C=1.0,
        l1_ratio=0.0,
        dual=False,
        tol=1e-4,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        random_state=None,
        solver="lbfgs",
        max_iter=100,
        verbose=0,
        warm_start=False,
        n_jobs=None,
    ):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def set_callbacks(self, *callbacks):
        """Sets the callbacks; scikit-learn calls them for ``lbfgs`` only, and so do we.

        Parameters
        ----------
        *callbacks : callback instances

        Returns
        -------
        self : object
        """
        if self.solver != "lbfgs":
            warnings.warn(
                f"Callbacks are only supported in {self.__class__.__name__} for solver='lbfgs'. This estimator has "
                f"solver='{self.solver}', callbacks will be ignored during the solving of the regression.",
                stacklevel=2,
            )
        return super().set_callbacks(*callbacks)

    def _resolve_penalty(self):
        """C and l1_ratio as the core takes them, from what the deprecated ``penalty`` says with them."""
        if self.penalty == "deprecated":
            if self.l1_ratio is None:
                warnings.warn(
                    "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use "
                    "0<=l1_ratio<=1 instead.",
                    FutureWarning,
                    stacklevel=4,
                )
            penalty = {0: "l2", None: "l2", 1: "l1"}.get(self.l1_ratio, "elasticnet")
            if np.inf == self.C:
                penalty = None
        else:
            penalty = self.penalty
            warnings.warn(
                "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
                "'penalty' set to its default value and use 'l1_ratio' or 'C' instead. Use l1_ratio=0 instead of "
                "penalty='l2', l1_ratio=1 instead of penalty='l1', l1_ratio set to a float between 0 and 1 instead of "
                "penalty='elasticnet', and C=np.inf instead of penalty=None.",
                FutureWarning,
                stacklevel=4,
            )
        _check_solver(self.solver, penalty, self.dual)
        if penalty != "elasticnet" and (self.l1_ratio is not None and 0 < self.l1_ratio < 1):
            warnings.warn(
                f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})", stacklevel=4
            )
        if (self.penalty == "l2" and self.l1_ratio != 0) or (self.penalty == "l1" and self.l1_ratio != 1):
            warnings.warn(
                f"Inconsistent values: penalty={self.penalty} with l1_ratio={self.l1_ratio}. penalty is deprecated. "
                "Please use l1_ratio only.",
                stacklevel=4,
            )
        if penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
        if self.penalty is None:
            if self.C != 1.0:
                warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=4)
            return np.inf, 0.0
        return float(self.C), {"l1": 1.0, "elasticnet": self.l1_ratio}.get(penalty, 0.0)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        C, l1_ratio = self._resolve_penalty()
        if self.n_jobs is not None:
            warnings.warn(
                "'n_jobs' has no effect since 1.8 and will be removed in 1.10. "
                f"You provided 'n_jobs={self.n_jobs}', please leave it unspecified.",
                FutureWarning,
                stacklevel=3,
            )
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            accept_large_sparse=self.solver not in ("liblinear", "sag", "saga"),
            ensure_all_finite=False,
        )
        check_classification_targets(y)
        codes = self._encode(y)
        self._check_many(X)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        params = self._native_params() | {"C": C, "l1_ratio": l1_ratio, "class_weight": None}
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight)
            params["class_weight"] = [weights.tolist()]
        start = self._start(X.shape[1]) if self.warm_start and hasattr(self, "coef_") else None
        callbacks = None
        if self.solver == "lbfgs":
            most, state = max(self.max_iter, 1) + 1, self._after(X, codes, sample_weight, params, start)
            callbacks = IterationCallbacks(self, X, y, most=most, state=state)
        tell = _tell if self.verbose else None
        self._fit_classes(X, codes, sample_weight, params, start=start, tell=tell, callbacks=callbacks)
        self._after_load()
        return self

    def _after_load(self):
        self.n_iter_ = np.array(self.report_["iterations"], dtype=np.int32)

    def _after(self, X, codes, sample_weight, params, start):
        """The coefficients after so many steps, for a callback that asks: by a fit that ends there."""

        def state(steps):
            short = params | {"max_iter": steps}
            weights = None if sample_weight is None else np.ascontiguousarray(sample_weight, dtype=np.float64)
            n_classes = [len(self.classes_)]
            model = _core.fit(self._native, short, X, codes, n_classes, weights, start, self._options())
            found = model.attributes()
            return {"coef_": found["coef_"], "intercept_": found["intercept_"], "classes_": self.classes_}

        return state

    def _start(self, n_features):
        """The core's model to go on from."""
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else np.asarray(self.coef_)
        expected = (1 if len(self.classes_) == 2 else len(self.classes_), n_features)
        if coef.shape != expected:
            raise ValueError(f"Initialization coef is of shape {coef.shape}, expected shape {expected}")
        return self._model.with_coefficients(coef, self.intercept_)

    def _options(self, progress=None):
        device, threads, progress = super()._options(progress)
        return device, (None if self.n_jobs is not None else threads), progress
