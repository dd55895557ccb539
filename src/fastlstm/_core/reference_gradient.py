"""The readable judge of the gradients: back-propagation through time, and the split cut at it.

Two programs on purpose: the exact gradient runs back over a finished record, while the split runs
forward with eligibilities, sample by sample. The compiled kernel sweeps back for all of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastlstm._core.reference import LayerStep, head_forward, lstm_step
from fastlstm.network import Network

FloatArray = NDArray[np.float64]
Weights = dict[str, FloatArray]


def gradient(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    offsets: NDArray[np.int64],
    washout: int = 0,
    path: str = "full",
    state0: FloatArray | None = None,
) -> tuple[float, int, FloatArray, FloatArray]:
    """Squared error of the free run of all records and half its derivative.

    Parameters
    ----------
    u : array of shape (n_total, n_inputs)
    y : array of shape (n_total, n_outputs)
        NaN where nothing was measured.
    path : {"full", "cell", "none"}

    Returns
    -------
    cost : float
    n_scored : int
        Steps with at least one scored output.
    gradient : array of shape (n_params,)
    final_state : array of shape (n_records, 2, n_units)
    """
    state0 = network.zero_state(len(offsets) - 1) if state0 is None else state0
    total, final = np.zeros(network.n_params), np.array(state0, dtype=float)
    cost, n_scored = 0.0, 0
    for record, (start, stop) in enumerate(pairwise(offsets)):
        target = np.array(y[start:stop])
        target[:washout] = np.nan
        run = _back_through_time if path == "full" else _with_eligibilities
        cost += run(network, params, u[start:stop], target, path == "cell", total, final[record])
        n_scored += int(np.isfinite(target).any(axis=1).sum())
    return cost, n_scored, total, final


def _forward(
    network: Network, weights: Weights, x: FloatArray, h: FloatArray, c: FloatArray
) -> list[LayerStep]:
    """One step of all layers; `h` and `c` of all units are updated in place."""
    steps = []
    for layer, where in enumerate(_units(network)):
        name = f"lstm.{layer}."
        weight_ih, weight_hh = weights[name + "weight_ih"], weights[name + "weight_hh"]
        bias, h_prev, c_prev = weights[name + "bias"], h[where].copy(), c[where].copy()
        steps.append(lstm_step(weight_ih, weight_hh, bias, x, h_prev, c_prev))
        h[where], c[where], x = steps[-1].h, steps[-1].c, steps[-1].h
    return steps


def _units(network: Network) -> list[slice]:
    """Where the units of each layer stand among all units."""
    ends = np.cumsum(network.hidden_sizes)
    return [slice(end - n, end) for n, end in zip(network.hidden_sizes, ends, strict=True)]


def _head(
    network: Network, weights: Weights, grad: Weights, h: FloatArray, u: FloatArray, y: FloatArray
) -> tuple[float, FloatArray]:
    """Cost of one step and dh of the top layer; the gradient of the head is added to `grad`."""
    y_sim, activations = head_forward(network, weights, h, u)
    r = np.where(np.isnan(y), 0.0, y_sim - y)
    grad["readout.hidden"] += np.outer(r, h)
    grad["readout.input"] += np.outer(r, u)
    grad["readout.bias"] += r
    dh = weights["readout.hidden"].T @ r
    if activations:
        grad["readout.head"] += np.outer(r, activations[-1])
        d = weights["readout.head"].T @ r
        for layer in reversed(range(len(activations))):
            d = d * (1 - activations[layer] ** 2)
            below = activations[layer - 1] if layer else h
            grad[f"head.{layer}.weight"] += np.outer(d, below)
            grad[f"head.{layer}.bias"] += d
            d = weights[f"head.{layer}.weight"].T @ d
        dh = dh + d
    return float(r @ r), dh


def _local(step: LayerStep) -> tuple[FloatArray, FloatArray, FloatArray]:
    """dc/dz of the gates i, f, g of shape (3, hidden_size); dh/dz of o; dh/dc."""
    tanh_c = np.tanh(step.c)
    dc_dz = np.stack(
        [
            step.g * step.i * (1 - step.i),
            step.c_prev * step.f * (1 - step.f),
            step.i * (1 - step.g**2),
        ]
    )
    return dc_dz, tanh_c * step.o * (1 - step.o), step.o * (1 - tanh_c**2)


def _back_through_time(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    _: bool,
    total: FloatArray,
    state: FloatArray,
) -> float:
    """Exact gradient of one record: all of it forward, then all of it backward."""
    weights, grad = network.unpack(params), network.unpack(total)
    record = [_forward(network, weights, u_t, state[0], state[1]) for u_t in u]
    units = _units(network)
    dh, dc = np.zeros(network.n_units), np.zeros(network.n_units)
    cost = 0.0
    for u_t, y_t, steps in zip(u[::-1], y[::-1], record[::-1], strict=True):
        cost_t, dh_top = _head(network, weights, grad, steps[-1].h, u_t, y_t)
        cost, dh[units[-1]] = cost + cost_t, dh[units[-1]] + dh_top
        for layer in reversed(range(network.num_layers)):
            where, step, name = units[layer], steps[layer], f"lstm.{layer}."
            dc_dz, dh_dz, dh_dc = _local(step)
            v = dc[where] + dh[where] * dh_dc
            dz = np.concatenate([*(v * dc_dz), dh[where] * dh_dz])
            dc[where] = v * step.f
            grad[name + "weight_ih"] += np.outer(dz, step.x)
            grad[name + "weight_hh"] += np.outer(dz, step.h_prev)
            grad[name + "bias"] += dz
            dh[where] = weights[name + "weight_hh"].T @ dz
            if layer:
                dh[units[layer - 1]] += weights[name + "weight_ih"].T @ dz
    return cost


def _with_eligibilities(
    network: Network,
    params: FloatArray,
    u: FloatArray,
    y: FloatArray,
    carry: bool,
    total: FloatArray,
    state: FloatArray,
) -> float:
    """Gradient cut at the delay, sample by sample, of one record.

    `eligibility` of a layer is dc/d[weight_ih, weight_hh, bias] for the gates i, f, g, of shape
    (3, hidden_size, n_columns); with `carry` it fades by the forget gate instead of starting anew.
    """
    weights, grad = network.unpack(params), network.unpack(total)
    eligibility: list[FloatArray | float] = [0.0] * network.num_layers
    cost = 0.0
    for u_t, y_t in zip(u, y, strict=True):
        steps = _forward(network, weights, u_t, state[0], state[1])
        cost_t, dh = _head(network, weights, grad, steps[-1].h, u_t, y_t)
        cost += cost_t
        for layer in reversed(range(network.num_layers)):
            step, name = steps[layer], f"lstm.{layer}."
            columns = np.concatenate([step.x, step.h_prev, [1.0]])
            dc_dz, dh_dz, dh_dc = _local(step)
            carried = step.f[:, None] * eligibility[layer] if carry else 0.0
            eligibility[layer] = carried + dc_dz[:, :, None] * columns
            local_o = np.outer(dh * dh_dz, columns)
            added = np.concatenate([*((dh * dh_dc)[:, None] * eligibility[layer]), local_o])
            n_in = len(step.x)
            grad[name + "weight_ih"] += added[:, :n_in]
            grad[name + "weight_hh"] += added[:, n_in:-1]
            grad[name + "bias"] += added[:, -1]
            dz = np.concatenate([*(dh * dh_dc * dc_dz), dh * dh_dz])
            dh = weights[name + "weight_ih"].T @ dz
    return cost
