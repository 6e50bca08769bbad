"""Quadratic discriminant analysis."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from ironlearn._base import NativeEstimator
from ironlearn._covariances import GivenCovariancesMixin


class QuadraticDiscriminantAnalysis(GivenCovariancesMixin, ClassifierMixin, NativeEstimator):
    """Bayes' rule for classes that are normal, each with its own covariance.

    Parameters
    ----------
    solver : {"svd", "eigen"}, default="svd"
        Principal axes of each class: ``svd`` with ``reg_param``, ``eigen`` with ``shrinkage`` or
        ``covariance_estimator``. ``svd`` too starts from the covariance, and goes back to the rows where its condition
        is bad.
    shrinkage : "auto", float or None, default=None
        How far the covariances are drawn towards a multiple of the identity; "auto" by Ledoit and Wolf's rule.
    priors : array-like of shape (n_classes,), default=None
        The classes' probabilities beforehand; None means their shares of the rows.
    reg_param : float, default=0.0
        With ``svd``, variances v along the axes become ``(1 - reg_param) * v + reg_param``.
    store_covariance : bool, default=False
    tol : float, default=1e-4
        A variance up to this means a covariance without full rank, which is refused.
    covariance_estimator : object with a ``fit`` that sets ``covariance_``, default=None
        Estimates the covariances in the place of ours. ``eigen`` only. A model file cannot hold it.

    Attributes
    ----------
    covariance_ : list of n_classes ndarrays of shape (n_features, n_features)
        With ``store_covariance`` only.
    means_ : ndarray of shape (n_classes, n_features)
    priors_ : ndarray of shape (n_classes,)
    rotations_ : list of n_classes ndarrays of shape (n_features, n_features)
        The principal axes in columns.
    scalings_ : list of n_classes ndarrays of shape (n_features,)
        The variances along them.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
    report_ : dict
        Solver, what ran where, seconds.
    """

    _native = "QuadraticDiscriminantAnalysis"
    _parameter_constraints: dict = {
        "solver": [StrOptions({"svd", "eigen"})],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both"), None],
        "priors": ["array-like", None],
        "reg_param": [Interval(Real, 0, 1, closed="both")],
        "store_covariance": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "covariance_estimator": [HasMethods("fit"), None],
    }

    def __init__(
        self,
        *,
        solver="svd",
        shrinkage=None,
        priors=None,
        reg_param=0.0,
        store_covariance=False,
        tol=1.0e-4,
        covariance_estimator=None,
    ):
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.reg_param = reg_param
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator

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
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if self.solver == "svd" and self.covariance_estimator is not None:
            raise ValueError("covariance_estimator is not supported with solver='svd'. Try solver='eigen' instead.")
        self.__dict__.pop("covariance_", None)
        params = self._native_params()
        if self.priors is not None:
            params["priors"] = np.asarray(self.priors, dtype=np.float64)
        self._fit_codes(X, y, codes.reshape(-1, 1).astype(np.uint32), params, total=False)
        return self

    def _answers(self, X, answer):
        X = self._validate_rows(X)
        found = answer(self._model, X, self._options())
        return found[0] if isinstance(found, list) else found

    def decision_function(self, X):
        """The logarithms of the posterior probabilities, but for a constant of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the difference; positive means ``classes_[1]``.
        """
        scores = self._answers(X, lambda model, X, options: model.decision_function(X, options))
        return scores.ravel() if scores.shape[1] == 1 else scores

    def predict(self, X):
        """The most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        codes = self._answers(X, lambda model, X, options: model.predict(X, options))
        return self.classes_[codes[:, 0].astype(np.intp)]

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        return self._answers(X, lambda model, X, options: model.predict_proba(X, options))

    def predict_log_proba(self, X):
        """The logarithms of the probabilities, exact where these are too small for a number.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        scores = scores - scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
