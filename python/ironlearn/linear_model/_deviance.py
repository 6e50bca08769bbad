"""Generalised linear regression: Poisson, Gamma and Tweedie deviances."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, assert_all_finite, validate_data

from ironlearn._base import NativeEstimator
from ironlearn.linear_model._answer import linear_answer


def _tell(done, total, measure):
    print(f"iteration {done} of at most {total}: objective {measure:.10g}")


def _half_deviance(y, mean, power):
    """Half the Tweedie deviance of each row."""
    if power == 0:
        return (y - mean) ** 2 / 2
    if power == 1:
        safe = np.where(y > 0, y, 1)
        return np.where(y > 0, y * np.log(safe / mean), 0) - y + mean
    if power == 2:
        return np.log(mean / y) + y / mean - 1
    first = np.maximum(y, 0) ** (2 - power) / ((1 - power) * (2 - power))
    return first - y * mean ** (1 - power) / (1 - power) + mean ** (2 - power) / (2 - power)


class _DevianceRegressor(RegressorMixin, NativeEstimator, BaseEstimator):
    """What the three share."""

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0.0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"lbfgs", "newton-cholesky"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self, *, alpha=1.0, fit_intercept=True, solver="lbfgs", max_iter=100, tol=1e-4, warm_start=False, verbose=0
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    # The power of the mean with which the variance grows.
    _power = 0.0
    # scikit-learn's name of the loss, for its messages.
    _loss_name = ""

    def _has_log_link(self):
        return True

    def _allowed(self, y):
        """Whether each of y may be observed."""
        if self._power <= 0:
            return np.isfinite(y)
        return y >= 0 if self._power < 2 else y > 0

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
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csc", "csr"],
            dtype=[np.float64, np.float32],
            y_numeric=True,
            multi_output=False,
            ensure_all_finite=False,
        )
        y = check_array(y, dtype=np.float64, order="C", ensure_2d=False, input_name="y")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if not self._allowed(y).all():
            raise ValueError(f"Some value(s) of y are out of the valid range of the loss {self._loss_name!r}.")
        start = None
        if self.warm_start and hasattr(self, "coef_"):
            start = self._model.with_coefficients(np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_))
        try:
            tell = _tell if self.verbose else None
            self._fit_native(X, y.reshape(-1, 1), sample_weight=sample_weight, start=start, tell=tell)
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        self._after_load()
        return self

    def _after_load(self):
        self.n_iter_ = self.report_["iterations"][0]
        self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0

    def _saved_model(self):
        """The core's model with the coefficients as they are now: what a file of this estimator holds."""
        return self._model.with_coefficients(np.atleast_2d(self._fitted("coef_")), np.atleast_1d(self.intercept_))

    def predict(self, X):
        """The mean.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        answer = "log" if self._has_log_link() else "scores"
        return linear_answer(self, X, self._fitted("coef_"), self.intercept_, answer, ("csr", "csc", "coo"))

    def score(self, X, y, sample_weight=None):
        """D²: the share of the deviance about the mean that the model explains.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
            1 is best; it may be negative.
        """
        mean = self.predict(X).astype(np.float64)
        y = check_array(y, dtype=np.float64, order="C", ensure_2d=False, input_name="y")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if not self._allowed(y).all():
            raise ValueError(f"Some value(s) of y are out of the valid range of the loss {self._loss_name}.")
        deviance = np.average(_half_deviance(y, mean, self._power), weights=sample_weight)
        about_mean = _half_deviance(y, np.average(y, weights=sample_weight), self._power)
        return float(1 - deviance / np.average(about_mean, weights=sample_weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        try:
            tags.target_tags.positive_only = self._power > 0
        except TypeError:
            # A power that is no number; fit says so.
            pass
        return tags


class PoissonRegressor(_DevianceRegressor):
    """Poisson regression with a log link: minimises half the average deviance plus ``alpha / 2 * ||coef||²``.

    Both solvers' names run L-BFGS on centred and scaled columns, started from the Hessian (on small data Newton's
    method); large dense data are fitted on a part of the rows first.

    Parameters
    ----------
    alpha : float, default=1
    fit_intercept : bool, default=True
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
    max_iter : int, default=100
    tol : float, default=1e-4
        Largest entry of the gradient at which to stop.
    warm_start : bool, default=False
        Whether to go on from the coefficients of the last fit.
    verbose : int, default=0
        Whether to print the objective after each step.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    n_iter_ : int
        Steps on all rows.
    report_ : dict
        Solver, iterations, what ran where, seconds.
    """

    _native = "PoissonRegressor"
    _power = 1.0
    _loss_name = "HalfPoissonLoss"


class GammaRegressor(_DevianceRegressor):
    """Gamma regression with a log link: minimises half the average deviance plus ``alpha / 2 * ||coef||²``.

    Parameters and attributes are those of :class:`PoissonRegressor`; y has to be above 0.
    """

    _native = "GammaRegressor"
    _power = 2.0
    _loss_name = "HalfGammaLoss"


class TweedieRegressor(_DevianceRegressor):
    """Regression with a Tweedie distribution: minimises half the average deviance plus ``alpha / 2 * ||coef||²``.

    Parameters and attributes beside these are those of :class:`PoissonRegressor`. For powers outside [1, 2] with the
    log link, and above 1 with the identity, the objective is not convex; Fisher's scoring stands in for the Hessian.

    Parameters
    ----------
    power : float, default=0
        The power of the mean with which the variance grows: 0 normal, 1 Poisson, between them none, 2 Gamma, 3 inverse
        Gaussian.
    link : {"auto", "identity", "log"}, default="auto"
        The identity for powers up to 0 and else the logarithm, where it is "auto".
    """

    _native = "TweedieRegressor"
    _parameter_constraints: dict = {
        **_DevianceRegressor._parameter_constraints,
        "power": [Interval(Real, None, None, closed="neither")],
        "link": [StrOptions({"auto", "identity", "log"})],
    }

    def __init__(
        self,
        *,
        power=0.0,
        alpha=1.0,
        fit_intercept=True,
        link="auto",
        solver="lbfgs",
        max_iter=100,
        tol=1e-4,
        warm_start=False,
        verbose=0,
    ):
        super().__init__(
            alpha=alpha,
            fit_intercept=fit_intercept,
            solver=solver,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.power = power
        self.link = link

    @property
    def _power(self):
        return self.power

    def _has_log_link(self):
        return self.link == "log" or (self.link == "auto" and self.power > 0)

    @property
    def _loss_name(self):
        return "HalfTweedieLoss" if self._has_log_link() else "HalfTweedieLossIdentity"
