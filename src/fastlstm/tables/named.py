"""Measured records with the names of their channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastlstm.exceptions import DataFileError
from fastlstm.signals import Signals
from fastlstm.tables.base import FloatArray, describe_names


@dataclass(frozen=True)
class NamedRecords:
    """Measured records and the names of their channels.

    Parameters
    ----------
    u : list of arrays of shape (n_timesteps, n_inputs)
        Inputs, one array per record, finite.
    y : list of arrays of shape (n_timesteps, n_outputs), or None
        Outputs, if asked for.
    input_names, output_names : tuple of str
        Columns the channels come from.
    labels : tuple of str
        File name of each record, with the value of the record column if there is one.
    input_units, output_units : tuple of str or None
        One unit per channel, "" for none; by default what the names say in brackets.
    sampling_time : float or None
        Seconds between steps, where a time column or the file tells.

    Notes
    -----
    ``model.fit(records)``, ``X, y = records`` and ``records.u`` all work; the first two carry
    names, units and sampling time with the arrays.
    """

    u: list[FloatArray]
    y: list[FloatArray] | None
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    labels: tuple[str, ...]
    input_units: tuple[str, ...] | None = None
    output_units: tuple[str, ...] | None = None
    sampling_time: float | None = None

    @property
    def inputs(self) -> list[Signals]:
        """Inputs with their names, units and sampling time."""
        return [Signals(u, self.input_names, self.input_units, self.sampling_time) for u in self.u]

    @property
    def outputs(self) -> list[Signals] | None:
        """Outputs with their names, units and sampling time."""
        if self.y is None:
            return None
        names, units = self.output_names, self.output_units
        return [Signals(y, names, units, self.sampling_time) for y in self.y]

    def __iter__(self) -> Iterator[Any]:
        """Unpack as inputs and outputs."""
        return iter((self.inputs, self.outputs))

    def select(self, inputs: Sequence[str], outputs: Sequence[str] = ()) -> NamedRecords:
        """Choose channels by name; an output may serve as an input and the other way round.

        Raises
        ------
        DataFileError
            If there is no such channel.
        """
        known = {name: ("u", k) for k, name in enumerate(self.input_names)}
        known |= {name: ("y", k) for k, name in enumerate(self.output_names)}
        u, input_units = self._take(known, inputs)
        y, output_units = self._take(known, outputs)
        return replace(
            self,
            u=u,
            y=y,
            input_names=tuple(inputs),
            output_names=tuple(outputs),
            input_units=input_units,
            output_units=output_units,
        )

    def _take(
        self, known: Mapping[str, tuple[str, int]], names: Sequence[str]
    ) -> tuple[list[FloatArray], tuple[str, ...] | None]:
        for name in names:
            if name not in known:
                raise DataFileError(
                    f"{self.labels[0]} must have a channel {name!r}; it has "
                    f"{describe_names(list(known))}. Pass the names as they stand in the file."
                )
        units = {"u": self.input_units, "y": self.output_units}
        places = [known[name] for name in names]
        own = tuple((units[side] or defaultdict(str))[k] for side, k in places)
        parts = [
            np.stack([{"u": u, "y": y}[side][:, k] for side, k in places], axis=1)
            if places
            else np.empty((len(u), 0))
            for u, y in zip(self.u, self.y or self.u, strict=True)
        ]
        return parts, own if any(own) else None
