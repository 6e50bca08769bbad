"""RANSAC's search for the largest consensus: in the core for our own least squares, else with any estimator."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import _check_method_params, assert_all_finite

from ironlearn import _core

EPS = np.finfo(np.float64).eps


@dataclass
class Found:
    """How a search ended."""

    inliers: np.ndarray | None = None
    n_trials: int = 0
    n_skips_no_inliers: int = 0
    n_skips_invalid_data: int = 0
    n_skips_invalid_model: int = 0
    # What ran where: (operation, place, calls, seconds).
    ops: list = field(default_factory=list)

    @property
    def n_skips(self) -> int:
        return self.n_skips_no_inliers + self.n_skips_invalid_data + self.n_skips_invalid_model


def enough_trials(n_inliers, n_samples, min_samples, probability) -> float:
    """Subsets that make it so probable that one has only rows that belong, where ``n_inliers`` do."""
    missed = max(EPS, 1 - probability)
    spoilt = max(EPS, 1 - (n_inliers / n_samples) ** min_samples)
    if missed == 1:
        return 0
    if spoilt == 1:
        return np.inf
    return abs(float(np.ceil(np.log(missed) / np.log(spoilt))))


def search_native(ransac, linear, X, y, sample_weight, min_samples, threshold, random_state, progress) -> Found:
    """The search in the core, with scikit-learn's subsets."""
    if X.dtype not in (np.float64, np.float32):
        X = X.astype(np.float64)
    params = {
        "min_samples": min_samples,
        "residual_threshold": threshold,
        "max_trials": _count(ransac.max_trials),
        "max_skips": None if ransac.max_skips == np.inf else _count(ransac.max_skips),
        "stop_n_inliers": None if ransac.stop_n_inliers == np.inf else _count(ransac.stop_n_inliers),
        "stop_score": None if ransac.stop_score == np.inf else float(ransac.stop_score),
        "stop_probability": float(ransac.stop_probability),
        "loss": ransac.loss,
        "fit_intercept": linear.fit_intercept,
        "tol": linear.tol,
        "positive": linear.positive,
    }

    def draw(n, size):
        return sample_without_replacement(n, size, random_state=random_state).tolist()

    try:
        options = ransac._options(progress)
        *found, ops = _core.ransac_search(params, X, ransac._as_2d_target(y), sample_weight, draw, options)
    except ValueError:
        # scikit-learn's own words, where NaN or infinity is the reason.
        assert_all_finite(X, estimator_name=type(linear).__name__, input_name="X")
        raise
    return Found(*found, ops=ops)


def _count(value) -> int:
    """A whole number that the core can count to; infinity is as good as the largest."""
    return int(min(value, 2**62))


def search_any(ransac, estimator, X, y, routed, min_samples, threshold, random_state, progress) -> Found:
    """The search with any estimator, the functions of the user and routed metadata."""
    n = X.shape[0]
    loss, found = _loss(ransac.loss, y.ndim), Found()
    best, best_score, most = 1, -np.inf, ransac.max_trials
    while found.n_trials < most:
        found.n_trials += 1
        if found.n_skips > ransac.max_skips:
            break
        rows = sample_without_replacement(n, min_samples, random_state=random_state)
        X_rows, y_rows = X[rows], y[rows]
        if ransac.is_data_valid is not None and not ransac.is_data_valid(X_rows, y_rows):
            found.n_skips_invalid_data += 1
            continue
        estimator.fit(X_rows, y_rows, **_check_method_params(X, params=routed.fit, indices=rows))
        if ransac.is_model_valid is not None and not ransac.is_model_valid(estimator, X_rows, y_rows):
            found.n_skips_invalid_model += 1
            continue
        inliers = loss(y, estimator.predict(X)) <= threshold
        count = np.sum(inliers)
        if progress is not None:
            progress(found.n_trials, 0, float(count))
        if count < best:
            found.n_skips_no_inliers += 1
            continue
        agreeing = np.flatnonzero(inliers)
        params = _check_method_params(X, params=routed.score, indices=agreeing)
        score = estimator.score(X[agreeing], y[agreeing], **params)
        if count == best and score < best_score:
            continue
        found.inliers, best, best_score = inliers, count, score
        most = min(most, enough_trials(count, n, min_samples, ransac.stop_probability))
        if count >= ransac.stop_n_inliers or score >= ransac.stop_score:
            break
    return found


def _loss(loss, ndim):
    """What each row pays for its residuals, of which those of several outputs add up."""
    if callable(loss):
        return loss
    pay = np.abs if loss == "absolute_error" else np.square
    if ndim == 1:
        return lambda y_true, y_pred: pay(y_true - y_pred)
    return lambda y_true, y_pred: np.sum(pay(y_true - y_pred), axis=1)
