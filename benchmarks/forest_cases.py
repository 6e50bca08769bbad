"""Forests. Those of ironlearn search every node exactly; in the case called bins large ones look at 255 bins only."""

from __future__ import annotations

from case import Case
from data import FLIGHT_CATEGORIES, STOP_CATEGORIES

RF_C, RF_R = "ensemble.RandomForestClassifier", "ensemble.RandomForestRegressor"
ET_C, ET_R = "ensemble.ExtraTreesClassifier", "ensemble.ExtraTreesRegressor"
PARAMS = {"n_estimators": 100, "random_state": 0}
BINS = {"ironlearn": ("", PARAMS | {"max_bins": 255})}


def _forest(name: str, title: str, estimator: str, arguments: dict, bins: bool = False) -> Case:
    quick = {"rows": 800, "cols": 6} | {k: v for k, v in arguments.items() if k == "classes"}
    return Case(
        name=name,
        title=title,
        estimator=estimator,
        data="steps",
        arguments=arguments,
        quick=quick,
        params=PARAMS,
        score="accuracy" if "classes" in arguments else "r2",
        elsewhere=BINS if bins else {},
    )


def _with_categories(name: str, what: str, data: str, estimator: str, categories: int, arguments: dict) -> Case:
    """The first columns are categories; X has missing values. The others take the codes as numbers."""
    ours = PARAMS | {"categorical_features": list(range(categories))}
    return Case(
        name=name,
        title=f"{estimator.removeprefix('ensemble.')}, {what}; the others read the categories' codes as numbers",
        estimator=estimator,
        data=data,
        arguments=arguments,
        quick={"limit": 2_000},
        params=PARAMS,
        score="accuracy" if estimator == RF_C else "r2",
        elsewhere={"ironlearn": ("", ours)},
    )


CLASSES = {"rows": 100_000, "cols": 30, "classes": 2}
NUMBERS = {"rows": 50_000, "cols": 30}

FOREST_CASES: list[Case] = [
    _forest("forest-classifier", "RandomForestClassifier, 100,000 × 30, 100 trees", RF_C, CLASSES),
    _forest("forest-classifier-bins", "RandomForestClassifier, 100,000 × 30, 255 bins", RF_C, CLASSES, bins=True),
    _forest("forest-regressor", "RandomForestRegressor, 50,000 × 30, 100 trees", RF_R, NUMBERS),
    _forest("forest-regressor-bins", "RandomForestRegressor, 50,000 × 30, 255 bins", RF_R, NUMBERS, bins=True),
    _forest("extra-trees-classifier", "ExtraTreesClassifier, 100,000 × 30, 100 trees", ET_C, CLASSES),
    _forest("extra-trees-regressor", "ExtraTreesRegressor, 50,000 × 30, 100 trees", ET_R, NUMBERS),
    Case(
        name="isolation-forest",
        title="IsolationForest, 200,000 × 20",
        estimator="ensemble.IsolationForest",
        data="strangers",
        arguments={"rows": 200_000, "cols": 20},
        quick={"rows": 1_000, "cols": 4},
        params=PARAMS,
        score="outliers",
    ),
    Case(
        name="forest-diamonds",
        title="RandomForestRegressor, diamonds",
        estimator=RF_R,
        data="diamonds",
        arguments={},
        quick={"limit": 2_000},
        params=PARAMS,
    ),
    _with_categories(
        "forest-flights",
        "100,000 flights with categories and missing values",
        "flights_as_they_are",
        RF_R,
        len(FLIGHT_CATEGORIES),
        {"limit": 133_333},
    ),
    _with_categories(
        "forest-stops", "MplsStops with categories and missing values", "stops", RF_C, len(STOP_CATEGORIES), {}
    ),
]
