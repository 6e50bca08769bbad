"""The cases of the models beside the penalised ones: Bayesian, robust, discriminants, kernels."""

from __future__ import annotations

from case import Case

FEW = {"rows": 300, "cols": 10}


def _regression(name: str, estimator: str, rows: int, cols: int, note: str = "", **params) -> Case:
    short = estimator.rsplit(".", 1)[-1]
    return Case(
        name=name,
        title=f"{short}, {rows:,} × {cols}{note}",
        estimator=estimator,
        data="regression",
        arguments={"rows": rows, "cols": cols},
        quick=FEW,
        params=params,
    )


def _classes(name: str, short: str) -> Case:
    return Case(
        name=name,
        title=f"{short}, 200,000 × 100, 5 classes",
        estimator=f"discriminant_analysis.{short}",
        data="classes",
        arguments={"rows": 200_000, "cols": 100, "classes": 5, "scale": 2.0},
        quick=FEW | {"classes": 3},
        score="accuracy",
    )


OTHER_LINEAR_CASES: list[Case] = [
    _regression("bayesian-ridge", "linear_model.BayesianRidge", 50_000, 200),
    _regression("ard", "linear_model.ARDRegression", 50_000, 200),
    _regression("huber", "linear_model.HuberRegressor", 200_000, 50),
    _regression("quantile", "linear_model.QuantileRegressor", 10_000, 20, ", alpha = 0.01", alpha=0.01),
    _regression("theil-sen", "linear_model.TheilSenRegressor", 20_000, 20, random_state=0),
    _regression("ransac", "linear_model.RANSACRegressor", 200_000, 20, random_state=0),
    _classes("lda", "LinearDiscriminantAnalysis"),
    _classes("qda", "QuadraticDiscriminantAnalysis"),
    _regression("kernel-ridge", "kernel_ridge.KernelRidge", 4_000, 20, ", RBF", kernel="rbf", gamma=0.01),
]
