"""The best model so far on free-run validation, the history and the reports to a callback."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.base import Callback, Clock, HistoryRow, Problem, Progress
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.objective import Objective

FloatArray = NDArray[np.float64]


def free_run_rmse(problem: Problem, records: Records, params: FloatArray) -> float:
    """RMSE of the free run in standardised units, without the washout of each judged record."""
    y, _ = _core.simulate(
        problem.network,
        params,
        records.u,
        records.offsets,
        float32=problem.float32,
        n_threads=problem.n_threads,
    )
    assert records.y is not None
    with np.errstate(over="ignore", invalid="ignore"):
        error = (y - records.y)[records.scored(problem.judged_washout)]
        rmse = float(np.sqrt(np.mean(error**2)))
    return rmse if np.isfinite(rmse) else np.inf


@dataclass
class Tracker:
    """Judges every accepted iterate on `judge` records and remembers the best.

    `judge` may be exchanged for more records as the fit tightens; the best is then judged anew.
    """

    problem: Problem
    clock: Clock
    callback: Callback | None
    max_iter: int
    judge: Records | None = None
    best: FloatArray | None = None
    best_rmse: float = np.inf
    best_rmse_train: float = np.inf
    best_phase: str = ""
    best_iter: int = 0
    n_iter: int = 0
    history: list[HistoryRow] = field(default_factory=list)

    @property
    def exhausted(self) -> bool:
        """Whether iterations or time have run out."""
        return self.n_iter >= self.max_iter or self.clock.expired

    def score(self, params: FloatArray) -> float:
        """Return the validation RMSE of any parameters, without remembering them."""
        assert self.judge is not None
        return free_run_rmse(self.problem, self.judge, params)

    def judge_by(self, records: Records) -> None:
        """Exchange the validation records and judge the best anew."""
        self.judge = records
        if self.best is not None:
            self.best_rmse = self.score(self.best)

    def offer(self, objective: Objective, state: DescentState, phase: str) -> float:
        """Record an accepted iterate and return its validation RMSE."""
        self.n_iter += 1
        rmse = self.score(state.params)
        rmse_train = objective.rmse(state.params, state.cost)
        if rmse < self.best_rmse:
            self.best, self.best_rmse = state.params, rmse
            self.best_rmse_train, self.best_phase = rmse_train, phase
            self.best_iter = self.n_iter
        row = HistoryRow(
            self.n_iter,
            rmse_train,
            rmse,
            self.clock.cpu,
            self.clock.wall,
            state.damping,
            objective.plan.n_rows,
            phase,
        )
        self.history.append(row)
        if self.callback is not None and self.best is not None:
            self.clock.call(self.callback, self._progress(row, self.best))
        return rmse

    def _progress(self, row: HistoryRow, best: FloatArray) -> Progress:
        fraction = self.n_iter / self.max_iter
        if self.clock.time_limit:
            fraction = max(fraction, row.wall_time / self.clock.time_limit)
        return Progress(
            row.iteration,
            row.rmse_train,
            self.best_rmse,
            row.cpu_time,
            row.wall_time,
            row.phase,
            min(fraction, 1.0),
            best,
        )
