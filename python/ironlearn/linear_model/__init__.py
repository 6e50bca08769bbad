"""Linear models."""

from ironlearn.linear_model._deviance import GammaRegressor, PoissonRegressor, TweedieRegressor
from ironlearn.linear_model._least_squares import LinearRegression
from ironlearn.linear_model._logistic import LogisticRegression
from ironlearn.linear_model._logistic_cv import LogisticRegressionCV
from ironlearn.linear_model._ridge import Ridge, ridge_regression

__all__ = [
    # least squares
    "LinearRegression",
    "Ridge",
    "ridge_regression",
    # logistic regression, generalised
    "GammaRegressor",
    "LogisticRegression",
    "LogisticRegressionCV",
    "PoissonRegressor",
    "TweedieRegressor",
]
