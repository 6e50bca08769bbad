"""The page: README.md from the figures of a run. Nothing is left out of it, a ratio below 1 least of all."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from cases import CASES
from peers import OURS, PEERS

HERE = Path(__file__).resolve().parent
# Where the figures are kept.
RESULTS = HERE / "results.json"

HEAD = """# Benchmarks

This page is generated: `make bench` (or `python benchmarks/run.py`) measures everything again and rewrites it.

Measured {date} at the commit “{commit}”, on {threads} threads of “{cpu}” ({system}), Python {python}:
{versions}.

**How.** Each case, package and round is a process of its own, and the packages take turns (A B C A B C …). Data are
made or read once and loaded outside the clock; a process warms up on a few rows and, unless one fit uses up its time,
on one full fit that is not counted. Times are medians over all counted fits and over predictions of all training
rows. “One row” is the median time of `predict` on one row. Memory is the peak during the first full fit above what
the process held before it (data included). Scores are on the same held-out rows, objectives (lower is better) on the
training rows, both computed by the same code for everybody. Every package may use all threads (`n_jobs=-1` where it
has that). k-means starts from the same centres in every package, so that all do the same work where their iterations
agree.

**Ratios** are the fastest peer's time divided by ours: above 1 we are faster, below 1 slower.

"""


def _seconds(value: float) -> str:
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"**{value:.2f}**" if value < 1 else f"{value:.2f}"


def _mb(value: int | None) -> str:
    return "–" if value is None else f"{value / 2**20:.1f} MB"


def _peers(answers: dict) -> dict:
    return {name: a for name, a in answers.items() if name != OURS and "fit" in a}


def ratio(answers: dict, name: str) -> float | None:
    """The fastest peer's `name` over ours."""
    ours, others = answers.get(OURS, {}), _peers(answers)
    if "fit" not in ours or not others:
        return None
    return min(a[name] for a in others.values()) / ours[name]


def _summary(results: dict, cases: list) -> list[str]:
    lines = [
        "| Case | fit | fastest peer | ratio | predict | ratio | one row | ratio | memory beside fastest peer's |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for case in cases:
        answers = results["cases"].get(case.name)
        if answers is None:
            continue
        ours, others = answers[OURS], _peers(answers)
        if "fit" not in ours:
            why = "not there yet" if "missing" in ours else "failed: " + ours["failed"]
            lines.append(f"| {case.title} | {why} | | | | | | | |")
            continue
        if not others:
            continue
        fastest = min(others, key=lambda name: others[name]["fit"])
        memory = "–"
        if ours["peak_bytes"] is not None and others[fastest]["peak_bytes"] is not None:
            memory = f"{(ours['peak_bytes'] - others[fastest]['peak_bytes']) / 2**20:+.1f} MB"
        lines.append(
            f"| {case.title} | {_seconds(ours['fit'])} | {_seconds(others[fastest]['fit'])} ({fastest}) "
            f"| {_ratio(ratio(answers, 'fit'))} | {_seconds(ours['predict'])} | {_ratio(ratio(answers, 'predict'))} "
            f"| {ours['single_row_us']:.1f} µs | {_ratio(ratio(answers, 'single_row_us'))} | {memory} |"
        )
    return lines


def _case(case, answers: dict, commit: str | None) -> list[str]:
    score = {"r2": "held-out R²", "accuracy": "held-out accuracy", "inertia": "held-out mean squared distance"}
    score |= {"deviance": "held-out deviance explained", "outliers": "held-out area under the ROC curve"}
    lines = [
        f"### {case.title}",
        "",
        f"| Package | fit | range | fits | predict | one row | memory | {score[case.score]} | objective "
        "| violation | work |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    notes = []
    for name, a in answers.items():
        if "missing" in a and name != OURS:
            continue
        if "fit" not in a:
            lines.append(f"| {name} | {'–' if 'missing' in a else 'failed: ' + a['failed']} | | | | | | | | | |")
            continue
        low, high = a["fit_range"]
        objective = f"{a['objective']:.10g}" if "objective" in a else "–"
        violation = f"{a['violation']:.1e}" if a.get("violation") is not None else "–"
        lines.append(
            f"| {name} | {_seconds(a['fit'])} | {_seconds(low)} – {_seconds(high)} | {a['n_fits']} "
            f"| {_seconds(a['predict'])} | {a['single_row_us']:.1f} µs | {_mb(a['peak_bytes'])} "
            f"| {a['score']:.6g} | {objective} | {violation} | {a['work'] or '–'} |"
        )
        if a["handed_on"]:
            notes.append(f"{name} hands this to scikit-learn without a word: {', '.join(a['handed_on'])}.")
    work = {a["work"] for a in answers.values() if "fit" in a and a["work"]}
    if len(work) > 1:
        notes.append("The packages did not do the same amount of work: see the last column.")
    if commit:
        notes.append(f"Measured earlier, at “{commit}”.")
    return lines + (["", " ".join(notes)] if notes else []) + [""]


def _rust(results: dict, cases: list) -> list[str]:
    by_name = {case.name: case for case in cases}
    versions = ", ".join(f"{name} {version}" for name, version in results.get("rust_versions", {}).items())
    lines = [
        "## In Rust",
        "",
        f"{versions}. The same data, read from the same files; smartcore works on one thread and gets fewer rows where",
        "all of them would take it minutes. The ratio is that library's time to ours at the same number of rows. For",
        "k-means the held-out distance is to the mean of the training rows of each label.",
        "",
        "| Case | rows | library | fit | ratio | predict | ratio | one row | score |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    notes = []
    for name, answers in results["rust"].items():
        if name not in by_name:
            continue
        case = by_name[name]
        ours = {a["rows"]: a for a in answers if a["library"] == OURS and "fit" in a}
        for a in answers:
            if "fit" not in a:
                lines.append(f"| {case.title} | | {a['library']} | {a['failed']} | | | | | |")
                continue
            mine = None if a["library"] == OURS else ours.get(a["rows"])
            fit, predict = (_ratio(a[of] / mine[of]) if mine else "" for of in ("fit", "predict"))
            lines.append(
                f"| {case.title} | {a['rows']:,} | {a['library']} | {_seconds(a['fit'])} | {fit} "
                f"| {_seconds(a['predict'])} | {predict} | {a['single_row_us']:.2f} µs | {a['score']:.6g} |"
            )
        if case.rust_note:
            notes.append(f"{case.title}: {case.rust_note}.")
    latency = results.get("latency", {})
    if "linfa_ns" in latency:
        notes.append(
            f"One row of 50 columns through a fitted Ridge: {latency['linfa_ns']:.0f} ns by linfa's `predict`, "
            f"{latency['predict_on_ns']:.0f} ns by `predict_on`."
        )
    return [*lines, "", *(f"- {note}" for note in notes), ""]


def _seeds(results: dict, cases: list) -> list[str]:
    """Scores over seeds, ours beside each peer's, with the paired differences."""
    lines = [
        "## Scores over several seeds",
        "",
        "`python benchmarks/seeds.py`: the mean held-out score over seeds that make or cut the data anew, and of each",
        "peer the mean of our score less its own on the same data, with the standard error of that mean.",
        "",
        "| Case | seeds | ironlearn | peers: our score less theirs |",
        "|---|--:|--:|---|",
    ]
    for case in cases:
        scores = results["seeds"].get(case.name)
        if not scores or OURS not in scores:
            continue
        ours = scores[OURS]
        told = []
        for name, theirs in scores.items():
            if name != OURS:
                apart = [a - b for a, b in zip(ours, theirs, strict=True)]
                error = statistics.stdev(apart) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
                told.append(f"{name} {statistics.mean(apart):+.4f} ± {error:.4f}")
        lines.append(f"| {case.title} | {len(ours)} | {statistics.mean(ours):.4f} | {'; '.join(told)} |")
    return [*lines, ""]


def _scaling(results: dict, cases: list) -> list[str]:
    """Time and memory of a case in several sizes."""
    lines = ["## Against the number of rows", ""]
    for case in cases:
        found = results["scaling"].get(case.name)
        if not found:
            continue
        kind = case.estimator.rsplit(".", 1)[1]
        sizes = sorted({answer["rows"] for answers in found.values() for answer in answers})
        lines += [
            f"`python benchmarks/scaling.py {case.name}`: {kind}, one fit of each size; a package that needs more than",
            "a minute for one gets no larger ones.",
            "",
            f"![time and memory of {kind} against the number of rows](scaling-{case.name}.svg)",
            "",
            "| rows | " + " | ".join(f"{name}: fit, memory, score" for name in found) + " |",
            "|--:|" + "--:|" * len(found),
        ]
        for rows in sizes:
            cells = []
            for answers in found.values():
                a = next((a for a in answers if a["rows"] == rows and "fit" in a), None)
                cells.append(f"{_seconds(a['fit'])}, {_mb(a['peak_bytes'])}, {a['score']:.4f}" if a else "–")
            lines.append(f"| {rows:,} | " + " | ".join(cells) + " |")
        lines.append("")
    return lines


def _busy(results: dict) -> list[str]:
    """A warning where other work ran on the machine: load before a case that is not from here, or a note by hand."""
    load = max(results.get("load", {}).values(), default=0.0)
    threads = results["machine"]["threads"]
    lines = [results["note"], ""] if results.get("note") else []
    if load > threads:
        lines += [f"**The machine was busy with other work**: load averages up to {load:.1f} on {threads} threads.", ""]
    return lines


def render(results: dict, cases: list) -> str:
    """The whole page."""
    about = dict(results["machine"])
    versions = about.pop("versions")
    about["versions"] = ", ".join(f"{peer.name} {versions[peer.name] or '(not installed)'}" for peer in PEERS)
    lines = [*_busy(results), "## Summary", "", *_summary(results, cases), "", "## Case by case", ""]
    for case in cases:
        if case.name in results["cases"]:
            commit = results.get("commits", {}).get(case.name)
            lines += _case(case, results["cases"][case.name], commit if commit != about["commit"] else None)
    if results.get("scaling"):
        lines += _scaling(results, cases)
    if results.get("seeds"):
        lines += _seeds(results, cases)
    if results.get("rust"):
        lines += _rust(results, cases)
    return HEAD.format(**about) + "\n".join(lines).rstrip() + "\n"


def rewrite() -> None:
    """Writes README.md from the figures that are kept."""
    (HERE / "README.md").write_text(render(json.loads(RESULTS.read_text()), CASES))
