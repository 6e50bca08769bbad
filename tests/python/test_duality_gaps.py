"""The lasso's family: the duality gap of what a fit returns, computed here in float64, is at most ``tol`` times the sum
of squares of the centred y (rows weighted, weights adding up to n), which is what scikit-learn stops at; and the
objective is as low as scikit-learn's."""

import warnings
from functools import cache

import ironlearn.linear_model as ours
import numpy as np
import pytest
import sklearn.linear_model as reference
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

RANDOM = np.random.default_rng(5)
KINDS = {"float64": np.asarray, "float32": lambda x: x.astype(np.float32)}
KINDS |= {"csr": sparse.csr_array, "csc": sparse.csc_array}
SHAPES = {"tall": (150, 12), "wide": (40, 90)}
MODELS = {
    "Lasso": [{"alpha": 0.05}, {"alpha": 0.05, "positive": True}, {"alpha": 0.05, "fit_intercept": False}],
    "ElasticNet": [{"alpha": 0.1, "l1_ratio": 0.7}, {"alpha": 0.1, "l1_ratio": 0.1, "positive": True}],
    "MultiTaskLasso": [{"alpha": 0.1}],
    "MultiTaskElasticNet": [{"alpha": 0.2, "l1_ratio": 0.6}, {"alpha": 0.2, "l1_ratio": 0.6, "fit_intercept": False}],
}
CASES = [(name, params) for name, several in MODELS.items() for params in several]
WAYS = [{"selection": "cyclic"}, {"selection": "random"}, {"precompute": True}, {"precompute": False}]


@cache
def table(shape):
    n, p = SHAPES[shape]
    X = RANDOM.normal(size=(n, p)) + 0.3
    X[:, 1:] += 0.5 * X[:, :-1]
    X[RANDOM.uniform(size=X.shape) < 0.3] = 0
    X = X.astype(np.float32).astype(float)
    coef = np.where(np.arange(p) % 4 == 0, RANDOM.normal(size=p), 0)
    Y = np.column_stack([X @ coef, X @ np.roll(coef, 1)]) + 0.5 * RANDOM.normal(size=(n, 2)) + 1
    return X, Y, RANDOM.uniform(0.2, 2, size=n)


def centred(X, y, w, fit_intercept):
    w = np.ones(len(X)) if w is None else w * (len(X) / w.sum())
    root = np.sqrt(w)[:, None]
    if fit_intercept:
        X, y = X - np.average(X, axis=0, weights=w), y - np.average(y, axis=0, weights=w)
    return X * root, y * root


def objective_and_gap(A, b, coef, alpha, l1_ratio=1.0, positive=False, **_):
    """Of coefficients (features × targets), both for the sum over the rows."""
    n = len(A)
    l1, l2 = alpha * l1_ratio * n, alpha * (1 - l1_ratio) * n
    left = b - A @ coef
    value = (np.sum(left**2) + l2 * np.sum(coef**2)) / 2 + l1 * np.linalg.norm(coef, axis=1).sum()
    pull = A.T @ left - l2 * coef
    most = pull.max() if positive else np.linalg.norm(pull, axis=1).max()
    share = min(1.0, l1 / most) if most > 0 else 1.0
    # The dual point is the residual of the problem whose L2 part is rows of X, made short enough to be feasible.
    dual = share * np.sum(left * b) - share**2 * (np.sum(left**2) + l2 * np.sum(coef**2)) / 2
    return value, value - dual


def heard(estimator, *data):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        return estimator.fit(*data), {t.category for t in told}


def as_columns(estimator):
    return np.atleast_2d(estimator.coef_).astype(float).T


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_the_gap_is_what_tol_promises(name, params, shape, kind, way, weighted):
    if "precompute" in way and name.startswith("MultiTask"):
        return
    X, Y, w = table(shape)
    y, w = Y if name.startswith("MultiTask") else Y[:, :1], w if weighted else None
    A, b = centred(X, y, w, params.get("fit_intercept", True))
    eps = np.finfo(np.float32 if kind == "float32" else float).eps
    given = (KINDS[kind](X), y if y.shape[1] > 1 else y[:, 0], w)
    for tol in (1e-4, 1e-8):
        found, told = heard(getattr(ours, name)(**params, **way, tol=tol, random_state=0), *given)
        assert not told
        assert found.n_iter_ >= 1
        coef = as_columns(found)
        value, gap = objective_and_gap(A, b, coef, **params)
        # What the gap changes by where coefficients are rounded to the type of X.
        moved = coef * (1 + eps * np.where(np.arange(len(coef)) % 2, 1, -1)[:, None])
        rounding = 8 * abs(objective_and_gap(A, b, moved, **params)[1] - gap) + 1e-13 * np.sum(b**2)
        assert gap <= tol * np.sum(b**2) + rounding
        if kind == "float64":
            assert found.dual_gap_ * len(X) == pytest.approx(gap, rel=1e-3, abs=1e-11 * np.sum(b**2))
    wanted, _ = heard(getattr(reference, name)(**params, tol=1e-8, max_iter=100_000), X, given[1], w)
    least = objective_and_gap(A, b, as_columns(wanted), **params)[0]
    assert value <= least * (1 + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_one_pass_is_heard_where_it_is_not_enough(name, params, shape, kind):
    X, Y, _ = table(shape)
    y = Y if name.startswith("MultiTask") else Y[:, 0]
    found, told = heard(getattr(ours, name)(**params, tol=1e-10, max_iter=1), KINDS[kind](X), y)
    assert told == {ConvergenceWarning}
    assert found.n_iter_ == 1


SEARCHES = [
    ("LassoCV", {}),
    ("LassoCV", {"positive": True, "fit_intercept": False}),
    ("ElasticNetCV", {"l1_ratio": [0.3, 0.8]}),
    ("MultiTaskLassoCV", {}),
    ("MultiTaskElasticNetCV", {"l1_ratio": [0.3, 0.8]}),
]


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "params"), SEARCHES, ids=str)
def test_a_search_keeps_the_promise_for_what_it_chose(name, params, shape, kind, weighted):
    X, Y, w = table(shape)
    w = w if weighted else None
    y = Y if name.startswith("MultiTask") else Y[:, 0]
    A, b = centred(X, Y if y.ndim > 1 else Y[:, :1], w, params.get("fit_intercept", True))
    eps = np.finfo(np.float32 if kind == "float32" else float).eps
    given = {"alphas": [0.02, 0.05, 0.1, 0.3], "cv": 3, "max_iter": 100_000} | params
    for tol in (1e-4, 1e-8):
        found, told = heard(getattr(ours, name)(**given, tol=tol), KINDS[kind](X), y, w)
        assert not told
        one = {"alpha": found.alpha_, "l1_ratio": getattr(found, "l1_ratio_", 1.0)}
        one |= {"positive": params.get("positive", False)}
        coef = as_columns(found)
        value, gap = objective_and_gap(A, b, coef, **one)
        moved = coef * (1 + eps * np.where(np.arange(len(coef)) % 2, 1, -1)[:, None])
        rounding = 8 * abs(objective_and_gap(A, b, moved, **one)[1] - gap) + 1e-13 * np.sum(b**2)
        assert gap <= tol * np.sum(b**2) + rounding
    wanted, _ = heard(getattr(reference, name)(**given, tol=1e-8), KINDS["float64"](X), y, w)
    assert (found.alpha_, getattr(found, "l1_ratio_", 1)) == (wanted.alpha_, getattr(wanted, "l1_ratio_", 1))
    least = objective_and_gap(A, b, as_columns(wanted), **one)[0]
    assert value <= least * (1 + 1e-6)
    # The folds' fits as well: of each the error is what it is at the optimum.
    np.testing.assert_allclose(found.mse_path_, wanted.mse_path_, rtol=1e-3 if kind == "float32" else 1e-4)
