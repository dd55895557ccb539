"""A fitted model as the exporters see it: plain arrays of one type, and names of the channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastlstm.export.frame_parts import FrameParts
from fastlstm.export.reals import RealArray, to_real
from fastlstm.initial_state import InitialState
from fastlstm.network import Network


@dataclass(frozen=True)
class Layer:
    """One LSTM layer, gates i, f, g, o.

    Parameters
    ----------
    weight_ih : array of shape (4 * hidden_size, input_size)
    weight_hh : array of shape (4 * hidden_size, hidden_size)
    bias : array of shape (4 * hidden_size,)
    """

    weight_ih: RealArray
    weight_hh: RealArray
    bias: RealArray

    @property
    def width(self) -> int:
        """Number of hidden units."""
        return self.weight_hh.shape[1]


@dataclass(frozen=True)
class Dense:
    """One affine map.

    Parameters
    ----------
    weight : array of shape (n_out, n_in)
    bias : array of shape (n_out,)
    """

    weight: RealArray
    bias: RealArray


@dataclass(frozen=True)
class Border:
    """How physical units become standardised ones and back.

    ``u_scaled = ((u - u_mean) - u_mean_low) * u_gain`` and ``y = y_mean + y_std * y_scaled``. The
    low part is what the mean loses by rounding to float32: a large mean with a small variation
    would shift the operating point otherwise. A constant input has gain 0.

    Parameters
    ----------
    u_mean, u_mean_low, u_gain : array of shape (n_inputs,)
    y_mean, y_std : array of shape (n_outputs,)
    """

    u_mean: RealArray
    u_mean_low: RealArray
    u_gain: RealArray
    y_mean: RealArray
    y_std: RealArray


@dataclass(frozen=True)
class BeginningParts:
    """State before the first step, affine in the first input of the network.

    ``state = offset + slope @ min(max(u_scaled, low), high)``, and h within -1 and 1.

    Parameters
    ----------
    offset : array of shape (2, n_units)
        h then c, layers side by side.
    slope : array of shape (2, n_units, n_columns)
    low, high : array of shape (n_columns,)
        Range seen in training, standardised.
    """

    offset: RealArray
    slope: RealArray
    low: RealArray
    high: RealArray

    @classmethod
    def of(cls, model: Any, dtype: DTypeLike) -> BeginningParts | None:
        """Take the initial state of a model; None if it begins at rest."""
        found: InitialState = model.initial_state_
        if found.is_rest:
            return None
        low, high = model.scaling_.scale_inputs(model.input_range_)[:, model.frame_.channels]
        values = (found.offset, found.slope, low, high)
        return cls(*(to_real(value, dtype, "a number of the initial state") for value in values))


@dataclass(frozen=True)
class Parts:
    """Everything that an exporter writes down.

    Parameters
    ----------
    network : Network
    layers : tuple of Layer
        From the input upwards.
    head : tuple of Dense
        The tanh layers of the MLP; empty for a linear readout.
    readout : Dense
        On the values of the last head layer (if any), the top hidden layer and what the network
        sees, side by side in this order.
    border : Border
    frame : FrameParts
    beginning : BeginningParts or None
        At rest when None.
    input_names, output_names : tuple of str
    sampling_time : float or None
        Seconds between the samples of the records, if the model knows.
    """

    network: Network
    layers: tuple[Layer, ...]
    head: tuple[Dense, ...]
    readout: Dense
    border: Border
    frame: FrameParts
    beginning: BeginningParts | None
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    sampling_time: float | None = None

    @property
    def n_inputs(self) -> int:
        """Input channels; the network may see some of them more than once."""
        return len(self.border.u_mean)

    @classmethod
    def of(cls, model: Any, dtype: DTypeLike = np.float64) -> Parts:
        """Take a checked model apart, in the precision of the format.

        Raises
        ------
        ValueError
            If a weight, mean or standard deviation does not fit `dtype`.
        """
        network: Network = model.network_
        weights = {
            name: to_real(value, dtype, name)
            for name, value in network.unpack(model.params_).items()
        }
        return cls(
            network=network,
            layers=tuple(
                Layer(*(weights[f"lstm.{k}.{part}"] for part in ("weight_ih", "weight_hh", "bias")))
                for k in range(network.num_layers)
            ),
            head=tuple(
                Dense(weights[f"head.{k}.weight"], weights[f"head.{k}.bias"])
                for k in range(len(network.head_sizes))
            ),
            readout=Dense(joined_readout(weights), weights["readout.bias"]),
            border=_border(model.scaling_, dtype),
            frame=FrameParts.of(model, dtype),
            beginning=BeginningParts.of(model, dtype),
            input_names=_names(model, "feature_names_in_", "u", model.n_features_in_),
            output_names=_names(model, "output_names_", "y", network.n_outputs),
            sampling_time=sampling_time_of(model),
        )


def sampling_time_of(model: Any) -> float | None:
    """Seconds between samples, if the model knows them."""
    seconds = getattr(model, "sampling_time_", None)
    return None if seconds is None else float(seconds)


def joined_readout(weights: dict[str, Any]) -> RealArray:
    """Readout matrices side by side: head (if any), hidden, input."""
    parts = ("readout.head", "readout.hidden", "readout.input")
    return np.hstack([weights[name] for name in parts if name in weights])


def split_readout(network: Network, joined: RealArray) -> dict[str, RealArray]:
    """Undo `joined_readout`."""
    widths = {"readout.hidden": network.hidden_sizes[-1], "readout.input": network.n_inputs}
    if network.head_sizes:
        widths = {"readout.head": network.head_sizes[-1], **widths}
    blocks = np.split(joined, np.cumsum(list(widths.values()))[:-1], axis=1)
    return dict(zip(widths, blocks, strict=True))


def _border(scaling: Any, dtype: DTypeLike) -> Border:
    constant = scaling.u_std == 0.0
    with np.errstate(over="ignore"):
        gain = np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, scaling.u_std))
    mean = to_real(scaling.u_mean, dtype, "the mean of an input")
    border = Border(
        u_mean=mean,
        u_mean_low=to_real(scaling.u_mean - mean, dtype, "the mean of an input"),
        u_gain=to_real(gain, dtype, "1 / the standard deviation of an input"),
        y_mean=to_real(scaling.y_mean, dtype, "the mean of an output"),
        y_std=to_real(scaling.y_std, dtype, "the standard deviation of an output"),
    )
    for kept, std, what in (
        (border.u_gain, scaling.u_std, "1 / the standard deviation of an input"),
        (border.y_std, scaling.y_std, "the standard deviation of an output"),
    ):
        if np.any((kept == 0.0) & (std > 0.0)):
            raise ValueError(
                f"{what} must fit {np.dtype(dtype).name} to be exported; got one that is rounded "
                "to zero. Export in float64, or change the unit of the data."
            )
    return border


def _names(model: Any, attribute: str, letter: str, count: int) -> tuple[str, ...]:
    names = getattr(model, attribute, None)
    if names is not None:
        return tuple(str(name) for name in names)
    return (letter,) if count == 1 else tuple(f"{letter}_{k}" for k in range(count))
