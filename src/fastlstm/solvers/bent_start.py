"""A start with curves in front of the poles, where no near-linear network follows the plant."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.folds import Fold, held_out_rows, mean_square
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START
from fastlstm.solvers.tracker import Iterate
from fastlstm.starts.bends import LOOKED_AT, Bends, left_by_bends
from fastlstm.starts.bent_linear import MAX_ORDER, BentLinear

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEFT = 0.5  # of the error of a linear regression, that bent inputs may leave at most
WORTH = 0.7  # of the held-out error (RMSE) of the linear model, that the start may have at most
WIDTH, HEAD = 6, (8,)  # of the layers behind the bends
SCALE = 0.05  # of h in the states
IDENTIFIED = 40_000  # steps of long records that the linear model behind the bends sees
SHARE = 0.3  # of the time at most, until it is compared


def bends_for(problem: Problem, records: Records, washout: int) -> Bends | None:
    """Bends of the inputs, where outputs ask for them and the structure has or gets room.

    Parameters
    ----------
    problem : Problem
    records : Records
        To be fitted.
    washout : int
        First steps of every record that do not count.

    Notes
    -----
    Two regressions on about 6000 steps: up to 40 ms for one input and output.
    """
    whole = problem.whole
    integrates = whole is not None and np.any(whole.gains)
    adds_up = integrates or problem.gate_ridge != 1.0  # increments: what they add up to counts
    if problem.n_lagged or problem.constraint or adds_up or not _has_room(problem):
        return None
    some = records.spread(LOOKED_AT, LOOKED_AT // 2)
    bends = Bends.of(some.u, None if problem.may_widen else problem.network.hidden_sizes[0])
    if bends is None:
        return None
    rows = _counted(some, washout)
    return bends if left_by_bends(some, bends, held_out_rows(some, rows), rows) < LEFT else None


def is_worth_it(start_square: float, linear_square: float) -> bool:
    """Whether a start with bends is so much better on held-out rows that its weights are worth it.

    The linear model itself may do what fixed poles could not, as of a slow plant.
    """
    return start_square < WORTH**2 * linear_square


def _has_room(problem: Problem) -> bool:
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
    """
    if problem.may_widen:
        model = BentLinear.identify(records, bends, rows)
        return model, model.network(*sizes)
    network = problem.network
    room = min(MAX_ORDER, network.hidden_sizes[1] - network.n_outputs)
    return BentLinear.identify(records, bends, rows, room), network


def _counted(records: Records, washout: int) -> BoolArray:
    """Rows that count, some in every record: stretches may be shorter than the washout."""
    return records.scored(min(washout, int(records.lengths.min()) // 2))


@dataclass(frozen=True)
class BentStart:
    """A network of two layers that begins as a Hammerstein model, see `BentLinear`.

    Gauss-Newton from near-linear weights ends in poor minima where an input passes through a dead
    zone or several periods of a sine.

    Parameters
    ----------
    race : Race
        Whose winner is far off.
    """

    race: Race

    def run(self, time_share: float) -> Generator[Iterate, float, tuple[Network, Candidate] | None]:
        """Descend on part of the data; None where it is not worth it or not better.

        Parameters
        ----------
        time_share : float
            Part of the time that may be used at all.
        """
        problem, tracker = self.race.problem, self.race.tracker
        before = tracker.best_rmse
        bends = bends_for(problem, problem.train, problem.washout)
        if bends is None:
            return None
        some = problem.train.spread(IDENTIFIED, IDENTIFIED // 4)
        model, network = fitting(problem, some, bends, _counted(some, problem.washout))
        state = DescentState(model.embedded(network, self.race.rng, SCALE), np.inf)
        candidate = Candidate("bent linear", state, stage=FIRST_STAGE_OF_A_START)
        candidate.rmse = tracker.score(state.params, network)
        linear = tracker.score(problem.linear.embedded(problem.network))
        if not is_worth_it(candidate.rmse**2, linear**2):
            return None
        limit = min(tracker.budget.time_used + SHARE, time_share)
        yield from self.race.go_ahead(candidate, self.race.stages(network=network), limit)
        tracker.judge_by(problem.judged)
        candidate.rmse = tracker.score(candidate.state.params, network)
        return (network, candidate) if candidate.rmse < before else None


def begin_bent(
    problem: Problem,
    records: Records,
    fold: Fold,
    bends: Bends,
    sizes: tuple[int, tuple[int, ...]],
    rng: np.random.Generator,
) -> tuple[Fold, Network, FloatArray]:
    """Put the linear model behind bent inputs in the place of that of a fold.

    Parameters
    ----------
    problem : Problem
    records : Records
    fold : Fold
    bends : Bends
    sizes : width of the layer behind the bends, and those of the head
        Where the structure is free.
    rng : numpy Generator

    Returns
    -------
    fold : Fold
        With this model and its error on the fitted rows.
    network : Network
    params : array of shape (n_params,)
        Of the network that begins as this model.
    """
    assert records.y is not None
    model, network = fitting(problem, records, bends, fold.fitted, sizes)
    error = (model.simulate(records) - records.y)[fold.fitted]
    noise = mean_square(error, records.weights_of(fold.fitted), fold.loss)
    fold = replace(fold, linear=model.linear, noise=noise)
    return fold, network, model.embedded(network, rng, SCALE)
