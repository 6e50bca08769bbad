"""The comparison runs, on data too small to say anything about speed, so that it does not rot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CASES = [
    "ridge-1m-weighted",
    "kmeans-20",
    "tree-classifier",
    "ridge-ratings",
    "ridge-flights-one-hot",
    "isolation-forest",
    "histgb-stops",
]


@pytest.fixture(scope="module")
def page():
    chosen = [word for case in CASES for word in ("--case", case)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "--quick", *chosen], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_case_has_figures_of_scikit_learn(page):
    sections = page.split("\n### ")[1:]
    assert len(sections) == len(CASES)
    for section in sections:
        row = next(line for line in section.splitlines() if line.startswith("| scikit-learn |"))
        assert "failed" not in row and "µs" in row


def test_ours_is_compared_with_the_fastest_peer(page):
    summary = next(line for line in page.splitlines() if line.startswith("| Ridge"))
    cells = [cell.strip(" *") for cell in summary.strip("|").split("|")]
    assert float(cells[3]) > 0 and float(cells[5]) > 0 and float(cells[7]) > 0


def test_scores_over_seeds_in_a_file_of_their_own_leave_the_page_alone(tmp_path):
    kept, page = tmp_path / "scores.json", (BENCHMARKS / "README.md").read_bytes()
    words = ["--case", "histgb-small", "--seeds", "2", "--json", str(kept)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "seeds.py"), *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    scores = json.loads(kept.read_text())["seeds"]["histgb-small"]
    assert all(len(found) == 2 and min(found) > 0.5 for found in scores.values())
    assert {"ironlearn", "scikit-learn"} <= scores.keys()
    assert (BENCHMARKS / "README.md").read_bytes() == page
