"""A start with curves in front of the poles, where no near-linear network follows the plant."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.folds import held_out_rows
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START
from fastlstm.solvers.tracker import Iterate, rmse_of
from fastlstm.starts.bends import LOOKED_AT, UNITS, Bends, left_by_bends
from fastlstm.starts.bent_linear import MAX_ORDER, BentLinear

BoolArray = NDArray[np.bool_]

FEWER = 0.9  # of the error that fewer steps leave, that more of them have to be below
LEFT = 0.8  # of the error of a linear regression, that bent inputs may leave at most
WORTH = 0.7  # of the held-out error (RMSE) of the linear model, that the start may have at most
WANTED = 0.04  # of the output's deviation, below which long records need no bends
WIDTH, HEAD = 6, (8,)  # of the layers behind the bends
SCALE = 0.05  # of h in the states
IDENTIFIED = 40_000  # steps of long records that the linear model behind the bends sees
SHARE = 0.3  # of the time at most, until it is compared


def bends_for(
    problem: Problem, records: Records, washout: int, units: tuple[int, ...] = (UNITS,)
) -> Bends | None:
    """Bends of the inputs, where outputs ask for them and the structure has or gets room.

    Parameters
    ----------
    problem : Problem
    records : Records
        To be fitted.
    washout : int
        First steps of every record that do not count.
    units : tuple of int
        How many steps to choose from, fewest first.

    Notes
    -----
    Two regressions on about 6000 steps: up to 40 ms for one input and output.
    """
    whole = problem.whole
    integrates = whole is not None and np.any(whole.gains)
    adds_up = integrates or problem.gate_ridge != 1.0  # increments: what they add up to counts
    if problem.n_lagged or problem.constraint or adds_up or not has_room(problem):
        return None
    some = records.spread(LOOKED_AT, LOOKED_AT // 2)
    room = None if problem.may_widen else problem.network.hidden_sizes[0]
    rows = _counted(some, washout)
    folds = held_out_rows(some, rows)
    best, least = None, LEFT
    for n_units in units:
        bends = Bends.of(some.u, n_units, room)
        if bends is None:
            return None
        left = left_by_bends(some, bends, folds, rows)
        if left < least:
            best, least = bends, FEWER * left
    return best


def is_worth_it(start_square: float, linear_square: float) -> bool:
    """Whether a start with bends is so much better on held-out rows that its weights are worth it.

    The linear model itself may do what fixed poles could not, as of a slow plant.
    """
    return start_square < WORTH**2 * linear_square


def has_room(problem: Problem) -> bool:
    """Whether sizes are free, or a second layer has room for a state and what acts at once."""
    widths, n_outputs = problem.network.hidden_sizes, problem.network.n_outputs
    given = len(widths) > 1 and widths[1] > n_outputs and min(widths[1:]) >= n_outputs
    return problem.may_widen or given


def fitting(
    problem: Problem,
    records: Records,
    bends: Bends,
    rows: BoolArray,
    sizes: tuple[int, tuple[int, ...]] = (WIDTH, HEAD),
    order: int | None = None,
) -> tuple[BentLinear, Network]:
    """Identify a linear model behind bends that fits into the network of a problem, or its own.

    Parameters
    ----------
    problem : Problem
    records : Records
    bends : Bends
    rows : bool array of shape (n_total,)
        Rows that count.
    sizes : width of the layer behind the bends, and those of the head
        Where the structure is free.
    order : int, optional
        Of the model, where it is known.
    """
    if problem.may_widen:
        model = BentLinear.identify(records, bends, rows, order=order)
        return model, model.network(*sizes)
    network = problem.network
    room = min(MAX_ORDER, network.hidden_sizes[1] - network.n_outputs)
    return BentLinear.identify(records, bends, rows, room, order), network


def _counted(records: Records, washout: int) -> BoolArray:
    """Rows that count, some in every record: stretches may be shorter than the washout."""
    return records.scored(min(washout, int(records.lengths.min()) // 2))


@dataclass(frozen=True)
class BentStart:
    """A start that is a Hammerstein model, see `BentLinear`.

    Gauss-Newton from near-linear weights ends in poor minima where an input passes through a dead
    zone or several periods of a sine.

    Parameters
    ----------
    race : Race
        Whose winner is far off.
    """

    race: Race

    def model(self, units: tuple[int, ...] = (UNITS,)) -> tuple[BentLinear, Network] | None:
        """Return the linear model behind bends, and a network for it; None if not worth it.

        Parameters
        ----------
        units : tuple of int
            How many steps to choose from, see `bends_for`.
        """
        problem, tracker = self.race.problem, self.race.tracker
        bends = bends_for(problem, problem.train, problem.washout, units)
        if bends is None:
            return None
        some = problem.train.spread(IDENTIFIED, IDENTIFIED // 4)
        model, network = fitting(problem, some, bends, _counted(some, problem.washout))
        start = rmse_of(problem, problem.judged, model.simulate(problem.judged))
        linear = tracker.score(problem.linear.embedded(problem.network))
        return (model, network) if is_worth_it(start**2, linear**2) else None

    def candidate(self, model: BentLinear, network: Network) -> Candidate:
        """Embed such a model in a network whose weights are all free."""
        state = DescentState(model.embedded(network, self.race.rng, SCALE), np.inf)
        rmse = self.race.tracker.score(state.params, network)
        return Candidate("bent linear", state, rmse, FIRST_STAGE_OF_A_START)

    def run(
        self, model: BentLinear, network: Network
    ) -> Generator[Iterate, float, Candidate | None]:
        """Descend on part of the data with all weights free; None where that is not better.

        Parameters
        ----------
        model : BentLinear
        network : Network
            In which it begins.
        """
        race, tracker = self.race, self.race.tracker
        before, limit = tracker.best_rmse, tracker.budget.time_used + SHARE
        candidate = self.candidate(model, network)
        yield from race.go_ahead(candidate, race.stages(network=network), limit)
        tracker.judge_by(race.problem.judged)
        candidate.rmse = tracker.score(candidate.state.params, network)
        return candidate if candidate.rmse < before else None
