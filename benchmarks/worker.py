"""One process of the comparison: one case, one package. Prints one line of JSON.

Loads the data and warms up on a few rows, outside the clock; fits and predicts until the repeats or the budget of
seconds are used up; then everything that is not timed: single-row latency on its own clock, scores, objective.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
import warnings
from pathlib import Path

import data as datasets
import measures
import numpy as np
import peers
from cases import BY_NAME


def timed(call):
    gc.collect()
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def single_row(model, x, seconds: float) -> float:
    """The median of the time of `predict` on one row, in microseconds."""
    rows = [x[i : i + 1].copy() for i in range(min(x.shape[0], 64))]
    for row in rows:
        model.predict(row)
    times, end = [], time.perf_counter() + seconds
    while len(times) < 50 or time.perf_counter() < end:
        row = rows[len(times) % len(rows)]
        start = time.perf_counter_ns()
        model.predict(row)
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000


def measure(case, peer, folder: Path, repeats: int, budget: float) -> dict:
    cls = peer.find(case)
    if cls is None:
        return {"missing": f"{peer.name} has no {case.estimator}"}
    data = datasets.load(folder)
    given = peer.params(case, data["x"].shape[0])
    params = {k: data[v[5:]] if str(v).startswith("data:") else v for k, v in given.items()}
    if "init" in data:
        params["n_clusters"] = len(data["init"])
    fit_arguments = {"sample_weight": data["w"]} if "w" in data else {}
    x, target = data["x"], ([data["y"]] if "y" in data else [])

    few = min(x.shape[0], max(1_000, 2 * params.get("n_clusters", 0)))
    small = peer.build(cls, params).fit(
        x[:few], *(y[:few] for y in target), **{k: w[:few] for k, w in fit_arguments.items()}
    )
    small.predict(x[:few])

    memory, began = measures.PeakMemory(), time.perf_counter()
    fits, predicts, model = [], [], None
    while not fits or (len(fits) <= repeats and time.perf_counter() - began < budget):
        model = None
        estimator = peer.build(cls, params)
        if not fits:
            with peers.FallBacks(peer) as fall_backs:
                memory.start()
                seconds, model = timed(lambda e=estimator: e.fit(x, *target, **fit_arguments))
                peak = memory.stop()
                fit_left, fall_backs.found = sorted(fall_backs.found), set()
                predict_seconds, _ = timed(lambda m=model: m.predict(x))
                predict_left = sorted(fall_backs.found)
        else:
            seconds, model = timed(lambda e=estimator: e.fit(x, *target, **fit_arguments))
            predict_seconds, _ = timed(lambda m=model: m.predict(x))
        fits.append(seconds)
        predicts.append(predict_seconds)
    if len(fits) > 1:
        # The first full fit was the warm-up.
        fits, predicts = fits[1:], predicts[1:]
    predicted = np.asarray(model.predict(data["x_test"]))
    result = {
        "fit": fits,
        "predict": predicts,
        "single_row_us": single_row(model, data["x_test"], min(budget, 0.5)),
        "peak_bytes": peak,
        "score": measures.SCORES[case.score](model, data, predicted),
        "work": measures.work(model),
        "handed_on": fit_left + predict_left,
    }
    if case.objective:
        found = measures.OBJECTIVES[case.objective](model, data)
        result["objective"], result["violation"] = found if isinstance(found, tuple) else (found, None)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("peer", choices=peers.BY_NAME)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=float, default=3.0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    case, peer = BY_NAME[arguments.case], peers.BY_NAME[arguments.peer]
    print(json.dumps(measure(case, peer, arguments.folder, arguments.repeats, arguments.budget)))


if __name__ == "__main__":
    main()
