"""Random sample consensus: an estimator fitted to the rows that agree with the best of many random subsets."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from time import perf_counter

import numpy as np
import sklearn.linear_model
from sklearn.base import MetaEstimatorMixin, MultiOutputMixin, RegressorMixin, _fit_context, clone
from sklearn.callback import with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, Options, RealNotInt, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import (
    _check_method_params,
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from ironlearn import _core
from ironlearn._base import NativeEstimator
from ironlearn._callbacks import FitCallbacks
from ironlearn.linear_model._least_squares import LinearRegression
from ironlearn.linear_model._ransac_search import search_any, search_native


class RANSACRegressor(MetaEstimatorMixin, RegressorMixin, MultiOutputMixin, NativeEstimator):
    """Random sample consensus: fits to the rows that agree, whatever the others are.

    An estimator is fitted to random subsets of rows; the subset with which most rows agree (their loss is at most
    ``residual_threshold``) says which rows count, and the estimator is fitted to these. For ironlearn's
    :class:`LinearRegression` without functions of the user the whole search runs in the core; otherwise the estimator
    is called. The subsets are scikit-learn's for the same ``random_state``.

    Parameters
    ----------
    estimator : object, default=None
        With ``fit``, ``predict`` and ``score``; None: ironlearn's :class:`LinearRegression`.
    min_samples : int or float, default=None
        Rows of a subset: a number, or below 1 a share of all. None: one more than there are columns, for a
        LinearRegression only.
    residual_threshold : float, default=None
        The largest loss of a row that agrees. None: the median absolute deviation of y from its median.
    is_data_valid : callable, default=None
        ``is_data_valid(X, y)`` of a subset; where it says False the subset is left out.
    is_model_valid : callable, default=None
        ``is_model_valid(model, X, y)``, likewise, once the estimator is fitted to the subset.
    max_trials : int, default=100
        The most subsets; inf: any number.
    max_skips : int, default=np.inf
        The search ends once more subsets than this were left out.
    stop_n_inliers : int, default=np.inf
        The search ends once so many rows agree.
    stop_score : float, default=np.inf
        The search ends at so high a score on the rows that agree.
    stop_probability : float, default=0.99
        The search ends once, with this probability, one of the subsets had only rows that belong.
    loss : {'absolute_error', 'squared_error'} or callable, default='absolute_error'
        ``loss(y, y_pred)`` gives the loss of each row; those of several outputs add up.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    estimator_ : object
        Fitted to the rows that agree.
    n_trials_ : int
    inlier_mask_ : ndarray of shape (n_samples,), bool
        Which rows agree.
    n_skips_no_inliers_ : int
        Subsets left out because fewer rows agreed than before.
    n_skips_invalid_data_, n_skips_invalid_model_ : int
        Subsets left out because ``is_data_valid`` or ``is_model_valid`` said so.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Trials, what ran where (of the search in the core), seconds.
    """

    _native = "RANSACRegressor"
    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "score", "predict"]), None],
        "min_samples": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
            None,
        ],
        "residual_threshold": [Interval(Real, 0, None, closed="left"), None],
        "is_data_valid": [callable, None],
        "is_model_valid": [callable, None],
        "max_trials": [Interval(Integral, 0, None, closed="left"), Options(Real, {np.inf})],
        "max_skips": [Interval(Integral, 0, None, closed="left"), Options(Real, {np.inf})],
        "stop_n_inliers": [Interval(Integral, 0, None, closed="left"), Options(Real, {np.inf})],
        "stop_score": [Interval(Real, None, None, closed="both")],
        "stop_probability": [Interval(Real, 0, 1, closed="both")],
        "loss": [StrOptions({"absolute_error", "squared_error"}), callable],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        min_samples=None,
        residual_threshold=None,
        is_data_valid=None,
        is_model_valid=None,
        max_trials=100,
        max_skips=np.inf,
        stop_n_inliers=np.inf,
        stop_score=np.inf,
        stop_probability=0.99,
        loss="absolute_error",
        random_state=None,
    ):
        self.estimator = estimator
        self.min_samples = min_samples
        self.residual_threshold = residual_threshold
        self.is_data_valid = is_data_valid
        self.is_model_valid = is_model_valid
        self.max_trials = max_trials
        self.max_skips = max_skips
        self.stop_n_inliers = stop_n_inliers
        self.stop_score = stop_score
        self.stop_probability = stop_probability
        self.random_state = random_state
        self.loss = loss

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)  # the estimator validates its own parameters
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Searches for the rows that agree, and fits the estimator to them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
            Given to each fit of the estimator; draws and what agrees do not depend on it.
        **fit_params : dict
            For the estimator's ``fit`` and ``score``, where metadata routing is enabled.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            Where no subset was left.
        """
        _raise_for_params(fit_params, self, "fit")
        X, y = validate_data(
            self,
            X,
            y,
            validate_separately=({"accept_sparse": "csr", "ensure_all_finite": False}, {"ensure_2d": False}),
        )
        check_consistent_length(X, y)
        estimator = LinearRegression() if self.estimator is None else clone(self.estimator)
        min_samples = self._subset_size(estimator, X)
        threshold = self.residual_threshold
        if threshold is None:
            threshold = np.median(np.abs(y - np.median(y)))
        random_state = check_random_state(self.random_state)
        try:
            estimator.set_params(random_state=random_state)
        except ValueError:
            pass  # not every estimator has one
        routed = self._routed(estimator, X, sample_weight, fit_params)
        began = perf_counter()
        with FitCallbacks(self, X, y) as progress:
            if self._runs_in_core(estimator, X):
                weights = routed.fit.get("sample_weight")
                weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
                found = search_native(
                    self, estimator, X, y, weights, min_samples, float(threshold), random_state, progress
                )
            else:
                found = search_any(self, estimator, X, y, routed, min_samples, threshold, random_state, progress)
            self._conclude(found)
            agreeing = np.flatnonzero(found.inliers)
            params = _check_method_params(X, params=routed.fit, indices=agreeing)
            estimator.fit(X[agreeing], y[agreeing], **params)
        self.estimator_, self.inlier_mask_ = estimator, found.inliers
        self.report_ |= {"seconds": perf_counter() - began}
        return self

    def _subset_size(self, estimator, X) -> int:
        """The rows of a subset."""
        n, p = X.shape
        if self.min_samples is None:
            # Ours is a virtual subclass of scikit-learn's.
            if not isinstance(estimator, sklearn.linear_model.LinearRegression):
                raise ValueError("`min_samples` needs to be explicitly set when estimator is not a LinearRegression.")
            size = p + 1
        elif self.min_samples == 0:
            raise ValueError("`min_samples` must be above 0.")
        else:
            size = int(np.ceil(self.min_samples * n)) if self.min_samples < 1 else int(self.min_samples)
        if size > n:
            raise ValueError(f"`min_samples` may not be larger than number of samples: n_samples = {n}.")
        return size

    def _routed(self, estimator, X, sample_weight, fit_params):
        """What the estimator's methods are given beside X and y."""
        if sample_weight is not None:
            if not has_fit_parameter(estimator, "sample_weight"):
                raise ValueError(f"{type(estimator).__name__} does not support sample_weight.")
            fit_params["sample_weight"] = sample_weight
        if _routing_enabled():
            return process_routing(self, "fit", **fit_params).estimator
        weights = {} if sample_weight is None else {"sample_weight": _check_sample_weight(sample_weight, X)}
        return _manual_routing({"estimator": {"fit": weights}}).estimator

    def _runs_in_core(self, estimator, X) -> bool:
        """Whether nothing but our own least squares is asked for."""
        plain = self.is_data_valid is None and self.is_model_valid is None and not callable(self.loss)
        ours = type(estimator) is LinearRegression and not getattr(estimator, "_skl_callbacks", None)
        return plain and ours and not _routing_enabled() and not (estimator.positive and not isinstance(X, np.ndarray))

    def _conclude(self, found):
        """Says how the search ended: attributes, then an error or a warning."""
        self.n_trials_ = found.n_trials
        self.n_skips_no_inliers_ = found.n_skips_no_inliers
        self.n_skips_invalid_data_ = found.n_skips_invalid_data
        self.n_skips_invalid_model_ = found.n_skips_invalid_model
        too_many = found.n_skips > self.max_skips
        if found.inliers is None:
            what = (
                "RANSAC skipped more iterations than `max_skips` without finding a valid consensus set."
                if too_many
                else "RANSAC could not find a valid consensus set. All `max_trials` iterations were skipped."
            )
            raise ValueError(f"{what} The attributes n_skips* tell why sub-samples were refused.")
        self.report_ = {
            "solver": "random sample consensus",
            "iterations": [found.n_trials],
            "converged": not too_many,
            "warnings": [],
            "ops": found.ops,
        }
        if too_many:
            message = (
                "RANSAC found a valid consensus set but exited early due to skipping more iterations than `max_skips`."
                " See estimator attributes for diagnostics (n_skips*)."
            )
            self.report_["warnings"] = [("Convergence", message)]
            warnings.warn(message, ConvergenceWarning, stacklevel=4)

    def predict(self, X, **params):
        """What the fitted estimator predicts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        **params : dict
            For the estimator's ``predict``, where metadata routing is enabled.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        X, routed = self._asked("predict", X, params)
        return self.estimator_.predict(X, **routed)

    def score(self, X, y, **params):
        """The score of the fitted estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        **params : dict
            For the estimator's ``score``, where metadata routing is enabled.

        Returns
        -------
        score : float
        """
        X, routed = self._asked("score", X, params)
        return self.estimator_.score(X, y, **routed)

    def _asked(self, method, X, params):
        """X, validated but for what the estimator looks at itself, and what its method is given."""
        check_is_fitted(self)
        X = validate_data(self, X, ensure_all_finite=False, accept_sparse=True, reset=False)
        _raise_for_params(params, self, method)
        return X, process_routing(self, method, **params).estimator[method] if _routing_enabled() else {}

    def get_metadata_routing(self):
        """Which methods of the estimator are given what.

        Returns
        -------
        routing : MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="fit").add(caller="fit", callee="score")
        mapping = mapping.add(caller="score", callee="score").add(caller="predict", callee="predict")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.estimator is None or get_tags(self.estimator).input_tags.sparse
        return tags

    def _saved_model(self):
        """The core's model of the search and of its least squares: what a file of this estimator holds."""
        check_is_fitted(self, "estimator_")
        if type(self.estimator_) is not LinearRegression:
            kind = f"{type(self.estimator_).__module__}.{type(self.estimator_).__qualname__}"
            raise TypeError(f"a RANSACRegressor of {kind} cannot be saved: only one of ironlearn's LinearRegression")
        counts = (self.n_trials_, self.n_skips_no_inliers_, self.n_skips_invalid_data_, self.n_skips_invalid_model_)
        return _core.ransac_model(self.estimator_._saved_model(), np.asarray(self.inlier_mask_), counts)

    def _after_load(self):
        """The least squares inside: what ``predict`` asks."""
        model = _core.ransac_linear(self._model)
        estimator = self.estimator_ = LinearRegression()
        for name, value in model.attributes().items():
            setattr(estimator, name, value)
        estimator._model, estimator.report_, estimator.n_features_in_ = model, model.report(), model.n_features_in
        estimator._after_load()
