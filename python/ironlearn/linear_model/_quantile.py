"""Quantile regression."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.optimize import OptimizeWarning
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin

# What scipy's options of each kind of solver mean here. Those without a counterpart are about ways to the optimum that
# are not taken: whatever they say, the answer is the same vertex.
_HIGHS = {
    "maxiter": "max_iter",
    "time_limit": "time_limit",
    "ipm_optimality_tolerance": "tol",
    "disp": "disp",
    "presolve": None,
    "primal_feasibility_tolerance": None,
    "dual_feasibility_tolerance": None,
    "simplex_dual_edge_weight_strategy": None,
    "mip_rel_gap": None,
}
_SIMPLEX = {
    "maxiter": "max_iter",
    "tol": "tol",
    "disp": "disp",
    **dict.fromkeys(["presolve", "autoscale", "rr", "rr_method", "maxupdate", "mast", "pivot"]),
}


def _tell(done, total, measure):
    print(f"iteration {done}: objective {measure:.10g}")


def _core_options(solver, options):
    """Options of scipy's ``linprog`` as the core's parameters, and whether to print progress."""
    known = _SIMPLEX if solver == "revised simplex" else _HIGHS
    options = dict(options or {})
    unknown = {name: value for name, value in options.items() if name not in known}
    if unknown:
        warnings.warn(f"Unrecognized options detected: {unknown}. They have no effect.", OptimizeWarning, stacklevel=5)
    core = {known[name]: value for name, value in options.items() if known.get(name) and value is not None}
    disp = bool(core.pop("disp", False))
    kinds = {"max_iter": Integral, "time_limit": Real, "tol": Real}
    for name, value in options.items():
        kind = kinds.get(known.get(name))
        if kind and value is not None and (not isinstance(value, kind) or isinstance(value, (bool, np.bool_))):
            raise TypeError(f"the option {name!r} must be a number, got {value!r}")
        if kind and value is not None and value < 0:
            raise ValueError(f"the option {name!r} must not be negative, got {value!r}")
    return core, disp


class QuantileRegressor(LinearRegressorMixin, NativeEstimator):
    """Linear model of a conditional quantile, with an L1 penalty.

    Minimises ``sum(w * pinball(y - Xw - b)) / sum(w) + alpha * ||w||_1``. Whatever the solver's name, an interior point
    method on the dual comes near the optimum (one weighted Gram matrix of X an iteration; X is not copied), and a
    clean-up goes on to a vertex, as a simplex method would: coefficients under the penalty are exactly 0 or matter, and
    as many rows are met exactly as there are others. Of several optima any may be found.

    Parameters
    ----------
    quantile : float, default=0.5
        Strictly between 0 and 1.
    alpha : float, default=1.0
        Strength of the penalty.
    fit_intercept : bool, default=True
    solver : {'highs-ds', 'highs-ipm', 'highs', 'interior-point', 'revised simplex'}, default='highs'
        One algorithm under each name. As with scikit-learn, 'interior-point' is refused and 'revised simplex' takes
        no sparse X.
    solver_options : dict, default=None
        Of scipy's options, 'maxiter' (iterations of the interior point), 'time_limit' (its seconds), the tolerance
        ('ipm_optimality_tolerance', or 'tol' of 'revised simplex': the relative gap at which the clean-up starts,
        1e-10) and 'disp' are followed. Others say how scipy's solvers search and change no answer here.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        float64.
    intercept_ : float
    n_iter_ : int
        Iterations of the interior point, and steps between vertices.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
    """

    _native = "QuantileRegressor"
    _parameter_constraints: dict = {
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"highs-ds", "highs-ipm", "highs", "interior-point", "revised simplex"})],
        "solver_options": [dict, None],
    }

    def __init__(self, *, quantile=0.5, alpha=1.0, fit_intercept=True, solver="highs", solver_options=None):
        self.quantile = quantile
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.solver_options = solver_options

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative: the objective would have no minimum.

        Returns
        -------
        self : object
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csc", "csr"],
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            y_numeric=True,
            multi_output=False,
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        options, disp = _core_options(self.solver, self.solver_options)
        params = {**self._native_params(), **options}
        try:
            y = self._as_2d_target(y)
            self._fit_native(X, y, sample_weight=sample_weight, params=params, tell=_tell if disp else None)
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        self._after_load()
        return self

    def _after_load(self):
        super()._after_load()
        self.n_iter_ = self.report_["iterations"][0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = False
        return tags
