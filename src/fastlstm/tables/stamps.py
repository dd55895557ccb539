"""Time stamps beside the columns of a data file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastlstm.exceptions import DataFileError
from fastlstm.sampling import (
    FloatArray,
    is_time_name,
    same_sampling_time,
    sampling_time_of,
    show_seconds,
    text_to_seconds,
    unit_of_time,
)
from fastlstm.tables.base import TableFile

ADVICE = "Name another column of time stamps, or none (time_column=None, --time none)."


def read_with_times(
    file: TableFile, columns: Sequence[str], time_column: str | None
) -> tuple[dict[str, FloatArray], FloatArray | None]:
    """Read columns, and the seconds of their steps where a time column tells them.

    Parameters
    ----------
    file : TableFile
    columns : sequence of str
    time_column : str or None
        See `read_records`.

    Raises
    ------
    DataFileError
        If a column cannot be read, or the one named holds no times.
    """
    automatic = time_column == "auto"
    name = _find(file, columns) if automatic else time_column
    if name is None:
        return file.read(columns), None
    name = name if automatic else file.resolve_label(name)
    if name in file.names:
        try:  # in one go, because a text file is read as a whole
            values = file.read(list(dict.fromkeys([*columns, name])))
            times = values.pop(name) if name not in columns else values[name]
            return values, _as_long(file, times * unit_of_time(name), values, automatic)
        except DataFileError:  # dates, or something wrong that the next line will tell
            pass
    values = file.read(columns)
    times = text_to_seconds(file.read_text(name))
    if times is None and not automatic:
        raise DataFileError(
            f"time column {name!r} of {file.path} must hold numbers or ISO 8601 dates such as "
            f"2026-03-01T10:00:00; it does not. {ADVICE}"
        )
    return values, None if times is None else _as_long(file, times, values, automatic)


def _as_long(
    file: TableFile, times: FloatArray, values: dict[str, FloatArray], automatic: bool
) -> FloatArray | None:
    """Check that there is one time per step."""
    n_steps = [len(column) for column in values.values()]
    if all(n == len(times) for n in n_steps):
        return times
    if automatic:
        return None
    raise DataFileError(
        f"the time column of {file.path} must have one entry per step; it has {len(times)} for "
        f"{n_steps} steps. {ADVICE}"
    )


def _find(file: TableFile, columns: Sequence[str]) -> str | None:
    """Find the one column that is called time and is no channel."""
    names = [*file.names, *(name for name, why in file.refused.items() if "timestamp" in why)]
    found = [name for name in names if is_time_name(name) and name not in columns]
    return found[0] if len(found) == 1 else None


def step_of(times: FloatArray | None, rows: Any, label: str, known: float | None) -> float | None:
    """Find the sampling time of one record, the same as that of the records before it.

    Raises
    ------
    DataFileError
        If its steps are not equal, or differ from `known`.
    """
    if times is None or len(times[rows]) < 2:
        return known
    try:
        step = sampling_time_of(times[rows], f" of {label}")
    except ValueError as error:
        raise DataFileError(f"{error} {ADVICE}") from error
    if known is not None and not same_sampling_time(known, step):
        raise DataFileError(
            f"all records must have the same sampling time; {label} has {show_seconds(step)} and "
            f"those before it {show_seconds(known)}. Resample it."
        )
    return step
