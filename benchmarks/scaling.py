"""Time and memory against the number of rows: one case in growing sizes, every package, drawn as a plot.

    python benchmarks/scaling.py svc-rbf                             5,000 to 80,000 rows; scaling-svc-rbf.svg
    python benchmarks/scaling.py svc-rbf --rows 1000 2000            other sizes
    python benchmarks/scaling.py svc-rbf --limit 60                  a package that took longer gets no larger size

Each size and package is a process of its own, as in `run.py`.
"""

from __future__ import annotations

import argparse
import json
import sys

import data as datasets
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import peers
from cases import BY_NAME
from page import HERE, RESULTS, rewrite
from run import combine, in_process


def measure(case, rows: list[int], limit: float) -> dict[str, list[dict]]:
    """For each package its figures, one entry a size."""
    found: dict[str, list[dict]] = {}
    for n in rows:
        folder = datasets.prepare(case.data, case.arguments | {"rows": n})
        for peer in peers.PEERS:
            before = found.get(peer.name, [])
            if before and before[-1].get("fit", limit) >= limit:
                continue
            answer = combine([in_process(case, peer, folder, 1, 0.0)])
            if "missing" in answer:
                continue
            found.setdefault(peer.name, []).append({"rows": n} | answer)
            shown = f"{answer['fit']:.3f} s" if "fit" in answer else answer["failed"]
            print(f"{n:7} rows  {peer.name:22} {shown}", file=sys.stderr, flush=True)
    return {name: answers for name, answers in found.items() if any("fit" in answer for answer in answers)}


def draw(case, found: dict[str, list[dict]]) -> None:
    """Both axes logarithmic, so that a power of n is a line."""
    figure, (time, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, answers in found.items():
        there = [answer for answer in answers if "fit" in answer]
        rows = [answer["rows"] for answer in there]
        time.plot(rows, [answer["fit"] for answer in there], marker="o", label=name)
        known = [answer for answer in there if answer["peak_bytes"]]
        memory.plot(
            [answer["rows"] for answer in known],
            [answer["peak_bytes"] / 2**20 for answer in known],
            marker="o",
            label=name,
        )
    for axes, what in ((time, "fit, seconds"), (memory, "peak memory of the fit above the data, MiB")):
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel=what)
        axes.grid(True, which="both", alpha=0.3)
    time.legend()
    figure.suptitle(case.title.split(",")[0])
    plt.rcParams["svg.hashsalt"] = case.name
    figure.savefig(HERE / f"scaling-{case.name}.svg", metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 10_000, 20_000, 40_000, 80_000])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of a fit that end a package's sizes")
    arguments = parser.parse_args()
    case = BY_NAME[arguments.case]
    found = measure(case, arguments.rows, arguments.limit)
    draw(case, found)
    results = json.loads(RESULTS.read_text())
    results.setdefault("scaling", {})[case.name] = found
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    rewrite()
    return 0


if __name__ == "__main__":
    sys.exit(main())
