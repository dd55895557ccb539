"""Plain random starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]

FORGET_BIAS = (0.0, 2.0)
READOUT_SCALE = 0.1


def random_start(network: Network, rng: np.random.Generator) -> FloatArray:
    """Uniform weights, forget biases between 0 and 2, small readout, no bypass.

    Weights and biases of the LSTM layers are U(-1, 1) / sqrt(hidden_size), those of the head
    U(-1, 1) / sqrt(inputs of the layer), the readout a tenth of that; the forget bias is drawn from
    U(0, 2), so that the units remember for different times; the bypass from the inputs is zero.

    Parameters
    ----------
    network : Network
    rng : numpy Generator

    Returns
    -------
    params : array of shape (n_params,)

    Examples
    --------
    >>> random_start(Network(1, 1, (5,)), np.random.default_rng(0)).shape
    (147,)
    """
    weights = {}
    for name, shape in network.shapes.items():
        kind, *_, part = name.split(".")
        if kind == "lstm":
            values = rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[0] // 4)
            if part == "bias":
                width = shape[0] // 4
                values[width : 2 * width] = rng.uniform(*FORGET_BIAS, width)
        elif kind == "head":
            fan_in = network.shapes[name.replace("bias", "weight")][1]
            values = rng.uniform(-1.0, 1.0, shape) / np.sqrt(fan_in)
        elif part in ("head", "hidden"):
            values = READOUT_SCALE * rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[1])
        else:
            values = np.zeros(shape)
        weights[name] = values
    return network.pack(weights)
