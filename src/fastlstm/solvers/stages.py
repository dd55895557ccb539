"""How much data each part of the training sees: few rows first, all of them at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.row_choice import n_steps_scored, residuals_per_row, strided_plan
from fastlstm.solvers.full_gradient import FullGradient, StageObjective
from fastlstm.solvers.gate_ridge import gate_strengths
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.penalty import Penalty, escalate
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stretches import spread_stretches

ROWS_PER_WEIGHT = (1.25, 2.5, 5.0, 10.0, 14.0, 60.0)
MEMORY_FACTOR = (1.0, 1.0, 1.5, 2.0, 2.0, 2.0)
WHOLE = 4  # from this stage on all records are used
MAX_STRIDE = 8
FEW = 40.0  # residuals per weight in all, below which the stages of few rows may be left out
LEFT_OUT = 2
FloatArray = NDArray[np.float64]
_EXTRA_STAGES = 6  # repetitions of the last stage for a constraint


@dataclass(frozen=True)
class Stage:
    """An objective on training data, and the validation records that go with it.

    `is_whole` says that the data are all of them.
    """

    objective: StageObjective
    judge: Records
    is_last: bool
    is_whole: bool


@dataclass(frozen=True)
class Stages:
    """The sequence of stages of a problem.

    Stage k uses about ``ROWS_PER_WEIGHT[k]`` residuals per weight. Only every `MAX_STRIDE`-th step
    becomes a row as long as the data last: neighbouring rows say nearly the same, so a longer
    stretch with a stride teaches more than a short one without. Late stages also look further
    back: the gradient of a truncated adjoint is good enough far from the minimum only. Weights
    fitted to R rows are off by the noise of R rows; so from stage `WHOLE` on all rows count, and
    those of the stage only tell the curvature, see `FullGradient`. With `careful` the first stages
    are left out where the data are few: their rows cannot tell which start is good.

    Where the problem has a stability constraint, its penalty grows from stage to stage, and the
    last stage is repeated until the constraint is satisfied.
    """

    problem: Problem
    memory: int
    penalty: Penalty | None = None
    careful: bool = False

    def __len__(self) -> int:
        ratios, given = np.array(ROWS_PER_WEIGHT), self._residuals_per_weight
        useful = min(int(np.sum(ratios < given)) + 1, len(ratios))
        if given < 2.0 * ratios[WHOLE]:
            useful = min(useful, WHOLE + 1)  # which has all rows then
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
        return min(WHOLE - self.n_left_out, len(self) - 1) - 1

    def __getitem__(self, index: int) -> Stage:
        problem, is_last = self.problem, index == len(self) - 1
        number = min(index + self.n_left_out, len(ROWS_PER_WEIGHT) - 1)
        is_whole = is_last or number >= WHOLE
        n_total = n_steps_scored(problem.train, problem.washout)
        per_row = residuals_per_row(problem.train, problem.washout)
        n_rows = max(1, int(ROWS_PER_WEIGHT[number] * problem.network.n_params / per_row))
        memory = round(MEMORY_FACTOR[number] * self.memory)
        if is_whole:
            objective = self._on_all(max(1, n_total // n_rows), memory)
            return Stage(objective, problem.judged, is_last, is_whole)
        stride = int(np.clip(n_total // n_rows, 1, MAX_STRIDE))
        n_steps = round(n_rows * stride * (problem.train.n_total / n_total))
        records = spread_stretches(problem.train, n_steps, problem.washout)
        objective = self._punish(self._on(records, stride, memory))
        judge = spread_stretches(problem.judged, n_steps // 2, problem.judged_washout)
        return Stage(objective, judge, is_last, is_whole)

    def _on_all(self, stride: int, memory: int) -> StageObjective:
        """Objective on all rows, one in `stride` of which tells the curvature."""
        records = self.problem.train
        whole = self._punish(self._on(records, 1, memory))
        if stride == 1:
            return whole
        return FullGradient(self._on(records, stride, memory), whole, self.problem.washout)

    def _on(self, records: Records, stride: int, memory: int) -> Objective:
        """Objective on every `stride`-th row of some records, without a penalty."""
        problem, network = self.problem, self.problem.network
        return Objective(
            network,
            records,
            strided_plan(records, problem.washout, stride, float32=problem.float32),
            memory,
            problem.alpha,
            loss=problem.loss,
            strengths=gate_strengths(network, problem.gate_ridge),
            float32=problem.float32,
            n_threads=problem.n_threads,
        )

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
