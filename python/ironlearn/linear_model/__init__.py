"""Linear models."""

from ironlearn.linear_model._least_squares import LinearRegression
from ironlearn.linear_model._ridge import Ridge, ridge_regression

__all__ = [
    # least squares
    "LinearRegression",
    "Ridge",
    "ridge_regression",
]
