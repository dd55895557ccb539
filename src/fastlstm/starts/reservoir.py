r"""Random deep LSTMs that are not going to be trained: random poles, gates that move a little.

With gates at constants i, f, o and small signals a layer is linear,

.. math:: h_t = (\mathrm{diag}\,f + i o\,U_g) h_{t-1} + i o\,W_g x_t

so :math:`U_g = (A - \mathrm{diag}\,f) / (i o)` gives it the poles of any A. What the gates do
around their constants is random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]
Range = tuple[float, float]

FORWARD_SCALE: Range = (0.03, 1.0)  # size of h in the first layer
UPPER_FORWARD_SCALE: Range = (0.1, 3.0)  # relative to the layer below
GATE_SCALE: Range = (0.02, 1.0)  # weights of the gates i, f and o
OPENING: Range = (-0.5, 1.5)  # biases of i and o
LONGEST_MEMORY: Range = (2.0, 200.0)  # steps until the slowest pole has faded to 1/e
SHORTEST_MEMORY = 0.5
ANGLE: Range = (0.02, np.pi)  # radians per step, of the poles that oscillate
OSCILLATING = 0.5  # part of the poles that come in conjugate pairs
FORGET_RANGE = (0.1, 0.98)
HEAD_SCALE: Range = (0.5, 10.0)


def draw_reservoir(network: Network, rng: np.random.Generator) -> FloatArray:
    """Draw LSTM layers and head at random, with scales that are random themselves.

    Every unit, or pair of units, has a random pole: its memory is log-uniform up to a longest one
    that is drawn for the whole network, and half of them oscillate with a log-uniform frequency.
    How strongly the inputs drive the units, how much the gates move and how far they stand open is
    drawn for the network too, because what suits a plant differs by factors of ten. Plain random
    matrices of any scale rarely have slow oscillating poles, which plants with resonances need.

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
    Scales are log-uniform in the ranges of this file, weights U(-1, 1) * scale / sqrt(n_in).

    Examples
    --------
    >>> draw_reservoir(Network(1, 1, (5,)), np.random.default_rng(0)).shape
    (147,)
    """
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    opening, gates = rng.uniform(*OPENING), _log_uniform(rng, GATE_SCALE)
    longest = _log_uniform(rng, LONGEST_MEMORY)
    for layer in range(network.num_layers):
        forward = _log_uniform(rng, UPPER_FORWARD_SCALE if layer else FORWARD_SCALE)
        _draw_layer(rng, weights, f"lstm.{layer}.", opening, gates, longest, forward)
    head = _log_uniform(rng, HEAD_SCALE)
    for layer in range(len(network.head_sizes)):
        weight, bias = weights[f"head.{layer}.weight"], weights[f"head.{layer}.bias"]
        weight[:] = head * _uniform(rng, weight.shape)
        bias[:] = rng.uniform(-1.0, 1.0, bias.shape)
    return network.pack(weights)


def _draw_layer(
    rng: np.random.Generator,
    weights: dict[str, FloatArray],
    name: str,
    opening: float,
    gates: float,
    longest: float,
    forward: float,
) -> None:
    """Fill one layer; the states have about the same size whatever their memory."""
    weight_ih, weight_hh = weights[name + "weight_ih"], weights[name + "weight_hh"]
    bias, width = weights[name + "bias"], weight_hh.shape[1]
    A, radius = _random_poles(width, longest, rng)
    forget = np.clip(np.abs(A.diagonal()), *FORGET_RANGE)
    open_gates = 1.0 / (1.0 + np.exp(-opening)) ** 2  # i o
    weight_ih[:] = gates * _uniform(rng, weight_ih.shape)
    weight_hh[:] = gates * _uniform(rng, weight_hh.shape)
    bias[:width] = bias[3 * width :] = opening
    bias[width : 2 * width] = np.log(forget / (1.0 - forget))
    bias[2 * width : 3 * width] = forward * rng.uniform(-1.0, 1.0, width)
    candidate = slice(2 * width, 3 * width)
    drive = forward * np.sqrt(1.0 - radius**2)
    weight_ih[candidate] = drive[:, None] * _uniform(rng, weight_ih[candidate].shape) / open_gates
    weight_hh[candidate] = (A - np.diag(forget)) / open_gates


def _random_poles(
    width: int, longest: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Block-diagonal A of stable real poles and conjugate pairs, and their radii per unit."""
    A, radius, unit = np.zeros((width, width)), np.zeros(width), 0
    while unit < width:
        r = np.exp(-1.0 / _log_uniform(rng, (SHORTEST_MEMORY, longest)))
        angle, size = 0.0, 1
        if unit + 1 < width and rng.random() < OSCILLATING:
            angle, size = _log_uniform(rng, ANGLE), 2
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        A[unit : unit + size, unit : unit + size] = r * turn[:size, :size]
        radius[unit : unit + size] = r
        unit += size
    return A, radius


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    return rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])


def _log_uniform(rng: np.random.Generator, ends: Range) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
