"""xarray objects: time is a dimension, channels are a dimension or the variables of a Dataset."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fastlstm.sampling import FloatArray, seconds_per, to_seconds
from fastlstm.signals import Signals


def is_xarray(value: Any) -> bool:
    """Whether a value is a DataArray or a Dataset; xarray is not imported for the question."""
    xarray = sys.modules.get("xarray")
    return xarray is not None and isinstance(value, xarray.DataArray | xarray.Dataset)


def open_xarray(value: Any) -> Signals:
    """`Signals` from a DataArray, or from a Dataset with one variable per channel.

    Parameters
    ----------
    value : DataArray with dimensions (time), (time, channel) or (record, time, channel), or Dataset
        Time is the dimension called ``time``, else the one with dates, else the first (the middle
        one of three). Names are the string coordinates of the channel dimension, units the
        attribute ``units``.

    Raises
    ------
    ValueError
        If the variables of a Dataset have other dimensions than time, or three dimensions are in
        another order.
    """
    if hasattr(value, "data_vars"):
        return _from_dataset(value)
    time = time_dimension(value)
    order = [time, *(dim for dim in value.dims if dim != time)]
    if value.ndim == 3:
        order = list(value.dims)
        if order[1] != time:
            raise ValueError(
                f"a DataArray of three dimensions must be in the order record, time, channel; got "
                f"{tuple(value.dims)} with time {time!r}. Transpose it."
            )
    array = value.transpose(*order)
    names = None if value.ndim < 2 else _channel_names(array)
    if value.ndim == 1 and isinstance(value.name, str):
        names = (value.name,)
    units = _units(array, len(names)) if names else None
    return Signals(array.to_numpy(), names, units, times=times_of(value, time))


def _from_dataset(dataset: Any) -> Signals:
    names = list(dataset.data_vars)
    dims = {tuple(dataset[name].dims) for name in names}
    if len(dims) != 1 or len(next(iter(dims))) != 1:
        raise ValueError(
            "a Dataset must have time as the only dimension of every variable, one variable per "
            f"channel; got dimensions {sorted(dims)}. Select the variables, and use "
            "fastlstm.records_of with experiment= for a dimension of experiments."
        )
    time = next(iter(dims))[0]
    values = np.stack([dataset[name].to_numpy() for name in names], axis=1)
    units = tuple(str(dataset[name].attrs.get("units", "")) for name in names)
    return Signals(values, names, units if any(units) else None, times=times_of(dataset, time))


def time_dimension(value: Any) -> Any:
    """Choose the dimension that is time."""
    for dim in value.dims:
        if isinstance(dim, str) and dim.lower() == "time":
            return dim
    for dim in value.dims:
        if dim in value.coords and value.coords[dim].dtype.kind in "mM":
            return dim
    return tuple(value.dims)[1 if len(value.dims) == 3 else 0]


def times_of(value: Any, time: Any) -> FloatArray | None:
    """Seconds from the coordinate of the time dimension, if it has one."""
    if time not in value.coords:
        return None
    coordinate = value.coords[time]
    seconds = to_seconds(coordinate.to_numpy())
    if seconds is None or coordinate.dtype.kind in "mM":
        return seconds
    return seconds * (seconds_per(str(coordinate.attrs.get("units", "s"))) or 1.0)


def _channel_names(array: Any) -> tuple[str, ...] | None:
    channel = array.dims[-1]
    if channel not in array.coords:
        return None
    names = array.coords[channel].to_numpy().tolist()
    return tuple(names) if all(isinstance(name, str) for name in names) else None


def _units(array: Any, n_channels: int) -> tuple[str, ...] | None:
    """Repeat the unit of all channels, from the attribute of the array."""
    unit = array.attrs.get("units")
    return None if unit is None else (str(unit),) * n_channels
