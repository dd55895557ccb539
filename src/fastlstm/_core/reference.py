"""The readable judge: the network as plain NumPy loops over time.

Every compiled kernel is tested against this file. Nothing here is fast on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network

FloatArray = NDArray[np.float64]


def sigmoid(x: FloatArray) -> FloatArray:
    """Logistic function, written so that it does not overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


@dataclass
class LayerStep:
    """What one LSTM layer did in one step; each field has shape (hidden_size,)."""

    i: FloatArray
    f: FloatArray
    g: FloatArray
    o: FloatArray
    c_prev: FloatArray
    h_prev: FloatArray
    x: FloatArray
    c: FloatArray
    h: FloatArray


def lstm_step(
    weight_ih: FloatArray,
    weight_hh: FloatArray,
    bias: FloatArray,
    x: FloatArray,
    h_prev: FloatArray,
    c_prev: FloatArray,
) -> LayerStep:
    """One step of one layer: forward part plus recurrent part, then the gates."""
    preact = weight_ih @ x + bias + weight_hh @ h_prev
    z_i, z_f, z_g, z_o = np.split(preact, 4)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    c = f * c_prev + i * g
    return LayerStep(i, f, g, o, c_prev, h_prev, x, c, o * np.tanh(c))


def head_forward(
    network: Network, weights: dict[str, FloatArray], h: FloatArray, u: FloatArray
) -> tuple[FloatArray, list[FloatArray]]:
    """Output of one step and the activations of the MLP layers."""
    y = weights["readout.hidden"] @ h + weights["readout.input"] @ u + weights["readout.bias"]
    activations, below = [], h
    for layer in range(len(network.head_sizes)):
        below = np.tanh(weights[f"head.{layer}.weight"] @ below + weights[f"head.{layer}.bias"])
        activations.append(below)
    if activations:
        y = y + weights["readout.head"] @ below
    return y, activations


def _split_units(network: Network, flat: FloatArray) -> list[FloatArray]:
    return np.split(flat, np.cumsum(network.hidden_sizes)[:-1])


def simulate(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    offsets: NDArray[np.int64],
    state0: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Free run of all records.

    Parameters
    ----------
    u : array of shape (n_total, n_inputs)
    offsets : array of shape (n_records + 1,)
    state0 : array of shape (n_records, 2, n_units), optional
        Initial h and c; zero when None.

    Returns
    -------
    y : array of shape (n_total, n_outputs)
    final_state : array of shape (n_records, 2, n_units)
    """
    weights = network.unpack(params)
    n_records = len(offsets) - 1
    state0 = network.zero_state(n_records) if state0 is None else state0
    y = np.empty((len(u), network.n_outputs))
    final = np.empty_like(state0)
    for record in range(n_records):
        h = _split_units(network, state0[record, 0])
        c = _split_units(network, state0[record, 1])
        for t in range(offsets[record], offsets[record + 1]):
            x = u[t]
            for layer in range(network.num_layers):
                step = _layer_step(weights, layer, x, h[layer], c[layer])
                h[layer], c[layer], x = step.h, step.c, step.h
            y[t] = head_forward(network, weights, x, u[t])[0]
        final[record, 0], final[record, 1] = np.concatenate(h), np.concatenate(c)
    return y, final


def _layer_step(
    weights: dict[str, FloatArray], layer: int, x: FloatArray, h: FloatArray, c: FloatArray
) -> LayerStep:
    name = f"lstm.{layer}."
    return lstm_step(
        weights[name + "weight_ih"], weights[name + "weight_hh"], weights[name + "bias"], x, h, c
    )


def jacobian_forward(
    network: Network, params: FloatArray, u: FloatArray, state0: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    r"""Exact Jacobian of one record by forward sensitivities: the oracle of the adjoint rows.

    Carries :math:`S_h = \partial h_t / \partial\theta` and :math:`S_c` through the recursion
    ``S_z = weight_ih S_x + weight_hh S_h + direct terms``: the forward part and the recurrent part
    side by side. The last ``2 * n_units`` columns are the derivatives with respect to the initial
    state (h0 of all layers, then c0).

    Parameters
    ----------
    u : array of shape (n_timesteps, n_inputs)
    state0 : array of shape (2, n_units), optional

    Returns
    -------
    y : array of shape (n_timesteps, n_outputs)
    jacobian : array of shape (n_timesteps, n_outputs, n_params + 2 * n_units)

    Notes
    -----
    O(n_timesteps * n_units^2 * n_params).
    """
    weights = network.unpack(params)
    n_units, n_cols = network.n_units, network.n_params + 2 * network.n_units
    state0 = np.zeros((2, n_units)) if state0 is None else state0
    h, c = _split_units(network, state0[0]), _split_units(network, state0[1])
    S_h = np.split(np.eye(n_units, n_cols, network.n_params), np.cumsum(network.hidden_sizes)[:-1])
    S_c = np.split(
        np.eye(n_units, n_cols, network.n_params + n_units), np.cumsum(network.hidden_sizes)[:-1]
    )
    y = np.empty((len(u), network.n_outputs))
    jacobian = np.empty((len(u), network.n_outputs, n_cols))
    for t in range(len(u)):
        x, S_x = u[t], np.zeros((network.n_inputs, n_cols))
        for layer in range(network.num_layers):
            step = _layer_step(weights, layer, x, h[layer], c[layer])
            S_h[layer], S_c[layer] = _sensitivity_step(
                network, weights, layer, step, S_x, S_h[layer], S_c[layer]
            )
            h[layer], c[layer], x, S_x = step.h, step.c, step.h, S_h[layer]
        y[t], jacobian[t] = _output_sensitivity(network, weights, x, u[t], S_x)
    return y, jacobian


def _sensitivity_step(
    network: Network,
    weights: dict[str, FloatArray],
    layer: int,
    step: LayerStep,
    S_x: FloatArray,
    S_h: FloatArray,
    S_c: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    name = f"lstm.{layer}."
    S_z = weights[name + "weight_ih"] @ S_x + weights[name + "weight_hh"] @ S_h
    n_rows = len(S_z)
    for part, value in (("weight_ih", step.x), ("weight_hh", step.h_prev), ("bias", np.ones(1))):
        start = network.layout[name + part][0].start
        for row in range(n_rows):
            S_z[row, start + row * len(value) : start + (row + 1) * len(value)] += value
    d_i, d_f, d_g, d_o = np.split(S_z, 4)
    i, f, g, o = (gate[:, None] for gate in (step.i, step.f, step.g, step.o))
    tanh_c = np.tanh(step.c)[:, None]
    S_c = (
        f * S_c
        + step.c_prev[:, None] * f * (1 - f) * d_f
        + g * i * (1 - i) * d_i
        + i * (1 - g**2) * d_g
    )
    return o * (1 - tanh_c**2) * S_c + tanh_c * o * (1 - o) * d_o, S_c


def _output_sensitivity(
    network: Network, weights: dict[str, FloatArray], h: FloatArray, u: FloatArray, S_h: FloatArray
) -> tuple[FloatArray, FloatArray]:
    y, activations = head_forward(network, weights, h, u)
    S_y = weights["readout.hidden"] @ S_h
    S_below, below = S_h, h
    for layer, value in enumerate(activations):
        S_pre = weights[f"head.{layer}.weight"] @ S_below
        for part, factor in ((f"head.{layer}.weight", below), (f"head.{layer}.bias", np.ones(1))):
            start = network.layout[part][0].start
            for row in range(len(value)):
                S_pre[row, start + row * len(factor) : start + (row + 1) * len(factor)] += factor
        S_below, below = (1 - value**2)[:, None] * S_pre, value
    if activations:
        S_y = S_y + weights["readout.head"] @ S_below
    direct = [("readout.hidden", h), ("readout.input", u), ("readout.bias", np.ones(1))]
    if activations:
        direct.append(("readout.head", below))
    for part, value in direct:
        start = network.layout[part][0].start
        for row in range(network.n_outputs):
            S_y[row, start + row * len(value) : start + (row + 1) * len(value)] += value
    return y, S_y
