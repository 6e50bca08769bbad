"""Linear models."""

from ironlearn.linear_model._bayes import ARDRegression, BayesianRidge
from ironlearn.linear_model._deviance import GammaRegressor, PoissonRegressor, TweedieRegressor
from ironlearn.linear_model._huber import HuberRegressor
from ironlearn.linear_model._lars import Lars, LassoLars
from ironlearn.linear_model._lars_cv import LarsCV, LassoLarsCV
from ironlearn.linear_model._lars_ic import LassoLarsIC
from ironlearn.linear_model._lars_path import lars_path, lars_path_gram
from ironlearn.linear_model._lasso import ElasticNet, Lasso, MultiTaskElasticNet, MultiTaskLasso
from ironlearn.linear_model._lasso_cv import ElasticNetCV, LassoCV
from ironlearn.linear_model._lasso_path import enet_path, lasso_path
from ironlearn.linear_model._least_squares import LinearRegression
from ironlearn.linear_model._logistic import LogisticRegression
from ironlearn.linear_model._logistic_cv import LogisticRegressionCV
from ironlearn.linear_model._multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
from ironlearn.linear_model._omp import (
    OrthogonalMatchingPursuit,
    OrthogonalMatchingPursuitCV,
    orthogonal_mp,
    orthogonal_mp_gram,
)
from ironlearn.linear_model._passive_aggressive import PassiveAggressiveClassifier, PassiveAggressiveRegressor
from ironlearn.linear_model._perceptron import Perceptron
from ironlearn.linear_model._quantile import QuantileRegressor
from ironlearn.linear_model._ransac import RANSACRegressor
from ironlearn.linear_model._ridge import Ridge, ridge_regression
from ironlearn.linear_model._ridge_classifier import RidgeClassifier
from ironlearn.linear_model._ridge_cv import RidgeClassifierCV, RidgeCV
from ironlearn.linear_model._sgd_classifier import SGDClassifier
from ironlearn.linear_model._sgd_one_class import SGDOneClassSVM
from ironlearn.linear_model._sgd_regressor import SGDRegressor
from ironlearn.linear_model._theil_sen import TheilSenRegressor

__all__ = [
    # Bayesian
    "ARDRegression",
    "BayesianRidge",
    # least squares
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "ridge_regression",
    # coordinate descent
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "enet_path",
    "lasso_path",
    # logistic regression, generalised
    "GammaRegressor",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "TweedieRegressor",
    # stochastic gradients
    "PassiveAggressiveClassifier",
    "PassiveAggressiveRegressor",
    "Perceptron",
    "SGDClassifier",
    "SGDOneClassSVM",
    "SGDRegressor",
    # least angles, orthogonal matching pursuit
    "Lars",
    "LarsCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "lars_path",
    "lars_path_gram",
    "orthogonal_mp",
    "orthogonal_mp_gram",
    # robust
    "HuberRegressor",
    "QuantileRegressor",
    # consensus of subsets
    "RANSACRegressor",
    "TheilSenRegressor",
]
