"""A ridge that lets inputs act through the candidate g rather than through the gates i, f and o.

Inputs beyond the range of the training data then push the state by what they would have pushed it
within, instead of changing how the state decays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]


def gate_strengths(network: Network, factor: float) -> FloatArray | None:
    """How many times stronger than elsewhere the ridge on every weight is, shape (n_params,).

    Parameters
    ----------
    network : Network
    factor : float
        For the weights by which inputs act on the gates i, f and o of the first layer.

    Returns
    -------
    strengths : array of shape (n_params,) or None
        None where all are alike.
    """
    if factor == 1.0:
        return None
    weights = {name: np.ones(shape) for name, shape in network.shapes.items()}
    i, f, _, o = np.split(weights["lstm.0.weight_ih"], 4)
    for gate in (i, f, o):
        gate[:] = factor
    return network.pack(weights)
