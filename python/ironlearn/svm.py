"""Support vector machines."""

from __future__ import annotations

from ironlearn._linear_svm import LinearSVC, LinearSVR, l1_min_c
from ironlearn._svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

__all__ = ["SVC", "SVR", "LinearSVC", "LinearSVR", "NuSVC", "NuSVR", "OneClassSVM", "l1_min_c"]
