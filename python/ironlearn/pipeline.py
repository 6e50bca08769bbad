"""Transformers and an estimator as one.

``Pipeline`` is scikit-learn's: it hands rows from step to step and computes nothing itself. As ironlearn's, it can be
saved with ``ironlearn.save`` when its steps can; one that ``ironlearn.load`` gives predicts by the core as a whole, as
the shell does, until it is fitted again.
"""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import FeatureUnion, _final_estimator_has, _name_estimators
from sklearn.pipeline import Pipeline as _Pipeline
from sklearn.utils.metaestimators import available_if

from ironlearn import _columns
from ironlearn._config import get_config

__all__ = ["FeatureUnion", "Pipeline", "make_pipeline"]


class Pipeline(_Pipeline):
    """Named transformers, one after the other, and an estimator."""

    def fit(self, X, y=None, **params):
        """Fits each step to what the step before gives.

        Parameters
        ----------
        X : array-like, the rows that the first step takes
        y : array-like, default=None
        **params : dict of parameters for the steps' ``fit``

        Returns
        -------
        self : object
        """
        self.__dict__.pop("_whole", None)
        return super().fit(X, y, **params)

    def _loaded(self, X):
        """The core's pipeline and X as it takes it, where this pipeline came from a file and is as it was then."""
        whole = self.__dict__.get("_whole")
        if whole is None or [id(step) for _, step in self.steps] != self.__dict__["_whole_steps"]:
            return None
        if _columns.is_frame(X) and whole.columns:
            return whole, _columns.typed_table(X, whole.columns)
        return None

    @available_if(_final_estimator_has("predict"))
    def predict(self, X, **params):
        """Maps X through the transformers and predicts.

        Parameters
        ----------
        X : array-like, the rows that the first step takes
        **params : dict of parameters for ``predict``

        Returns
        -------
        y : ndarray
        """
        loaded = None if params else self._loaded(X)
        if loaded is None:
            return super().predict(X, **params)
        whole, rows = loaded
        out = whole.predict(rows, (get_config()["device"], get_config()["n_threads"], None))
        classes = getattr(self.steps[-1][1], "classes_", None)
        if classes is not None:
            return classes[out[:, 0].astype(np.int64)]
        if whole.model.task in ("clustering", "outliers"):
            return out[:, 0].astype(np.int32)
        return out[:, 0] if out.shape[1] == 1 else out

    @available_if(_final_estimator_has("predict_proba"))
    def predict_proba(self, X, **params):
        """Maps X through the transformers and predicts the probability of each class.

        Parameters
        ----------
        X : array-like, the rows that the first step takes
        **params : dict of parameters for ``predict_proba``

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
        """
        loaded = None if params else self._loaded(X)
        if loaded is None:
            return super().predict_proba(X, **params)
        whole, rows = loaded
        return whole.predict_proba(rows, (get_config()["device"], get_config()["n_threads"], None))[0]


def make_pipeline(*steps, memory=None, transform_input=None, verbose=False):
    """A :class:`Pipeline` of these steps, named by their classes."""
    return Pipeline(_name_estimators(steps), transform_input=transform_input, memory=memory, verbose=verbose)
