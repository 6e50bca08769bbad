"""The cases of boosting: the same trees, leaves and bins in each package."""

from __future__ import annotations

from case import Case
from data import FLIGHT_CATEGORIES, STOP_CATEGORIES

CLASSIFIER = "ensemble.HistGradientBoostingClassifier"
REGRESSOR = "ensemble.HistGradientBoostingRegressor"
# What scikit-learn's defaults are in the words of the others.
LIGHTGBM = {
    "n_estimators": 100,
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_child_samples": 20,
    "min_child_weight": 1e-3,
    "max_bin": 255,
    "verbosity": -1,
}
XGBOOST = {
    "n_estimators": 100,
    "tree_method": "hist",
    "grow_policy": "lossguide",
    "max_leaves": 31,
    "max_depth": 0,
    "learning_rate": 0.1,
    "min_child_weight": 1e-3,
    "reg_lambda": 0.0,
    "max_bin": 256,
}


def _case(name: str, what: str, arguments: dict, quick: dict, data: str = "steps") -> Case:
    classes = bool(arguments.get("classes")) or name == "histgb-late"
    kind = "Classifier" if classes else "Regressor"
    return Case(
        name=name,
        title=f"HistGradientBoosting{kind}, {what}",
        estimator=CLASSIFIER if classes else REGRESSOR,
        data=data,
        arguments=arguments,
        quick=quick,
        params={"early_stopping": False, "random_state": 0},
        score="accuracy" if classes else "r2",
        elsewhere={"lightgbm": (f"LGBM{kind}", LIGHTGBM), "xgboost": (f"XGB{kind}", XGBOOST)},
    )


def _steps(name: str, rows: int, cols: int, classes: int = 0) -> Case:
    what = f"{rows:,} × {cols}" + (f", {classes} classes" if classes else "")
    quick = {"rows": 1_000, "cols": 6, "classes": min(classes, 3)}
    return _case(name, what, {"rows": rows, "cols": cols, "classes": classes}, quick)


def _with_categories(name: str, what: str, data: str, kind: str, categories: int, numbers: int) -> Case:
    """The first columns are categories; X has missing values."""
    first = list(range(categories))
    types = ["c"] * categories + ["q"] * numbers
    # As scikit-learn does, without one-against-the-rest for few categories.
    lightgbm = LIGHTGBM | {"categorical_feature": first, "max_cat_to_onehot": 1}
    xgboost = XGBOOST | {"enable_categorical": True, "feature_types": types, "max_cat_to_onehot": 1}
    return Case(
        name=name,
        title=f"HistGradientBoosting{kind}, {what}",
        estimator=f"ensemble.HistGradientBoosting{kind}",
        data=data,
        arguments={},
        quick={"limit": 4_000},
        params={"early_stopping": False, "random_state": 0, "categorical_features": first},
        score="accuracy" if kind == "Classifier" else "r2",
        elsewhere={"lightgbm": (f"LGBM{kind}", lightgbm), "xgboost": (f"XGB{kind}", xgboost)},
    )


# scikit-learn's GradientBoosting in XGBoost's words: exact splits, trees of three levels.
XGBOOST_EXACT = {
    "n_estimators": 100,
    "tree_method": "exact",
    "max_depth": 3,
    "learning_rate": 0.1,
    "min_child_weight": 0.0,
    "reg_lambda": 0.0,
}


def _exact(kind: str, classes: int) -> Case:
    return Case(
        name=f"gradient-boosting-{kind.lower()}",
        title=f"GradientBoosting{kind}, 20,000 × 20, exact splits",
        estimator=f"ensemble.GradientBoosting{kind}",
        data="steps",
        arguments={"rows": 20_000, "cols": 20, "classes": classes},
        quick={"rows": 800, "cols": 6, "classes": classes},
        params={"random_state": 0},
        score="accuracy" if classes else "r2",
        elsewhere={"xgboost": (f"XGB{kind}", XGBOOST_EXACT)},
    )


BOOSTING_CASES: list[Case] = [
    _exact("Classifier", 2),
    _exact("Regressor", 0),
    _steps("histgb-binary", 500_000, 50, 2),
    _steps("histgb-numbers", 1_000_000, 20),
    _steps("histgb-classes", 100_000, 50, 7),
    _steps("histgb-small", 1_000, 10, 2),
    _case("histgb-diamonds", "diamonds", {}, {"limit": 2_000}, "diamonds"),
    _case(
        "histgb-late",
        "flights late by a quarter of an hour (one-hot)",
        {"late": True},
        {"late": True, "limit": 4_000},
        "flights_one_hot",
    ),
    _with_categories(
        "histgb-flights",
        "flights (categories and missing values as they are)",
        "flights_as_they_are",
        "Regressor",
        len(FLIGHT_CATEGORIES),
        14,
    ),
    _with_categories(
        "histgb-stops",
        "MplsStops (categories and missing values as they are)",
        "stops",
        "Classifier",
        len(STOP_CATEGORIES),
        4,
    ),
]
