"""Support vector machines."""

from __future__ import annotations

from ironlearn._linear_svm import LinearSVC, LinearSVR, l1_min_c
from ironlearn._one_class_svm import OneClassSVM
from ironlearn._svm_classifiers import SVC, NuSVC
from ironlearn._svm_regressors import SVR, NuSVR

__all__ = ["SVC", "SVR", "LinearSVC", "LinearSVR", "NuSVC", "NuSVR", "OneClassSVM", "l1_min_c"]
