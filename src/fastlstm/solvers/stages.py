"""How much data each part of the training sees: few rows first, all of them at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.objective import Objective
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stretches import spread_stretches

ROWS_PER_WEIGHT = (1.25, 2.5, 5.0, 10.0, 20.0)
MEMORY_FACTOR = (1.0, 1.0, 1.5, 2.0, 2.0)
MAX_STRIDE = 8


@dataclass(frozen=True)
class Stage:
    """An objective on part of the training data and the validation records that go with it."""

    objective: Objective
    judge: Records
    is_last: bool


@dataclass(frozen=True)
class Stages:
    """The sequence of stages of a problem.

    Stage k uses about ``ROWS_PER_WEIGHT[k]`` residuals per weight. Only every `MAX_STRIDE`-th step
    becomes a row as long as the data last: neighbouring rows say nearly the same, so a longer
    stretch with a stride teaches more than a short one without. Late stages also look further
    back: the gradient of a truncated adjoint is good enough far from the minimum only.
    """

    problem: Problem
    memory: int

    def __len__(self) -> int:
        network, train = self.problem.network, self.problem.train
        available = train.n_total * network.n_outputs
        ratios = np.array(ROWS_PER_WEIGHT)
        useful = int(np.sum(ratios * network.n_params < available)) + 1
        return min(useful, len(ratios))

    def __getitem__(self, index: int) -> Stage:
        problem, network = self.problem, self.problem.network
        is_last = index == len(self) - 1
        n_rows = max(1, int(ROWS_PER_WEIGHT[index] * network.n_params / network.n_outputs))
        stride = int(np.clip(problem.train.n_total // n_rows, 1, MAX_STRIDE))
        n_steps = problem.train.n_total if is_last else n_rows * stride
        if is_last:
            stride = max(1, problem.train.n_total // n_rows)
        records = spread_stretches(problem.train, n_steps, problem.washout)
        plan = _core.plan_rows(
            records.offsets, washout=problem.washout, stride=stride, float32=problem.float32
        )
        objective = Objective(
            network,
            records,
            plan,
            round(MEMORY_FACTOR[index] * self.memory),
            problem.alpha,
            float32=problem.float32,
            n_threads=problem.n_threads,
        )
        n_judged = problem.judged.n_total if is_last else n_steps // 2
        judge = spread_stretches(problem.judged, n_judged, problem.judged_washout)
        return Stage(objective, judge, is_last)
