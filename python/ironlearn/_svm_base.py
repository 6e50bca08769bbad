"""What the kernel machines share: validation, callable kernels, support vectors, answers.

Answers follow the attributes as they are at the time.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils._sparse import _align_api_if_sparse
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from ironlearn import _core
from ironlearn._base import NativeEstimator

CONSTRAINTS: dict = {
    "kernel": [StrOptions({"linear", "poly", "rbf", "sigmoid", "precomputed"}), callable],
    "degree": [Interval(Integral, 0, None, closed="left")],
    "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="left")],
    "coef0": [Interval(Real, None, None, closed="neither")],
    "tol": [Interval(Real, 0.0, None, closed="neither")],
    "C": [Interval(Real, 0.0, None, closed="right")],
    "nu": [Interval(Real, 0.0, 1.0, closed="right")],
    "epsilon": [Interval(Real, 0.0, None, closed="left")],
    "shrinking": ["boolean"],
    "probability": ["boolean", Hidden(StrOptions({"deprecated"}))],
    "cache_size": [Interval(Real, 0, None, closed="neither")],
    "class_weight": [StrOptions({"balanced"}), dict, None],
    "verbose": ["verbose"],
    "max_iter": [Interval(Integral, -1, None, closed="left")],
    "random_state": ["random_state"],
}


def constraints(*names: str) -> dict:
    """Those of the shared parameters that a class has beside the kernel's and the solver's."""
    always = ("kernel", "degree", "gamma", "coef0", "tol", "shrinking", "cache_size", "verbose", "max_iter")
    return {name: CONSTRAINTS[name] for name in (*always, *names)}


class KernelMachine(NativeEstimator):
    """A sum over support vectors. The dual coefficients and intercepts that predictions use are `_dual_coef_` and
    `_intercept_` in LIBSVM's signs, as in scikit-learn: for two classes the public ones are of the other sign."""

    _classifies: ClassVar[bool] = False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags

    def _validate_targets(self, y, weights):
        """The target as the core takes it."""
        return self._as_2d_target(column_or_1d(y, warn=True).astype(np.float64, copy=False))

    def _called(self, X):
        """X, or its kernel matrix with the rows of the fit where the kernel is a function."""
        if not callable(self.kernel):
            return X
        matrix = self.kernel(X, self._X_fit)
        if sparse.issparse(matrix):
            matrix = matrix.toarray()
        return np.asarray(matrix, dtype=np.float64, order="C")

    def _fit_machine(self, X, y, sample_weight, n_classes=None, **params):
        is_sparse = sparse.issparse(X)
        if is_sparse and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported.")
        if callable(self.kernel):
            check_consistent_length(X, y)
        else:
            X, y = validate_data(
                self,
                X,
                y,
                dtype=[np.float64, np.float32],
                order="C",
                accept_sparse="csr",
                accept_large_sparse=False,
            )
        n = _num_samples(X)
        weights = np.asarray([] if sample_weight is None else sample_weight, dtype=np.float64)
        if weights.ndim == 0:
            weights = np.full(n, weights)
        if weights.ndim != 1:
            raise ValueError("Sample weights must be 1D array or scalar")
        if weights.shape[0] > 0 and weights.shape[0] != n:
            raise ValueError(f"sample_weight and X have incompatible shapes: {weights.shape} vs {X.shape}")
        weights = np.ascontiguousarray(weights) if weights.shape[0] > 0 else None
        if weights is not None and not np.isfinite(weights).all():
            raise ValueError("Input sample_weight contains NaN or infinity.")
        y = self._validate_targets(y, weights)
        if y.shape[0] != n:
            raise ValueError(
                f"X and y have incompatible shapes.\nX has {n} samples, but y has {y.shape[0]}.",
            )
        if self.kernel == "precomputed" and n != X.shape[1]:
            raise ValueError(
                f"Precomputed matrix must be a square matrix. Input is a {X.shape[0]}x{X.shape[1]} matrix."
            )
        shape = X.shape if hasattr(X, "shape") else (n,)
        if callable(self.kernel):
            self._X_fit = X
            X = self._called(X)
            if X.shape[0] != X.shape[1]:
                raise ValueError("X.shape[0] should be equal to X.shape[1]")
        if self.verbose:
            print("[LibSVM]", end="")
        params = self._core_params() | params
        self._fit_native(X, y, n_classes=n_classes, sample_weight=weights, params=params)
        self.shape_fit_ = shape
        self._take_parts()
        if self.verbose:
            self._tell_of_problems()
        return self

    def _core_params(self) -> dict:
        params = {name: v for name, v in self._native_params().items() if name not in ("class_weight", "probability")}
        if callable(self.kernel):
            params["kernel"] = "precomputed"
        if not isinstance(self.gamma, str):
            params["gamma"] = float(self.gamma)
        for name in ("C", "nu", "epsilon", "coef0", "tol", "cache_size", "degree"):
            if name in params:
                params[name] = float(params[name])
        params["max_iter"] = int(min(self.max_iter, 2**62))
        return params

    def _warn(self, report, stacklevel=4):
        for _, message in report["warnings"]:
            warnings.warn(message, ConvergenceWarning, stacklevel=stacklevel)

    def _take_parts(self):
        """The attributes that follow from those of the core's model."""
        rows = _core.svm_rows(self._model)
        if rows is None:
            rows = np.empty((0, 0))
        elif isinstance(rows, tuple):
            shape, data, indices, indptr = rows
            rows = _align_api_if_sparse(sparse.csr_array((data, indices, indptr), shape=shape))
        # Predictions use the core's own support vectors as long as nobody has put others in their place.
        self.support_vectors_ = self._own_vectors = rows
        self._freeze_vectors()
        dual, flip = self._dual_coef_, self._classifies and len(self._n_support) == 2
        if self._sparse:
            n_lines, n_vectors = dual.shape
            indptr = np.arange(0, n_lines * n_vectors + 1, max(n_vectors, 1))[: n_lines + 1]
            places = np.tile(np.arange(n_vectors), n_lines)
            self._dual_coef_ = dual = _align_api_if_sparse(
                sparse.csr_array((dual.ravel(), places, indptr), shape=dual.shape)
                if n_vectors
                else sparse.csr_array([[]])
            )
        self.dual_coef_ = -dual if flip else dual
        self.intercept_ = -self._intercept_ if flip else self._intercept_.copy()
        finite = np.isfinite(dual.data if self._sparse else dual).all() and np.isfinite(self._intercept_).all()
        if not finite:
            raise ValueError(
                "The dual coefficients or intercepts are not finite. The input data may contain large values and need "
                "to be preprocessed."
            )
        self.n_iter_ = self._num_iter if self._classifies else self._num_iter.item()

    def _freeze_vectors(self):
        vectors = self._own_vectors
        for array in (vectors.data, vectors.indices, vectors.indptr) if sparse.issparse(vectors) else (vectors,):
            array.flags.writeable = False

    def _vectors_now(self):
        """The support vectors for the core; None for its own."""
        given = callable(self.kernel) or self.kernel == "precomputed"
        return None if given or self.support_vectors_ is getattr(self, "_own_vectors", None) else self.support_vectors_

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_own_vectors" in self.__dict__:
            self._freeze_vectors()

    def _tell_of_problems(self):
        """What LIBSVM says of each problem."""
        lines, held = [], self._held_by_problems()
        for k, steps in enumerate(self._num_iter):
            lines.append(f"optimization finished, #iter = {steps}")
            lines.append(f"obj = {self._objective[k]:.6f}, rho = {-self._intercept_[k]:.6f}")
            lines.append(f"nSV = {held[k]}, nBSV = {self._bounded[k]}")
        print("\n" + "\n".join([*lines, f"Total nSV = {len(self.support_)}"]))

    def _held_by_problems(self):
        """How many support vectors each problem has."""
        dual, ends = self._dual_now(), np.cumsum(self._n_support)
        if not self._classifies:
            return [np.count_nonzero(dual)]
        parts = np.split(dual, ends[:-1], axis=1)
        pairs = [(i, j) for i in range(len(parts)) for j in range(i + 1, len(parts))]
        return [np.count_nonzero(parts[i][j - 1]) + np.count_nonzero(parts[j][i]) for i, j in pairs]

    def _after_load(self):
        self.shape_fit_ = _core.svm_shape(self._model)
        self._take_parts()

    def _saved_model(self):
        """The core's model with the dual coefficients and intercepts as they are now."""
        if callable(self.kernel):
            name = getattr(self.kernel, "__qualname__", None) or repr(self.kernel)
            raise TypeError(
                f"{type(self).__name__} with kernel={name} cannot be saved: a model file holds no Python functions"
            )
        return _core.svm_with(self._model, self._dual_now(), self._intercept_)

    def _dual_now(self):
        dual = self._dual_coef_.toarray() if sparse.issparse(self._dual_coef_) else self._dual_coef_
        lines = len(self.classes_) - 1 if self._classifies else 1
        return np.ascontiguousarray(dual, dtype=np.float64).reshape(lines, len(self.support_))

    def _validate_for_predict(self, X):
        check_is_fitted(self)
        if not callable(self.kernel):
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=[np.float64, np.float32],
                order="C",
                accept_large_sparse=False,
                reset=False,
            )
        if sparse.issparse(X) and not self._sparse and not callable(self.kernel):
            raise ValueError(f"cannot use sparse input in {type(self).__name__!r} trained on dense data")
        if self.kernel == "precomputed" and X.shape[1] != self.shape_fit_[0]:
            raise ValueError(
                f"X.shape[1] = {X.shape[1]} should be equal to {self.shape_fit_[0]}, the number of samples at training "
                "time"
            )
        vectors = self.support_vectors_
        if not self._sparse and vectors.size > 0 and self.n_support_.sum() != vectors.shape[0]:
            raise ValueError(f"The internal representation of {type(self).__name__} was altered")
        return X

    def _answer(self, X, what):
        """``values`` of pairs of classes (without classes one column), ``classes``, ``scores``, ``probabilities``."""
        X = self._called(self._validate_for_predict(X))
        if callable(self.kernel):
            if X.ndim == 1:
                X = check_array(X, order="C", accept_large_sparse=False)
            if X.shape[1] != self.shape_fit_[0]:
                raise ValueError(
                    f"X.shape[1] = {X.shape[1]} should be equal to {self.shape_fit_[0]}, the number of samples at "
                    "training time"
                )
        counts = self._n_support if self._classifies else self._n_support[:1]
        sigmoids = (list(self._probA), list(self._probB)) if what == "probabilities" else None
        return _core.svm_answer(
            self._model,
            X,
            self._vectors_now(),
            [int(n) for n in counts],
            self._dual_now(),
            np.asarray(self._intercept_, dtype=np.float64),
            sigmoids,
            what,
            self._options(),
        )

    @property
    def coef_(self):
        """The weights of the features, with ``kernel="linear"``: (n_pairs, n_features)."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        coef = self._get_coef()
        (coef.data if sparse.issparse(coef) else coef).flags.writeable = False
        return coef

    def _get_coef(self):
        return safe_sparse_dot(self._dual_coef_, self.support_vectors_)

    @property
    def n_support_(self):
        """The number of support vectors, of each class where there are classes."""
        try:
            check_is_fitted(self)
        except NotFittedError:
            raise AttributeError from None
        return self._n_support if self._classifies else np.array([self._n_support[0]])
