"""What all estimators share: from validated arrays into the core, and from a model back to fitted attributes.

scikit-learn's base classes bring parameters, tags, metadata routing and validation; everything numerical happens in
``ironlearn._core``. A class adds its constructor, ``_parameter_constraints`` and ``fit``.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ironlearn import _core
from ironlearn._callbacks import FitCallbacks
from ironlearn._config import get_config

# More than any machine has: a larger number is not an error, but starts no more threads either.
MOST_THREADS = 1024


def _warning_class(kind: str) -> type[Warning]:
    if kind == "Convergence":
        return ConvergenceWarning
    if kind == "IllConditioned":
        from scipy.linalg import LinAlgWarning

        return LinAlgWarning
    return RuntimeWarning if kind == "Runtime" else UserWarning


@lru_cache
def _native_names(name: str) -> frozenset[str]:
    return frozenset(_core.parameters(name))


def number_of_threads(n_jobs: int | None = None) -> int | None:
    """The threads of a call: ``n_jobs`` where it is given (-1: all), else the configuration."""
    if n_jobs is None:
        return get_config()["n_threads"]
    if n_jobs < 0:
        return max(1, _core.allowed_threads() + 1 + n_jobs)
    return min(int(n_jobs), MOST_THREADS)


def draw_seed(random_state) -> int:
    """The one number that a run takes from ``random_state``; its own streams come from that."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int64).max, dtype=np.int64))


class NativeEstimator(CallbackSupportMixin, BaseEstimator):
    """An estimator whose fit runs in the core under the name ``_native``."""

    _native: ClassVar[str]

    def _native_params(self) -> dict:
        """The core's parameters: those of the constructor that it knows, ``random_state`` as one drawn number."""
        names = _native_names(self._native)
        params = {name: value for name, value in self.get_params(deep=False).items() if name in names}
        if "random_state" in params:
            params["random_state"] = draw_seed(self.random_state)
        return params

    def _options(self, progress=None):
        """Device, threads and progress of one call, as the core takes them."""
        return (get_config()["device"], number_of_threads(getattr(self, "n_jobs", None)), progress)

    def _fit_native(
        self,
        X,
        y=None,
        *,
        n_classes=None,
        sample_weight=None,
        start=None,
        params=None,
        tell=None,
        callbacks=None,
        products=None,
    ):
        """Fits validated data and sets the fitted attributes, ``report_`` and what the fit warns of.

        X: 2-D float array or CSR/CSC; y: float64 (n, outputs) or uint32 codes; sample_weight: float64 or None.
        ``tell(done, total, measure)`` is called after each step; ``callbacks`` stands around the fit instead of those
        that tell of each step. ``products`` are inner products that the caller has computed, for an estimator that
        takes them. Returns the core's model.
        """
        if params is None:
            params = self._native_params()
        with callbacks or FitCallbacks(self, X, y) as progress:
            options = self._options(_both(progress, tell))
            if products is None:
                model = _core.fit(self._native, params, X, y, n_classes, sample_weight, start, options)
            else:
                model = _core.fit_given(self._native, params, X, y, products, options)
        return self._take(model)

    def _take(self, model):
        """Sets the fitted attributes of ``model``, ``report_`` and what the fit warns of."""
        for name, value in model.attributes().items():
            setattr(self, name, value)
        self._model = model
        self.report_ = model.report()
        self._warn(self.report_, stacklevel=5)
        return model

    def _warn(self, report, stacklevel=4):
        for kind, message in report["warnings"]:
            warnings.warn(message, _warning_class(kind), stacklevel=stacklevel)

    def _saved_model(self):
        """The core's model as a file of this estimator holds it."""
        return self._model

    def _saved_steps(self):
        """What maps X for the core's model, as named transformers: an estimator may have such of its own."""
        return []

    def _take_steps(self, steps) -> bool:
        """Takes back what `_saved_steps` gave; False where the steps are not the estimator's own."""
        return not steps

    def _as_2d_target(self, y) -> np.ndarray:
        """Numbers to predict as the core takes them."""
        y = np.ascontiguousarray(y, dtype=np.float64)
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _validate_rows(self, X, **check):
        """Validates X of a fitted estimator by scikit-learn's rules."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32], **check)
        return X if not isinstance(X, np.ndarray) else np.require(X, requirements="A")

    def _fitted(self, name: str):
        """The attribute ``name`` of a fitted estimator, cheaply; NotFittedError where it is not fitted."""
        try:
            return self.__dict__[name]
        except KeyError:
            check_is_fitted(self)
            return getattr(self, name)


def _both(first, second):
    """One listener for two; either may be missing."""
    if first is None or second is None:
        return first or second

    def tell(done, total, measure):
        first(done, total, measure)
        second(done, total, measure)

    return tell
