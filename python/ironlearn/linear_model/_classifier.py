"""What linear classifiers share: labels and their codes, scores, classes and probabilities from the coefficients as
they are now."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import assert_all_finite

from ironlearn.linear_model._answer import linear_answer


class LinearClassifierMixin(ClassifierMixin):
    """Scores from ``coef_`` and ``intercept_`` as they are now: a user who assigns them is obeyed."""

    # How probabilities follow from the scores: "softmax", "one_vs_rest" or "modified_huber".
    _probabilities = "one_vs_rest"

    def _encode(self, y):
        """Sets ``classes_``; y, which has been looked at, as codes of shape (n, 1), as the core takes them."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes.reshape(-1, 1).astype(np.uint32)

    def _fit_classes(self, X, codes, sample_weight, params=None, n_classes=None, **more):
        """Fits data that are validated but for the finiteness of X, which the core looks at as it goes. ``n_classes``
        is there for codes of several outputs."""
        if sample_weight is not None:
            sample_weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
        try:
            n_classes = n_classes or [len(self.classes_)]
            self._fit_native(X, codes, n_classes=n_classes, sample_weight=sample_weight, params=params, **more)
        except ValueError:
            # scikit-learn's own words, where NaN or infinity is the reason.
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
            raise
        return self

    def _answer(self, X, answer):
        coef = self._fitted("coef_")
        if hasattr(coef, "toarray"):
            coef = coef.toarray()
        return linear_answer(self, X, coef, self.intercept_, answer)

    def decision_function(self, X):
        """Scores ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one score; positive means ``classes_[1]``.
        """
        scores = self._answer(X, "scores")
        return scores.ravel() if scores.ndim == 1 or scores.shape[1] == 1 else scores

    def predict(self, X):
        """The class of the largest score.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        codes = self._answer(X, "classes")
        return self.classes_[codes]

    def _saved_model(self):
        """The core's model with the coefficients as they are now: what a file of this estimator holds."""
        coef = self._fitted("coef_")
        return self._model.with_coefficients(coef.toarray() if hasattr(coef, "toarray") else coef, self.intercept_)
