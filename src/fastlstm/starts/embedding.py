r"""A linear model inside an LSTM: gates held at constants, signals so small that tanh is straight.

With constant gates a layer computes, up to third order in the signals,

.. math:: h_t = f h_{t-1} + i o\,(U_g h_{t-1} + W_g x_t)

so :math:`U_g = (A - \mathrm{diag} f) / (i o)` and :math:`W_g = B / (i o)` make it the linear layer
:math:`h_t = A h_{t-1} + B x_t`.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.starts.cascade import Cascade, LinearLayer, spread, stacked
from fastlstm.starts.linear import LinearModel
from fastlstm.starts.realization import reduced, unit_coordinates

FloatArray = NDArray[np.float64]
Placement = Literal["first", "spread"]

GATE_BIAS = 1.5  # of input and output gates: open, yet not saturated
FORGET_RANGE = (0.1, 0.98)  # constants that the forget gates may take
MAX_STRAIN = 100.0  # a cascade whose signals cancel more is refused
SPARE_SCALE = 0.3  # weights of units that the linear model does not need
HEAD_PREACT = 0.5  # standard deviation of what enters the first tanh of the head


def embed(
    linear: LinearModel,
    network: Network,
    *,
    rng: np.random.Generator,
    scale: float = 0.1,
    gate_spread: float = 0.1,
    placement: Placement = "first",
) -> FloatArray:
    """Parameters of a network that starts as a linear model.

    As `scale` and `gate_spread` go to zero the network's free run from rest equals that of the
    linear model (relative error of order scale^2), whatever the random numbers, provided that the
    model fits: its order is at most `capacity`, and for "first" the upper layers are at least as
    wide as the model has outputs. A larger order is reduced by balanced truncation first, for the
    inputs of its training records; identifying anew with the smaller order is more accurate.

    Parameters
    ----------
    linear : LinearModel
    network : Network
        With the same numbers of inputs and outputs.
    rng : numpy Generator
        For gates, spare units and head.
    scale : float
        Standard deviation of every h that carries a linear state. With 0.1 the outputs differ from
        the linear model's by about a tenth; with 0.3 by a third and more, which costs training more
        iterations than the livelier tanh saves.
    gate_spread : float
        Standard deviation of the random weights of the input, forget and output gates.
    placement : {"first", "spread"}
        "first" puts all poles into layer 1, the layers above pass its states on. "spread" gives
        every layer a share of the poles, as an exact cascade: layers above the first also pass on
        one signal per output, conjugate pairs stay together. Where that does not fit, or only with
        signals that nearly cancel, the order is reduced as far as the width of layer 1, then
        "first" is used. One-layer networks know no difference.

    Returns
    -------
    params : array of shape (n_params,)
        The head's last layer is zero, so the head is silent but ready to learn.

    Raises
    ------
    ValueError
        If channels differ or `placement` is unknown.

    References
    ----------
    M. Schoukens, "Improved initialization of state-space artificial neural networks", 2021,
    arXiv 2103.14516.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> slow = LinearModel(A=0.9 * one, B=one, C=one, D=0 * one, bias=np.zeros(1))
    >>> embed(slow, Network(1, 1, (4,)), rng=np.random.default_rng(0)).shape
    (102,)
    """
    _check(linear, network, placement)
    cascade = _cascade(linear, network, placement)
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    below = np.ones(network.n_inputs)
    for index, layer in enumerate(cascade.layers):
        below = write_layer(weights, f"lstm.{index}.", layer, below, scale, gate_spread, rng)
    n_signals = cascade.C.shape[1]
    weights["readout.hidden"][:, :n_signals] = cascade.C * below
    weights["readout.input"][:] = linear.D
    weights["readout.bias"][:] = linear.bias
    write_head(weights, network, scale, rng)
    return network.pack(weights)


def capacity(network: Network, placement: Placement = "first") -> int:
    """Largest order that `embed` takes without reduction."""
    passed = 0
    orders = []
    for width in network.hidden_sizes:
        orders.append(max(0, width - passed))
        passed = network.n_outputs
    return sum(orders) if placement == "spread" else orders[0]


def _check(linear: LinearModel, network: Network, placement: str) -> None:
    if linear.D.shape != (network.n_outputs, network.n_inputs):
        raise ValueError(
            f"network must have the linear model's {linear.D.shape[1]} inputs and "
            f"{linear.D.shape[0]} outputs; got {network.n_inputs} and {network.n_outputs}. "
            "Identify the model from the channels the network is meant for."
        )
    if placement not in get_args(Placement):
        raise ValueError(
            f'placement must be "first" or "spread"; got {placement!r}. Use "first" if in doubt.'
        )


def _cascade(linear: LinearModel, network: Network, placement: Placement) -> Cascade:
    widths = network.hidden_sizes
    model = linear.A, linear.B, linear.C, linear.covariance
    if placement == "spread" and len(widths) > 1:
        for order in range(min(linear.order, capacity(network, "spread")), 0, -1):
            if order < linear.order and order <= widths[0]:
                break
            small = reduced(*model, order=order)
            found = [
                spread(*unit_coordinates(*small, slow_first=slow_first), widths=widths)
                for slow_first in (True, False)
            ]
            fitting = [cascade for cascade in found if cascade and cascade.strain < MAX_STRAIN]
            if fitting:
                return min(fitting, key=lambda cascade: cascade.strain)
    small = reduced(*model, order=network.hidden_sizes[0])
    return stacked(*unit_coordinates(*small), widths=widths)


def write_layer(
    weights: dict[str, FloatArray],
    name: str,
    layer: LinearLayer,
    below: FloatArray,
    scale: float,
    gate_spread: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Fill one layer; return the factors that turn its leading h into the linear signals.

    `below` are those factors of the layer below: signal = factor * h.
    """
    weight_ih, weight_hh = weights[name + "weight_ih"], weights[name + "weight_hh"]
    bias = weights[name + "bias"]
    width, k = weight_hh.shape[1], len(layer.A)
    gates = np.concatenate([np.arange(2 * width), np.arange(3 * width, 4 * width)])
    weight_ih[gates] = gate_spread * rng.standard_normal((3 * width, weight_ih.shape[1]))
    weight_hh[gates] = gate_spread * rng.standard_normal((3 * width, width))
    forget = np.clip(np.diag(layer.A), *FORGET_RANGE)
    forget = np.append(forget, rng.uniform(0.5, 0.9, width - k))
    bias[:width] = bias[3 * width :] = GATE_BIAS
    bias[width : 2 * width] = np.log(forget / (1.0 - forget))
    opening = 1.0 / (1.0 + np.exp(-GATE_BIAS)) ** 2
    factors = layer.std / scale
    linear_ih = layer.B * below / factors[:, None]
    linear_hh = layer.A * factors / factors[:, None] - np.diag(forget[:k])
    weight_ih[2 * width : 2 * width + k, : len(below)] = linear_ih / opening
    weight_hh[2 * width : 2 * width + k, :k] = linear_hh / opening
    for weight in (weight_ih, weight_hh):
        spare = weight[2 * width + k : 3 * width]
        spare[:] = SPARE_SCALE * rng.standard_normal(spare.shape) / np.sqrt(weight.shape[1])
    return factors


def write_head(
    weights: dict[str, FloatArray], network: Network, scale: float, rng: np.random.Generator
) -> None:
    """Random tanh layers with moderate preactivations; the readout of the head stays zero."""
    size = max(scale, 0.1)
    for index in range(len(network.head_sizes)):
        shape = network.shapes[f"head.{index}.weight"]
        spread_of_weights = HEAD_PREACT / (size * np.sqrt(shape[1]))
        weights[f"head.{index}.weight"][:] = spread_of_weights * rng.standard_normal(shape)
        weights[f"head.{index}.bias"][:] = rng.uniform(-HEAD_PREACT, HEAD_PREACT, shape[0])
        size = HEAD_PREACT
