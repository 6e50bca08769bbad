"""The transformers by which the shell makes numbers of a table, beside those of scikit-learn's names: the steps of
models that ``ironlearn.load`` reads. No part of the public interface: scikit-learn's TargetEncoder takes more, and
times are no arrays that its checks could be put to.
"""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_feature_names_in, check_consistent_length, check_is_fitted, column_or_1d

from ironlearn import _categories, _columns
from ironlearn._transformer import NativeTransformer, category_columns, numbers_of

__all__ = ["DateTimeEncoder", "FrequencyEncoder", "TargetEncoder"]


class _TableTransformer(NativeTransformer):
    """Rows of any type, as columns."""

    def _rows(self, X, *, reset: bool):
        return category_columns(self, X, reset=reset)[1]

    def transform(self, X):
        """Maps rows to numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_features_out)
        """
        check_is_fitted(self)
        return self._transform_rows(self._rows(X, reset=False))

    def get_feature_names_out(self, input_features=None):
        """The names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(self._model.feature_names_out(list(names)), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


class TargetEncoder(_TableTransformer):
    """Each entry becomes what the target is on average where its category occurs; ``fit_transform`` by cross-fitting.

    scikit-learn's class of this name takes any splitter as ``cv``; here it is the number of folds, shuffled by
    ``random_state``.
    """

    _native = "TargetEncoder"
    _parameter_constraints: dict = {
        "categories": [StrOptions({"auto"})],
        "target_type": [StrOptions({"auto", "continuous", "binary", "multiclass"})],
        "smooth": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, categories="auto", target_type="auto", smooth="auto", cv=5, random_state=0):
        self.categories = categories
        self.target_type = target_type
        self.smooth = smooth
        self.cv = cv
        self.random_state = random_state

    def _native_params(self) -> dict:
        smooth = None if isinstance(self.smooth, str) else float(self.smooth)
        return {"smooth": smooth, "cv": int(self.cv), "random_state": int(self.random_state)}

    def _learn(self, X, y, transform):
        check_consistent_length(X, y)
        rows = self._rows(X, reset=True)
        y = column_or_1d(y)
        kind = type_of_target(y, input_name="y") if self.target_type == "auto" else self.target_type
        if kind not in ("continuous", "binary", "multiclass"):
            raise ValueError(f"Unknown label type: Target type was inferred to be {kind!r}.")
        self.target_type_, self.classes_ = kind, None
        if kind == "continuous":
            target, n_classes = np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1), None
        else:
            self.classes_, codes = np.unique(y, return_inverse=True)
            target, n_classes = codes.astype(np.uint32).reshape(-1, 1), [len(self.classes_)]
        out = self._fit_rows(rows, y=target, n_classes=n_classes, transform=transform)
        self._set_attributes(self._state())
        return out

    def _set_attributes(self, state):
        mean = numbers_of(state["target_mean"])
        self.categories_ = [_categories.to_array(c, None) for c in state["categories"]]
        self.target_mean_ = mean[0] if len(mean) == 1 else mean
        encodings = [numbers_of(e).reshape(-1, len(mean)) for e in state["encodings"]]
        self.encodings_ = [e[:, k].copy() for e in encodings for k in range(len(mean))]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learns the encodings from all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self : object
        """
        self._learn(X, y, False)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y):
        """Learns the encodings and maps the same rows, each by what the other folds say.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        X_out : ndarray of shape (n_samples, n_features_out)
        """
        return self._learn(X, y, True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class FrequencyEncoder(_TableTransformer):
    """Each entry becomes the part of the rows of the fit that its category had; 0 where it was not seen."""

    _native = "FrequencyEncoder"
    _parameter_constraints: dict = {}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Counts the categories.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        self._fit_rows(self._rows(X, reset=True))
        self._set_attributes(self._state())
        return self

    def _set_attributes(self, state):
        self.categories_ = [_categories.to_array(c, None) for c in state["categories"]]
        self.frequencies_ = [np.array(f) for f in state["frequencies"]]


class DateTimeEncoder(_TableTransformer):
    """Each column of times becomes its year, month, day, day of the week, hour and seconds since 1970, in UTC."""

    _native = "DateTimeEncoder"
    _parameter_constraints: dict = {"parts": ["array-like"]}

    def __init__(self, parts=("year", "month", "day", "weekday", "hour", "epoch")):
        self.parts = parts

    def _rows(self, X, *, reset: bool):
        rows = super()._rows(X, reset=reset)
        if not isinstance(rows, list):
            raise ValueError("DateTimeEncoder takes columns of times")
        return [r if r[1] == "time" else _columns._convert(*_known(r), "time") for r in rows]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Checks that the columns hold times.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : None

        Returns
        -------
        self : object
        """
        self._fit_rows(self._rows(X, reset=True), params={"parts": list(self.parts)})
        self._set_attributes(self._state())
        return self

    def _set_attributes(self, state):
        self.n_features_out_ = len(self.parts) * self._model.n_features_in


def _known(column):
    return column, "number" if column[1] == "number" else "text"
