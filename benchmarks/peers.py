"""The contestants in Python: one entry a package. The Rust ones are in rust/src."""

from __future__ import annotations

import importlib
import inspect
import logging
from dataclasses import dataclass, field
from importlib import metadata

from case import Case


@dataclass(frozen=True)
class Peer:
    """A package whose classes bear scikit-learn's names."""

    name: str
    root: str
    distribution: str
    # Parameters of this package's own, given where the class takes them.
    extra: dict = field(default_factory=dict)
    # Names of this package's own for scikit-learn's; where there are any, it has nothing else.
    names: dict[str, str] = field(default_factory=dict)
    # The logger that tells where the package hands a call to another one, and the word that gives it away.
    log: tuple[str, str] | None = None

    def find(self, case: Case):
        """The class, or None where the package has none of that name."""
        module, name = case.estimator.rsplit(".", 1)
        if self.names:
            own = case.elsewhere[self.name][0] if self.name in case.elsewhere else self.names.get(case.estimator)
            return getattr(importlib.import_module(self.root), own) if own and self.version() else None
        try:
            return getattr(importlib.import_module(f"{self.root}.{module}"), name, None)
        except ModuleNotFoundError as error:
            if error.name and (error.name == self.root or error.name.startswith(f"{self.root}.")):
                return None
            raise

    def params(self, case: Case, n_rows: int) -> dict:
        """The case's parameters, in this package's own words where it has some."""
        if self.name not in case.elsewhere:
            return dict(case.params)
        return {k: v(n_rows) if callable(v) else v for k, v in case.elsewhere[self.name][1].items()}

    def build(self, cls, params: dict):
        """An estimator with these parameters and this package's own."""
        known = inspect.signature(cls.__init__).parameters
        return cls(**{k: v for k, v in self.extra.items() if k in known} | params)

    def version(self) -> str:
        """The installed version; empty where the package is not there."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return ""


OURS = "ironlearn"


def _same(*names: str) -> dict[str, str]:
    """Linear models under scikit-learn's names, in the package's root."""
    return {f"linear_model.{name}": name for name in names}


PEERS: list[Peer] = [
    Peer(OURS, "ironlearn", "ironlearn"),
    Peer("scikit-learn", "sklearn", "scikit-learn", extra={"n_jobs": -1}),
    Peer(
        "scikit-learn-intelex",
        "sklearnex",
        "scikit-learn-intelex",
        extra={"n_jobs": -1},
        log=("sklearnex", "fallback"),
    ),
    Peer("lightgbm", "lightgbm", "lightgbm", extra={"n_jobs": -1}, names={"": ""}),
    Peer("xgboost", "xgboost", "xgboost-cpu", extra={"n_jobs": -1}, names={"": ""}),
    Peer("celer", "celer", "celer", names=_same("Lasso", "ElasticNet")),
    Peer("skglm", "skglm", "skglm", names=_same("Lasso", "ElasticNet")),
]

BY_NAME = {peer.name: peer for peer in PEERS}


class FallBacks(logging.Handler):
    """Collects the methods that a package hands to another one while it is listened to."""

    def __init__(self, peer: Peer):
        super().__init__(logging.INFO)
        self.peer, self.found = peer, set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if self.peer.log and self.peer.log[1] in message:
            self.found.add(message.split(":")[0].rsplit(".", 1)[-1].strip())

    def __enter__(self):
        if self.peer.log:
            logger = logging.getLogger(self.peer.log[0])
            self.before = logger.level
            logger.addHandler(self)
            logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_):
        if self.peer.log:
            logger = logging.getLogger(self.peer.log[0])
            logger.removeHandler(self)
            logger.setLevel(self.before)
