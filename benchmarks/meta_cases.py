"""AdaBoost and bagging, with each package's own trees inside."""

from __future__ import annotations

from case import Case


def _case(name: str, classes: int) -> Case:
    return Case(
        name=name.lower(),
        title=f"{name}, 20,000 × 20",
        estimator=f"ensemble.{name}",
        data="steps",
        arguments={"rows": 20_000, "cols": 20, "classes": classes},
        quick={"rows": 800, "cols": 6, "classes": classes},
        params={"random_state": 0},
        score="accuracy" if classes else "r2",
    )


META_CASES: list[Case] = [
    _case("AdaBoostClassifier", 2),
    _case("AdaBoostRegressor", 0),
    _case("BaggingClassifier", 2),
    _case("BaggingRegressor", 0),
]
