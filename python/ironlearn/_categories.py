"""Categories between Python's arrays and the core: what ``categories_``, ``categories`` and ``drop`` hold."""

from __future__ import annotations

import numbers

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan

from ironlearn._transformer import numbers_of


def is_nan(value) -> bool:
    """Whether a scalar is NaN or pandas' NA."""
    return is_scalar_nan(value) or is_pandas_na(value)


def category(value) -> dict:
    """A scalar as the core's category."""
    if value is None:
        return {"missing": "none"}
    if is_nan(value):
        return {"missing": "nan"}
    if isinstance(value, bytes):
        return {"text": value.decode("latin-1")}
    if isinstance(value, str):
        return {"text": str(value)}
    if isinstance(value, numbers.Real | np.bool_):
        return {"number": float(value)}
    raise TypeError(f"a category cannot be {type(value).__name__}: {value!r}")


def from_category(value: dict | None):
    """The core's category as a scalar; no category is NaN."""
    if value is None:
        return np.nan
    ((kind, entry),) = value.items()
    if kind == "missing":
        return None if entry == "none" else np.nan
    return entry


def given(values: np.ndarray, j: int) -> dict:
    """A user's categories of column ``j`` as the core's."""
    kind = values.dtype.kind
    plain = values.tolist()
    missing = [v is None or is_nan(v) for v in plain]
    if kind in "iufb" or not any(isinstance(v, str | bytes) for v in plain):
        known = [float(v) for v, gone in zip(plain, missing, strict=True) if not gone]
        if known != sorted(known):
            raise ValueError("Unsorted categories are not supported for numerical categories")
        nan = [float("nan")] if any(missing) else []
        number = {"i": "int", "u": "int", "b": "bool"}.get(kind, "float")
        if kind == "O" and known and all(isinstance(v, numbers.Integral) for v in plain if v is not None):
            number = "int"
        return {"number": {"values": known + nan, "kind": number}}
    known = [v for v, gone in zip(plain, missing, strict=True) if not gone]
    text = [v.decode("latin-1") if isinstance(v, bytes) else v for v in known]
    if not all(isinstance(v, str) for v in text):
        raise TypeError(f"categories have to be uniformly text or numbers, see column #{j}: {values}")
    absent = sorted(((i, v) for i, v in enumerate(plain) if missing[i]), key=lambda entry: entry[1] is not None)
    kinds = ["none" if v is None else "nan" for _, v in absent]
    entry = {"levels": [str(v) for v in text], "missing": kinds}
    places = [i for i, gone in enumerate(missing) if not gone] + [i for i, _ in absent]
    if places != list(range(len(plain))):
        entry["places"] = places
    return {"text": entry}


def to_array(categories: dict, dtype: np.dtype | None) -> np.ndarray:
    """The core's categories as an array, of the type of the column where that is known."""
    if "text" in categories:
        entries = categories["text"]
        levels = list(entries["levels"])
        missing = [None if kind == "none" else np.nan for kind in entries.get("missing", [])]
        if dtype is not None and dtype.kind == "S":
            return np.array([level.encode("latin-1") for level in levels], dtype=dtype)
        if dtype is not None and dtype.kind == "U" and not missing:
            return np.array(levels, dtype=dtype)
        out = np.empty(len(levels) + len(missing), dtype=object)
        out[entries.get("places") or slice(None)] = levels + missing
        return out
    entries = categories["number"]
    values = numbers_of(entries["values"])
    if dtype is None:
        dtype = np.dtype({"int": "int64", "bool": "bool"}.get(entries.get("kind"), "float64"))
    if dtype.kind in "iub" and np.isnan(values).any():
        dtype = np.dtype("float64")
    if dtype.kind == "O":
        whole = entries.get("kind") == "int"
        out = np.empty(len(values), dtype=object)
        out[:] = [v if np.isnan(v) else int(v) if whole else float(v) for v in values]
        return out
    return values.astype(dtype)


def number_kind(dtype: np.dtype, values: np.ndarray) -> str:
    """How the core writes numbers of a column of this type."""
    if dtype.kind == "b":
        return "bool"
    if dtype.kind in "iu":
        return "int"
    if dtype.kind == "O" and all(v is None or is_nan(v) or isinstance(v, numbers.Integral) for v in values):
        return "int"
    return "float"
