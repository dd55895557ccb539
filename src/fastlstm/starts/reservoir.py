"""Random deep LSTMs that are not going to be trained: every draw has its own scales."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]
Range = tuple[float, float]

FORWARD_SCALE: Range = (0.03, 1.0)  # of weight_ih in the first layer; log-uniform
UPPER_FORWARD_SCALE: Range = (0.1, 5.0)  # above it, where the signals are smaller
RECURRENT_SCALE: Range = (0.1, 8.0)  # of weight_hh
CANDIDATE_SCALE: Range = (0.02, 1.0)  # of the biases of i, g and o around their centre
HEAD_SCALE: Range = (0.5, 10.0)
LONGEST_MEMORY: Range = (0.0, 5.0)  # upper end of the forget biases; 5 remembers 150 steps
SHORTEST_MEMORY = -1.5  # lower end of the forget biases
OPENING: Range = (-0.5, 1.5)  # centre of the biases of i and o


def draw_reservoir(network: Network, rng: np.random.Generator) -> FloatArray:
    """Draw LSTM layers and head at random, with scales that are random themselves.

    One network has units of different memory: its forget biases are uniform between -1.5 and an end
    that is drawn from (0, 5) for the whole network. How strongly the inputs drive the units, how
    strongly these drive each other, and how far the gates stand open is drawn too, because what
    suits a plant differs by factors of ten: among draws over wide ranges, the best twentieth on
    four simulated plants lay within the ranges of this file.

    Parameters
    ----------
    network : Network
    rng : numpy Generator

    Returns
    -------
    params : array of shape (n_params,)
        With a silent readout.

    Notes
    -----
    Weights are U(-1, 1) * scale / sqrt(n_in) with log-uniform scales.

    Examples
    --------
    >>> draw_reservoir(Network(1, 1, (5,)), np.random.default_rng(0)).shape
    (147,)
    """
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    opening, longest = rng.uniform(*OPENING), rng.uniform(*LONGEST_MEMORY)
    recurrent, spread = _log_uniform(rng, RECURRENT_SCALE), _log_uniform(rng, CANDIDATE_SCALE)
    for layer, width in enumerate(network.hidden_sizes):
        forward = _log_uniform(rng, UPPER_FORWARD_SCALE if layer else FORWARD_SCALE)
        weight_ih, weight_hh, bias = (
            weights[f"lstm.{layer}.{part}"] for part in ("weight_ih", "weight_hh", "bias")
        )
        weight_ih[:] = forward * _uniform(rng, weight_ih.shape)
        weight_hh[:] = recurrent * _uniform(rng, weight_hh.shape)
        bias[:] = spread * rng.uniform(-1.0, 1.0, bias.shape)
        bias[:width] += opening
        bias[3 * width :] += opening
        bias[width : 2 * width] = rng.uniform(SHORTEST_MEMORY, longest, width)
    head = _log_uniform(rng, HEAD_SCALE)
    for layer in range(len(network.head_sizes)):
        weight, bias = weights[f"head.{layer}.weight"], weights[f"head.{layer}.bias"]
        weight[:] = head * _uniform(rng, weight.shape)
        bias[:] = rng.uniform(-1.0, 1.0, bias.shape)
    return network.pack(weights)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    return rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])


def _log_uniform(rng: np.random.Generator, ends: Range) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
