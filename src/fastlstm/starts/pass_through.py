r"""A layer on top that changes next to nothing: a deeper network begins as a shallow one.

With constant gates and small signals a layer without poles, :math:`h_t = V x_t`, passes x on. The
readout that wanted :math:`C x_t` then takes :math:`C V' h_t`: exact up to third order in the
signals where V is square, and for what C needs where the layer is narrower than x but has at least
as many units as there are outputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from fastlstm.starts.cascade import LinearLayer
from fastlstm.starts.embedding import write_layer

FloatArray = NDArray[np.float64]


def pass_through(
    weights: dict[str, FloatArray],
    layer: int,
    C: FloatArray,
    *,
    scale: float,
    gate_spread: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Fill one LSTM layer so that it passes on what the readout needs.

    Parameters
    ----------
    weights : dict
        By name, as `Network.unpack` gives them; those of the layer are overwritten. Inputs of the
        layer beyond the columns of C reach its gates only.
    layer : int
    C : array of shape (n_outputs, hidden_size below)
        Readout of the layer below, whose h has values of order one.
    scale : float
        Size of the new h relative to the old.
    gate_spread : float
        Standard deviation of the random weights of the gates; zero leaves them constant.
    rng : numpy Generator

    Returns
    -------
    C : array of shape (n_outputs, hidden_size)
        Readout of the new h.

    References
    ----------
    Chen, Goodfellow, Shlens, "Net2Net: accelerating learning via knowledge transfer", 2016,
    arXiv 1511.05641 (the deeper network computes what the shallow one did).
    """
    name = f"lstm.{layer}."
    width, n_below = weights[name + "weight_hh"].shape[1], C.shape[1]
    passed = np.eye(n_below) if width >= n_below else svd(C)[2][:width]
    k = len(passed)
    signals = LinearLayer(np.zeros((k, k)), passed, np.ones(k))
    factors = write_layer(weights, name, signals, np.ones(n_below), scale, gate_spread, rng)
    readout = np.zeros((len(C), width))
    readout[:, :k] = C @ passed.T * factors
    return readout
