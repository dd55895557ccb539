"""States in which the records of a plant that integrates began."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm._linalg import NormalEquations
from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.whole_equations import sum_own
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.state import states_along

FloatArray = NDArray[np.float64]

MEMORIES = 2  # of the network, in steps, that tell a state: after them only a level is left of it
WORK, FEWEST = 30_000_000, 64  # products in an iteration, at most, but these steps of every record
RECORDS = 8  # whose states tell how records begin, at most
STEPS = 40  # iterations
LEAST, PATIENCE = 0.01, 5  # relative decrease of the cost in some iterations that they go on for
LOOKS = 100  # at the states of a record, to know their mean


@dataclass(frozen=True)
class OwnUnknowns:
    """The error of records of sums, of which only states and levels before them are unknown.

    Parameters
    ----------
    objective : WholeRecords
    params : array of shape (n_params,)
        Weights, which stay.
    """

    objective: WholeRecords
    params: FloatArray

    def cost(self, own: FloatArray) -> float:
        """Cost of `WholeRecords` with these states and levels."""
        return self.objective.cost(self.with_weights(own))

    def normal_equations(self, own: FloatArray) -> NormalEquations:
        """Their part of the equations of `WholeRecords`."""
        equations, strength = sum_own(self.objective, self.with_weights(own)), np.zeros(len(own))
        strength[: self.objective.n_states] = self.objective.state_alpha
        equations.add_ridge(strength, own)
        return equations

    def begin(self, states: FloatArray | None) -> FloatArray:
        """Unknowns with these states, else at rest, and the levels that belong to them."""
        return self.objective.begin(self.params, states)[len(self.params) :]

    def cost_from(self, states: FloatArray) -> float:
        """Cost with these states."""
        return self.cost(self.begin(states))

    def with_weights(self, own: FloatArray) -> FloatArray:
        """All unknowns of `WholeRecords`."""
        return np.concatenate([self.params, own])


def fitted_states(objective: WholeRecords, params: FloatArray) -> FloatArray:
    """Fit the states before all records, and levels, to the first steps; the weights stay.

    From rest and from the mean of the states along a record: what is far from states that the
    network passes through may be a valley of its own. The better one counts.

    Parameters
    ----------
    objective : WholeRecords
        Of outputs that are sums; where its states are not free the answer is rest.
    params : array of shape (n_params,)

    Returns
    -------
    states : array of shape (n_records, 2, n_units)

    Notes
    -----
    Twice up to forty Levenberg-Marquardt iterations; each costs a free run of these steps for every
    number of a state.
    """
    network, n_records = objective.network, objective.records.n_records
    per_step = n_records * 2 * network.n_units * network.n_params
    most = min(MEMORIES * objective.memory, max(FEWEST, WORK // per_step))
    slices = [slice(r.start, min(r.start + most, r.stop)) for r in objective.records.slices()]
    first = replace(
        objective,
        records=objective.records.cut(slices),
        fitted=np.concatenate([objective.fitted[part] for part in slices]),
        float32=False,
        workspace=_core.Workspace(),
    )
    unknowns = OwnUnknowns(first, params)
    fits = [_fitted(unknowns, states) for states in (None, _typical(objective, params))]
    return min(fits, key=unknowns.cost_from)


def _fitted(unknowns: OwnUnknowns, states: FloatArray | None) -> FloatArray:
    """Descend from given states, or from rest; no h is beyond what a step can leave."""
    own = unknowns.begin(states)
    state = DescentState(own, unknowns.cost(own))
    costs = [np.inf] * PATIENCE + [state.cost]
    for _ in range(STEPS if np.isfinite(state.cost) else 0):
        state = descend(unknowns, state)
        costs.append(state.cost)
        if state.stalled or state.cost > (1.0 - LEAST) * costs[-PATIENCE - 1]:
            break
    states = unknowns.objective.states(unknowns.with_weights(state.params)).copy()
    np.clip(states[:, 0], -1.0, 1.0, out=states[:, 0])
    return states


def _typical(objective: WholeRecords, params: FloatArray) -> FloatArray:
    """Mean of the states along the longest record, before every record."""
    records = objective.records
    longest = records.split(records.u)[int(np.argmax(records.lengths))]
    _, seen = states_along(objective.network, params, longest, LOOKS)
    return np.repeat(seen.mean(axis=0)[None], records.n_records, axis=0)


def begun_sums(
    problem: Problem, network: Network, params: FloatArray, rmse: float
) -> tuple[FloatArray, FloatArray]:
    """Find the initial states of some records.

    What the increments of the first steps are wrong by stays in the sums for ever, and a level
    cannot make up for it: it is known from the first output.

    Parameters
    ----------
    problem : Problem
        Of a plant that integrates.
    network : Network
    params : array of shape (n_params,)
    rmse : float
        Of the sums, in standardised units, in training.

    Returns
    -------
    inputs : array of shape (n_records, n_inputs)
        First inputs of these records.
    states : array of shape (n_records, 2, n_units)
    """
    whole = problem.whole
    assert whole is not None
    some = whole.records.some(RECORDS)
    part = some, some.scored(whole.washout)
    objective = WholeRecords.of(problem, network, part, whole.linear, params, rmse**2)
    states = fitted_states(replace(objective, free_states=True), params)
    return some.u[some.offsets[:-1]], states
