"""Classes and groups: which task is chosen, what is held out, and the scores beside scikit-learn's."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics


def test_penguins_become_a_classification(shell, real):
    penguins = real("palmerpenguins", "penguins")
    run = shell(
        "train", penguins, "--target", "species", "--model", "decision-tree", "--drop", "rownames", "--out", "model",
        "--holdout", "held.csv", "--json",
    )  # fmt: skip
    result = json.loads(run.stdout)
    assert result["task"] == "classification" and result["model"] == "DecisionTreeClassifier"
    assert "'species' holds text" in run.stderr
    assert result["scores"]["accuracy"] > 0.9
    # Each class is held out in proportion: 152, 68 and 124 rows.
    held = pd.read_csv(shell.folder / "held.csv")
    assert held["species"].value_counts().to_dict() == {"Adelie": 38, "Gentoo": 31, "Chinstrap": 17}

    answers = pd.read_csv(StringIO(shell("predict", "model", "held.csv", "--proba").stdout))
    names = [f"probability_{name}" for name in ("Adelie", "Chinstrap", "Gentoo")]
    assert list(answers.columns) == ["prediction", *names]
    y, p = held["species"], answers[names].to_numpy()
    wanted = {
        "accuracy": metrics.accuracy_score(y, answers["prediction"]),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, answers["prediction"]),
        "log_loss": metrics.log_loss(y, p),
        "roc_auc": metrics.roc_auc_score(y, p, multi_class="ovr"),
    }
    assert result["scores"] == pytest.approx(wanted, rel=1e-12)


def test_a_churn_table_with_missing_numbers(shell, real):
    churn = real("modeldata", "wa_churn")
    run = shell(
        "train", churn, "--target", "churn", "--model", "decision-tree", "--param", "max_depth=5", "--out", "model",
        "--json", "--weights", "tenure",
    )  # fmt: skip
    result = json.loads(run.stdout)
    assert result["scores"]["roc_auc"] > 0.7 and result["params"]["max_depth"] == 5
    assert "tenure" not in [column["name"] for column in result["columns"]]
    held = json.loads(shell("inspect", "model", "--json").stdout)
    assert held["classes"] == [["No", "Yes"]]


def test_decision_values_order_the_rows_of_a_model_without_probabilities(shell, real):
    import ironlearn

    churn = real("modeldata", "wa_churn")
    for model in ("svc", "linear-svc"):
        run = shell(
            "train", churn, "--target", "churn", "--model", model, "--out", "model", "--holdout", "held.csv", "--json",
        )  # fmt: skip
        scores = json.loads(run.stdout)["scores"]
        assert scores["log_loss"] is None and 0.7 < scores["roc_auc"] < 0.95
        held = pd.read_csv(shell.folder / "held.csv")
        loaded = ironlearn.load(shell.folder / "model")
        wanted = metrics.roc_auc_score(held["churn"], loaded.decision_function(held))
        assert scores["roc_auc"] == pytest.approx(wanted, rel=1e-12)


def test_numbers_are_classes_where_they_are_few_and_whole(shell, real):
    rows = "x,few,many\n" + "".join(f"{i},{i % 3},{i / 7}\n" for i in range(60))
    shell.write("t.csv", rows)
    choose = ("train", "t.csv", "--model", "decision-tree", "--json")
    few = shell(*choose, "--target", "few")
    assert json.loads(few.stdout)["task"] == "classification" and "3 different whole numbers" in few.stderr
    assert json.loads(shell(*choose, "--target", "many").stdout)["task"] == "regression"
    asked = shell(*choose, "--target", "few", "--task", "regression")
    assert json.loads(asked.stdout)["task"] == "regression" and "as asked" in asked.stderr
    assert "holds text" in shell.error(
        "train", real("palmerpenguins", "penguins"), "--model", "ridge", "--target", "species"
    )


def test_classes_that_the_model_does_not_know(shell):
    shell.write("t.csv", "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20)))
    shell("train", "t.csv", "--target", "y", "--model", "decision-tree", "--out", "model")
    shell.write("new.csv", "x,y\n1,a\n2,c\n3,b\n")
    result = json.loads(shell("evaluate", "model", "new.csv", "--json").stdout)
    assert result["rows"]["of_unknown_class"] == 1
    assert result["scores"]["log_loss"] is None and result["scores"]["accuracy"] <= 2 / 3
    assert "1 rows are of classes that the model does not know" in shell("evaluate", "model", "new.csv").stdout


def test_groups_need_no_target(shell, real):
    penguins = real("palmerpenguins", "penguins")
    drop = ("--drop", "rownames", "--drop", "species")
    run = shell(
        "train", penguins, "--model", "kmeans", "--param", "n_clusters=3", *drop, "--out", "model", "--json",
        "--holdout", "held.csv",
    )  # fmt: skip
    result = json.loads(run.stdout)
    assert result["task"] == "clustering" and result["target"] is None and result["scores"]["inertia"] > 0
    again = json.loads(shell("evaluate", "model", "held.csv", "--json").stdout)
    assert again["scores"] == result["scores"]
    labels = pd.read_csv(StringIO(shell("predict", "model", penguins).stdout))["prediction"]
    assert set(labels) == {0, 1, 2}
    assert "no --target" in shell.error("train", penguins, "--model", "kmeans", "--target", "species", code=2)
    assert "no classes" in shell.error("predict", "model", penguins, "--proba", code=2)


def test_diamonds_scores_are_those_of_scikit_learn(shell, real):
    diamonds = real("ggplot2", "diamonds")
    run = shell(
        "train", diamonds, "--target", "price", "--model", "linear-regression", "--drop", "rownames", "--out", "m",
        "--holdout", "held.csv", "--weights", "table", "--json", "--seed", "7",
    )  # fmt: skip
    held = pd.read_csv(shell.folder / "held.csv")
    p = np.array([float(line) for line in shell("predict", "m", "held.csv").stdout.splitlines()[1:]])
    y, w = held["price"], held["table"]
    wanted = {
        "r2": metrics.r2_score(y, p, sample_weight=w),
        "rmse": np.sqrt(metrics.mean_squared_error(y, p, sample_weight=w)),
        "mae": metrics.mean_absolute_error(y, p, sample_weight=w),
    }
    assert json.loads(run.stdout)["scores"] == pytest.approx(wanted, rel=1e-12)
    assert wanted["r2"] > 0.9
    again = json.loads(shell("evaluate", "m", "held.csv", "--weights", "table", "--json").stdout)
    assert again["scores"] == json.loads(run.stdout)["scores"]


def test_python_says_the_same_of_classes_and_groups(shell, real):
    import ironlearn

    penguins = real("palmerpenguins", "penguins")
    table = pd.read_csv(penguins)
    shell(
        "train", penguins, "--target", "species", "--model", "decision-tree", "--param", "max_depth=2", "--out", "tree"
    )
    lines = [line.split(",") for line in shell("predict", "tree", penguins, "--proba").stdout.splitlines()[1:]]
    tree = ironlearn.load(shell.folder / "tree")
    x = table.drop(columns="species")
    assert list(tree.predict(x)) == [line[0] for line in lines]
    np.testing.assert_array_equal(tree.predict_proba(x), [[float(v) for v in line[1:]] for line in lines])
    shell("train", penguins, "--drop", "species", "--model", "kmeans", "--out", "groups")
    groups = shell("predict", "groups", penguins).stdout.splitlines()[1:]
    assert list(ironlearn.load(shell.folder / "groups").predict(x)) == [int(label) for label in groups]
