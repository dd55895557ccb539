"""Further fits of long records from other random numbers, and the average of what they found."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from fastlstm.network import Network
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.heats import Candidate, heat
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.race import Race
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.stacking import Stack
from fastlstm.solvers.stage_descent import descend_stages, regularised
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.tracker import Iterate, Tracker, free_run_rmse
from fastlstm.solvers.whitening import Whitening
from fastlstm.solvers.widening import ROUND_PATIENCE, ROUND_TOL, WORTH, Widening
from fastlstm.starts.candidates import random_candidate

Course = Generator[Iterate, float, None]

FITS, LONG_FITS = 6, 2  # from random starts, if there is time; of long records one tells more
ENOUGH = 0.5  # of the time of the last fit of that structure, for another one
SHARE = 0.9  # of the time, after which no fit goes on where held-out rows are still to be fitted
ALL_ROWS, DAMPING = 2, 0.1  # iterations on these and all others, and what the first begins with


@dataclass
class Repeats:
    """Fits from other random starts, of the structure that leads or of the alternative.

    Where noise is what limits, every fit is off in another way, and held-out rows hardly tell a
    lucky one; an average is nearer to the plant than its members. In records of medium length
    these finally see the held-out rows as well.

    Parameters
    ----------
    race : Race
        With the problem, and the tracker that knows the best network so far.
    others : list of Candidate
        Starts that lost the race and are well on their way; they go on first.
    time_share : float
        Part of the time after which no fit goes on. If it is less than all, errors are alike, and
        the average is whitened in the end.
    found : list of Rival
        Results so far.
    """

    race: Race
    others: list[Candidate] = field(default_factory=list)
    time_share: float = 1.0
    found: list[Rival] = field(default_factory=list)

    @property
    def problem(self) -> Problem:
        """That of the race."""
        return self.race.problem

    def run(self) -> Course:
        """Fit as often as there is time for; the tracker is told of the average in any case."""
        first = Rival.of(self.race.tracker)
        if first is None:
            return
        self.found.append(first)
        try:
            yield from self._fits()
        finally:
            stack = Stack.of(self.problem, self.found)
            network, params = stack.joined()
            rmse = self.race.tracker.consider(
                params, stack.phase, self._rmse_train(network, params), network=network
            )
        whitened = stack
        if self.time_share < 1.0:
            whitened = yield from Whitening(self.problem, self.race.tracker).run(stack)
        linear = self.problem.linear.embedded(self.problem.network)
        if whitened is stack and self._sees_all and rmse < self.race.tracker.score(linear):
            yield from self._on_all_rows(stack, rmse)

    @property
    def _sees_all(self) -> bool:
        """Whether held-out rows are much of what there is."""
        return self.problem.whole is not None

    @property
    def _is_late(self) -> bool:
        return self.race.tracker.used > min(self.time_share, SHARE if self._sees_all else 1.0)

    def _rmse_train(self, network: Network, params: np.ndarray) -> float:
        train = replace(self.problem, validation=None)
        return free_run_rmse(train, train.train, params, network)

    def _fits(self) -> Course:
        """Let what lost the race go on, try the alternative, then repeat what leads."""
        tracker, durations = self.race.tracker, dict[Network, float]()
        first: list[tuple[Network, Candidate | None]]
        first = [(self.problem.network, other) for other in self.others]
        if self.problem.alternative is not None:
            first.append((self.problem.alternative, None))
        few = self._sees_all or self.problem.room is not None
        for number in range(len(self.others) + (FITS if few else LONG_FITS)):
            network, other = min(self.found, key=lambda rival: rival.rmse).network, None
            if number < len(first):
                network, other = first[number]
            begun, needed = tracker.used, ENOUGH * durations.get(network, 0.0)
            if self._is_late or begun + needed > 1.0:
                return
            yield from self._fit(network, other)
            durations[network] = tracker.used - begun

    def _fit(self, network: Network, other: Candidate | None) -> Course:
        """One more fit, judged for itself."""
        tracker = self.race.tracker
        problem = self.problem.with_network(network)
        own = Tracker(problem, tracker.clock)
        own.begin(tracker.iterations_left)
        widths = "x".join(map(str, network.hidden_sizes))
        turn = f"fit {len(self.found) + 1}, {widths} units: "

        def told(iterate: Iterate, _: float) -> Iterate:
            phase, shape = turn + iterate.phase, iterate.network or network
            return replace(iterate, phase=phase, network=shape, rmse_validation=np.nan)

        try:
            course = self._descent(replace(self.race, problem=problem, tracker=own), other)
            yield from followed(course, own, told, lambda: self._is_late)
        finally:
            found = Rival.of(own)
            if found is not None:
                self.found.append(found)

    def _descent(self, race: Race, other: Candidate | None) -> Course:
        """Go through all stages that are left; a structure that leads then gets more units."""
        tracker, stages = race.tracker, race.stages()
        leader = min(one.rmse for one in self.found)
        one = (yield from self._started(race, stages)) if other is None else other
        if not np.isfinite(one.rmse):
            return
        limits = replace(race.limits, tol=ROUND_TOL, patience=ROUND_PATIENCE)
        begun = {"first": one.stage, "anew": one.stage > 0}
        yield from descend_stages(stages, one.state, tracker, one.name, limits, **begun)
        tracker.judge_by(race.problem.judged)
        if tracker.best_rmse < WORTH * leader:
            yield from Widening(race.problem, limits.stage_tol, tracker, race.rng).run()

    def _started(self, race: Race, stages: Stages) -> Generator[Iterate, float, Candidate]:
        """Descend from a random start on the rows of the first stage."""
        stage, problem = stages[0], race.problem
        race.tracker.judge_by(stage.judge)
        drawn = problem.network, stage.objective.records, problem.washout, race.rng
        start = random_candidate(*drawn, len(self.found) + 1)
        return (yield from heat(stage.objective, [start], race.tracker, race.round_iter))

    def _on_all_rows(self, stack: Stack, rmse: float) -> Course:
        """Let the members see all rows; `rmse` is what held-out ones told before."""
        try:
            for index, one in enumerate(stack.members):
                for iterate in self._refit(one):
                    yield iterate
                    stack = stack.exchanged(index, iterate.params)
        finally:
            network, params = stack.joined()
            told = self._rmse_train(network, params), rmse
            self.race.tracker.decide(network, params, stack.phase, *told)

    def _refit(self, one: Rival) -> Generator[Iterate, float, None]:
        """Few iterations: the patience that has chosen these weights cannot judge any more."""
        problem, whole = self.problem.with_network(one.network), self.problem.whole
        assert whole is not None
        everything = replace(problem, train=whole.records, validation=None)
        vars(everything)["linear"] = problem.linear  # where cached_property keeps it
        stages = replace(self.race, problem=everything).stages()
        objective = regularised(stages[len(stages) - 1].objective, problem, one.rmse)
        state = DescentState(one.params, objective.cost(one.params), DAMPING)
        for _ in range(ALL_ROWS):
            state = descend(objective, state)
            yield Iterate(
                state.params,
                objective.rmse(state.params, state.cost),
                f"all rows: {one.phase}",
                state.damping,
                objective.plan.n_rows,
                rmse_validation=np.nan,
                network=one.network,
            )
