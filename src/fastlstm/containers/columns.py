"""Columns of a table or of an xarray Dataset: values, experiments, time stamps and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_numbers
from fastlstm.containers.frames import as_narwhals, column_times, index_times, is_table
from fastlstm.containers.xarrays import is_xarray, time_dimension, times_of
from fastlstm.sampling import FloatArray


@dataclass(frozen=True)
class Columns:
    """Columns of equal length.

    Parameters
    ----------
    values : dict of str to array of shape (n_rows,)
        Float64, NaN where a value is missing.
    experiments : list of str or None
        Which experiment each row belongs to.
    times : array of shape (n_rows,) or None
        Seconds.
    units : dict of str to str
        Of the columns that have one.
    """

    values: dict[str, FloatArray]
    experiments: list[str] | None = None
    times: FloatArray | None = None
    units: dict[str, str] = field(default_factory=dict)

    def groups(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Name and rows of every experiment, in the order in which they first appear."""
        if self.experiments is None:
            n_rows = len(next(iter(self.values.values())))
            return [("", np.arange(n_rows))]
        rows: dict[str, list[int]] = {}
        for index, label in enumerate(self.experiments):
            rows.setdefault(label, []).append(index)
        return [(label, np.array(indices)) for label, indices in rows.items()]


def columns_of(
    data: Any, names: Sequence[str], experiment: str | None, time: str | None
) -> Columns:
    """Take the columns that `records_of` needs.

    Raises
    ------
    TypeError
        If `data` is no table.
    ValueError
        If a column is missing or cannot be used.
    """
    if is_xarray(data) and hasattr(data, "data_vars"):
        return _of_dataset(data, names, experiment, time)
    table = as_narwhals(data)
    if not is_table(table) or not hasattr(table, "columns"):
        raise TypeError(
            f"data must be a DataFrame or an xarray Dataset; got {type(data).__name__}. Arrays "
            "need no cutting: pass a list of 2-D arrays to fit."
        )
    _check_there([*names, *(name for name in (experiment, time) if name)], list(table.columns))
    values = {name: _numbers(table[name].to_numpy(), name) for name in names}
    experiments = None if experiment is None else _experiments(table[experiment], experiment)
    times = index_times(data) if time is None else _times(column_times(table[time]), time)
    return Columns(values, experiments, times)


def _of_dataset(
    data: Any, names: Sequence[str], experiment: str | None, time: str | None
) -> Columns:
    known = [*data.data_vars, *data.coords, *data.dims]
    _check_there([*names, *(name for name in (experiment, time) if name)], known)
    units = {n: str(data[n].attrs["units"]) for n in names if "units" in data[n].attrs}
    if experiment is not None and experiment in data.dims:
        values, labels, times = _padded(data, names, experiment)
    else:
        steps = time_dimension(data[names[0]])
        _check_dims(data, names, (steps,))
        values = {name: _numbers(data[name].to_numpy(), name) for name in names}
        labels = None
        if experiment is not None:
            labels = _labels(data[experiment].to_numpy().tolist(), experiment)
        times = times_of(data, steps)
    if time is not None and time not in data.dims:
        raise ValueError(
            f"time of a Dataset must be the dimension of the steps; got {time!r}. Make it a "
            f"dimension with swap_dims."
        )
    return Columns(values, labels, times, units)


def _padded(
    data: Any, names: Sequence[str], experiment: str
) -> tuple[dict[str, FloatArray], list[str], FloatArray | None]:
    """Experiments along a dimension; the shorter ones are filled up with NaN."""
    steps = next(dim for dim in data[names[0]].dims if dim != experiment)
    _check_dims(data, names, (experiment, steps))
    stacked = np.stack(
        [_numbers(data[name].transpose(experiment, steps).to_numpy(), name) for name in names]
    )
    there = np.any(np.isfinite(stacked), axis=0)
    n_steps = [int(np.flatnonzero(row)[-1]) + 1 if row.any() else 0 for row in there]
    keep = np.arange(there.shape[1])[None, :] < np.array(n_steps)[:, None]
    own = experiment in data.coords
    labels = data[experiment].to_numpy().tolist() if own else list(range(len(n_steps)))
    repeated = [str(label) for label, n in zip(labels, n_steps, strict=True) for _ in range(n)]
    times = times_of(data, steps)
    if times is not None:
        times = np.broadcast_to(times, keep.shape)[keep]
    return dict(zip(names, (part[keep] for part in stacked), strict=True)), repeated, times


def _check_dims(data: Any, names: Sequence[str], dims: tuple[Any, ...]) -> None:
    for name in names:
        if set(data[name].dims) != set(dims):
            raise ValueError(
                f"variable {name!r} must have the dimensions {dims}; it has "
                f"{tuple(data[name].dims)}. Select or rename its dimensions, and name that of the "
                "experiments with experiment=."
            )


def _check_there(names: Sequence[str], known: Sequence[Any]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(
                f"data must have a column {name!r}; it has {', '.join(map(str, known[:12]))}. Pass "
                "the names as they stand in the table."
            )


def _numbers(values: Any, name: str) -> FloatArray:
    return to_numbers(values, f"column {name!r}")


def _experiments(column: Any, name: str) -> list[str]:
    empty = column.is_null().to_list()
    cells = column.to_list()
    return _labels([None if no else cell for no, cell in zip(empty, cells, strict=True)], name)


def _labels(cells: Sequence[Any], name: str) -> list[str]:
    missing = [row for row, cell in enumerate(cells) if cell is None or cell != cell]
    if missing:
        raise ValueError(
            f"experiment column {name!r} must have a value in every row; row {missing[0]} has "
            f"none. Fill it in, or drop such rows."
        )
    return [str(cell) for cell in cells]


def _times(seconds: FloatArray | None, name: str) -> FloatArray:
    if seconds is None:
        raise ValueError(
            f"time column {name!r} must hold dates, durations or numbers of seconds; it holds "
            "neither. Parse it first, e.g. with pandas.to_datetime."
        )
    return seconds
