"""LSTM weights to and from ``torch.nn.LSTM``; NumPy only, torch is not imported.

torch has the same gate order (i, f, g, o) and two biases per layer that act as their sum. Heads and
readouts have no counterpart there: they travel under their own names, see `Network.shapes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_float
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def to_torch(network: Network, params: FloatArray) -> dict[str, FloatArray]:
    """Weights of the LSTM layers under the names of ``torch.nn.LSTM(...).state_dict()``.

    Parameters
    ----------
    network : Network
        All LSTM layers have the same width, as torch asks.
    params : array of shape (n_params,)

    Returns
    -------
    dict of str to array
        ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0`` (zero), ...

    Raises
    ------
    ValueError
        If the layers differ in width.

    Examples
    --------
    >>> network = Network(1, 1, (2,))
    >>> sorted(to_torch(network, np.zeros(network.n_params)))
    ['bias_hh_l0', 'bias_ih_l0', 'weight_hh_l0', 'weight_ih_l0']
    """
    if len(set(network.hidden_sizes)) > 1:
        raise ValueError(
            f"hidden_sizes must be equal for torch.nn.LSTM; got {network.hidden_sizes}. "
            "Build one torch.nn.LSTM per layer from Network.unpack instead."
        )
    weights = network.unpack(params)
    state = {}
    for layer in range(network.num_layers):
        state[f"weight_ih_l{layer}"] = weights[f"lstm.{layer}.weight_ih"].copy()
        state[f"weight_hh_l{layer}"] = weights[f"lstm.{layer}.weight_hh"].copy()
        state[f"bias_ih_l{layer}"] = weights[f"lstm.{layer}.bias"].copy()
        state[f"bias_hh_l{layer}"] = np.zeros_like(weights[f"lstm.{layer}.bias"])
    return state


def from_torch(state_dict: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Weights of the LSTM layers under the names of `Network.shapes`.

    Parameters
    ----------
    state_dict : mapping of str to array-like
        ``torch.nn.LSTM(...).state_dict()`` of a unidirectional LSTM without projection, on the CPU;
        without biases (``bias=False``) they are zero.

    Returns
    -------
    dict of str to array
        ``lstm.0.weight_ih``, ``lstm.0.weight_hh``, ``lstm.0.bias`` and so on, float64. Add head and
        readout and pass all to `Network.pack`.

    Raises
    ------
    ValueError
        If a name does not belong to such an LSTM, one is missing, or shapes disagree.

    Examples
    --------
    >>> weights = from_torch({"weight_ih_l0": np.ones((8, 1)), "weight_hh_l0": np.ones((8, 2))})
    >>> weights["lstm.0.bias"].shape
    (8,)
    """
    foreign = [name for name in state_dict if not re.fullmatch(rf"({'|'.join(PARTS)})_l\d+", name)]
    n_layers = sum(name.startswith("weight_ih_l") for name in state_dict)
    if foreign or n_layers == 0:
        raise ValueError(
            f"state_dict must hold weight_ih_l0, weight_hh_l0, ... of a unidirectional "
            f"torch.nn.LSTM without projection; got {foreign or list(state_dict)}. "
            "Pass the state_dict of the LSTM alone."
        )
    weights: dict[str, FloatArray] = {}
    for layer in range(n_layers):
        weight_ih = _weight(state_dict, f"weight_ih_l{layer}", None)
        width = len(weight_ih) // 4
        weights[f"lstm.{layer}.weight_ih"] = weight_ih
        weights[f"lstm.{layer}.weight_hh"] = _weight(
            state_dict, f"weight_hh_l{layer}", (4 * width, width)
        )
        biases = [f"{part}_l{layer}" for part in ("bias_ih", "bias_hh")]
        given = [_weight(state_dict, name, (4 * width,)) for name in biases if name in state_dict]
        weights[f"lstm.{layer}.bias"] = sum(given, np.zeros(4 * width))
    return weights


def _weight(state_dict: Mapping[str, Any], name: str, shape: tuple[int, ...] | None) -> FloatArray:
    if name not in state_dict:
        raise ValueError(
            f"state_dict must hold {name!r}; got {list(state_dict)}. Pass all layers of the LSTM."
        )
    array = to_float(state_dict[name], f"state_dict[{name!r}]")
    if (shape is None and (array.ndim != 2 or len(array) % 4)) or shape not in (None, array.shape):
        raise ValueError(
            f"state_dict[{name!r}] must have shape {shape or '(4 * hidden_size, input_size)'}; got "
            f"{array.shape}. Pass the weights of one LSTM, unchanged."
        )
    return array.copy()
