"""The Rust packages: builds the program in rust/ and runs one process per case, library and round."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path

from case import Case

HERE = Path(__file__).resolve().parent / "rust"
LIBRARIES = ["ironlearn", "linfa", "smartcore"]


def build() -> Path:
    """The program, built."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=HERE, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
    return target / "release" / "rust-peers"


def versions() -> dict[str, str]:
    """The versions in the lock file."""
    found, name = {}, ""
    for line in (HERE / "Cargo.lock").read_text().splitlines():
        if line.startswith("name = "):
            name = line.split('"')[1]
        elif line.startswith("version = ") and (name in LIBRARIES or name.startswith("linfa-")):
            found[name] = line.split('"')[1]
    return {name: found[name] for name in LIBRARIES if name in found}


def _call(program: Path, arguments: list[str]) -> dict:
    import scipy_openblas32

    paths = [scipy_openblas32.get_lib_dir(), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, paths))}
    try:
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, env=environment, timeout=120)
    except subprocess.TimeoutExpired:
        return {"failed": "not done after 120 s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:200]}
    return json.loads(done.stdout)


def compare(program: Path, case: Case, folder: Path, arguments) -> list[dict]:
    """One entry per library and number of rows; ours is measured at each number of rows that a peer is given."""
    contestants: list[tuple[str, int]] = []
    for rows in dict.fromkeys(case.rust.values()):
        contestants += [("ironlearn", rows or 0)]
        contestants += [(library, rows or 0) for library, given in case.rust.items() if given == rows]
    params = json.dumps({k: v for k, v in case.params.items() if not str(v).startswith("data:")})
    estimator = case.estimator.rsplit(".", 1)[-1]
    answers: dict[tuple[str, int], list[dict]] = {c: [] for c in contestants}
    for _ in range(arguments.rounds):
        for contestant in contestants:
            found = answers[contestant]
            if found and "failed" in found[0]:
                continue
            library, rows = contestant
            given = [library, estimator, str(folder), str(rows), str(arguments.repeats), str(arguments.budget), params]
            found.append(_call(program, given))
    return [{"library": library} | _combine(found) for (library, _), found in answers.items()]


def _combine(rounds: list[dict]) -> dict:
    for answer in rounds:
        if "failed" in answer:
            return answer
    return rounds[0] | {
        "fit": statistics.median(s for answer in rounds for s in answer["fit"]),
        "predict": statistics.median(s for answer in rounds for s in answer["predict"]),
        "single_row_us": statistics.median(answer["single_row_us"] for answer in rounds),
    }


def latency(program: Path) -> dict:
    """Nanoseconds of one row through a fitted Ridge."""
    return _call(program, ["latency"])
