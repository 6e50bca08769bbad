"""What a solver's name promises, looked at from outside: objective and optimality violation of the fitted coefficients,
both computed here in float64.

Each case is an objective ``sum(w * loss) / scale + l2 / 2 * coef² + l1 * |coef|`` with the violation that the solver of
that name in scikit-learn stops at:

- ``gradient``: the largest entry of the smallest subgradient is at most tol (lbfgs, newton-cg, newton-cholesky);
- ``step``: one proximal step of each coordinate, with the bound of the curvature that sag and saga take their step size
  from, changes coefficients by at most tol times the largest (sag, saga);
- ``norm``: the norm of the smallest subgradient is at most tol * min(classes) / n times that at 0 (liblinear: for an L1
  penalty the sum of absolute values);
- ``cg``: the residual of the normal equations is at most tol times their right-hand side (sparse_cg);
- ``lsqr``: the normal equations' residual is at most tol * |A| * |r| of the damped system (Paige and Saunders' rule 2);
- ``exact``: rounding only (svd, cholesky);
- ``projected``: an entry of the gradient that may be followed without a coefficient below 0 is at most tol (lbfgs with
  positive=True);
- ``dual``: with the dual variables that belong to the model, no entry of the dual's gradient exceeds tol (liblinear
  with dual=True).

A rounding of the coefficients to the type of X is allowed for: what the gradient changes by when they move by one eps.
"""

import warnings
from dataclasses import dataclass, field
from functools import cache

import ironlearn.linear_model as ours
import numpy as np
import pytest
import sklearn.linear_model as reference
from scipy import sparse
from scipy.special import expit, logsumexp, softmax, xlogy
from sklearn.exceptions import ConvergenceWarning

RANDOM = np.random.default_rng(11)
N, P = 150, 7


def tables():
    X = RANDOM.normal(size=(N, P)) @ (np.eye(P) + 0.4 * RANDOM.normal(size=(P, P))) + 0.5
    X[RANDOM.uniform(size=X.shape) < 0.4] = 0
    X = X.astype(np.float32).astype(float)
    z = X @ RANDOM.normal(size=P) / 2 + 0.5 * RANDOM.normal(size=N)
    classes = np.digitize(z, np.quantile(z, [0.3, 0.7]))
    targets = {"squares": z, "poisson": RANDOM.poisson(np.exp(z / 2)).astype(float), "gamma": np.exp(z / 2)}
    targets |= {"tweedie": np.where(z > -0.5, np.exp(z / 2), 0.0), "binary": (z > 0).astype(int), "classes": classes}
    return X, targets, RANDOM.uniform(0.2, 2.0, size=N)


X, Y, W = tables()
KINDS = {"float64": np.asarray, "float32": lambda x: x.astype(np.float32)}
KINDS |= {"csr": sparse.csr_array, "csc": sparse.csc_array}


def softmax_rows(y, z):
    each = softmax(z, axis=1)
    each[np.arange(N), y] -= 1
    return each


# The loss of the rows, its derivative, and a bound of the second derivative where sag and saga need one.
LOSSES = {
    "squares": (lambda y, z: (z[:, 0] - y) ** 2 / 2, lambda y, z: z - y[:, None], 1.0),
    "poisson": (
        lambda y, z: np.exp(z[:, 0]) - y * z[:, 0] + xlogy(y, y) - y, lambda y, z: np.exp(z) - y[:, None], None
    ),
    "gamma": (
        lambda y, z: z[:, 0] + y * np.exp(-z[:, 0]) - 1 - np.log(y), lambda y, z: 1 - y[:, None] * np.exp(-z), None
    ),
    # Power 1.5, but for a constant.
    "tweedie": (
        lambda y, z: 2 * np.exp(z[:, 0] / 2) + 2 * y * np.exp(-z[:, 0] / 2),
        lambda y, z: np.exp(z / 2) - y[:, None] * np.exp(-z / 2), None,
    ),
    "binary": (
        lambda y, z: np.logaddexp(0, (1 - 2 * y) * z[:, 0]), lambda y, z: expit(z) - y[:, None], 0.25
    ),
    "classes": (lambda y, z: logsumexp(z, axis=1) - z[np.arange(N), y], softmax_rows, 0.5),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    name: str
    solver: str
    loss: str
    rule: str
    params: dict = field(default_factory=dict, hash=False)
    # The penalty of the objective that is a sum over the rows.
    l2: float = 0.0
    l1: float = 0.0
    # Whether the rule, and the penalty, is of the mean over the rows.
    mean: bool = True
    on_intercept: bool = False
    # 1 for the rows that are learnt from, where that is not all.
    rows: np.ndarray | None = field(default=None, hash=False, compare=False)

    def made(self, module, **more):
        estimator = getattr(module, self.name)(**self.params | {"solver": self.solver} | more)
        return estimator.set_params(random_state=0) if "random_state" in estimator.get_params() else estimator

    def weights(self, weighted):
        return (W if weighted else np.ones(N)) * (1 if self.rows is None else self.rows)

    def looked_at(self, coef, intercept, weighted):
        """The objective and its gradient without the L1 part, the intercept's last."""
        loss, slope, _ = LOSSES[self.loss]
        w, y = self.weights(weighted), Y[self.loss]
        scale = w.sum() if self.mean else 1.0
        z = X @ coef.T + intercept
        both = np.column_stack([coef, intercept])
        free = np.ones(P + 1)
        free[P] = self.on_intercept
        l2, l1 = self.l2 / scale * free, self.l1 / scale * free
        d = slope(y, z) * w[:, None] / scale
        value = w @ loss(y, z) / scale + (l2 * both**2).sum() / 2 + (l1 * np.abs(both)).sum()
        return value, np.column_stack([d.T @ X, d.sum(axis=0)]) + l2 * both, both, l1

    def subgradient(self, coef, intercept, weighted):
        _, slope, both, l1 = self.looked_at(coef, intercept, weighted)
        at_zero = np.sign(slope) * np.maximum(np.abs(slope) - l1, 0)
        return np.where(both == 0, at_zero, slope + l1 * np.sign(both))

    def violation(self, coef, intercept, weighted, tol):
        """The violation and what is promised of it."""
        worst = self.subgradient(coef, intercept, weighted)
        if self.rule == "gradient":
            return np.abs(worst).max(), tol
        if self.rule == "norm":
            start = self.subgradient(np.zeros_like(coef), np.zeros_like(intercept), weighted)
            counts = np.bincount(Y[self.loss][self.weights(weighted) > 0])
            share = min(counts) / counts.sum()
            size = np.linalg.norm if self.l1 == 0 else lambda v: np.abs(v).sum()
            return size(worst), tol * share * size(start)
        if self.rule == "projected":
            return np.where(coef > 0, np.abs(worst[:, :P]), np.maximum(-worst[:, :P], 0)).max(), tol
        if self.rule == "dual":
            # Of Σ C·w·loss + ‖coef‖²/2, whose dual variables are C times the loss's derivatives.
            worst = worst * (self.weights(weighted).sum() / self.l2)
            return np.abs(np.column_stack([X, np.ones(N)]) @ worst.T).max(), tol
        if self.rule == "step":
            _, slope, both, l1 = self.looked_at(coef, intercept, weighted)
            w, bound = self.weights(weighted), LOSSES[self.loss][2]
            scale = w.sum() if self.mean else 1.0
            curvature = (bound * (w @ np.column_stack([X, np.ones(N)]) ** 2) + self.l2) / scale
            target = both - slope / curvature
            after = np.sign(target) * np.maximum(np.abs(target) - l1 / curvature, 0)
            # Ridge's are the algorithms themselves, which see rows at random: a pass is roughly so much of a step.
            return np.abs(after - both).max(), (2 if self.name == "Ridge" else 1) * tol * np.abs(both).max()
        # Ridge: X and y centred, rows multiplied by the square root of the weights.
        w = self.weights(weighted)
        root = np.sqrt(w)[:, None]
        A, b = (X - w @ X / w.sum()) * root, ((Y["squares"] - w @ Y["squares"] / w.sum()) * root[:, 0])
        residual = b - A @ coef[0]
        normal = np.linalg.norm(A.T @ residual - self.l2 * coef[0])
        if self.rule == "cg":
            return normal, tol * np.linalg.norm(A.T @ b)
        if self.rule == "exact":
            return normal, 1e-12 * np.linalg.norm(A) ** 2 * np.linalg.norm(coef)
        damped = np.sqrt(np.linalg.norm(A) ** 2 + P * self.l2)
        return normal, tol * damped * np.sqrt(residual @ residual + self.l2 * (coef @ coef.T).item())

    def rounding(self, coef, intercept, weighted, eps):
        """What the subgradient may change by where coefficients are rounded."""
        signs = np.where(np.arange(P) % 2, 1, -1)
        moved = self.looked_at(coef * (1 + eps * signs), intercept * (1 + eps), weighted)[1]
        change = np.abs(moved - self.looked_at(coef, intercept, weighted)[1])
        if self.rule == "dual":
            rows = np.abs(np.column_stack([X, np.ones(N)]))
            return 8 * (rows @ change.T).max() * self.weights(weighted).sum() / self.l2
        return 8 * change.sum()


def logistic(loss, solver, rule, l1_ratio=0.0, C=0.5, **more):
    strength = 0.0 if C == np.inf else 1 / C
    return Case(
        "LogisticRegression", solver, loss, rule, {"C": C, "l1_ratio": l1_ratio} | more, (1 - l1_ratio) * strength,
        l1_ratio * strength, on_intercept=solver == "liblinear",
    )  # fmt: skip


SMOOTH = {"lbfgs": "gradient", "newton-cg": "gradient", "newton-cholesky": "gradient", "sag": "step", "saga": "step"}
CASES = [logistic(loss, *s, C=C) for loss in ("binary", "classes") for s in SMOOTH.items() for C in (0.5, np.inf)]
CASES += [logistic(loss, "saga", "step", r, 0.2) for loss in ("binary", "classes") for r in (0.4, 1.0)]
CASES += [logistic("binary", "liblinear", "norm", r) for r in (0.0, 1.0)]
CASES += [logistic("binary", "liblinear", "dual", dual=True)]
RIDGE = {"svd": "exact", "cholesky": "exact", "sparse_cg": "cg", "lsqr": "lsqr", "sag": "step", "saga": "step"}
CASES += [Case("Ridge", *s[:1], "squares", s[1], {"alpha": 2.0}, 2.0, mean=False) for s in RIDGE.items()]
CASES += [
    Case("Ridge", "lbfgs", "squares", "projected", {"alpha": a, "positive": True}, a, mean=False) for a in (2.0, 0.0)
]
for _name, _loss, _more in [
    ("PoissonRegressor", "poisson", {}),
    ("GammaRegressor", "gamma", {}),
    ("TweedieRegressor", "tweedie", {"power": 1.5}),
]:
    for _solver in ("lbfgs", "newton-cholesky"):
        # alpha is of the mean over the rows; the objective here is divided by the sum of the weights afterwards.
        CASES += [Case(_name, _solver, _loss, "gradient", {"alpha": 0.01} | _more, l2=0.01)]


def strength(case, weighted):
    """The case with its penalty as one of a sum over the rows."""
    if case.name in ("Ridge", "LogisticRegression"):
        return case
    return Case(*(getattr(case, f) for f in ("name", "solver", "loss", "rule", "params")), case.l2 * (W if weighted else
                np.ones(N)).sum())  # fmt: skip


def heard(estimator, x, y, w):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        estimator.fit(x, y, sample_weight=w)
    return estimator, {t.category for t in told}


def found(estimator):
    return np.atleast_2d(estimator.coef_).astype(float), np.atleast_1d(estimator.intercept_).astype(float)


def refused(case, kind):
    """Ridge's solvers that fit no intercept on sparse X, as in scikit-learn."""
    return case.name == "Ridge" and kind in ("csr", "csc") and case.solver in ("svd", "cholesky", "saga")


@cache
def best(name, loss, params, weighted, liblinear):
    """The lowest objective of scikit-learn's solvers of one objective, at tol=1e-8."""
    values = []
    for case in CASES:
        if (case.name, case.loss, tuple(case.params.items())) != (name, loss, params):
            continue
        # scikit-learn's step forgets the weights in Ridge's sag and saga.
        if (case.solver == "liblinear") == liblinear and not (name == "Ridge" and case.rule == "step"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fitted = case.made(reference, tol=1e-8, max_iter=5000).fit(X, Y[loss], W if weighted else None)
            values.append(strength(case, weighted).looked_at(*found(fitted), weighted)[0])
    return min(values)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name}-{c.solver}-{c.loss}-{c.params}")
def test_a_solver_keeps_its_promise(case, kind, weighted):
    if refused(case, kind):
        return
    truth, w = strength(case, weighted), W if weighted else None
    y, eps = Y[case.loss], np.finfo(np.float32 if kind == "float32" else float).eps
    for tol in (case.made(ours).tol, 1e-8):
        fitted, told = heard(case.made(ours, tol=tol), KINDS[kind](X), y, w)
        assert not told, told
        assert fitted.n_iter_ is None or np.min(fitted.n_iter_) >= 1
        coef, intercept = found(fitted)
        violation, promised = truth.violation(coef, intercept, weighted, tol)
        assert violation <= promised + truth.rounding(coef, intercept, weighted, eps), (tol, violation, promised)
    value = truth.looked_at(coef, intercept, weighted)[0]
    least = best(case.name, case.loss, tuple(case.params.items()), weighted, case.solver == "liblinear")
    assert value <= least + 1e-6 * abs(least), (value, least)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name}-{c.solver}-{c.loss}-{c.params}")
def test_one_iteration_is_heard_where_it_is_not_enough(case, kind):
    if refused(case, kind):
        return
    truth = strength(case, False)
    fitted, told = heard(case.made(ours, max_iter=1, tol=1e-10), KINDS[kind](X), Y[case.loss], None)
    violation, promised = truth.violation(*found(fitted), False, 1e-10)
    if ConvergenceWarning in told:
        assert np.max(fitted.n_iter_ or 1) == 1
    elif case.rule in ("cg", "lsqr") or (case.name == "Ridge" and case.solver == "sag" and "cs" in kind):
        # Nor does scikit-learn say anything of sparse_cg, which it also runs for sag on sparse X, and of lsqr.
        assert not heard(case.made(reference, max_iter=1, tol=1e-10), KINDS[kind](X), Y[case.loss], None)[1]
    else:
        eps = np.finfo(np.float32 if kind == "float32" else float).eps
        assert violation <= promised + truth.rounding(*found(fitted), False, eps), (violation, promised)
