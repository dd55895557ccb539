"""A layer on top of a trained network that passes on what it is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.starts.cascade import LinearLayer
from fastlstm.starts.embedding import write_layer

FloatArray = NDArray[np.float64]

SCALE = 0.005  # of h in the new layer, where a cell is linear but for its square


def deepened(network: Network, params: FloatArray, num_layers: int) -> tuple[Network, FloatArray]:
    """Add layers to a network until it has `num_layers`; its output stays.

    A new layer has constant gates, no memory and signals so small that its cells are linear: the
    output changes by about `SCALE` squared, relative to what it gets from the layers.

    Parameters
    ----------
    network : Network
    params : array of shape (network.n_params,)
    num_layers : int

    Returns
    -------
    network : Network
    params : array of shape (network.n_params,)
        What was given where it is deep enough.
    """
    while network.num_layers < num_layers:
        width = network.hidden_sizes[-1]
        sizes = (*network.hidden_sizes, width), network.head_sizes
        deeper = Network(network.n_inputs, network.n_outputs, *sizes)
        weights = {name: np.zeros(shape) for name, shape in deeper.shapes.items()}
        weights |= {name: values.copy() for name, values in network.unpack(params).items()}
        layer = LinearLayer(np.zeros((width, width)), np.eye(width), np.ones(width))
        name, rng = f"lstm.{network.num_layers}.", np.random.default_rng(0)
        factors = write_layer(weights, name, layer, np.ones(width), SCALE, 0.0, rng)
        for reads in ("head.0.weight", "readout.hidden"):
            if reads in weights:
                weights[reads] = weights[reads] * factors
        network, params = deeper, deeper.pack(weights)
    return network, params
