"""Where fits run, and on how many threads: a choice of the caller, not of an estimator's constructor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_DEFAULTS = {"device": "cpu", "n_threads": None}
_config: ContextVar[dict] = ContextVar("ironlearn_config", default=_DEFAULTS)


def get_config() -> dict:
    """The configuration in force here: ``device`` and ``n_threads``."""
    return dict(_config.get())


def set_config(**changes) -> None:
    """Changes the configuration from here on, in this thread or task.

    Parameters
    ----------
    device : str, default="cpu"
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``. A device that is not there raises at the next fit.
    n_threads : int or None, default=None
        Threads of a fit or predict; ``None`` means ``IRONLEARN_NUM_THREADS``, else ``OMP_NUM_THREADS``, else all
        processors that the process may use.
    """
    unknown = set(changes) - set(_DEFAULTS)
    if unknown:
        raise TypeError(f"unknown configuration {sorted(unknown)}; there are {sorted(_DEFAULTS)}")
    device, n_threads = changes.get("device", "cpu"), changes.get("n_threads")
    if not isinstance(device, str):
        raise TypeError(f"device must be a str such as 'cpu' or 'cuda', got {device!r}")
    if n_threads is not None and (isinstance(n_threads, bool) or not isinstance(n_threads, int) or n_threads < 1):
        raise ValueError(f"n_threads must be None (all allowed) or an int >= 1, got {n_threads!r}")
    _config.set({**_config.get(), **changes})


@contextmanager
def config_context(**changes) -> Iterator[None]:
    """Changes the configuration inside a ``with`` block; see :func:`set_config`."""
    before = _config.get()
    set_config(**changes)
    try:
        yield
    finally:
        _config.set(before)
