"""Estimators inside others in the shell: named by `estimator`, with parameters of their own."""

from __future__ import annotations

import json

import ironlearn
import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table(shell):
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(150, 3)), columns=list("abc"))
    x.assign(y=np.where(x["a"] + x["b"] > 0, "high", "low")).to_csv(shell.folder / "table.csv", index=False)
    return ("train", "table.csv", "--target", "y", "--test-size", "0")


@pytest.mark.parametrize("name", ["decision-tree", "decision-tree-classifier", "DecisionTreeClassifier"])
def test_an_estimator_inside_is_named_as_anywhere(shell, table, name):
    given = ("--param", f"estimator={name}", "--param", "estimator__max_depth=2", "--param", "n_estimators=4")
    shell(*table, "--model", "bagging", *given, "--out", "model")
    seen = json.loads(shell("inspect", "model", "--json").stdout)
    assert seen["params"]["estimator"]["DecisionTreeClassifier"]["max_depth"] == 2
    assert "max_depth" in shell("inspect", "model").stdout
    bags = ironlearn.load(shell.folder / "model")
    bags = bags[-1] if hasattr(bags, "steps") else bags
    assert len(bags.estimators_) == 4 and bags.estimator.max_depth == 2
    assert {tree.get_depth() for tree in bags.estimators_} == {2}


def test_boosting_takes_what_takes_weights(shell, table):
    shell(*table, "--model", "adaboost", "--param", "estimator=logistic-regression", "--out", "model")
    scores = json.loads(shell("evaluate", "model", "table.csv", "--json").stdout)["scores"]
    assert scores["accuracy"] > 0.95
    said = shell.error(*table, "--model", "adaboost", "--param", "estimator=linear-discriminant-analysis")
    assert "doesn't support sample_weight" in said


@pytest.mark.parametrize(
    "params, message",
    [
        (["estimator=ridge-y"], "no estimator ridge-y"),
        (["estimator__max_depth=2"], "estimator=DecisionTreeClassifier"),
        (["estimator=decision-tree", "estimator__depth=2"], "no parameter 'depth'"),
        (["estimator=decision-tree", "estimator__max_depth=0"], "max_depth"),
        (["estimator=kmeans"], "estimator"),
    ],
)
def test_mistakes_say_what_is_wanted(shell, table, params, message):
    given = [word for param in params for word in ("--param", param)]
    assert message in shell.error(*table, "--model", "bagging", *given, code=2)
