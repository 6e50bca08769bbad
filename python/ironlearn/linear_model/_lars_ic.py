"""The lasso's path by least angles, with its end chosen by an information criterion."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from ironlearn.linear_model._lars import LassoLars, _LeastAngle
from ironlearn.linear_model._lars_path import EPS


class LassoLarsIC(_LeastAngle):
    """:class:`LassoLars` with ``alpha`` chosen by an information criterion.

    Parameters
    ----------
    criterion : {"aic", "bic"}, default="aic"
        Whether a coefficient that is not 0 costs 2 (Akaike) or the logarithm of the number of rows (Schwarz).
    fit_intercept : bool, default=True
    verbose : bool or int, default=False
        Steps are printed.
    precompute : bool, "auto" or ndarray of shape (n_features, n_features), default="auto"
        As in :class:`Lars`.
    max_iter : int, default=500
        The most steps.
    eps : float, default=2.2e-16
        As in :class:`Lars`.
    copy_X : bool, default=True
        Without effect: X is never written to.
    positive : bool, default=False
        Whether coefficients have to be at least 0.
    noise_variance : float or None, default=None
        The variance of the noise; None: that of what least squares leaves, for more rows than coefficients.

    Attributes
    ----------
    alpha_ : float
        The place that was chosen.
    criterion_ : ndarray of shape (n_alphas,)
        The criterion at each knot.
    noise_variance_ : float
    alphas_, coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, report_
        As in :class:`Lars`.
    """

    _native = "LassoLarsIC"
    _parameter_constraints: ClassVar[dict] = {
        **{
            name: rule
            for name, rule in LassoLars._parameter_constraints.items()
            if name not in ("jitter", "fit_path", "alpha", "random_state")
        },
        "criterion": [StrOptions({"aic", "bic"})],
        "noise_variance": [Interval(Real, 0, None, closed="left"), None],
    }
    method = "lasso"
    fit_path = True

    def __init__(
        self,
        criterion="aic",
        *,
        fit_intercept=True,
        verbose=False,
        precompute="auto",
        max_iter=500,
        eps=EPS,
        copy_X=True,
        positive=False,
        noise_variance=None,
    ):
        self.criterion = criterion
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.max_iter = max_iter
        self.verbose = verbose
        self.copy_X = copy_X
        self.precompute = precompute
        self.eps = eps
        self.noise_variance = noise_variance

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, copy_X=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        copy_X : bool or None, default=None
            Without effect: X is never written to.

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, y_numeric=True)
        gram = self.precompute if hasattr(self.precompute, "__array__") else None
        return self._walk(X, y, self._path_params(), None if gram is None else (gram, None), self.verbose)
