"""What the estimators by stochastic gradient descent share: checks, the order of the rows, held-out rows, going on."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.linear_model._base import SparseCoefMixin
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, assert_all_finite

from ironlearn import _core
from ironlearn._base import NativeEstimator, _native_names

_MAX_INT = np.iinfo(np.int32).max
# Where means of the coefficients are kept between calls, as scikit-learn has them.
_KEPT = ("_standard_coef", "_standard_intercept", "_average_coef", "_average_intercept")


class StochasticGradients(SparseCoefMixin, NativeEstimator):
    """One step a row; the core's model carries what the next ``partial_fit`` needs."""

    _parameter_constraints: dict = {
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
        "eta0": [Interval(Real, 0, None, closed="neither")],
    }

    # Of the constructor's parameters these reach the core in another form.
    _translated = ("random_state", "class_weight")
    # Whether held-out rows are drawn from each class.
    _stratified = False

    def _native_params(self):
        names = _native_names(self._native)
        given = self.get_params(deep=False).items()
        return {name: v for name, v in given if name in names and name not in self._translated}

    def _check_together(self, partial=False):
        """scikit-learn's errors for parameters that do not go together."""
        get = self.get_params(deep=False).get
        rate, loss = get("learning_rate"), get("loss")
        if get("early_stopping") and partial:
            raise ValueError("early_stopping should be False with partial_fit")
        if rate == "optimal" and get("alpha") == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning "
                "rate."
            )
        if rate in ("pa1", "pa2"):
            wanted = "hinge" if self._stratified else "epsilon_insensitive"
            if loss != wanted:
                raise ValueError(f"Learning rate '{rate}' only works with loss '{wanted}'.")
        if get("penalty") == "elasticnet" and get("l1_ratio") is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")

    def _check_weights(self, sample_weight, X):
        if sample_weight is None:
            return None
        zeros = bool(getattr(self, "early_stopping", False))
        weights = _check_sample_weight(sample_weight, X, dtype=X.dtype, allow_all_zero_weights=zeros)
        return np.ascontiguousarray(weights, dtype=np.float64)

    def _held_out(self, y):
        """The rows that early stopping keeps back, by scikit-learn's splitters; None without early stopping."""
        if not getattr(self, "early_stopping", False):
            return None
        splitter = StratifiedShuffleSplit if self._stratified else ShuffleSplit
        cv = splitter(test_size=self.validation_fraction, random_state=self.random_state)
        return next(cv.split(np.zeros((len(y), 1)), y))[1].tolist()

    def _run(self, X, y, *, params, start, partial, n_classes=None, sample_weight=None):
        """One fit or one pass of the core, on data that are validated but for the finiteness of X."""
        params = self._native_params() | params
        if partial:
            params |= {"max_iter": 1, "tol": None}
        for name in _KEPT:
            self.__dict__.pop(name, None)
        before = self.__dict__.get("coef_") if partial else None
        tell = _print_epoch if getattr(self, "verbose", 0) else None
        try:
            self._fit_native(
                X,
                y,
                n_classes=n_classes,
                sample_weight=sample_weight,
                start=start,
                params=params,
                tell=tell,
            )
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        if isinstance(before, np.ndarray) and before.flags.writeable and before.dtype == self.coef_.dtype:
            # scikit-learn learns in place: whoever holds coef_ sees the new numbers.
            before[...] = self.coef_.reshape(before.shape)
            self.coef_ = before

    def _warn_power(self):
        if getattr(self, "power_t", 0) < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated in version 1.8 and will raise an error in 1.10. Use "
                "values in the range [0.0, inf) instead.",
                FutureWarning,
                stacklevel=3,
            )

    def _begin(self, problems, features, dtype, coef, intercept, multi=False):
        """The core's model of given coefficients, checked; either may be None: 0."""
        if coef is None and intercept is None:
            return None
        if sparse.issparse(coef):
            coef = coef.toarray()
        name = "``coef_``" if multi else "coef_init"
        coef = np.zeros((problems, features)) if coef is None else np.asarray(coef, dtype=dtype, order="C")
        coef = coef if multi else coef.reshape(1, -1)
        if coef.shape != (problems, features):
            raise ValueError(f"Provided {name} does not match dataset." + (" " if multi else ""))
        start = np.zeros(problems) if intercept is None else np.asarray(intercept, dtype=dtype)
        if start.shape != (problems,) and (multi or start.shape != ()):
            raise ValueError("Provided intercept_init does not match dataset.")
        return _core.sgd_start(self._native, coef.astype(np.float64), start.reshape(-1).astype(np.float64))

    def _fitted(self, name):
        value = super()._fitted(name)
        return value.toarray() if name == "coef_" and sparse.issparse(value) else value

    def _seed(self):
        """The seed of the one problem's orders, as scikit-learn draws it."""
        return [int(check_random_state(self.random_state).randint(0, _MAX_INT))]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _print_epoch(done, total, measure):
    print(f"-- Epoch {done} of at most {total}: {measure:.6f}")
