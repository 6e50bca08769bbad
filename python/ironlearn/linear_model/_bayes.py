"""Linear models that learn how much to penalise: Bayesian ridge regression and automatic relevance determination."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._regressor import LinearRegressorMixin


class _Bayesian(LinearRegressorMixin, NativeEstimator):
    """Fitting, the attributes' shapes, and predictions with their standard deviations."""

    _parameter_constraints: ClassVar[dict] = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "alpha_1": [Interval(Real, 0, None, closed="left")],
        "alpha_2": [Interval(Real, 0, None, closed="left")],
        "lambda_1": [Interval(Real, 0, None, closed="left")],
        "lambda_2": [Interval(Real, 0, None, closed="left")],
        "compute_score": ["boolean"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "verbose": ["verbose"],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _learn(self, X, y, sample_weight=None):
        self._fit_linear(X, y, sample_weight)
        self._shape()
        if self.verbose and self.report_["converged"]:
            print(f"converged after {self.n_iter_} iterations")
        return self

    def _shape(self):
        if not self.compute_score:
            self.scores_ = []

    def _after_load(self):
        super()._after_load()
        self._shape()

    def predict(self, X, return_std=False):
        """Predicts the mean of y, and with ``return_std`` its standard deviation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        return_std : bool, default=False

        Returns
        -------
        y_mean : ndarray of shape (n_samples,)
        y_std : ndarray of shape (n_samples,)
            Of the noise and of the coefficients together; only with ``return_std``.
        """
        y_mean = super().predict(X)
        if not return_std:
            return y_mean
        X = self._validate_rows(X, accept_sparse=["csr", "csc"])
        y_std = self._model.predict_deviation(X, self._options())
        return y_mean, y_std[:, 0].astype(y_mean.dtype, copy=False)


class BayesianRidge(_Bayesian):
    """Ridge regression that finds its penalty by the evidence: noise and coefficients are normal, their precisions
    those that make the data most likely, under gamma priors.

    Parameters
    ----------
    max_iter : int, default=300
    tol : float, default=1e-3
        Ends where the coefficients change by less in all.
    alpha_1, alpha_2 : float, default=1e-6
        Shape and rate of the gamma prior of the noise's precision alpha.
    lambda_1, lambda_2 : float, default=1e-6
        Shape and rate of the gamma prior of the coefficients' precision lambda.
    alpha_init : float or None, default=None
        The first alpha. None: 1 / the variance of y.
    lambda_init : float or None, default=None
        The first lambda. None: 1. Not 0 together with ``alpha_init=0``.
    compute_score : bool, default=False
        Whether the log marginal likelihood is kept for each iteration; that of a precision of 0 is minus infinity.
    fit_intercept : bool, default=True
        The intercept is no part of the probabilistic model.
    copy_X : bool, default=True
        Without effect: X is never written to.
    verbose : bool, default=False
        Whether the number of iterations is printed.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The means of the coefficients.
    intercept_ : float
    alpha_ : float
    lambda_ : float
    sigma_ : ndarray of shape (n_features, n_features)
        The covariance of the coefficients.
    scores_ : ndarray of shape (n_iter_ + 1,)
        The log marginal likelihood at the first precisions, after each iteration but the last, and at the end; empty
        without ``compute_score``.
    n_iter_ : int
    X_offset_ : ndarray of shape (n_features,)
        What was subtracted from X.
    X_scale_ : ndarray of shape (n_features,)
        Ones.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "BayesianRidge"
    _parameter_constraints: ClassVar[dict] = {
        **_Bayesian._parameter_constraints,
        "tol": [Interval(Real, 0, None, closed="neither")],
        "alpha_init": [None, Interval(Real, 0, None, closed="left")],
        "lambda_init": [None, Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        max_iter=300,
        tol=1e-3,
        alpha_1=1e-6,
        alpha_2=1e-6,
        lambda_1=1e-6,
        lambda_2=1e-6,
        alpha_init=None,
        lambda_init=None,
        compute_score=False,
        fit_intercept=True,
        copy_X=True,
        verbose=False,
    ):
        self.max_iter = max_iter
        self.tol = tol
        self.alpha_1 = alpha_1
        self.alpha_2 = alpha_2
        self.lambda_1 = lambda_1
        self.lambda_2 = lambda_2
        self.alpha_init = alpha_init
        self.lambda_init = lambda_init
        self.compute_score = compute_score
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights that add up to less than the number of coefficients do not tell the noise: a warning says so.

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_all_finite=False, y_numeric=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        return self._learn(X, y, sample_weight)


class ARDRegression(_Bayesian):
    """Bayesian regression with a precision for each coefficient: columns that the data do not ask for are dropped.

    Parameters
    ----------
    max_iter : int, default=300
    tol : float, default=1e-3
        Ends where the coefficients change by less in all.
    alpha_1, alpha_2 : float, default=1e-6
        Shape and rate of the gamma prior of the noise's precision alpha.
    lambda_1, lambda_2 : float, default=1e-6
        Shape and rate of the gamma prior of each coefficient's precision lambda.
    compute_score : bool, default=False
        Whether the objective is kept for each iteration.
    threshold_lambda : float, default=1e4
        A coefficient whose precision reaches it is 0.
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Without effect: X is never written to.
    verbose : bool, default=False
        Whether the number of iterations is printed.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The means of the coefficients.
    intercept_ : float
    alpha_ : float
    lambda_ : ndarray of shape (n_features,)
    sigma_ : ndarray of shape (n_kept, n_kept)
        The covariance of the coefficients that are not dropped.
    scores_ : ndarray of shape (n_iter_,)
        The objective after each iteration; empty without ``compute_score``.
    n_iter_ : int
    X_offset_ : ndarray of shape (n_features,)
        What was subtracted from X.
    X_scale_ : ndarray of shape (n_features,)
        Ones.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "ARDRegression"
    _parameter_constraints: ClassVar[dict] = {
        **_Bayesian._parameter_constraints,
        "threshold_lambda": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        max_iter=300,
        tol=1e-3,
        alpha_1=1e-6,
        alpha_2=1e-6,
        lambda_1=1e-6,
        lambda_2=1e-6,
        compute_score=False,
        threshold_lambda=1e4,
        fit_intercept=True,
        copy_X=True,
        verbose=False,
    ):
        self.max_iter = max_iter
        self.tol = tol
        self.alpha_1 = alpha_1
        self.alpha_2 = alpha_2
        self.lambda_1 = lambda_1
        self.lambda_2 = lambda_2
        self.compute_score = compute_score
        self.threshold_lambda = threshold_lambda
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self : object
        """
        X, y = validate_data(
            self,
            X,
            y,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            y_numeric=True,
            ensure_min_samples=2,
        )
        return self._learn(X, y)
