"""pandas, polars and pyarrow tables, and whatever else narwhals knows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fastlstm.sampling import FloatArray, is_time_name, to_seconds, unit_of_time
from fastlstm.signals import Signals


def as_narwhals(value: Any) -> Any:
    """Table or column as narwhals sees it; the value itself if it is neither.

    Raises
    ------
    ValueError
        If two columns have the same name.
    TypeError
        If the table is lazy: nothing has been computed yet.
    """
    import narwhals.stable.v2 as nw

    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(value, pyarrow.RecordBatch):
        value = pyarrow.Table.from_batches([value])
    table = nw.from_native(value, pass_through=True, allow_series=True)
    if isinstance(table, nw.LazyFrame):
        raise TypeError(
            f"tables must be in memory; got a lazy {type(value).__name__}. Pass its collect()."
        )
    return table


def is_table(value: Any) -> bool:
    """Whether narwhals made a table or a column of a value."""
    import narwhals.stable.v2 as nw

    return isinstance(value, nw.DataFrame | nw.Series)


def open_frame(value: Any) -> Any:
    """`Signals` from a table or a column; anything else comes back as it is."""
    table = as_narwhals(value)
    if not is_table(table):
        return value
    if hasattr(table, "columns"):
        names = names_of(table.columns)
    else:
        names = names_of([table.name])
    return Signals(table.to_numpy(), names, times=index_times(value))


def names_of(columns: Any) -> tuple[str, ...] | None:
    """Names, if all are strings and none is empty."""
    names = list(columns)
    known = all(isinstance(name, str) and name for name in names)
    return tuple(map(str, names)) if names and known else None


def index_times(value: Any) -> FloatArray | None:
    """Seconds from the index of a pandas table: dates, durations, or numbers called ``time``."""
    index = getattr(value, "index", None)
    kind = getattr(getattr(index, "dtype", None), "kind", None)
    if index is None or callable(index) or kind is None:
        return None
    if kind in "mM":  # time zones: equal steps are equal in UTC
        return to_seconds(np.asarray(index, dtype="datetime64[ns]" if kind == "M" else None))
    if kind in "iuf" and is_time_name(index.name):
        return np.asarray(index, dtype=np.float64) * unit_of_time(index.name)
    return None


def column_times(column: Any) -> FloatArray | None:
    """Seconds from a column of numbers, dates or durations; None for anything else."""
    import narwhals.stable.v2 as nw

    if column.dtype == nw.Date:
        column = column.cast(nw.Datetime("us"))
    if column.dtype == nw.Datetime:
        stamps = column.dt.timestamp("us").to_numpy().astype(np.float64)
        return (stamps - stamps[:1]) * 1e-6
    if column.dtype == nw.Duration:
        return column.dt.total_microseconds().to_numpy().astype(np.float64) * 1e-6
    seconds = to_seconds(column.to_numpy())
    return None if seconds is None else seconds * unit_of_time(column.name)
