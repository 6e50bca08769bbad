"""The list of cases. A new estimator's benchmark is one entry (and one in rust/src where Rust peers have it)."""

from __future__ import annotations

from boosting_cases import BOOSTING_CASES
from case import Case
from forest_cases import FOREST_CASES
from linear_cases import LINEAR_CASES
from meta_cases import META_CASES
from other_linear_cases import OTHER_LINEAR_CASES
from svm_cases import SVM_CASES
from svm_linear_cases import SVM_LINEAR_CASES

LINEAR = "linear_model.LinearRegression"
RIDGE = "linear_model.Ridge"
KMEANS = "cluster.KMeans"
TREE_C = "tree.DecisionTreeClassifier"
TREE_R = "tree.DecisionTreeRegressor"

MILLION = {"rows": 1_000_000, "cols": 50}
SMALL = {"rows": 2_000, "cols": 10}


def _linear(short: str, label: str, estimator: str, rust: dict) -> list[Case]:
    """Least squares on a million rows: float64, float32, weighted."""

    def case(suffix: str, note: str, extra: dict, rust: dict) -> Case:
        return Case(
            name=f"{short}-1m{suffix}",
            title=f"{label}, 1,000,000 × 50, {note}",
            estimator=estimator,
            data="regression",
            arguments=MILLION | extra,
            quick=SMALL | extra,
            objective="squares",
            rust=rust,
        )

    return [
        case("", "float64", {}, rust),
        case("-f32", "float32", {"dtype": "float32"}, {}),
        case("-weighted", "float64 with sample_weight", {"weighted": True}, {}),
    ]


CASES: list[Case] = [
    *_linear("ols", "LinearRegression", LINEAR, {"linfa": None, "smartcore": 100_000}),
    *_linear("ridge", "Ridge", RIDGE, {"smartcore": 100_000}),
    Case(
        name="ridge-wide",
        title="Ridge, 2,000 × 8,000, float64",
        estimator=RIDGE,
        data="regression",
        arguments={"rows": 2_000, "cols": 8_000},
        quick={"rows": 60, "cols": 200},
        objective="squares",
    ),
    Case(
        name="ridge-flights",
        title="Ridge, flights (numeric columns)",
        estimator=RIDGE,
        data="flights",
        arguments={},
        quick={"limit": 4_000},
        objective="squares",
        rust={"linfa": None, "smartcore": None},
    ),
    *LINEAR_CASES,
    *OTHER_LINEAR_CASES,
    *SVM_LINEAR_CASES,
    Case(
        name="kmeans-20",
        title="KMeans, 200,000 × 50, k = 20, float64",
        estimator=KMEANS,
        data="blobs",
        arguments={"rows": 200_000, "cols": 50, "k": 20},
        quick={"rows": 1_000, "cols": 5, "k": 4},
        params={"n_clusters": 20, "n_init": 1, "init": "data:init"},
        score="inertia",
        objective="inertia",
        rust={"linfa": None, "smartcore": 20_000},
        rust_note="smartcore draws its own first centres: its iterations differ",
    ),
    Case(
        name="kmeans-256",
        title="KMeans, 100,000 × 100, k = 256, float32",
        estimator=KMEANS,
        data="blobs",
        arguments={"rows": 100_000, "cols": 100, "k": 256, "dtype": "float32"},
        quick={"rows": 1_000, "cols": 5, "k": 8, "dtype": "float32"},
        params={"n_clusters": 256, "n_init": 1, "init": "data:init"},
        score="inertia",
        objective="inertia",
    ),
    Case(
        name="kmeans-mnist",
        title="KMeans, MNIST digits (3,750 × 784), k = 10",
        estimator=KMEANS,
        data="mnist",
        arguments={"k": 10},
        quick={"k": 4, "limit": 400},
        params={"n_clusters": 10, "n_init": 1, "init": "data:init"},
        score="inertia",
        objective="inertia",
        rust={"linfa": None, "smartcore": None},
        rust_note="smartcore draws its own first centres: its iterations differ",
    ),
    Case(
        name="tree-classifier",
        title="DecisionTreeClassifier, 200,000 × 30, 3 classes",
        estimator=TREE_C,
        data="steps",
        arguments={"rows": 200_000, "cols": 30, "classes": 3},
        quick={"rows": 1_000, "cols": 6, "classes": 3},
        params={"random_state": 0},
        score="accuracy",
        rust={"linfa": 20_000, "smartcore": 20_000},
    ),
    Case(
        name="tree-regressor",
        title="DecisionTreeRegressor, 200,000 × 30",
        estimator=TREE_R,
        data="steps",
        arguments={"rows": 200_000, "cols": 30},
        quick={"rows": 1_000, "cols": 6},
        params={"random_state": 0},
        rust={"smartcore": 20_000},
    ),
    Case(
        name="tree-diamonds",
        title="DecisionTreeRegressor, diamonds",
        estimator=TREE_R,
        data="diamonds",
        arguments={},
        quick={"limit": 2_000},
        params={"random_state": 0},
        rust={"smartcore": None},
    ),
    *FOREST_CASES,
    *BOOSTING_CASES,
    *META_CASES,
    *SVM_CASES,
]

BY_NAME = {case.name: case for case in CASES}
