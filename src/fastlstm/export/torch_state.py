"""A model as a torch ``state_dict`` of arrays, and back; NumPy only, torch is not imported.

Names and shapes are those of `FreeRunModule`: one ``torch.nn.LSTM`` per layer (widths may differ),
``torch.nn.Linear`` for head and readout, and the scaling as buffers::

    lstm.0.weight_ih_l0, lstm.0.weight_hh_l0, lstm.0.bias_ih_l0, lstm.0.bias_hh_l0, lstm.1. ...
    head.0.weight, head.0.bias, ...
    readout.weight, readout.bias    on last head layer (if any), top LSTM layer, scaled inputs
    u_mean, u_std, y_mean, y_std
    frame_gains, frame_levels, frame_hold    of models with integrators or steps of several samples
    frame_delays    of models with inputs that act late
    frame_lags    of models that see earlier values of inputs besides
    initial_offset, initial_slope, input_range    of models that do not begin at rest
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_float
from fastlstm.export.exportable import check_exportable
from fastlstm.export.imported import from_weights
from fastlstm.export.parts import joined_readout, sampling_time_of, split_readout
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.network import Network
from fastlstm.replacing import replace_file
from fastlstm.scaling import Scaling

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
SCALING = ("u_mean", "u_std", "y_mean", "y_std")
FRAME = ("frame_gains", "frame_levels", "frame_hold")
DELAYS, LAGS = "frame_delays", "frame_lags"
BEGINNING = ("initial_offset", "initial_slope", "input_range")


def to_state_dict(model: Any) -> dict[str, FloatArray]:
    """Weights and scaling under the names of this module, float64.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.

    Returns
    -------
    dict of str to array
        ``bias_hh_l0`` is zero: torch has two biases per layer and adds them.

    Raises
    ------
    ValueError
        If the model has a part that cannot be exported.
    """
    check_exportable(model)
    network: Network = model.network_
    weights = network.unpack(model.params_)
    state: dict[str, FloatArray] = {}
    for k in range(network.num_layers):
        bias = weights[f"lstm.{k}.bias"]
        state[f"lstm.{k}.weight_ih_l0"] = weights[f"lstm.{k}.weight_ih"].copy()
        state[f"lstm.{k}.weight_hh_l0"] = weights[f"lstm.{k}.weight_hh"].copy()
        state[f"lstm.{k}.bias_ih_l0"] = bias.copy()
        state[f"lstm.{k}.bias_hh_l0"] = np.zeros_like(bias)
    for name in (name for name in weights if name.startswith("head.")):
        state[name] = weights[name].copy()
    state["readout.weight"] = joined_readout(weights)
    state["readout.bias"] = weights["readout.bias"].copy()
    state |= {name: getattr(model.scaling_, name).copy() for name in SCALING}
    frame: Frame = model.frame_
    if not frame.in_step:
        values = (frame.gains.copy(), frame.levels.copy(), np.array([float(frame.hold)]))
        state |= dict(zip(FRAME, values, strict=True))
    if frame.is_delayed:
        state[DELAYS] = np.array(frame.delays, dtype=np.float64)
    if frame.n_lagged:
        state[LAGS] = np.array(frame.lags, dtype=np.float64)
    begun: InitialState = model.initial_state_
    if not begun.is_rest:
        values = (begun.offset.copy(), begun.slope.copy(), model.input_range_.copy())
        state |= dict(zip(BEGINNING, values, strict=True))
    return state


def from_state_dict(state_dict: Mapping[str, Any]) -> LSTMRegressor:
    """Fitted model from a ``state_dict`` with the names of this module.

    Parameters
    ----------
    state_dict : mapping of str to array-like
        Of a `FreeRunModule`, on the CPU; arrays or tensors.

    Returns
    -------
    LSTMRegressor
        Takes and gives physical units, as the module does.

    Raises
    ------
    ValueError
        If a name is missing or unknown, or shapes disagree.
    """
    arrays = {name: _array(value, name) for name, value in state_dict.items()}
    network = _network(arrays)
    weights: dict[str, FloatArray] = {}
    for k in range(network.num_layers):
        layer = f"lstm.{k}."
        weights[layer + "weight_ih"] = arrays[layer + "weight_ih_l0"]
        weights[layer + "weight_hh"] = arrays[layer + "weight_hh_l0"]
        weights[layer + "bias"] = arrays[layer + "bias_ih_l0"] + arrays[layer + "bias_hh_l0"]
    weights |= {name: value for name, value in arrays.items() if name.startswith("head.")}
    weights |= split_readout(network, arrays["readout.weight"])
    weights["readout.bias"] = arrays["readout.bias"]
    scaling = Scaling(*(arrays[name] for name in SCALING))
    begun = None
    if BEGINNING[0] in arrays:
        begun = InitialState(*(arrays[name] for name in BEGINNING[:2]))
    seen = arrays.get(BEGINNING[2])
    return from_weights(network, weights, scaling, seen, _frame(arrays), begun)


def state_shapes(
    network: Network,
    framed: bool = False,
    begun: bool = False,
    delayed: bool = False,
    n_lagged: int = 0,
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the ``state_dict`` of a network, with or without frame and beginning."""
    n_inputs = network.n_inputs - n_lagged
    shapes: dict[str, tuple[int, ...]] = {}
    for k in range(network.num_layers):
        shapes[f"lstm.{k}.weight_ih_l0"] = network.shapes[f"lstm.{k}.weight_ih"]
        shapes[f"lstm.{k}.weight_hh_l0"] = network.shapes[f"lstm.{k}.weight_hh"]
        shapes[f"lstm.{k}.bias_ih_l0"] = network.shapes[f"lstm.{k}.bias"]
        shapes[f"lstm.{k}.bias_hh_l0"] = network.shapes[f"lstm.{k}.bias"]
    shapes |= {name: shape for name, shape in network.shapes.items() if name.startswith("head.")}
    width = sum((*network.head_sizes[-1:], network.hidden_sizes[-1], network.n_inputs))
    shapes["readout.weight"] = (network.n_outputs, width)
    shapes["readout.bias"] = (network.n_outputs,)
    shapes["u_mean"] = shapes["u_std"] = (n_inputs,)
    shapes["y_mean"] = shapes["y_std"] = (network.n_outputs,)
    if framed:
        shapes["frame_gains"] = shapes["frame_levels"] = (network.n_outputs,)
        shapes["frame_hold"] = (1,)
    if delayed:
        shapes[DELAYS] = (n_inputs,)
    if n_lagged:
        shapes[LAGS] = (n_inputs,)
    if begun:
        shapes["initial_offset"] = (2, network.n_units)
        shapes["initial_slope"] = (2, network.n_units, network.n_inputs)
        shapes["input_range"] = (2, n_inputs)
    return shapes


def _frame(arrays: Mapping[str, FloatArray]) -> Frame:
    """Integrators, time base, delays and lags, where there are any."""
    delays, lags = (
        _whole_numbers(arrays, name, 0) if name in arrays else () for name in (DELAYS, LAGS)
    )
    if FRAME[0] not in arrays:
        return replace(Frame.plain(len(arrays["y_mean"])), delays=delays, lags=lags)
    (hold,) = _whole_numbers(arrays, "frame_hold", 1)
    return Frame(arrays["frame_gains"], arrays["frame_levels"], hold, delays, lags)


def _whole_numbers(arrays: Mapping[str, FloatArray], name: str, least: int) -> tuple[int, ...]:
    values = arrays[name].ravel()
    for value in values:
        if value < least or value != np.round(value):
            raise ValueError(
                f"state_dict[{name!r}] must be a whole number >= {least}; got {value}. "
                "Pass the state_dict of a FreeRunModule."
            )
    return tuple(int(value) for value in values)


def _array(value: Any, name: str) -> FloatArray:
    detached = value.detach() if hasattr(value, "detach") else value  # a parameter with gradient
    return to_float(detached, f"state_dict[{name!r}]")


def _network(arrays: Mapping[str, FloatArray]) -> Network:
    """Structure that the shapes describe."""
    layers = sum(bool(re.fullmatch(r"lstm\.\d+\.weight_hh_l0", name)) for name in arrays)
    heads = sum(bool(re.fullmatch(r"head\.\d+\.bias", name)) for name in arrays)
    n_lagged = sum(_whole_numbers(arrays, LAGS, 0)) if LAGS in arrays else 0
    try:
        network = Network(
            n_inputs=len(arrays["u_mean"]) + n_lagged,
            n_outputs=len(arrays["y_mean"]),
            hidden_sizes=tuple(arrays[f"lstm.{k}.weight_hh_l0"].shape[1] for k in range(layers)),
            head_sizes=tuple(len(arrays[f"head.{k}.bias"]) for k in range(heads)),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"state_dict must be that of a FreeRunModule; got the names {sorted(arrays)}. "
            "Pass module.state_dict() of a module made by to_torch_module; for a plain "
            "torch.nn.LSTM see fastlstm.convert.from_torch."
        ) from error
    framed, begun = (any(name in arrays for name in names) for names in (FRAME, BEGINNING))
    shapes = state_shapes(network, framed, begun, DELAYS in arrays, n_lagged)
    for name in sorted({*shapes, *arrays}):
        got = arrays[name].shape if name in arrays else "nothing"
        if shapes.get(name) != got:
            raise ValueError(
                f"state_dict[{name!r}] must have shape {shapes.get(name, 'of no known weight')} "
                f"for {network}; got {got}. Pass the whole state_dict of one FreeRunModule."
            )
    return network


def export_torch(model: Any, path: str | os.PathLike[str]) -> list[Path]:
    """Write `to_state_dict` to a safetensors file, which torch reads without pickle.

    ``module.load_state_dict(safetensors.torch.load_file(path))`` takes it.
    """
    from safetensors.numpy import save

    arrays = {k: np.ascontiguousarray(v, dtype="<f8") for k, v in to_state_dict(model).items()}
    metadata = {"format": "pt"}
    if (seconds := sampling_time_of(model)) is not None:
        metadata["sampling_time"] = repr(seconds)
    replace_file(path, save(arrays, metadata=metadata))
    return [Path(path)]
