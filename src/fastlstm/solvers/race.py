"""Who descends on long records: several starts on few rows, the first of them well ahead."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from fastlstm.network import Network
from fastlstm.solvers.adam_descent import AdamDescent
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.heats import Candidate, heat
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START, StageLimits, descend_stages
from fastlstm.solvers.stages import WHOLE, Stages
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.candidates import linear_candidates, random_candidate
from fastlstm.starts.random import random_start

AHEAD = 0.1  # of the time that is used up when the first start waits for the others
CAUGHT_UP = 0.3  # the same for one that does better
POOR, BAD = 0.3, 0.12  # of the linear model's validation error, and of the output's deviation:
# where the winner is above both, Adam looks for another basin
ADAM_SHARE, ADAM_STEPS = 0.15, 1500  # of the time at most; as much again for what follows
_FIRST_MEMORY = 64  # steps of the adjoint until the linear model tells


@dataclass(frozen=True)
class Race:
    """Heats of all kinds of start.

    A random start runs first: it needs no linear model, so a good model comes early. It also goes
    ahead through the stages of part of the data, because it often wins. If another start is better
    after the heats, that one goes as far, and the better of the two there wins.

    Parameters
    ----------
    problem : Problem
    tracker : Tracker
    rng : numpy Generator
    n_starts : int
        Random starts, at least 1.
    round_iter : int
        Iterations of each start between two eliminations.
    limits : StageLimits
        When a stage ends.
    careful : bool
        See `Stages`.
    """

    problem: Problem
    tracker: Tracker
    rng: np.random.Generator
    n_starts: int
    round_iter: int
    limits: StageLimits
    careful: bool

    def run(self) -> Generator[Iterate, float, list[Candidate]]:
        """Candidates, the best first."""
        stages = self.stages(_FIRST_MEMORY)
        stage, field = stages[0], []
        self.tracker.judge_by(stage.judge)
        objective = stage.objective
        for number in range(1, self.n_starts + 1):
            records, washout = objective.records, self.problem.washout
            start = random_candidate(self.problem.network, records, washout, self.rng, number)
            field.append((yield from heat(objective, [start], self.tracker, self.round_iter)))
            if number == 1:
                yield from self.go_ahead(field[0], stages, AHEAD)
                self.tracker.judge_by(stage.judge)
                embedded = linear_candidates(self.problem.network, self.problem.linear, self.rng)
                objective = objective.with_memory(self.problem.linear.memory)
                field.append((yield from heat(objective, embedded, self.tracker, self.round_iter)))
        return led_by((yield from self._challenge(field)), field)

    def _challenge(self, field: list[Candidate]) -> Generator[Iterate, float, Candidate]:
        """Let a start that did better in its heat than the first go as far; the better wins."""
        first, best = field[0], min(field, key=lambda candidate: candidate.rmse)
        if best is first or first.stage == 0:
            return best
        yield from self.go_ahead(best, self.stages(), CAUGHT_UP)
        self.tracker.judge_by(self.problem.judged)
        for candidate in (first, best):
            candidate.rmse = self.tracker.score(candidate.state.params)
        return min(first, best, key=lambda candidate: candidate.rmse)

    def is_off(self, winner: Candidate, limit: float) -> bool:
        """Whether the winner has more than this validation error."""
        if not np.isfinite(winner.rmse) or self.problem.constraint is not None:
            return False
        self.tracker.judge_by(self.problem.judged)
        winner.rmse = self.tracker.score(winner.state.params)
        return winner.rmse > limit

    def is_poor(self, winner: Candidate) -> bool:
        """Whether it is far off, and not much better than the linear model."""
        if not self.is_off(winner, BAD):
            return False
        linear = self.problem.linear.embedded(self.problem.network)
        return winner.rmse > POOR * self.tracker.score(linear)

    def by_adam(self, field: list[Candidate]) -> Generator[Iterate, float, list[Candidate]]:
        """Let Adam look for another basin and go on from there; it or the first so far wins.

        Gauss-Newton from near-linear weights ends in poor minima where the plant is far from
        linear, such as an input that passes through several periods of a sine.
        """
        budget, problem, rng, winner = self.tracker.budget, self.problem, self.rng, field[0]
        begun = budget.time_used
        descent = AdamDescent.suited(problem, ADAM_STEPS)
        params = yield from descent.run(
            random_start(problem.network, rng),
            rng,
            "Adam",
            lambda: (budget.time_used - begun) / ADAM_SHARE,
        )
        rival = Candidate("Adam", DescentState(params, np.inf), stage=FIRST_STAGE_OF_A_START)
        rival.rmse = self.tracker.score(params)
        stages = self.stages()
        yield from self.go_ahead(rival, stages, begun + 2.0 * ADAM_SHARE)
        self.tracker.judge_by(problem.judged)
        for candidate in (winner, rival):
            candidate.rmse = self.tracker.score(candidate.state.params)
        field = [*field, rival]
        return led_by(min(winner, rival, key=lambda candidate: candidate.rmse), field)

    def go_ahead(
        self, candidate: Candidate, stages: Stages, share: float
    ) -> Generator[Iterate, float, None]:
        """Descend on part of the data, unless a penalty has to grow from the first stage on."""
        last = min(WHOLE, len(stages)) - 1
        if not np.isfinite(candidate.rmse) or self.problem.constraint is not None or last < 1:
            return
        limits = replace(self.limits, time_share=share)
        reached = yield from descend_stages(
            stages,
            candidate.state,
            self.tracker,
            candidate.name,
            limits,
            first=candidate.stage,
            last=last,
            anew=candidate.stage > 0,
        )
        candidate.state, candidate.stage = reached.state, reached.stage

    def stages(self, memory: int | None = None, network: Network | None = None) -> Stages:
        """Return the stages of the problem, or of another network.

        Parameters
        ----------
        memory : int, optional
            Steps of the adjoint; that of the linear model when None.
        network : Network, optional
        """
        problem = self.problem if network is None else self.problem.with_network(network)
        memory = problem.linear.memory if memory is None else memory
        return Stages(problem, memory, careful=self.careful)


def led_by(winner: Candidate, field: list[Candidate]) -> list[Candidate]:
    """Put the winner first, the others by their errors."""
    return sorted(field, key=lambda candidate: (candidate is not winner, candidate.rmse))
