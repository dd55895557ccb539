"""The deep LSTM + MLP: its shapes, its parameters and their order in one flat vector.

For layer l with input x (u for the first layer, h of the layer below otherwise)::

    preact = weight_ih @ x + weight_hh @ h_prev + bias          gates i, f, g, o
    c = f * c_prev + i * g
    h = o * tanh(c)

    y = readout.head @ MLP(h_top) + readout.hidden @ h_top + readout.input @ u + readout.bias

``weight_ih`` is the forward part (static, known for all steps at once), ``weight_hh`` the
recurrent part (the only thing that needs a loop over time).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Structure of a deep LSTM with an MLP head and linear bypasses.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels of u and y.
    hidden_sizes : tuple of int
        Width of each LSTM layer, from the input upwards.
    head_sizes : tuple of int
        Widths of the tanh layers of the MLP head; empty for a linear readout.

    Raises
    ------
    ValueError
        If a size is not a positive integer or there is no LSTM layer.

    Examples
    --------
    >>> Network(1, 1, (5, 5), (8,)).n_params
    423
    """

    n_inputs: int
    n_outputs: int
    hidden_sizes: tuple[int, ...]
    head_sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hidden_sizes) == 0:
            raise ValueError(
                "hidden_sizes must name at least one LSTM layer; got (). Pass e.g. (6, 6)."
            )
        named = {
            "n_inputs": (self.n_inputs,),
            "n_outputs": (self.n_outputs,),
            "hidden_sizes": self.hidden_sizes,
            "head_sizes": self.head_sizes,
        }
        for name, sizes in named.items():
            if any(int(size) != size or size < 1 for size in sizes):
                raise ValueError(
                    f"{name} must hold positive integers; got {sizes}. Use widths of at least 1."
                )

    @property
    def num_layers(self) -> int:
        """Number of LSTM layers."""
        return len(self.hidden_sizes)

    @property
    def n_units(self) -> int:
        """Number of hidden units of all layers together."""
        return sum(self.hidden_sizes)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight by name, in the order of the flat vector."""
        shapes: dict[str, tuple[int, ...]] = {}
        below = self.n_inputs
        for layer, width in enumerate(self.hidden_sizes):
            shapes[f"lstm.{layer}.weight_ih"] = (4 * width, below)
            shapes[f"lstm.{layer}.weight_hh"] = (4 * width, width)
            shapes[f"lstm.{layer}.bias"] = (4 * width,)
            below = width
        top = below
        for layer, width in enumerate(self.head_sizes):
            shapes[f"head.{layer}.weight"] = (width, below)
            shapes[f"head.{layer}.bias"] = (width,)
            below = width
        if self.head_sizes:
            shapes["readout.head"] = (self.n_outputs, below)
        shapes["readout.hidden"] = (self.n_outputs, top)
        shapes["readout.input"] = (self.n_outputs, self.n_inputs)
        shapes["readout.bias"] = (self.n_outputs,)
        return shapes

    @cached_property
    def layout(self) -> dict[str, tuple[slice, tuple[int, ...]]]:
        """Place in the flat vector and shape of every weight."""
        layout, start = {}, 0
        for name, shape in self.shapes.items():
            layout[name] = (slice(start, start + prod(shape)), shape)
            start += prod(shape)
        return layout

    @cached_property
    def n_params(self) -> int:
        """Length of the flat parameter vector."""
        return sum(prod(shape) for shape in self.shapes.values())

    def unpack(self, params: FloatArray) -> dict[str, FloatArray]:
        """Return views of the flat vector by weight name.

        Raises
        ------
        ValueError
            If `params` does not have shape (n_params,).
        """
        if params.shape != (self.n_params,):
            raise ValueError(
                f"params must have shape ({self.n_params},) for {self}; got {params.shape}. "
                "Pass the vector made by Network.pack."
            )
        return {name: params[where].reshape(shape) for name, (where, shape) in self.layout.items()}

    def pack(self, weights: Mapping[str, FloatArray]) -> FloatArray:
        """Flat float64 vector from weights by name.

        Raises
        ------
        ValueError
            If a name is missing or a shape differs.
        """
        params = np.empty(self.n_params)
        for name, (where, shape) in self.layout.items():
            if name not in weights or np.shape(weights[name]) != shape:
                got = np.shape(weights[name]) if name in weights else "nothing"
                raise ValueError(
                    f"weights[{name!r}] must have shape {shape}; got {got}. "
                    "Pass every weight that Network.shapes lists."
                )
            params[where] = np.ravel(weights[name])
        return params

    def zero_state(self, n_records: int) -> FloatArray:
        """Return the state at rest, (n_records, 2, n_units): h then c, layers side by side."""
        return np.zeros((n_records, 2, self.n_units))
