"""What one comparison is.

`estimator` is module and class under each package's root. `score` and `objective` name functions of `measures.py`.
`rust` names the Rust libraries that have the estimator, with the number of rows that each is given (None: all).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One comparison: the same estimator on the same data in each package."""

    name: str
    title: str
    estimator: str
    data: str
    arguments: dict
    quick: dict
    params: dict = field(default_factory=dict)
    score: str = "r2"
    objective: str | None = None
    rust: dict = field(default_factory=dict)
    rust_note: str = ""
