"""The cases of the linear support vector machines."""

from __future__ import annotations

from case import Case

SVC = "svm.LinearSVC"
SVR = "svm.LinearSVR"
FEW = {"rows": 300, "cols": 20}


def _dense(name: str, note: str = "", **params) -> Case:
    return Case(
        name=name,
        title=f"LinearSVC, 300,000 × 50{note}",
        estimator=SVC,
        data="classes",
        arguments={"rows": 300_000, "cols": 50, "scale": 2.0},
        quick=FEW,
        params={"random_state": 0} | params,
        score="accuracy",
        objective="margins",
    )


def _digits(name: str, note: str, **params) -> Case:
    return Case(
        name=name,
        title=f"LinearSVC, MNIST digits (3,750 × 784), {note}",
        estimator=SVC,
        data="digits",
        arguments={},
        quick={"limit": 400},
        params={"random_state": 0} | params,
        score="accuracy",
        objective="margins",
    )


SVM_LINEAR_CASES: list[Case] = [
    _dense("linear-svc"),
    _dense("linear-svc-hinge", ", hinge", loss="hinge"),
    Case(
        name="linear-svc-sparse",
        title="LinearSVC, 100,000 × 50,000 CSR, 60 entries a row",
        estimator=SVC,
        data="words",
        arguments={"rows": 100_000, "cols": 50_000, "per_row": 60},
        quick={"rows": 400, "cols": 300, "per_row": 10},
        params={"random_state": 0},
        score="accuracy",
        objective="margins",
    ),
    _digits("linear-svc-mnist", "10 classes"),
    _digits("linear-svc-mnist-hinge", "hinge", loss="hinge"),
    _digits("linear-svc-crammer-singer", "crammer_singer", multi_class="crammer_singer"),
    Case(
        name="linear-svc-overlapping",
        title="LinearSVC, 3,000 × 12, 5 overlapping classes, crammer_singer",
        estimator=SVC,
        data="classes",
        arguments={"rows": 3_000, "cols": 12, "classes": 5, "scale": 2.0},
        quick={"rows": 300, "cols": 5, "classes": 3},
        params={"random_state": 0, "multi_class": "crammer_singer"},
        score="accuracy",
        objective="margins",
    ),
    Case(
        name="linear-svc-sparse-l1",
        title="LinearSVC, 100,000 × 50,000 CSR, L1",
        estimator=SVC,
        data="words",
        arguments={"rows": 100_000, "cols": 50_000, "per_row": 60},
        quick={"rows": 400, "cols": 300, "per_row": 10},
        params={"random_state": 0, "penalty": "l1", "dual": False},
        score="accuracy",
        objective="margins",
    ),
    Case(
        name="linear-svr-sparse",
        title="LinearSVR, 100,000 × 50,000 CSR, 60 entries a row, squared loss",
        estimator=SVR,
        data="words",
        arguments={"rows": 100_000, "cols": 50_000, "per_row": 60, "numbers": True},
        quick={"rows": 400, "cols": 300, "per_row": 10, "numbers": True},
        params={"random_state": 0, "loss": "squared_epsilon_insensitive", "dual": "auto", "epsilon": 0.1},
        objective="tube",
    ),
    Case(
        name="linear-svr",
        title="LinearSVR, 300,000 × 50",
        estimator=SVR,
        data="regression",
        arguments={"rows": 300_000, "cols": 50},
        quick=FEW,
        params={"random_state": 0},
        objective="tube",
    ),
]
