"""Ensembles of trees: forests, boosting."""

from ironlearn._gradient_boosting import GradientBoostingClassifier, GradientBoostingRegressor
from ironlearn._hist_gradient_boosting import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from ironlearn._isolation_forest import IsolationForest
from ironlearn._random_forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from ironlearn._random_trees_embedding import RandomTreesEmbedding

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "IsolationForest",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "RandomTreesEmbedding",
]
