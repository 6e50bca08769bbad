"""Least angle regression with its end chosen by held-out rows."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import ClassVar

from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.model_selection import check_cv
from sklearn.utils._metadata_requests import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data

from ironlearn._folds import explicit_folds
from ironlearn.linear_model._lars import Lars, _LeastAngle
from ironlearn.linear_model._lars_path import EPS

_CHOICE_CONSTRAINTS = {
    **{
        name: rule
        for name, rule in Lars._parameter_constraints.items()
        if name not in ("n_nonzero_coefs", "jitter", "fit_path", "random_state")
    },
    "max_iter": [Interval(Integral, 0, None, closed="left")],
    "cv": ["cv_object"],
    "max_n_alphas": [Interval(Integral, 1, None, closed="left")],
    "n_jobs": [Integral, None],
}


class LarsCV(_LeastAngle):
    """:class:`Lars`, ended where the mean squared error of held-out rows is least.

    Parameters
    ----------
    fit_intercept : bool, default=True
    verbose : bool or int, default=False
        Whether the choice is printed; above 1 steps, too.
    max_iter : int, default=500
        The most steps.
    precompute : bool or "auto", default="auto"
        As in :class:`Lars`; an array is refused with a warning, since each fold has its own.
    cv : int, cross-validation generator or iterable, default=None
    max_n_alphas : int, default=1000
        The most places of the path that are compared.
    n_jobs : int or None, default=None
        Threads: -1 or None for all that are allowed.
    eps : float, default=2.2e-16
        As in :class:`Lars`.
    copy_X : bool, default=True
        Without effect: X is never written to.

    Attributes
    ----------
    alpha_ : float
        The place that was chosen.
    cv_alphas_ : ndarray of shape (n_cv_alphas,)
        The places that were compared.
    mse_path_ : ndarray of shape (n_cv_alphas, n_folds)
    alphas_, active_, coef_path_, coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, report_
        As in :class:`Lars`, of all rows.
    """

    _native = "LarsCV"
    _parameter_constraints: ClassVar[dict] = _CHOICE_CONSTRAINTS
    method = "lar"
    positive = False
    fit_path = True

    def __init__(
        self,
        *,
        fit_intercept=True,
        verbose=False,
        max_iter=500,
        precompute="auto",
        cv=None,
        max_n_alphas=1000,
        n_jobs=None,
        eps=EPS,
        copy_X=True,
    ):
        self.fit_intercept = fit_intercept
        self.verbose = verbose
        self.max_iter = max_iter
        self.precompute = precompute
        self.cv = cv
        self.max_n_alphas = max_n_alphas
        self.n_jobs = n_jobs
        self.eps = eps
        self.copy_X = copy_X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, **params):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        **params : dict
            What the splitter's ``split`` takes; needs metadata routing.

        Returns
        -------
        self : object
        """
        _raise_for_params(params, self, "fit")
        X, y = validate_data(self, X, y, y_numeric=True)
        cv = check_cv(self.cv, classifier=False)
        routed = process_routing(self, "fit", **params) if _routing_enabled() else _manual_routing({"splitter": {}})
        given = self._path_params()
        if hasattr(self.precompute, "__array__"):
            warnings.warn(
                f'Parameter "precompute" cannot be an array in {type(self).__name__}. Automatically switch to "auto" '
                "instead.",
                stacklevel=2,
            )
        given["cv"] = explicit_folds(cv.split(X, y, **routed.splitter.split), len(X))
        self._walk(X, y, given, verbose=self.verbose - 1)
        if self.verbose:
            folds, places = self.mse_path_.shape[1], len(self.cv_alphas_)
            print(f"cross-validation over {folds} folds and {places} places: alpha_={self.alpha_:.6g}")
        return self

    def get_metadata_routing(self):
        """The metadata that ``fit`` hands on.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self)
        return router.add(splitter=check_cv(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))


class LassoLarsCV(LarsCV):
    """:class:`LassoLars` with ``alpha`` chosen by the mean squared error of held-out rows.

    Parameters
    ----------
    fit_intercept, verbose, max_iter, precompute, cv, max_n_alphas, n_jobs, eps, copy_X
        As in :class:`LarsCV`.
    positive : bool, default=False
        Whether coefficients have to be at least 0.

    Attributes
    ----------
    alpha_, cv_alphas_, mse_path_
        As in :class:`LarsCV`.
    alphas_, active_, coef_path_, coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, report_
        As in :class:`Lars`, of all rows.
    """

    _native = "LassoLarsCV"
    _parameter_constraints: ClassVar[dict] = {**_CHOICE_CONSTRAINTS, "positive": ["boolean"]}
    method = "lasso"

    def __init__(
        self,
        *,
        fit_intercept=True,
        verbose=False,
        max_iter=500,
        precompute="auto",
        cv=None,
        max_n_alphas=1000,
        n_jobs=None,
        eps=EPS,
        copy_X=True,
        positive=False,
    ):
        self.fit_intercept = fit_intercept
        self.verbose = verbose
        self.max_iter = max_iter
        self.precompute = precompute
        self.cv = cv
        self.max_n_alphas = max_n_alphas
        self.n_jobs = n_jobs
        self.eps = eps
        self.copy_X = copy_X
        self.positive = positive
