"""States in which the records of a plant that integrates began."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm._linalg import NormalEquations
from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.whole_records import WholeRecords

FloatArray = NDArray[np.float64]

FIRST = 2000  # steps of a record that tell
RECORDS = 8  # that tell, at most
STEPS = 20  # iterations
LEAST = 1e-3  # relative decrease of the cost in an iteration, below which they end


@dataclass(frozen=True)
class BegunSums:
    """The error of records of sums, of which only states and levels before them are unknown.

    Parameters
    ----------
    objective : WholeRecords
        With free states.
    params : array of shape (n_params,)
        Weights, which stay.
    """

    objective: WholeRecords
    params: FloatArray

    def cost(self, own: FloatArray) -> float:
        """Cost of `WholeRecords` with these states and levels."""
        return self.objective.cost(np.concatenate([self.params, own]))

    def normal_equations(self, own: FloatArray) -> NormalEquations:
        """Their part of the equations of `WholeRecords`."""
        every = self.objective.normal_equations(np.concatenate([self.params, own]))
        assert isinstance(every, NormalEquations)
        n_params = len(self.params)
        gram = np.asfortranarray(every.gram[n_params:, n_params:])
        return NormalEquations(gram, every.gradient[n_params:])

    def found(self) -> tuple[FloatArray, float]:
        """Descend from rest; states of shape (n_records, 2, n_units), and the RMSE from there."""
        own = self.objective.begin(self.params)[len(self.params) :]
        descent = DescentState(own, self.cost(own))
        for _ in range(STEPS if np.isfinite(descent.cost) else 0):
            before = descent.cost
            descent = descend(self, descent)
            if descent.stalled or descent.cost > (1.0 - LEAST) * before:
                break
        x = np.concatenate([self.params, descent.params])
        return self.objective.states(x), self.objective.rmse(x, descent.cost)


def begun_sums(
    problem: Problem, network: Network, params: FloatArray, rmse: float
) -> tuple[FloatArray, FloatArray]:
    """Fit the initial states of some records to their first steps; the weights stay.

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

    Notes
    -----
    Up to twenty Levenberg-Marquardt iterations on at most `FIRST` steps of `RECORDS` records.
    """
    whole = problem.whole
    assert whole is not None
    some = whole.records.some(RECORDS)
    states = []
    for rows in some.slices():
        record = some.cut([slice(rows.start, min(rows.start + FIRST, rows.stop))])
        part = record, record.scored(whole.washout)
        objective = WholeRecords.of(problem, network, part, whole.linear, params, rmse**2)
        states.append(BegunSums(replace(objective, free_states=True), params).found()[0][0])
    return some.u[some.offsets[:-1]], np.array(states)
