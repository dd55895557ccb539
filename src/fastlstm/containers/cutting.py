"""`records_of`: one long table with an experiment column, cut into records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.containers.columns import Columns, columns_of
from fastlstm.sampling import FloatArray, same_sampling_time, sampling_time_of, show_seconds
from fastlstm.signals import check_seconds, units_in_names
from fastlstm.tables.named import NamedRecords

Rows = NDArray[np.intp]


def records_of(
    data: Any,
    inputs: str | Sequence[str],
    outputs: str | Sequence[str] = (),
    *,
    experiment: str | None = None,
    time: str | None = None,
    sampling_time: float | None = None,
    units: Mapping[str, str] | None = None,
) -> NamedRecords:
    """Cut a table into records that keep names, units and sampling time.

    Parameters
    ----------
    data : DataFrame, or xarray Dataset
        pandas, polars, pyarrow or whatever narwhals knows, one row per step; or a Dataset.
    inputs, outputs : str or sequence of str
        Columns (variables) of u and y. Leave `outputs` out where there is nothing measured.
    experiment : str, optional
        Column that tells the records apart: rows with the same value form one record, in the order
        of the table. For a Dataset also a dimension; steps at the end of a record at which no
        variable has a value are padding and are left out.
    time : str, optional
        Column of time stamps: dates, durations, or numbers in seconds or in the unit that stands
        behind the name, as in ``time [ms]``. Default: the index of a pandas table if it holds
        dates, the time coordinate of a Dataset.
    sampling_time : float, optional
        Seconds between steps, where there are no time stamps.
    units : mapping of str to str, optional
        By column. Default: attributes of a Dataset, and what stands in brackets behind a name.

    Returns
    -------
    records : NamedRecords
        Unpacks as ``X, y = records``, and ``model.fit(records)`` takes it whole.

    Raises
    ------
    ValueError
        If a column is missing or is named twice, an experiment has no name, or the steps of a
        record are not equal.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({
    ...     "run": ["a", "a", "a", "b", "b"],
    ...     "time": [0.0, 0.5, 1.0, 0.0, 0.5],
    ...     "valve [%]": [10.0, 20.0, 30.0, 40.0, 50.0],
    ...     "level": [1.0, 1.1, 1.2, 2.0, 2.1],
    ... })
    >>> X, y = records_of(table, "valve [%]", "level", experiment="run", time="time")
    >>> [part.shape for part in X], X[0].sampling_time, X[0].units
    ([(3, 1), (2, 1)], 0.5, ('%',))
    """
    names = _names(inputs, "inputs"), _names(outputs, "outputs", empty=True)
    _check_roles([*names[0], *names[1], *(name for name in (experiment, time) if name)])
    columns = columns_of(data, [*names[0], *names[1]], experiment, time)
    groups = columns.groups()
    step = _sampling_time(columns.times, groups, sampling_time)
    found = [_units(part, columns.units, units) for part in names]
    u = _matrices(columns, names[0], groups)
    y = _matrices(columns, names[1], groups) if names[1] else None
    labels = tuple(label for label, _ in groups)
    return NamedRecords(u, y, names[0], names[1], labels, found[0], found[1], step)


def _names(names: str | Sequence[str], argument: str, empty: bool = False) -> tuple[str, ...]:
    listed = (names,) if isinstance(names, str) else tuple(names)
    if (not listed and not empty) or not all(isinstance(name, str) for name in listed):
        raise ValueError(
            f"{argument} must name columns; got {names!r}. Pass e.g. {argument}=['valve', 'pump']."
        )
    return listed


def _check_roles(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"a column must be input, output, experiment or time; {twice} are named twice. Name "
            "each column once."
        )


def _sampling_time(
    times: FloatArray | None, groups: Iterable[tuple[str, Rows]], given: float | None
) -> float | None:
    """Find the sampling time that all records share."""
    if given is not None or times is None:
        return None if given is None else check_seconds(given)
    first: float | None = None
    for label, rows in groups:
        if len(rows) < 2:
            continue
        where = f" of experiment {label!r}" if label else ""
        step = sampling_time_of(times[rows], where)
        first = step if first is None else first
        if not same_sampling_time(first, step):
            raise ValueError(
                f"all records must have the same sampling time; got {show_seconds(first)} and "
                f"{show_seconds(step)}{where}. Resample them, or fit a model to each."
            )
    return first


def _units(
    names: tuple[str, ...], own: Mapping[str, str], given: Mapping[str, str] | None
) -> tuple[str, ...] | None:
    in_names = units_in_names(names) or ("",) * len(names)
    known = {**dict(zip(names, in_names, strict=True)), **own, **(given or {})}
    units = tuple(str(known.get(name, "")) for name in names)
    return units if any(units) else None


def _matrices(
    columns: Columns, names: tuple[str, ...], groups: Iterable[tuple[str, Rows]]
) -> list[FloatArray]:
    values = np.stack([columns.values[name] for name in names], axis=1)
    return [np.ascontiguousarray(values[rows]) for _, rows in groups]
