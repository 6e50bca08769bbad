"""Least squares with an L2 penalty: the estimator, and the function without one."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import _check_sample_weight, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin

_RIDGE_SOLVERS = StrOptions({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"})
# The solvers whose iterations scikit-learn counts in n_iter_.
_COUNTED = ("sag", "saga", "lsqr")


def _penalty(alpha):
    """alpha as the core takes it: a number, or a list with one for each target."""
    alpha = np.ravel(np.asarray(alpha, dtype=np.float64))
    return float(alpha[0]) if alpha.size == 1 else alpha.tolist()


def _stream(random_state, solver) -> int:
    """The core's random stream; drawn only where it is used."""
    if solver not in ("sag", "saga"):
        return 0
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _iterations(report):
    return np.array(report["iterations"], dtype=np.int32) if report["solver"] in _COUNTED else None


class BaseRidge(NativeEstimator):
    """The parameters of Ridge and of its classifier, and the solver that they ask the core for."""

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [_RIDGE_SOLVERS],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=None,
        tol=1e-4,
        solver="auto",
        positive=False,
        random_state=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def _resolve(self, is_sparse):
        """The solver to ask the core for, or scikit-learn's error for a combination that does not work."""
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
        if self.positive:
            if self.solver not in ("auto", "lbfgs"):
                raise ValueError(
                    f"solver='{self.solver}' does not support positive fitting. Please set the solver to 'auto' or "
                    "'lbfgs', or set `positive=False`"
                )
            return self.solver
        if not is_sparse:
            return self.solver
        if not self.fit_intercept:
            if self.solver == "svd":
                raise TypeError("SVD solver does not support sparse inputs currently")
            return self.solver
        if self.solver not in ("auto", "lsqr", "sag", "sparse_cg"):
            raise ValueError(
                f"solver='{self.solver}' does not support fitting the intercept on sparse data. Please set the solver "
                "to 'auto' or 'lsqr', 'sparse_cg', 'sag', 'lbfgs' or set `fit_intercept=False`"
            )
        if self.solver == "sag" and self.max_iter is None and self.tol > 1e-4:
            warnings.warn(
                '"sag" solver requires many iterations to fit an intercept with sparse inputs. Either set the solver '
                'to "auto" or "sparse_cg", or set a low "tol" and a high "max_iter" (especially if inputs are not '
                "standardized).",
                stacklevel=3,
            )
            return "sag"
        return self.solver if self.solver in ("auto", "lsqr") else "sparse_cg"

    def _note_solver(self):
        self.solver_, self.n_iter_ = self.report_["solver"], _iterations(self.report_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd" and (self.solver != "cholesky" or not self.fit_intercept)
        return tags


class Ridge(LinearRegressorMixin, BaseRidge):
    """Least squares with an L2 penalty: minimises ``||y - Xw - b||² + alpha * ||w||²``.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Without effect: X is never written to.
    max_iter : int or None, default=None
        Iterations of the iterative solvers. None: scikit-learn's defaults.
    tol : float, default=1e-4
        Precision of the iterative solvers.
    solver : str, default="auto"
        ``cholesky`` (dense data's default; singular matrices go to ``svd``), ``svd``, ``sparse_cg`` (sparse data's
        default), ``lsqr``, ``sag``, ``saga``, and ``lbfgs``, which is for ``positive=True``: up to 4096 columns active
        sets find the exact solution under this name, beyond that accelerated projected gradients. ``auto`` on sparse
        data with few columns beside its entries goes by the normal equations, and still calls it ``sparse_cg``.
        ``sag`` with an intercept on sparse data is ``sparse_cg`` unless ``max_iter=None`` and ``tol > 1e-4``, as in
        scikit-learn.
    positive : bool, default=False
        Whether coefficients have to be at least 0.
    random_state : int, RandomState instance or None, default=None
        The order of rows in ``sag`` and ``saga``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : None or ndarray of shape (n_targets,)
        Iterations of ``sag``, ``saga`` and ``lsqr``.
    solver_ : str
        The solver that ran.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "Ridge"

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr" if self.solver in ("auto", "sag", "saga") else ["csr", "csc"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=True,
        )
        solver = self._resolve(sparse.issparse(X))
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        params = self._native_params()
        params |= {
            "alpha": _penalty(self.alpha),
            "solver": solver,
            "random_state": _stream(self.random_state, solver),
        }
        self._fit_linear(X, y, sample_weight, params)
        if y.ndim == 2 and y.shape[1] == 1:
            self.coef_ = self.coef_[0]
        self._note_solver()
        return self

    def _after_load(self):
        super()._after_load()
        self._note_solver()


@validate_params(
    {
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "sample_weight": [Interval(Real, None, None, closed="neither"), "array-like", None],
        "solver": [_RIDGE_SOLVERS],
        "max_iter": [Interval(Integral, 0, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "return_n_iter": ["boolean"],
        "return_intercept": ["boolean"],
        "check_input": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def ridge_regression(
    X,
    y,
    alpha,
    *,
    sample_weight=None,
    solver="auto",
    max_iter=None,
    tol=1e-4,
    verbose=0,
    positive=False,
    random_state=None,
    return_n_iter=False,
    return_intercept=False,
    check_input=True,
):
    """Ridge coefficients without an estimator, and without an intercept unless ``return_intercept`` is set.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,)
    sample_weight : float or array-like of shape (n_samples,), default=None
    solver, max_iter, tol, positive, random_state
        As in :class:`Ridge`.
    verbose : int, default=0
        Above 0, the iterations of the iterative solvers are printed, and ``sparse_cg`` warns where it does not
        converge.
    return_n_iter : bool, default=False
    return_intercept : bool, default=False
        Fits an intercept too; with ``solver="auto"`` by ``sag``, and no other solver is allowed.
    check_input : bool, default=True

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
    n_iter : None or ndarray of shape (n_targets,)
        Only with ``return_n_iter``.
    intercept : float or ndarray of shape (n_targets,)
        Only with ``return_intercept``.
    """
    if solver == "auto":
        dense = "cholesky" if not sparse.issparse(X) else "sparse_cg"
        solver = "lbfgs" if positive else "sag" if return_intercept else dense
    if positive and solver != "lbfgs":
        raise ValueError(
            "When positive=True, only 'lbfgs' solver can be used. "
            f"Please change solver {solver} to 'lbfgs' or set positive=False."
        )
    if solver == "lbfgs" and not positive:
        raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
    if return_intercept and solver != "sag":
        raise ValueError(
            "In Ridge, only 'sag' solver can directly fit the intercept. Please change solver to 'sag' or set "
            "return_intercept=False."
        )
    if check_input:
        accepted = "csr" if solver in ("sag", "saga") else ["csr", "csc"]
        X = check_array(X, accept_sparse=accepted, dtype=[np.float64, np.float32])
        y = check_array(y, dtype=X.dtype, ensure_2d=False)
    check_consistent_length(X, y)
    if y.ndim > 2:
        raise ValueError(f"Target y has the wrong shape {y.shape}")
    if solver == "svd" and sparse.issparse(X):
        raise TypeError("SVD solver does not support sparse inputs currently")
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(_check_sample_weight(sample_weight, X, dtype=X.dtype), dtype=np.float64)

    model = Ridge(alpha, fit_intercept=return_intercept, max_iter=max_iter, tol=tol, positive=positive)
    params = model._native_params()
    params |= {"alpha": _penalty(alpha), "solver": solver, "random_state": _stream(random_state, solver)}
    options = model._options(_printer(solver) if verbose else None)
    target = model._as_2d_target(y)
    fitted = _core.fit("Ridge", params, X, target, None, sample_weight, None, options)
    report, attributes = fitted.report(), fitted.attributes()
    model._warn(report)
    if verbose and solver == "sparse_cg" and max_iter is None and not report["converged"]:
        warnings.warn(
            f"sparse_cg did not converge after {max(report['iterations'])} iterations.",
            ConvergenceWarning,
            stacklevel=2,
        )
    coef, intercept = attributes["coef_"], attributes["intercept_"]
    if target.shape[1] == 1:
        coef, intercept = coef[0], intercept[0]
    result = (coef,) + ((_iterations(report),) if return_n_iter else ()) + ((intercept,) if return_intercept else ())
    return result if len(result) > 1 else coef


def _printer(solver):
    def step(done, total, measure):
        print(f"{solver}: iteration {done} of at most {total}, {measure:.6g}")

    return step
