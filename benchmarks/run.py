"""The comparison: every case in every package, side by side, and the page that shows it.

    python benchmarks/run.py                     all cases; rewrites benchmarks/README.md and results.json
    python benchmarks/run.py --case ridge-1m     one case (may be repeated); the others keep their figures
    python benchmarks/run.py --quick             small data, one round, prints the page: for a test

Each case × package × round is a process of its own, and the packages take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import data as datasets
import page
import peers
import rust_peers
from case import Case
from cases import BY_NAME, CASES

HERE = Path(__file__).resolve().parent


def in_process(case: Case, peer: peers.Peer, folder: Path, repeats: int, budget: float) -> dict:
    """One round: the worker's answer, or why there is none."""
    command = [sys.executable, str(HERE / "worker.py"), case.name, peer.name, str(folder)]
    command += ["--repeats", str(repeats), "--budget", str(budget)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def combine(rounds: list[dict]) -> dict:
    """Medians over all fits of all rounds."""
    for answer in rounds:
        if "missing" in answer or "failed" in answer:
            return answer
    fits = [seconds for answer in rounds for seconds in answer["fit"]]
    predicts = [seconds for answer in rounds for seconds in answer["predict"]]
    combined = rounds[0] | {
        "fit": statistics.median(fits),
        "predict": statistics.median(predicts),
        "n_fits": len(fits),
        "fit_range": [min(fits), max(fits)],
    }
    for name in ("single_row_us", "peak_bytes"):
        values = [answer[name] for answer in rounds if answer.get(name) is not None]
        combined[name] = statistics.median(values) if values else None
    return combined


def compare(case: Case, arguments) -> dict:
    """All contestants of one case, in turns."""
    folder = datasets.prepare(case.data, case.quick if arguments.quick else case.arguments)
    answers: dict[str, list[dict]] = {peer.name: [] for peer in peers.PEERS}
    for _ in range(arguments.rounds):
        for peer in peers.PEERS:
            found = answers[peer.name]
            if not found or "fit" in found[0]:
                found.append(in_process(case, peer, folder, arguments.repeats, arguments.budget))
    return {name: combine(found) for name, found in answers.items()}


def machine() -> dict:
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    subject = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=HERE, capture_output=True, text=True)
    return {
        "cpu": cpu,
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {peer.name: peer.version() for peer in peers.PEERS},
        "commit": subject.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=BY_NAME, help="only this case; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small data, one round; prints the page, writes nothing")
    parser.add_argument("--rounds", type=int, default=3, help="processes per case and package")
    parser.add_argument("--repeats", type=int, default=5, help="fits per process after the warm-up, at most")
    parser.add_argument("--budget", type=float, default=3.0, help="seconds after which a process starts no other fit")
    parser.add_argument("--json", type=Path, default=page.RESULTS, help="where the figures are kept")
    parser.add_argument("--part", choices=("all", "python", "rust"), default="all", help="which packages to measure")
    parser.add_argument("--only-page", action="store_true", help="rewrite the page from the figures that are kept")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.repeats, arguments.budget, arguments.part = 1, 1, 0.2, "python"

    results = {"cases": {}, "rust": {}}
    if arguments.json.exists() and not arguments.quick:
        results = json.loads(arguments.json.read_text())
    chosen = [] if arguments.only_page else [BY_NAME[name] for name in arguments.case or BY_NAME]
    program = rust_peers.build() if arguments.part != "python" and any(case.rust for case in chosen) else None
    failed = []
    for case in chosen:
        print(f"{case.name} …", file=sys.stderr, flush=True)
        results["machine"] = machine()
        before = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        if arguments.part != "rust":
            results["cases"][case.name] = compare(case, arguments)
            results.setdefault("commits", {})[case.name] = results["machine"]["commit"]
            results.setdefault("load", {})[case.name] = before
        for name, answer in results["cases"].get(case.name, {}).items():
            shown = f"fit {answer['fit']:.4f} s" if "fit" in answer else answer.get("missing") or answer["failed"]
            print(f"  {name:22} {shown}", file=sys.stderr, flush=True)
            failed += [f"{case.name}: {name}: {answer['failed']}"] if "failed" in answer else []
        if program and case.rust:
            folder = datasets.prepare(case.data, case.arguments)
            results["rust"][case.name] = rust_peers.compare(program, case, folder, arguments)
        if not arguments.quick:
            arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if program:
        results["rust_versions"] = rust_peers.versions()
        results["latency"] = rust_peers.latency(program)
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    text = page.render(results, CASES)
    if arguments.quick:
        print(text)
    else:
        (HERE / "README.md").write_text(text)
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
