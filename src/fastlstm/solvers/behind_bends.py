"""A fit to long records behind bends that do not move."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.first_network import begin_small
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.race import Race
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.tracker import Budget, Iterate, Tracker
from fastlstm.starts.bent_inputs import BentInputs
from fastlstm.starts.linear import LinearModel

FloatArray = NDArray[np.float64]
T = TypeVar("T")

NAME = "behind bends"


@dataclass(frozen=True)
class BehindBends:
    """The race of a network whose inputs are bent, shown as one of networks with the bends.

    What the bends make of inputs is all that the network sees, so it is fitted like any other. It
    has far fewer weights than one whose bends move as well, and it makes up for what they lack.

    Parameters
    ----------
    outer : Tracker
        Of the whole fit.
    inputs : BentInputs
    race : Race
        Behind the bends, with a tracker of its own.
    """

    outer: Tracker
    inputs: BentInputs
    race: Race

    @classmethod
    def of(cls, race: Race, inputs: BentInputs, linear: LinearModel) -> BehindBends:
        """Begin with what is left of the time and the iterations.

        Parameters
        ----------
        race : Race
            Of networks that see the inputs as they are.
        inputs : BentInputs
        linear : LinearModel
            Of these.
        """
        outer = race.tracker
        problem = problem_behind(race.problem, inputs, linear)
        own = Tracker(problem, outer.clock, cautious=outer.cautious)
        own.budget = Budget(outer.clock, outer.iterations_left, 0, outer.budget.time_left)
        return cls(outer, inputs, replace(race, problem=problem, tracker=own))

    def shown(self, course: Generator[Iterate, float, T]) -> Generator[Iterate, float, T]:
        """Follow a course of the race, and remember its best in any case."""
        try:
            result = yield from followed(course, self.race.tracker, self._whole)
            return cast(T, result)  # None only where a course is left before its end
        finally:
            self._tell()

    def judge_linear(self) -> None:
        """Let the linear model stand for the bends until a network is better."""
        problem = self.race.problem
        network, params = self._in_front(None, problem.linear.embedded(problem.network))
        self.outer.judge_by(self.outer.problem.judged)
        self.outer.consider(params, f"{NAME}: linear model", network=network)

    def best_apart(self) -> tuple[Network, FloatArray] | None:
        """Return the best of the race as a network that sees all bent inputs, if there is one."""
        found = Rival.of(self.race.tracker)
        return None if found is None else self.inputs.apart(found.network, found.params)

    def _whole(self, iterate: Iterate, _: float) -> Iterate:
        """Show an iterate with the bends in front; only what may lead is judged once more."""
        own = self.race.tracker
        network, params = self._in_front(iterate.network, iterate.params)
        all_judge = own.judge.n_total == own.problem.judged.n_total
        leads = all_judge and own.best is iterate.params and self._may_lead(own)
        counts = None if leads else np.nan
        phase = f"{NAME}: {iterate.phase}"
        return replace(iterate, params=params, network=network, rmse_validation=counts, phase=phase)

    def _tell(self) -> None:
        """Let the whole fit know the best one."""
        found = Rival.of(self.race.tracker)
        self.outer.judge_by(self.outer.problem.judged)
        if found is None or not self._may_lead(self.race.tracker):
            return
        network, params = self._in_front(found.network, found.params)
        phase = f"{NAME}: {found.phase}"
        self.outer.consider(params, phase, found.rmse_train, network=network)

    def _may_lead(self, own: Tracker) -> bool:
        return own.best_rmse * own.best_risk < self.outer.best_rmse * self.outer.best_risk

    def _in_front(self, network: Network | None, params: FloatArray) -> tuple[Network, FloatArray]:
        return self.inputs.in_front(network or self.race.problem.network, params)


def problem_behind(problem: Problem, inputs: BentInputs, linear: LinearModel) -> Problem:
    """Return the problem of a network that sees bent inputs, whose linear model is known."""
    usual, validation = problem.alternative or problem.network, problem.validation
    behind = replace(
        problem,
        network=replace(usual, n_inputs=inputs.n_inputs),
        train=inputs.made_of(problem.train),
        validation=None if validation is None else inputs.made_of(validation),
        alternative=None,
        whole=None,
    )
    vars(behind.linear)["model"] = linear  # where cached_property keeps it
    return begin_small(behind)
