"""States in which records began that a network was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records

FloatArray = NDArray[np.float64]

FIRST = 60  # steps of every record that tell
STEPS = 8  # iterations
DAMPING = 1e-2
LEAST = 1e-3  # relative decrease of the cost in an iteration, below which they end
NUMBERS, RECORDS = 10_000_000, (8, 60)  # in the Jacobian of so many records, at least and at most
AT_ONCE = 64_000_000  # bytes of Jacobian rows


def most_records(network: Network) -> int:
    """Count the records whose states are found in about a second."""
    fitting = NUMBERS // (FIRST * network.n_outputs * network.n_params)
    return int(np.clip(fitting, *RECORDS))


def begun_states(
    network: Network, params: FloatArray, records: Records, strength: float
) -> FloatArray:
    r"""Fit the initial states of records to their first outputs; the weights stay.

    Minimises :math:`\sum_t \|\hat y_t(s) - y_t\|^2 + \alpha \|s\|^2` for every record, from rest.

    Parameters
    ----------
    network : Network
    params : array of shape (n_params,)
    records : Records
        Standardised, with outputs.
    strength : float
        :math:`\alpha`.

    Returns
    -------
    states : array of shape (n_records, 2, n_units)

    Notes
    -----
    Up to eight Levenberg-Marquardt iterations on `FIRST` steps, for all records at once.
    """
    first = records.cut([slice(r.start, min(r.start + FIRST, r.stop)) for r in records.slices()])
    states: FloatArray = network.zero_state(first.n_records).reshape(first.n_records, -1)
    damping = np.full(first.n_records, DAMPING)
    cost = _costs(network, params, first, states, strength)
    diagonal = np.arange(states.shape[1])
    for _ in range(STEPS):
        gram, gradient = _equations(network, params, first, states)
        gram[:, diagonal, diagonal] += strength
        gradient += strength * states
        gram[:, diagonal, diagonal] *= 1.0 + damping[:, None]
        trial: FloatArray = states - np.linalg.solve(gram, gradient[..., None])[..., 0]
        found = _costs(network, params, first, trial, strength)
        better = found < cost
        decrease = float(np.sum((cost - found)[better]))
        states = np.where(better[:, None], trial, states)
        damping = np.where(better, damping / 3.0, damping * 4.0)
        enough = decrease < LEAST * float(np.sum(cost))
        cost = np.where(better, found, cost)
        if enough:
            break
    return states.reshape(first.n_records, 2, network.n_units)


def _residuals(records: Records, y: FloatArray) -> FloatArray:
    """Weighted residuals, (n_total, n_outputs)."""
    assert records.y is not None
    with np.errstate(over="ignore", invalid="ignore"):
        residual = y - records.y
    return residual if records.weights is None else np.sqrt(records.weights) * residual


def _costs(
    network: Network, params: FloatArray, records: Records, states: FloatArray, strength: float
) -> FloatArray:
    """Cost of every record; infinite where a run is not finite."""
    begun = states.reshape(len(states), 2, -1)
    y, _ = _core.simulate(network, params, records.u, records.offsets, begun, float32=False)
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.sum(_residuals(records, y) ** 2, axis=1)
    sums = np.add.reduceat(square, records.offsets[:-1]) + strength * np.sum(states**2, axis=1)
    return np.where(np.isfinite(sums), sums, np.inf)


def _equations(
    network: Network, params: FloatArray, records: Records, states: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gram matrices (n_records, n_states, n_states) and gradients (n_records, n_states)."""
    n_outputs, n_own = network.n_outputs, states.shape[1]
    gram, gradient = np.zeros((len(states), n_own, n_own)), np.zeros_like(states)
    most = max(1, AT_ONCE // (8 * n_outputs * (network.n_params + n_own)))
    every = np.arange(records.n_total)
    for steps in np.array_split(every, -(-len(every) // most)):
        plan = _core.plan_rows(records.offsets, steps=steps, float32=False)
        result = _core.jacobian(
            network,
            params,
            records.u,
            records.offsets,
            plan,
            memory=FIRST,
            state0=states.reshape(len(states), 2, -1),
            with_state=True,
            float32=False,
        )
        used = np.flatnonzero(plan.mask)
        step, record = plan.step.ravel()[used], plan.record.ravel()[used]
        rows = result.state_rows.reshape(-1, n_outputs, n_own)[used]
        if records.weights is not None:
            rows = rows * np.sqrt(records.weights[step])[..., None]
        residual = _residuals(records, result.y)[step]
        for r in np.unique(record):
            part = rows[record == r].reshape(-1, n_own)
            gram[r] += part.T @ part
            gradient[r] += part.T @ residual[record == r].ravel()
    return gram, gradient
