"""Encoders and scalers."""

from __future__ import annotations

from ironlearn._encoders import OneHotEncoder, OrdinalEncoder
from ironlearn._scaler import StandardScaler

__all__ = ["OneHotEncoder", "OrdinalEncoder", "StandardScaler"]
