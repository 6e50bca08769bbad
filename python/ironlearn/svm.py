"""Support vector machines."""

from __future__ import annotations

from ironlearn._linear_svm import LinearSVC, LinearSVR, l1_min_c

__all__ = ["LinearSVC", "LinearSVR", "l1_min_c"]
