"""One value, or a list of them, as arrays and `Signals`; values that are plain stay as they are."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from fastlstm.containers.frames import open_frame
from fastlstm.containers.pairs import inputs_of, is_pair, outputs_of
from fastlstm.containers.tensors import is_tensor, open_tensor
from fastlstm.containers.xarrays import is_xarray, open_xarray
from fastlstm.signals import Signals

PLAIN = (np.ndarray, np.generic, Signals, numbers.Number, str, bytes, dict, type(None))


def opened(value: Any) -> Any:
    """Array or `Signals` from one container; anything else comes back as it is."""
    if isinstance(value, PLAIN):
        return value
    if is_tensor(value):
        return open_tensor(value)
    if is_xarray(value):
        return open_xarray(value)
    return open_frame(value)


def opened_inputs(X: Any) -> Any:
    """Open the inputs of one or many records; of objects with u and y, what is in u.

    Parameters
    ----------
    X : DataFrame, xarray object, tensor, object with u and y, array, or a list of these

    Returns
    -------
    Signals, array, or list of these
        Anything unknown comes back as it is, for `check_inputs` to judge.
    """
    return _each(X, lambda part: inputs_of(part) if is_pair(part) else opened(part))


def opened_outputs(y: Any) -> Any:
    """Open the outputs of one or many records, as `opened_inputs`."""
    return _each(y, lambda part: outputs_of(part) if is_pair(part) else opened(part))


def opened_pair(X: Any, y: Any) -> tuple[Any, Any]:
    """Open inputs and outputs; without y, those of the objects with u and y that X is."""
    parts = X if isinstance(X, list | tuple) and not is_pair(X) else [X]
    if y is None and len(parts) > 0 and all(is_pair(part) for part in parts):
        y = X
    return opened_inputs(X), opened_outputs(y)


def _each(value: Any, opener: Callable[[Any], Any]) -> Any:
    """Apply to every record of a list; lists of numbers are no records and are left alone."""
    if not isinstance(value, list | tuple) or is_pair(value):
        return opener(value)
    if len(value) == 0 or isinstance(value[0], numbers.Number | str | list | tuple):
        return value
    return [opener(part) for part in value]
