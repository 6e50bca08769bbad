"""Held-out scores over several seeds: every package on the same data with the same `random_state`, nothing timed.

    python benchmarks/seeds.py                        trees and ensembles, five seeds; the page shows the table
    python benchmarks/seeds.py --case histgb-small    one case (may be repeated); the others keep their scores
    python benchmarks/seeds.py --json scores.json     into a file of its own, which leaves the page as it is

Seed k makes the data (or, of real data, cuts them) anew, so that a difference is one between packages.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path

import data as datasets
import measures
import numpy as np
import peers
from cases import BY_NAME
from page import RESULTS, rewrite

# Cases whose models are drawn, or whose packages decide differently.
DRAWN = ("tree", "forest", "histgb", "gradient-boosting", "ada", "bagging")


def score(case, peer, arrays: dict, seed: int) -> float | None:
    """The held-out score of a package; None where it has no such class."""
    cls = peer.find(case)
    if cls is None:
        return None
    params = peer.params(case, arrays["x"].shape[0]) | {"random_state": seed}
    target = [arrays["y"]] if "y" in arrays else []
    model = peer.build(cls, params).fit(arrays["x"], *target)
    return measures.SCORES[case.score](model, arrays, np.asarray(model.predict(arrays["x_test"])))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=BY_NAME, help="only this case; may be repeated")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the scores are kept")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    drawn = [name for name in BY_NAME if any(word in name for word in DRAWN)]
    first = datasets.SEED
    for name in arguments.case or drawn:
        case, scores = BY_NAME[name], {}
        for seed in range(arguments.seeds):
            datasets.SEED = first + seed
            arrays = datasets.MAKERS[case.data](**case.arguments)
            for peer in peers.PEERS:
                found = score(case, peer, arrays, seed)
                if found is not None:
                    scores.setdefault(peer.name, []).append(found)
        print(name, {peer: f"{np.mean(found):.5f}" for peer, found in scores.items()}, file=sys.stderr, flush=True)
        results = json.loads(arguments.json.read_text()) if arguments.json.exists() else {"cases": {}, "rust": {}}
        results.setdefault("seeds", {})[name] = scores
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.json.resolve() == RESULTS:
        rewrite()
    return 0


if __name__ == "__main__":
    sys.exit(main())
