"""What one comparison is.

`estimator` is module and class under each package's root. `score` and `objective` name functions of `measures.py`.
`elsewhere` names the class of a package that has the estimator under a name and parameters of its own (a parameter may
be a function of the number of rows). `rust` names the Rust libraries that have the estimator, with the number of rows
that each is given (None: all).
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
    elsewhere: dict[str, tuple[str, dict]] = field(default_factory=dict)
    rust: dict = field(default_factory=dict)
    rust_note: str = ""
