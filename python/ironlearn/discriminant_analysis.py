"""Linear and quadratic discriminant analysis."""

from ironlearn._discriminant import LinearDiscriminantAnalysis
from ironlearn._quadratic_discriminant import QuadraticDiscriminantAnalysis

__all__ = ["LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"]
