"""How much data each part of the training sees: few rows first, all of them at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.row_choice import n_steps_scored, residuals_per_row, strided_plan
from fastlstm.solvers.gate_ridge import gate_strengths
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.penalty import Penalty, escalate
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stretches import spread_stretches

ROWS_PER_WEIGHT = (1.25, 2.5, 5.0, 10.0, 20.0, 80.0, 320.0)
MEMORY_FACTOR = (1.0, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0)
FIRST_WHOLE = 4  # from this stage on all records are used
MAX_STRIDE = 8
FEW = 40.0  # residuals per weight in all, below which the stages of few rows may be left out
LEFT_OUT = 2
FloatArray = NDArray[np.float64]
_EXTRA_STAGES = 6  # repetitions of the last stage for a constraint


@dataclass(frozen=True)
class Stage:
    """An objective on part of the training data and the validation records that go with it.

    `is_whole` says that rows come from all records, `is_polish` that an earlier stage did so too.
    """

    objective: Objective
    judge: Records
    is_last: bool
    is_whole: bool
    is_polish: bool


@dataclass(frozen=True)
class Stages:
    """The sequence of stages of a problem.

    Stage k uses about ``ROWS_PER_WEIGHT[k]`` residuals per weight. Only every `MAX_STRIDE`-th step
    becomes a row as long as the data last: neighbouring rows say nearly the same, so a longer
    stretch with a stride teaches more than a short one without. Late stages also look further
    back: the gradient of a truncated adjoint is good enough far from the minimum only. The stages
    beyond 20 residuals per weight are for noise: weights fitted to R rows are off by the noise of R
    rows, and once a stage has ended by itself that is what is left. With
    `careful` the first stages are left out where the data are few: their rows cannot tell which
    start is good.

    Where the problem has a stability constraint, its penalty grows from stage to stage, and the
    last stage is repeated until the constraint is satisfied.
    """

    problem: Problem
    memory: int
    penalty: Penalty | None = None
    careful: bool = False

    def __len__(self) -> int:
        ratios = np.array(ROWS_PER_WEIGHT)
        useful = min(int(np.sum(ratios < self._residuals_per_weight)) + 1, len(ratios))
        return max(1, useful - self.n_left_out)

    @property
    def _residuals_per_weight(self) -> float:
        network = self.problem.network
        return self.problem.train.n_counted / network.n_params

    @property
    def n_left_out(self) -> int:
        """Stages of few rows that are left out."""
        if not self.careful or self.problem.constraint is not None:
            return 0  # a penalty needs stages to grow in
        return LEFT_OUT if self._residuals_per_weight < FEW else 0

    @property
    def last_of_part(self) -> int:
        """The last stage of part of the data; -1 where there is none."""
        return min(FIRST_WHOLE - self.n_left_out, len(self) - 1) - 1

    def __getitem__(self, index: int) -> Stage:
        problem, network = self.problem, self.problem.network
        is_last = index == len(self) - 1
        is_whole = is_last or index + self.n_left_out >= FIRST_WHOLE
        index = min(index + self.n_left_out, len(ROWS_PER_WEIGHT) - 1)
        n_total = n_steps_scored(problem.train, problem.washout)
        per_row = residuals_per_row(problem.train, problem.washout)
        n_rows = max(1, int(ROWS_PER_WEIGHT[index] * network.n_params / per_row))
        stride = int(np.clip(n_total // n_rows, 1, MAX_STRIDE))
        n_steps = problem.train.n_total
        if is_whole:
            stride = max(1, n_total // n_rows)
        else:
            n_steps = round(n_rows * stride * (n_steps / n_total))
        records = spread_stretches(problem.train, n_steps, problem.washout)
        plan = strided_plan(records, problem.washout, stride, float32=problem.float32)
        objective = Objective(
            network,
            records,
            plan,
            round(MEMORY_FACTOR[index] * self.memory),
            problem.alpha,
            loss=problem.loss,
            strengths=gate_strengths(network, problem.gate_ridge),
            float32=problem.float32,
            n_threads=problem.n_threads,
        )
        objective = self._punish(objective)
        n_judged = problem.judged.n_total if is_whole else n_steps // 2
        judge = spread_stretches(problem.judged, n_judged, problem.judged_washout)
        return Stage(objective, judge, is_last, is_whole, index > FIRST_WHOLE)

    def order(self, first: int, last: int | None = None) -> Iterator[int]:
        """Yield the stages from `first` to `last`, and the very last again for a constraint."""
        final = len(self) - 1
        last = final if last is None else min(last, final)
        yield from range(min(first, last), last + 1)
        if self.problem.constraint is not None and last == final:
            yield from [last] * _EXTRA_STAGES

    def escalated(self, params: FloatArray) -> Stages:
        """Return the stages with the penalty that follows after one that ended at `params`."""
        if self.problem.constraint is None:
            return self
        excess = self.problem.constraint.excess(params)
        return replace(self, penalty=escalate(self._current_penalty, excess))

    def satisfied(self, params: FloatArray) -> bool:
        """Whether no further stage is needed for the constraint."""
        constraint = self.problem.constraint
        return constraint is None or constraint.holds(params)

    @property
    def _current_penalty(self) -> Penalty:
        if self.penalty is not None:
            return self.penalty
        return Penalty.first(self.problem.network.num_layers)

    def _punish(self, objective: Objective) -> Objective:
        """Add the penalty of the constraint, if there is one."""
        if self.problem.constraint is None:
            return objective
        penalty = self._current_penalty
        return replace(
            objective,
            constraint=self.problem.constraint.smoothed(),
            constraint_weight=penalty.weight * objective.n_residuals,
            constraint_shift=penalty.shift,
        )
