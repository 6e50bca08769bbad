"""Tables and arrays of text as the core's columns: the only place that knows pandas, polars and NumPy's text types."""

from __future__ import annotations

import numpy as np

from ironlearn import _core

#: The codes of ``None`` and of NaN in a column of text.
NONE, NAN = np.uint32(0xFFFFFFFE), np.uint32(0xFFFFFFFF)
#: A missing time.
NO_TIME = np.iinfo(np.int64).min


def is_frame(X) -> bool:
    """Whether X has columns of their own types: a pandas or polars DataFrame."""
    return getattr(X, "ndim", len(getattr(X, "shape", ()))) == 2 and (hasattr(X, "iloc") or hasattr(X, "get_columns"))


def column_names(X) -> list[str]:
    """The names of a frame's columns."""
    return [str(name) for name in X.columns]


def frame_columns(X) -> list:
    """The columns of a frame, each a pandas or polars Series."""
    return list(X.get_columns()) if hasattr(X, "get_columns") else [series for _, series in X.items()]


def _exact(values: np.ndarray, name: str) -> np.ndarray:
    """Integers as float64, which has to hold them exactly."""
    if values.dtype.itemsize == 8 and values.dtype.kind in "iu" and values.size:
        limit = 2**53
        if values.max() > limit or values.min() < -limit:
            raise ValueError(
                f"column {name!r} holds integers beyond 2**53, which float64 cannot tell apart: pass them as text"
            )
    return np.ascontiguousarray(values, dtype=np.float64)


def series_array(series) -> np.ndarray:
    """A Series as an array: numbers with NaN, objects, text or times."""
    dtype = getattr(series, "dtype", None)
    if hasattr(series, "to_numpy") and not isinstance(series, np.ndarray):
        name = str(dtype)
        if name in ("String", "Utf8") or name.startswith(("Categorical", "Enum")):  # polars
            return np.array(series.cast(str_of(series)).to_list(), dtype=object)
        if getattr(dtype, "na_value", None) is not None and getattr(dtype, "kind", "O") in "iufb":
            missing = series.isna()
            if missing.any():
                return series.to_numpy(dtype=np.float64, na_value=np.nan)
            return series.to_numpy(dtype=dtype.numpy_dtype if hasattr(dtype, "numpy_dtype") else np.float64)
        array = series.to_numpy()
        if not isinstance(array, np.ndarray):
            array = np.asarray(array)
        return array
    return np.asarray(series)


def str_of(series):
    """The text type of polars, of whichever version the series is."""
    import polars

    return polars.String


def column(name: str, series):
    """One column as the core takes it: ``(name, kind, entries[, levels])``."""
    dtype = getattr(series, "dtype", None)
    if type(dtype).__name__ == "CategoricalDtype" and dtype.categories.dtype.kind not in "iufb":
        codes = np.asarray(series.cat.codes)
        levels = [str(level) for level in dtype.categories]
        if all(isinstance(level, str) for level in dtype.categories):
            return (name, "codes", np.where(codes < 0, NAN, codes).astype(np.uint32), levels)
    return array_column(name, series_array(series))


def array_column(name: str, values: np.ndarray):
    """A 1-D array as a column."""
    kind = values.dtype.kind
    if kind in "iufb":
        return (name, "number", _exact(values, name) if kind in "iu" else np.ascontiguousarray(values, np.float64))
    if kind == "M":
        return (name, "time", np.ascontiguousarray(values.astype("datetime64[ms]").view(np.int64)))
    if kind == "U":
        width = max(1, values.dtype.itemsize // 4)
        points = np.ascontiguousarray(values).view(np.uint32).reshape(len(values), width)
        return (name, "unicode", points)
    if kind == "S":
        return array_column(name, np.char.decode(values, "latin-1"))
    if kind == "T":
        values = values.astype(object)
        kind = "O"
    if kind != "O":
        raise ValueError(f"column {name!r} has the dtype {values.dtype}, which is no number, text or time")
    values = np.ascontiguousarray(values)
    if holds_bytes(values):
        values = np.array([v.decode("latin-1") if isinstance(v, bytes) else v for v in values], dtype=object)
    found = _core.factorize(values)
    if found is not None:
        codes, levels = found
        if not levels and len(codes) and (codes == NAN).all():
            return (name, "number", np.full(len(codes), np.nan))
        return (name, "codes", codes, levels)
    return (name, "number", _numbers_of(values, name))


def holds_bytes(values: np.ndarray) -> bool:
    """Whether an object array holds bytes, which are text here."""
    return values.dtype.kind == "O" and any(isinstance(v, bytes) for v in values[:100])


def _numbers_of(values: np.ndarray, name: str) -> np.ndarray:
    """An object array of numbers, None and NaN."""
    import numbers

    types = sorted({type(v).__name__ for v in values})
    if not all(v is None or isinstance(v, numbers.Real | np.bool_) or type(v).__name__ == "NAType" for v in values):
        raise TypeError(f"Encoders require their input argument must be uniformly strings or numbers. Got {types}")
    if any(isinstance(v, numbers.Integral) and abs(int(v)) > 2**53 for v in values):
        raise ValueError(
            f"column {name!r} holds integers beyond 2**53, which float64 cannot tell apart: pass them as text"
        )
    return np.array([np.nan if v is None or type(v).__name__ == "NAType" else float(v) for v in values])


def table(X) -> list:
    """The columns of a frame as the core takes them."""
    names = column_names(X)
    return [column(name, series) for name, series in zip(names, frame_columns(X), strict=True)]


def typed_table(X, wanted: list[tuple[str, str]]) -> list:
    """The columns ``wanted`` (name and type) of a frame, in that order; texts that should be times are read as such."""
    names = column_names(X)
    absent = [name for name, _ in wanted if name not in names]
    if absent:
        raise ValueError(f"the table lacks columns that the model needs: {absent}; it has {names}")
    series = frame_columns(X)
    out = []
    for name, kind in wanted:
        found = column(name, series[names.index(name)])
        has = {"number": "number", "time": "time"}.get(found[1], "text")
        if has != kind:
            found = _convert(found, has, kind)
        out.append(found)
    return out


def _convert(found, has: str, kind: str):
    name, entries = found[0], found[2]
    if has == "number" and np.isnan(entries).all():
        if kind == "time":
            return (name, "time", np.full(len(entries), NO_TIME))
        return (name, "codes", np.full(len(entries), NAN), [])
    if kind == "time" and found[1] == "codes":
        codes, levels = found[2], found[3]
        times = _core.parse_times(levels)
        if times is not None:
            known = codes < NONE
            out = np.full(len(codes), NO_TIME)
            out[known] = times[codes[known]]
            return (name, "time", out)
    if has == "text" and found[1] == "codes" and (entries >= NONE).all():
        return (name, "number", np.full(len(entries), np.nan)) if kind == "number" else found
    raise ValueError(f"column {name!r} holds {has}, the model needs {kind}")


def to_array(out, columns_dtype=None):
    """What the core gives, for Python: an array, a scipy matrix or an object array of columns."""
    if isinstance(out, tuple):
        from scipy import sparse

        kind, data, indices, indptr, shape = out
        if indptr[-1] < 2**31:
            indptr = indptr.astype(np.int32)
        return (sparse.csr_matrix if kind == "csr" else sparse.csc_matrix)((data, indices, indptr), shape=shape)
    if isinstance(out, list):
        columns = [values if isinstance(values, np.ndarray) else from_codes(*values) for values in out]
        result = np.empty((len(columns[0]), len(columns)), dtype=object)
        for j, values in enumerate(columns):
            result[:, j] = values
        return result
    return out


def from_codes(codes: np.ndarray, levels: list[str]) -> np.ndarray:
    """Codes as an object array of text, None and NaN."""
    table = np.array([*levels, None, np.nan], dtype=object)
    at = codes.astype(np.int64)
    at[codes == NONE] = len(levels)
    at[codes == NAN] = len(levels) + 1
    return table[at]
