"""An average of networks that were fitted to the same records, its weights from held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.merging import Member, average
from fastlstm.solvers.consensus import agreeing
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.room import that_fit
from fastlstm.starts.deepening import deepened

FloatArray = NDArray[np.float64]

ALIKE, APART = 1.3, 3.0  # see `agreeing`: what goes astray elsewhere has no part in an average
SHRINK = 4.0  # error variances per row that draw the weights to equal ones
LEAST = 0.05  # weight below which a network is not worth its width


@dataclass(frozen=True)
class Stack:
    """Networks and what each counts; the weights are positive, with sum one."""

    members: tuple[Rival, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, problem: Problem, rivals: Sequence[Rival]) -> Stack:
        """Choose among networks that agree beside the records, by the free run on held-out ones.

        Parameters
        ----------
        problem : Problem
            Whose judged records tell.
        rivals : sequence of Rival
            Up to about ten, at least one.
        """
        members = that_fit(agreeing(rivals, problem.train, ALIKE, APART), problem.room)
        pairs = zip(members, stacked(problem, members), strict=True)
        kept = [(one, float(weight)) for one, weight in pairs if weight > 0.0]
        return cls(tuple(one for one, _ in kept), tuple(weight for _, weight in kept))

    @property
    def phase(self) -> str:
        """How it is told of."""
        n = len(self.members)
        return self.members[0].phase if n == 1 else f"average of {n} fits"

    def joined(self) -> Member:
        """Write it as one network; shallow members get layers that pass on what they are given."""
        deepest = max(one.network.num_layers for one in self.members)
        return average(
            [deepened(one.network, one.params, deepest) for one in self.members], self.weights
        )

    def exchanged(self, index: int, params: FloatArray) -> Stack:
        """Give a member other parameters."""
        members = list(self.members)
        members[index] = replace(members[index], params=params)
        return replace(self, members=tuple(members))


def stacked(problem: Problem, rivals: Sequence[Rival]) -> FloatArray:
    """Weights of the average whose free run is best on held-out rows, none of them negative.

    What noise adds to an error is the same for all networks, so that the differences between them
    tell the weights well, where the errors alone do not tell the best network from a lucky one.

    Parameters
    ----------
    problem, rivals
        As in `Stack.of`.

    Returns
    -------
    weights : array of shape (n_rivals,)
        With sum one; zero for what the average is better without, or hardly worse.

    References
    ----------
    L. Breiman, "Stacked regressions", 1996 (weights that are not negative, from held-out data).
    """
    errors = np.array([_errors(problem, rival) for rival in rivals])
    products = errors @ errors.T
    products[np.diag_indices_from(products)] += SHRINK * products.diagonal().min() / len(errors.T)
    kept = np.flatnonzero(_smallest(products) >= LEAST)
    weights = np.zeros(len(rivals))
    weights[kept] = _smallest(products[np.ix_(kept, kept)])
    return weights


def _errors(problem: Problem, rival: Rival) -> FloatArray:
    """Errors on the judged records, times the roots of their weights."""
    records, network = problem.judged, rival.network
    assert records.y is not None
    y, _ = _core.simulate(
        network, rival.params, records.u, records.offsets, n_threads=problem.n_threads
    )
    scored = records.scored(problem.judged_washout)
    error = (y - records.y)[scored]
    weights = problem.loss.row_weights(error, records.weights_of(scored))
    return (np.sqrt(weights) * error).ravel()


def _smallest(products: FloatArray) -> FloatArray:
    """Find w >= 0 with sum one and the smallest ``w @ products @ w``, among all sets that count."""
    best, found = np.inf, np.zeros(len(products))
    for size in range(1, len(products) + 1):
        for chosen in combinations(range(len(products)), size):
            kept = list(chosen)
            solved = np.linalg.solve(products[np.ix_(kept, kept)], np.ones(size))
            if np.all(solved >= 0.0) and 1.0 / solved.sum() < best:
                best, found = 1.0 / solved.sum(), np.zeros(len(products))
                found[kept] = solved / solved.sum()
    return found
