"""One file for all: what the shell trains of every registered estimator, Python loads to the same bits, and back."""

from __future__ import annotations

import warnings

import ironlearn
import numpy as np
import pandas as pd
import pytest
from ironlearn import _core
from ironlearn.ensemble import RandomTreesEmbedding

# Estimators of one column only.
ONE_COLUMN = {"IsotonicRegression"}
# One-hot columns add up to 1: no covariance of full rank.
PARAMS = {"QuadraticDiscriminantAnalysis": ("--param", "reg_param=0.1")}
ROWS = 240


def table(task: str, name: str) -> pd.DataFrame:
    """Numbers of different scales (some missing), text, and a target that every estimator of the task takes."""
    rng = np.random.default_rng(5)
    x = pd.DataFrame({"a": rng.normal(size=ROWS), "b": 100 + 40 * rng.normal(size=ROWS), "c": rng.random(ROWS)})
    signal = x["a"] + x["b"] / 40 - 2 * x["c"]
    if name in ONE_COLUMN:
        return x[["a"]].assign(y=signal)
    x["city"] = rng.choice(["Oslo", "Bergen", "Tromsø"], ROWS)
    if task == "classification":
        return x.assign(y=np.array(["high", "low", "middle"])[np.digitize(signal, [1.3, 2.2])])
    x.loc[rng.choice(ROWS, 12, replace=False), "b"] = np.nan
    # Positive, as gamma and Poisson regression need it.
    return x.assign(y=np.exp(signal / 3 + rng.normal(size=ROWS) / 10)) if task == "regression" else x


def predictions(shell, model: str) -> np.ndarray:
    shell("predict", model, "table.csv", "--out", "predicted.csv", "--quiet")
    return pd.read_csv(shell.folder / "predicted.csv").iloc[:, 0].to_numpy()


def answers(estimator, X) -> np.ndarray:
    """What the shell writes as the first column."""
    if isinstance(estimator, RandomTreesEmbedding):
        return estimator.apply(X)[:, 0]
    return np.ravel(estimator.predict(X))


@pytest.mark.parametrize("name, short, task", _core.estimators(), ids=lambda v: v if v and v[0].isupper() else "")
def test_the_shell_and_python_predict_the_same_bits(shell, name, short, task):
    rows = table(task, name)
    rows.to_csv(shell.folder / "table.csv", index=False)
    target = ("--target", "y", "--task", task) if "y" in rows else ()
    given = (*target, *PARAMS.get(name, ()))
    shell("train", "table.csv", "--model", short, *given, "--out", "shell.model", "--quiet", "--test-size", "0")
    theirs = predictions(shell, "shell.model")

    loaded = ironlearn.load(shell.folder / "shell.model")
    data = pd.read_csv(shell.folder / "table.csv").drop(columns="y", errors="ignore")
    # The shell has one target; models of several answer in columns.
    encoded = loaded[:-1].transform(data) if len(loaded) > 1 else data.to_numpy()
    np.testing.assert_array_equal(answers(loaded[-1], encoded), theirs)

    # The same through Python's own objects, step by step, and out again to the shell.
    estimator = loaded[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(answers(estimator, encoded), theirs)
    ironlearn.save(loaded, shell.folder / "python.model")
    np.testing.assert_array_equal(predictions(shell, "python.model"), theirs)
