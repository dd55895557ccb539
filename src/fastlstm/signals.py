"""Signals of one record with what is known about them: names, units, sampling time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.sampling import sampling_time_of

FloatArray = NDArray[np.float64]
UNIT_IN_NAME = re.compile(r"\s+(?:\[([^\[\]]+)\]|\(([^()]+)\))$")


@dataclass(frozen=True, eq=False)
class Signals:
    """An array with names; `fit` and `predict` take it like a DataFrame.

    Parameters
    ----------
    values : array of shape (n_timesteps, n_channels) or (n_timesteps,)
        Or 3-D, with time before channel.
    columns : sequence of str, optional
        One name per channel.
    units : sequence of str, optional
        One unit per channel, "" where there is none. Default: what stands in brackets behind a
        blank at the end of the name, as in ``level [m]``; None if no name has that.
    sampling_time : float, optional
        Seconds between steps.
    times : array of shape (n_timesteps,), optional
        Seconds; instead of `sampling_time`, where the steps have time stamps.

    Examples
    --------
    >>> valve = Signals(np.zeros((100, 1)), ["valve [%]"], sampling_time=0.5)
    >>> valve.units, valve[:10].sampling_time, valve[::4].sampling_time
    (('%',), 0.5, 2.0)
    """

    values: Any
    columns: Sequence[str] | None = None
    units: Sequence[str] | None = None
    sampling_time: float | None = None
    times: FloatArray | None = None

    def __post_init__(self) -> None:
        n_channels = 1 if self.ndim == 1 else self.shape[-1]
        for name in ("columns", "units"):
            labels = getattr(self, name)
            if labels is None:
                continue
            labels = tuple(str(label) for label in labels)
            object.__setattr__(self, name, labels)
            if len(labels) != n_channels:
                raise ValueError(
                    f"{name} must have one entry per channel; got {len(labels)} for values of "
                    f"shape {self.shape}. Pass one per column."
                )
        if self.units is None and self.columns is not None:
            object.__setattr__(self, "units", units_in_names(self.columns))
        if self.sampling_time is not None:
            object.__setattr__(self, "sampling_time", check_seconds(self.sampling_time))

    def step(self, where: str = "") -> float | None:
        """Seconds between steps, if known.

        Raises
        ------
        ValueError
            If the time stamps are not in equal steps; `where` says which record it is.
        """
        if self.sampling_time is not None or self.times is None or len(self.times) < 2:
            return self.sampling_time
        return sampling_time_of(self.times, where)

    def to_numpy(self) -> Any:
        """Return the values."""
        return self.values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = np.asarray(self.values, dtype=dtype)
        return array.copy() if copy else array

    @property
    def ndim(self) -> int:
        """Dimensions of the values."""
        return np.ndim(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return np.shape(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Signals:
        """Take some steps, as Signals, with their times as far as these are known."""
        step = None
        if self.sampling_time is not None and isinstance(rows, slice) and (rows.step or 1) > 0:
            step = self.sampling_time * (rows.step or 1)
        if self.ndim < 1 or isinstance(rows, tuple | int | np.integer):
            raise TypeError(
                f"rows of Signals must be a slice, a mask or an array of numbers; got {rows!r}. "
                "Take parts of the attribute values instead."
            )
        times = None if self.times is None else self.times[rows]
        return replace(self, values=self.values[rows], sampling_time=step, times=times)


def units_in_names(names: Sequence[str]) -> tuple[str, ...] | None:
    """Units that stand in brackets at the end of names, "" for none; None if no name has one.

    Examples
    --------
    >>> units_in_names(["level [m]", "valve"]), units_in_names(["u(t)", "u[1]"])
    (('m', ''), None)
    """
    found = [UNIT_IN_NAME.search(name) for name in names]
    units = tuple("" if match is None else match[1] or match[2] for match in found)
    return units if any(units) else None


def check_seconds(value: Any) -> float:
    """Turn a sampling time into a float.

    Raises
    ------
    ValueError
        If it is not a positive finite number.
    """
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = np.nan
    if not (np.isfinite(seconds) and seconds > 0.0):
        raise ValueError(
            f"sampling_time must be positive seconds; got {value!r}. Pass e.g. 0.01, or None if it "
            "is unknown."
        )
    return seconds
