"""Random starts with small weights: every gate near a constant, every unit a leaky integrator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import solve_ridge
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.row_choice import strided_plan

FloatArray = NDArray[np.float64]

FORWARD_SCALE = 0.25
RECURRENT_SCALE = 0.5
FORGET_BIAS = (0.0, 2.0)
_READOUT_ROWS = 2000
_READOUT_ALPHA = 1e-2


def near_linear_start(
    network: Network, records: Records, rng: np.random.Generator, washout: int | None = None
) -> FloatArray:
    """Draw a near-linear deep LSTM at random and solve its readout in closed form.

    With small weights the gates stay near constants, so the network begins as a random linear
    filter bank with poles spread by the forget bias, and the readout already explains much of the
    output. From there Gauss-Newton needs fewer iterations than from unit-scale weights, and fewer
    seeds end in poor minima (table in ``docs/theory/starts.md``).

    Parameters
    ----------
    network : Network
    records : Records
        Standardised records for the readout.
    rng : numpy Generator
    washout : int, optional
        First steps of each record that the readout does not see; see `solve_readout`.

    Returns
    -------
    params : array of shape (n_params,)

    Notes
    -----
    weight_ih ~ U(-1, 1) * 0.25 / sqrt(n_in), weight_hh ~ U(-1, 1) * 0.5 / sqrt(hidden_size), the
    forget bias from U(0, 2), other biases zero; head weights U(-1, 1) / sqrt(n_in).
    """
    return solve_readout(network, near_linear_weights(network, rng), records, washout)


def near_linear_weights(network: Network, rng: np.random.Generator) -> FloatArray:
    """Draw these weights alone, with a readout at random: for units that nothing listens to yet.

    Parameters
    ----------
    network : Network
    rng : numpy Generator

    Returns
    -------
    params : array of shape (n_params,)
    """
    weights: dict[str, FloatArray] = {}
    for name, shape in network.shapes.items():
        values = rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])
        if name.endswith("weight_ih"):
            values *= FORWARD_SCALE
        elif name.endswith("weight_hh"):
            values *= RECURRENT_SCALE
        elif name.startswith("lstm."):
            width = shape[0] // 4
            values = np.zeros(shape)
            values[width : 2 * width] = rng.uniform(*FORGET_BIAS, width)
        elif name.endswith("bias"):
            values = rng.uniform(-0.5, 0.5, shape)
        weights[name] = values
    return network.pack(weights)


def solve_readout(
    network: Network, params: FloatArray, records: Records, washout: int | None = None
) -> FloatArray:
    """Exchange the linear readout and the bypasses by the ridge solution on the records.

    The first `washout` steps of each record are left out: by default a quarter of the shortest
    record, at most 100 steps.

    Notes
    -----
    One free run and one least-squares problem of at most 2000 rows.
    """
    assert records.y is not None
    shortest = int(records.lengths.min())
    stride = max(1, records.n_total // _READOUT_ROWS)
    washout = min(100, shortest // 4) if washout is None else washout
    if not np.any(records.scored(washout)):
        washout = 0
    plan = strided_plan(records, washout, stride)
    result = _core.jacobian(network, params, records.u, records.offsets, plan, memory=1)
    # The derivative of output 0 with respect to its own readout row is the regressor itself.
    names = [name for name in network.shapes if name.startswith("readout.")]
    columns = np.concatenate([_first_row(network, name) for name in names])
    used = plan.mask
    regressors = result.rows[:: network.n_outputs][used][:, columns]
    target = plan.take(records.y)[used]
    if records.weights is None:
        solution = solve_ridge(regressors, target, _READOUT_ALPHA)
    else:
        roots = np.sqrt(plan.take(records.weights)[used])
        solution = np.column_stack(
            [
                solve_ridge(root[:, None] * regressors, (root * goal)[:, None], _READOUT_ALPHA)
                for root, goal in zip(roots.T, target.T, strict=True)
            ]
        )
    solved, start = params.copy(), 0
    for name in names:
        where, shape = network.layout[name]
        width = shape[1] if len(shape) == 2 else 1
        solved[where] = solution[start : start + width].T.ravel()
        start += width
    return solved


def _first_row(network: Network, name: str) -> NDArray[np.int64]:
    where, shape = network.layout[name]
    return np.arange(where.start, where.start + (shape[1] if len(shape) == 2 else 1))
