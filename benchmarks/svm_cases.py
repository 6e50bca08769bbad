"""The cases of the support vector machines."""

from __future__ import annotations

from case import Case


def _machine(
    name: str,
    short: str,
    data: str,
    arguments: dict,
    note: str = "",
    score: str = "accuracy",
    rust: dict | None = None,
    **params,
) -> Case:
    size = " × ".join(f"{arguments[k]:,}" for k in ("rows", "cols"))
    return Case(
        name=name,
        title=f"{short}, {size}{note}",
        estimator=f"svm.{short}",
        data=data,
        arguments=arguments,
        quick=arguments | {"rows": 400},
        params=params,
        score=score,
        rust=rust or {},
    )


# linfa holds the whole kernel matrix, smartcore a table of single values.
LINFA = {"linfa": 8_000}
IN_RUST = LINFA | {"smartcore": 2_000}

SVM_CASES: list[Case] = [
    _machine("svc", "SVC", "rings", {"rows": 20_000, "cols": 30}, ", RBF", rust=IN_RUST),
    _machine("svc-7", "SVC", "rings", {"rows": 10_000, "cols": 50, "classes": 7}, ", 7 classes"),
    _machine(
        "svc-weights",
        "SVC",
        "rings",
        {"rows": 10_000, "cols": 20, "weighted": True},
        ", class_weight and sample_weight",
        class_weight="balanced",
    ),
    _machine(
        "svc-probability",
        "SVC",
        "rings",
        {"rows": 5_000, "cols": 20},
        ", probability=True",
        probability=True,
        random_state=0,
    ),
    _machine("svr", "SVR", "steps", {"rows": 10_000, "cols": 20}, ", C = 10", score="r2", rust=IN_RUST, C=10.0),
    _machine("nu-svc", "NuSVC", "rings", {"rows": 8_000, "cols": 20}, ", nu = 0.3", rust=LINFA, nu=0.3),
    _machine("one-class-svm", "OneClassSVM", "strangers", {"rows": 20_000, "cols": 20}, score="outliers", nu=0.05),
    _machine("svc-sparse", "SVC", "words", {"rows": 8_000, "cols": 2_000, "per_row": 30}, ", CSR, RBF"),
    Case(
        name="svc-mnist",
        title="SVC, MNIST digits (3,750 × 784), 10 classes",
        estimator="svm.SVC",
        data="digits",
        arguments={},
        quick={"limit": 400},
        score="accuracy",
    ),
    Case(
        name="svc-cut",
        title="SVC, cut of 20,000 diamonds (15,000 × 9), 5 classes",
        estimator="svm.SVC",
        data="diamond_cuts",
        arguments={"limit": 20_000},
        quick={"limit": 800},
        params={"C": 10.0},
        score="accuracy",
    ),
    Case(
        name="svc-churn",
        title="SVC, churn (5,283 × 40)",
        estimator="svm.SVC",
        data="churn",
        arguments={},
        quick={"limit": 800},
        score="accuracy",
    ),
]
