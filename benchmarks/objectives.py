"""Objectives of the convex problems, and how far a solution is from optimal.

Both are computed here from fitted coefficients in float64, alike for every contestant. A function returns the objective
over the training rows, divided by the number of rows, and the largest violation of the optimality conditions: of the
gradient of the smooth part where a coefficient is free, of what exceeds the penalty's slope where it is 0.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.special import expit, logsumexp, softmax, xlogy

CHUNK = 65_536


def _chunks(x):
    for start in range(0, x.shape[0], CHUNK):
        rows = slice(start, start + CHUNK)
        part = x[rows]
        yield rows, part if sparse.issparse(part) else part.astype(np.float64, copy=False)


def _coefficients(model):
    coef = model.coef_.toarray() if sparse.issparse(model.coef_) else np.asarray(model.coef_)
    return coef.astype(np.float64), np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64))


def _pointwise(model, data, loss, derivative):
    """The mean loss, and its gradient in the coefficients (classes × features) and the intercepts."""
    coef, intercept = _coefficients(model)
    coef = np.atleast_2d(coef)
    total, slope, slope_0 = 0.0, np.zeros_like(coef), np.zeros(len(coef))
    w, n = data.get("w"), data["x"].shape[0]
    for rows, x in _chunks(data["x"]):
        z, y = x @ coef.T + intercept, data["y"][rows]
        weights = np.ones(len(y)) if w is None else w[rows]
        total += float(weights @ loss(y, z))
        d = derivative(y, z) * weights[:, None]
        slope += (x.T @ d).T
        slope_0 += d.sum(axis=0)
    return total / n, slope / n, slope_0 / n, coef


def _violation(slope, coef, slope_0, l1: float, l2: float, intercept: bool = True) -> float:
    """The largest violation where the penalty is ``l1 * |w| + l2/2 * w²``."""
    slope = slope + l2 * coef
    at_zero = np.maximum(np.abs(slope) - l1, 0.0)
    free = np.abs(slope + l1 * np.sign(coef))
    worst = float(np.max(np.where(coef == 0, at_zero, free)))
    return max(worst, float(np.max(np.abs(slope_0)))) if intercept else worst


def squares(model, data) -> tuple[float, float]:
    """`Σ w·(y − Xw − b)² + alpha·‖w‖²`, divided by the number of rows."""
    n = data["x"].shape[0]
    alpha = float(np.max(getattr(model, "alpha_", getattr(model, "alpha", 0.0))))
    value, slope, slope_0, coef = _pointwise(
        model, data, lambda y, z: (y - z[:, 0]) ** 2, lambda y, z: 2 * (z - y[:, None])
    )
    return value + alpha / n * float(np.sum(coef**2)), _violation(slope, coef, slope_0, 0.0, 2 * alpha / n)


def elastic_net(model, data) -> tuple[float, float]:
    """`‖y − Xw − b‖² / 2n + alpha·l1_ratio·‖w‖₁ + alpha·(1 − l1_ratio)/2·‖w‖²`, alpha as chosen."""
    alpha = float(getattr(model, "alpha_", getattr(model, "alpha", None)))
    ratio = float(getattr(model, "l1_ratio_", getattr(model, "l1_ratio", 1.0)))
    value, slope, slope_0, coef = _pointwise(
        model, data, lambda y, z: (y - z[:, 0]) ** 2 / 2, lambda y, z: z - y[:, None]
    )
    l1, l2 = alpha * ratio, alpha * (1 - ratio)
    penalty = l1 * float(np.abs(coef).sum()) + l2 / 2 * float(np.sum(coef**2))
    return value + penalty, _violation(slope, coef, slope_0, l1, l2)


def logistic(model, data) -> tuple[float, float]:
    """The mean log loss plus the penalty divided by C·n: L2 by default, L1 where the case says so."""
    n = data["x"].shape[0]
    strength = model.C if hasattr(model, "C") else 1 / (model.alpha * n)
    classes = np.asarray(model.classes_)
    codes = {c: k for k, c in enumerate(classes)}

    def code(y):
        return np.fromiter((codes[v] for v in y), dtype=np.intp, count=len(y))

    if np.atleast_2d(_coefficients(model)[0]).shape[0] == 1:

        def loss(y, z):
            sign = 2.0 * code(y) - 1
            return np.logaddexp(0.0, -sign * z[:, 0])

        def derivative(y, z):
            return expit(z) - code(y)[:, None]
    else:

        def loss(y, z):
            return logsumexp(z, axis=1) - z[np.arange(len(y)), code(y)]

        def derivative(y, z):
            p = softmax(z, axis=1)
            p[np.arange(len(y)), code(y)] -= 1
            return p

    value, slope, slope_0, coef = _pointwise(model, data, loss, derivative)
    is_l1 = getattr(model, "l1_ratio", 0.0) == 1.0 or getattr(model, "penalty", "l2") == "l1"
    l1, l2 = (1 / (strength * n), 0.0) if is_l1 else (0.0, 1 / (strength * n))
    penalty = l1 * float(np.abs(coef).sum()) + l2 / 2 * float(np.sum(coef**2))
    return value + penalty, _violation(slope, coef, slope_0, l1, l2, bool(model.fit_intercept))


def margins(model, data) -> float:
    """LinearSVC's objective, divided by the number of rows: each class against the rest, summed, or all together."""
    coef, intercept = _coefficients(model)
    classes, total = np.asarray(model.classes_), 0.0
    positive = classes[1:] if len(classes) == 2 else classes
    for rows, x in _chunks(data["x"]):
        z, own = x @ coef.T + intercept, data["y"][rows][:, None] == positive
        if model.multi_class == "crammer_singer":
            total += float(np.sum(np.max(z + ~own, axis=1) - z[own]))
            continue
        short = np.maximum(0.0, 1 - np.where(own, z, -z))
        total += float(np.sum(short if model.loss == "hinge" else short**2))
    b = np.broadcast_to(intercept, len(coef)) / model.intercept_scaling
    penalty = (np.sum(coef**2) + b @ b) / 2 if model.penalty == "l2" else np.abs(coef).sum() + np.abs(b).sum()
    return (model.C * total + float(penalty)) / data["x"].shape[0]


def tube(model, data) -> float:
    """LinearSVR's objective, divided by the number of rows."""
    coef, intercept = _coefficients(model)
    total = 0.0
    for rows, x in _chunks(data["x"]):
        outside = np.maximum(0.0, np.abs(data["y"][rows] - x @ coef - intercept) - model.epsilon)
        total += float(np.sum(outside**2 if model.loss.startswith("squared") else outside))
    penalty = (coef @ coef + float(intercept[0] / model.intercept_scaling) ** 2) / 2
    return (model.C * total + float(penalty)) / data["x"].shape[0]


def poisson(model, data) -> tuple[float, float]:
    """Half the mean Poisson deviance plus `alpha/2·‖w‖²`."""
    value, slope, slope_0, coef = _pointwise(
        model,
        data,
        lambda y, z: np.exp(z[:, 0]) - y * z[:, 0] + xlogy(y, y) - y,
        lambda y, z: np.exp(z) - y[:, None],
    )
    return value + model.alpha / 2 * float(np.sum(coef**2)), _violation(slope, coef, slope_0, 0.0, model.alpha)
