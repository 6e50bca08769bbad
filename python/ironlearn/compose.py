"""Columns of their own kinds, each group by its own transformer.

``ColumnTransformer`` is scikit-learn's: it hands columns to transformers and puts the results side by side, and
computes nothing itself. As ironlearn's, it can be saved with ``ironlearn.save`` when its transformers can.
"""

from __future__ import annotations

from sklearn.compose import ColumnTransformer as _ColumnTransformer
from sklearn.compose import make_column_selector
from sklearn.compose._column_transformer import _get_transformer_list

__all__ = ["ColumnTransformer", "make_column_selector", "make_column_transformer"]


class ColumnTransformer(_ColumnTransformer):
    """Named transformers, each for some of the columns; their results stand side by side."""


def make_column_transformer(
    *transformers, remainder="drop", sparse_threshold=0.3, n_jobs=None, verbose=False, verbose_feature_names_out=True
):
    """A :class:`ColumnTransformer` of (transformer, columns) pairs, named by their classes."""
    return ColumnTransformer(
        _get_transformer_list(transformers),
        n_jobs=n_jobs,
        remainder=remainder,
        sparse_threshold=sparse_threshold,
        verbose=verbose,
        verbose_feature_names_out=verbose_feature_names_out,
    )
