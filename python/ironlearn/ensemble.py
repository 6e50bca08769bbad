"""Ensembles: forests, boosting, bagging."""

from __future__ import annotations

from ironlearn._adaboost import AdaBoostClassifier, AdaBoostRegressor
from ironlearn._bagging import BaggingClassifier, BaggingRegressor
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
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
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
