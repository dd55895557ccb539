"""Records from what a caller hands over, or a message that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import MISSING, is_frame, is_sequence_of_records, to_float
from fastlstm.containers import opened_inputs, opened_outputs
from fastlstm.labels import Labels
from fastlstm.records import Records
from fastlstm.signals import Signals

FloatArray = NDArray[np.float64]
Kind = Literal["single", "list", "stack"]


@dataclass(frozen=True)
class Layout:
    """How records were handed over, so that predictions go back in the same form.

    Parameters
    ----------
    kind : {"single", "list", "stack"}
        One 2-D array, a list of them, or one 3-D array.
    labels : Labels
        Names, units and sampling time, as far as the records tell them.
    """

    kind: Kind
    labels: Labels = field(default_factory=Labels)

    @property
    def names(self) -> tuple[str, ...] | None:
        """Column names, where the records have them."""
        return self.labels.names

    def restore(self, arrays: Sequence[FloatArray], one_column: bool) -> Any:
        """Give arrays of shape (n_timesteps, n_outputs) the form the inputs had."""
        shaped = [array[:, 0] if one_column else array for array in arrays]
        if self.kind == "single":
            return shaped[0]
        return shaped if self.kind == "list" else np.stack(shaped)

    def where(self, record: int) -> str:
        """Say which record is meant; nothing where there is only one array."""
        return "" if self.kind == "single" else f" in record {record}"


def output_labels(y: Any, argument: str = "y") -> Labels:
    """Names, units and sampling time of outputs in any form that `check_outputs` takes."""
    y = opened_outputs(y)
    listed = is_sequence_of_records(y)
    return Labels.of(y if listed else [y], argument, single=not listed)


def check_inputs(X: Any) -> tuple[list[FloatArray], Layout]:
    """Check inputs: one float64 array of shape (n_timesteps, n_inputs) per record.

    Parameters
    ----------
    X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        A 3-D array has shape (n_records, n_timesteps, n_inputs).

    Raises
    ------
    ValueError, TypeError
        If X is empty, has another number of dimensions, or holds anything but finite numbers.
    """
    X = opened_inputs(X)
    if is_sequence_of_records(X):
        return _check_input_list(X)
    array = to_float(X, "X")
    labels = Labels.of([X], "X", single=True)
    if array.ndim == 3:
        if len(array) == 0:
            raise ValueError(f"X must hold at least one record; got shape {array.shape}. Add one.")
        layout = Layout("stack", labels)
        return [_check_input(part, layout.where(r)) for r, part in enumerate(array)], layout
    return [_check_input(array, "")], Layout("single", labels)


def _check_input_list(X: Sequence[Any]) -> tuple[list[FloatArray], Layout]:
    layout = Layout("list")
    arrays = []
    for record, part in enumerate(X):
        arrays.append(_check_input(to_float(part, "X", layout.where(record)), layout.where(record)))
        if arrays[-1].shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"X must have the same input channels in every record; got {arrays[0].shape[1]} in "
                f"record 0 and {arrays[-1].shape[1]} in record {record}. Pass the same channels."
            )
    return arrays, Layout("list", Labels.of(X, "X"))


def _check_input(array: FloatArray, where: str) -> FloatArray:
    if array.ndim != 2:
        raise ValueError(
            f"X must be 2-D (n_timesteps, n_inputs) per record; got shape {array.shape}{where}. "
            "Reshape your data with X.reshape(-1, 1) if it is one input channel."
        )
    n_steps, n_inputs = array.shape
    if n_inputs == 0:
        raise ValueError(
            f"X{where} has 0 feature(s) (shape=({n_steps}, 0)) while a minimum of 1 is required. "
            "Pass at least one input channel."
        )
    if n_steps == 0:
        raise ValueError(
            f"X{where} has 0 sample(s) (shape=(0, {n_inputs})) while a minimum of 1 is required. "
            "Drop empty records."
        )
    return array


def check_outputs(
    y: Any,
    u_list: Sequence[FloatArray],
    layout: Layout,
    name: str = "y",
    full: bool = True,
    nan: bool = False,
) -> tuple[list[FloatArray], bool]:
    """Check outputs that belong to the given inputs.

    Parameters
    ----------
    y : array-like
        In the form of X: one array for one array, one per record otherwise. A 1-D array is one
        output channel.
    u_list : list of arrays
        Checked inputs.
    layout : Layout
        Form of X.
    name : str
        Name of the argument, for messages.
    full : bool
        Whether y must have every step of X; otherwise it may be the first steps only.
    nan : bool
        Whether outputs may be missing, as NaN.

    Returns
    -------
    y_list : list of arrays of shape (n_timesteps, n_outputs)
    one_column : bool
        Whether the arrays were 1-D.
    """
    parts = _output_parts(opened_outputs(y), len(u_list), layout, name)
    arrays = [
        to_float(part, name, layout.where(record), nan=nan, advice=MISSING)
        for record, part in enumerate(parts)
    ]
    for record, (array, u) in enumerate(zip(arrays, u_list, strict=True)):
        where = layout.where(record)
        if array.ndim not in (1, 2) or array.ndim != arrays[0].ndim:
            raise ValueError(
                f"{name} must be 1-D (n_timesteps,) or 2-D (n_timesteps, n_outputs) per record, "
                f"the same for all; got shape {array.shape}{where}. Reshape it."
            )
        _check_length(len(array), len(u), name, where, full)
        if array.shape[1:] != arrays[0].shape[1:] or 0 in array.shape:
            raise ValueError(
                f"{name} must have the same output channels in every record, at least one; got "
                f"shape {array.shape}{where}. Pass the same channels everywhere."
            )
    one_column = arrays[0].ndim == 1
    return [array.reshape(len(array), -1) for array in arrays], one_column


def _output_parts(y: Any, n_records: int, layout: Layout, name: str) -> Sequence[Any]:
    if y is None:
        raise ValueError(
            f"LSTMRegressor requires y to be passed, but the target y is None. "
            f"Pass the measured outputs as {name}."
        )
    if layout.kind == "single":
        if is_sequence_of_records(y):
            raise ValueError(
                f"{name} must be one array because X is one record; got {len(y)} arrays. "
                "Pass X as a list of 2-D arrays for several records."
            )
        return [y]
    if layout.kind == "stack" and isinstance(y, Signals):
        return _output_parts(y.values, n_records, layout, name)
    if is_frame(y) or not hasattr(y, "__len__") or isinstance(y, str | dict):
        what = "one table" if is_frame(y) else type(y).__name__
        raise ValueError(
            f"{name} must hold one array per record because X does; got {what}. "
            "Pass a list of arrays."
        )
    if len(y) != n_records:
        raise ValueError(
            f"{name} must have as many records as X; got {len(y)}, and X has {n_records}. "
            "Pass one output array per input array."
        )
    return [y[record] for record in range(n_records)]


def _check_length(n_y: int, n_u: int, name: str, where: str, full: bool) -> None:
    if full and n_y != n_u:
        raise ValueError(
            f"{name} must have as many steps as X; got {n_y}, and X has {n_u}{where}. "
            "Cut both to the steps they share."
        )
    if not full and not 1 <= n_y <= n_u:
        raise ValueError(
            f"{name} must hold between 1 step and the steps of X; got {n_y}, and X has {n_u}"
            f"{where}. Pass the first measured outputs of that record."
        )


def check_records(X: Any, y: Any, nan: bool = False) -> tuple[Records, Layout, bool]:
    """Give records from X and y, in which y may be NaN if `nan`; each needs two steps at least."""
    u_list, layout = check_inputs(X)
    y_list, one_column = check_outputs(y, u_list, layout, nan=nan)
    for record, u in enumerate(u_list):
        if len(u) < 2:
            raise ValueError(
                f"X must have at least 2 steps in every record; got n_samples=1"
                f"{layout.where(record)}. Pass longer records or drop that one."
            )
    return Records.from_lists(u_list, y_list), layout, one_column
