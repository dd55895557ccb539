"""Time stamps: seconds between steps, and whether the steps are equal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TOLERANCE = 0.01  # of a sampling time: two that differ by less are the same
MOST_ROUNDING = 0.4  # of a sampling time that rounding of the time stamps may explain
SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "week": 604800.0,
}
SPELLED = {
    "nanosecond": "ns",
    "microsecond": "us",
    "millisecond": "ms",
    "msec": "ms",
    "second": "s",
    "sec": "s",
    "minute": "min",
    "hour": "h",
    "day": "d",
}
TIME_NAME = re.compile(r"(?i:time)(?:\s*[\[(]\s*([^\])]+?)\s*[\])])?")


def seconds_per(unit: str) -> float | None:
    """Seconds in a unit of time; None if it is not one.

    Examples
    --------
    >>> seconds_per("ms"), seconds_per("minutes"), seconds_per("furlong")
    (0.001, 60.0, None)
    """
    word = unit.strip()
    singular = word.lower().rstrip("s") if len(word) > 2 else word
    return SECONDS.get(SPELLED.get(singular, singular))


def is_time_name(name: Any) -> bool:
    """Whether a column of this name holds time stamps: ``time``, ``Time [ms]``, ``time (s)``."""
    return isinstance(name, str) and TIME_NAME.fullmatch(name.strip()) is not None


def unit_of_time(name: str) -> float:
    """Seconds in the unit that stands in brackets behind a name; 1 where none does.

    Examples
    --------
    >>> unit_of_time("time [ms]"), unit_of_time("time")
    (0.001, 1.0)
    """
    match = re.search(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$", name)
    return (seconds_per(match[1]) if match else None) or 1.0


def to_seconds(stamps: Any) -> FloatArray | None:
    """Seconds from numbers (which are seconds), dates or durations; None for anything else.

    Parameters
    ----------
    stamps : array of shape (n_timesteps,)
    """
    array = np.asarray(stamps)
    if array.dtype.kind in "mM":
        first = array[:1] if len(array) else array
        steps = (array - first) / np.timedelta64(1, "ns") * 1e-9
        return np.where(np.isnat(array), np.nan, steps)
    return array.astype(np.float64) if array.dtype.kind in "biuf" else None


def text_to_seconds(cells: Sequence[str]) -> FloatArray | None:
    """Seconds from numbers or ISO 8601 dates written as text; None for anything else.

    Examples
    --------
    >>> text_to_seconds(["2026-03-01T10:00:00Z", "2026-03-01T10:00:30Z"])
    array([ 0., 30.])
    >>> text_to_seconds(["noon", "later"]) is None
    True
    """
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        pass
    try:
        stamps = [_with_zone(datetime.fromisoformat(cell.strip())) for cell in cells]
    except ValueError:
        return None
    return np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps])


def _with_zone(stamp: datetime) -> datetime:
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)


def sampling_time_of(times: FloatArray, where: str = "") -> float:
    r"""Seconds between the equal steps of time stamps, :math:`(t_n - t_1) / (n - 1)`.

    Steps are equal if they differ from that by at most 1 %, and by what the time stamps were
    rounded to.

    Parameters
    ----------
    times : array of shape (n_timesteps,)
        Seconds, at least two.
    where : str
        Which record, for the message.

    Raises
    ------
    ValueError
        If a time stamp is missing, time stands still or runs back, or steps are not equal.

    Examples
    --------
    >>> sampling_time_of(np.array([0.0, 0.33, 0.67, 1.0]))  # rounded, but regular
    0.3333333333333333
    """
    missing = np.flatnonzero(~np.isfinite(times))
    if len(missing):
        raise ValueError(
            f"time stamps must be complete; the one of step {missing[0]}{where} is missing. Fill "
            "it in, or leave the time stamps out."
        )
    steps = np.diff(times)
    step = float((times[-1] - times[0]) / len(steps))
    middle = float(np.median(steps))
    typical = float(np.mean(steps[np.abs(steps - middle) <= 0.5 * abs(middle)]))
    allowed = max(TOLERANCE * typical, min(_rounding(times), MOST_ROUNDING * typical))
    odd = np.flatnonzero(~(np.abs(steps - typical) <= allowed) | (steps <= 0.0))
    if len(odd):
        raise ValueError(
            f"records must be sampled in equal steps; step {odd[0]} to {odd[0] + 1}{where} lasts "
            f"{steps[odd[0]]:.6g} s where {typical:.6g} s are usual, and {len(odd)} steps in all "
            "differ. Resample the record, cut it there into two, or leave the time stamps out if "
            "they do not matter."
        )
    return step


def _rounding(times: FloatArray) -> float:
    """Largest power of ten, in seconds, of which all time stamps are multiples."""
    shifted = times - times[0]
    for exponent in range(3, -10, -1):
        multiples = shifted / 10.0**exponent
        if np.all(np.abs(multiples - np.round(multiples)) < 1e-3):
            return 10.0**exponent
    return 0.0


def same_sampling_time(one: float, other: float) -> bool:
    """Whether two sampling times differ by at most 1 %."""
    return abs(one - other) <= TOLERANCE * max(one, other)


def show_seconds(seconds: float) -> str:
    """Write a sampling time into a message.

    Examples
    --------
    >>> show_seconds(0.1)
    '0.1 s'
    """
    return f"{seconds:.6g} s"
