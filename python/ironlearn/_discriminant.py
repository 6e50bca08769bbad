"""Linear discriminant analysis."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from ironlearn._base import NativeEstimator
from ironlearn._covariances import GivenCovariancesMixin
from ironlearn.linear_model._classifier import LinearClassifierMixin


class LinearDiscriminantAnalysis(
    ClassNamePrefixFeaturesOutMixin,
    GivenCovariancesMixin,
    LinearClassifierMixin,
    TransformerMixin,
    NativeEstimator,
):
    """Bayes' rule for classes that are normal with one common covariance; directions in which they lie apart.

    Means and covariance take two passes over X, whatever the solver; no copy of X is made.

    Parameters
    ----------
    solver : {"svd", "lsqr", "eigen"}, default="svd"
        ``svd`` finds the principal axes within the classes, from the covariance of the standardised rows, or from the
        rows themselves where its condition is bad. ``lsqr`` solves for the coefficients alone, ``eigen`` for the
        directions of the largest ratio of the variances between and within the classes.
    shrinkage : "auto", float or None, default=None
        How far the covariance is drawn towards a multiple of the identity; "auto" by Ledoit and Wolf's rule. Not with
        ``svd``.
    priors : array-like of shape (n_classes,), default=None
        The classes' probabilities beforehand; None means their shares of the rows.
    n_components : int, default=None
        The directions that ``transform`` projects on; None means min(n_classes - 1, n_features).
    store_covariance : bool, default=False
        Whether ``svd`` keeps ``covariance_``; the other solvers do.
    tol : float, default=1e-4
        ``svd`` leaves out directions in which standardised rows deviate by no more than this.
    covariance_estimator : object with a ``fit`` that sets ``covariance_``, default=None
        Estimates the covariances in the place of ours. Not with ``svd``. A model file cannot hold it.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    covariance_ : ndarray of shape (n_features, n_features)
        Within the classes, weighted by the priors.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Not with ``lsqr``.
    means_ : ndarray of shape (n_classes, n_features)
    priors_ : ndarray of shape (n_classes,)
    scalings_ : ndarray of shape (n_features, n_directions)
        Not with ``lsqr``.
    xbar_ : ndarray of shape (n_features,)
        ``svd`` only.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, what ran where, seconds.
    """

    _native = "LinearDiscriminantAnalysis"
    _probabilities = "softmax"
    _parameter_constraints: dict = {
        "solver": [StrOptions({"svd", "lsqr", "eigen"})],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both"), None],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "priors": ["array-like", None],
        "store_covariance": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "covariance_estimator": [HasMethods("fit"), None],
    }

    def __init__(
        self,
        solver="svd",
        shrinkage=None,
        priors=None,
        n_components=None,
        store_covariance=False,
        tol=1e-4,
        covariance_estimator=None,
    ):
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
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
        X, y = validate_data(self, X, y, ensure_min_samples=2, dtype=[np.float64, np.float32])
        unique_labels(y)
        codes = self._encode(y)
        if self.solver == "svd" and self.covariance_estimator is not None:
            raise ValueError("covariance estimator is not supported with svd solver. Try another solver")
        for name in ("xbar_", "scalings_", "explained_variance_ratio_", "covariance_"):
            self.__dict__.pop(name, None)
        params = self._native_params()
        if self.priors is not None:
            params["priors"] = np.asarray(self.priors, dtype=X.dtype).astype(np.float64)
        self._fit_codes(X, y, codes, params, total=True)
        self._after_load()
        return self

    def _after_load(self):
        most = min(len(self.classes_) - 1, self.n_features_in_)
        self._n_features_out = self._max_components = most if self.n_components is None else self.n_components

    def transform(self, X):
        """The rows' places along the directions in which the classes lie apart.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_components)
        """
        if self.solver == "lsqr":
            raise NotImplementedError("transform not implemented for 'lsqr' solver (use 'svd' or 'eigen').")
        X = self._validate_rows(X)
        return self._model.transform(X, self._options()).astype(np.result_type(X, self.scalings_), copy=False)

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        p = self._answer(X, self._probabilities)
        return p if len(self.classes_) > 1 else np.ones((len(p), 1), dtype=p.dtype)

    def predict_log_proba(self, X):
        """The logarithms of the probabilities, of which none counts as 0.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        p = self.predict_proba(X)
        p[p == 0.0] = np.finfo(p.dtype).smallest_normal
        return np.log(p)
