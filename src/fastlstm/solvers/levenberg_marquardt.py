"""Levenberg-Marquardt on the free-run error, from a race of starts to all the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fastlstm.solvers.base import AbstractSolver, Callback, Clock, Problem, Solution, Status
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.heats import Candidate, heat
from fastlstm.solvers.stages import Stage, Stages
from fastlstm.solvers.tracker import Tracker
from fastlstm.starts.candidates import LinearStart, linear_candidates, random_candidate

FloatArray = NDArray[np.float64]

_WINDOW = 5  # iterations over which a decrease is judged
_MAX_MEMORY_GROWTH = 8
_FIRST_MEMORY = 64  # steps of the adjoint until the linear model tells

_ADVICE = {
    Status.CONVERGED: "the relative decrease of the cost fell below tol={tol:g}.",
    Status.EARLY_STOPPED: "the free-run validation error stopped improving.",
    Status.MAX_ITER: "stopped at max_iter={max_iter}. Increase max_iter if fit % still rose.",
    Status.TIME_LIMIT: "stopped at time_limit. Allow more time if fit % still rose.",
    Status.INTERRUPTED: "interrupted; the best model so far is kept.",
    Status.FALLBACK: "no network was better than the linear model on validation; the linear model "
    "is returned as a network. Use more data, a longer time_limit or another hidden_sizes.",
}


@dataclass(frozen=True)
class LevenbergMarquardt(AbstractSolver):
    r"""Gauss-Newton with Marquardt's damping on the true free-run cost.

    1. Near-linear random starts descend for some iterations on few rows. A linear model is
       identified and embedded in the network in two ways; the better of these descends as far.
    2. The best of them on free-run validation goes on. The linear model is the one to beat.
    3. The winner descends through stages of more and more rows, up to the whole record. Every
       iteration solves :math:`(J'J + \mu\,\mathrm{diag}(J'J))\,s = -J'r` with exact Jacobian rows
       by finite-memory adjoints and accepts on the true free-run cost.
    4. The iterate that was best on free-run validation is returned.

    Parameters
    ----------
    max_iter : int
        Accepted iterations, those of the race included.
    tol : float
        Relative decrease of the cost per iteration below which the last stage ends.
    n_starts : int
        Random starts, at least 1.
    race_iter : int
        Iterations of each start between two eliminations.
    stage_tol : float
        The same as `tol` for the earlier stages, which only prepare the next.
    patience : int
        Iterations without a better validation error that end a stage.

    Notes
    -----
    An iteration costs R P^2 (Gram matrix) + P^3 / 3 (Cholesky) + O(R M P) (rows) for R rows, P
    weights and memory M: meant for P up to about 3000. BLAS runs on one thread, so that sums keep
    their order; `Problem.n_threads` splits records and rows.

    References
    ----------
    Levenberg 1944; Marquardt 1963; Nielsen 1999 (damping); Schoukens, arXiv 2103.14516 (linear
    start); W. Yu, X. Li, J. Gonzalez, "Fast Training of Deep LSTM Networks", 2019 (forward and
    recurrent part of the cell).
    """

    max_iter: int = 1000
    tol: float = 1e-4
    n_starts: int = 2
    race_iter: int = 5
    stage_tol: float = 0.02
    patience: int = 25

    def solve(
        self,
        problem: Problem,
        *,
        rng: np.random.Generator,
        clock: Clock | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Train; see the class for the method and `AbstractSolver.solve` for the contract."""
        clock = Clock() if clock is None else clock
        with threadpool_limits(limits=1, user_api="blas"):
            linear = LinearStart(problem.train, problem.washout)
            tracker = Tracker(problem, clock, callback, self.max_iter)
            try:
                status = self._train(problem, linear, tracker, rng)
            except KeyboardInterrupt:
                status = Status.INTERRUPTED
            return self._conclude(problem, linear, tracker, status)

    def _train(
        self, problem: Problem, linear: LinearStart, tracker: Tracker, rng: np.random.Generator
    ) -> Status:
        winner = self._race(problem, linear, tracker, rng)
        stages = Stages(problem, linear.memory)
        stage = stages[0]
        state, status = winner.state, Status.CONVERGED
        if not np.isfinite(winner.rmse):
            return status
        for index in range(len(stages)):
            if index > 0:
                stage = stages[index]
                tracker.judge_by(stage.judge)
                cost = stage.objective.cost(state.params)
                state = DescentState(state.params, cost, state.damping)
            state, status = self._descend_stage(stage, state, tracker, f"{winner.name}, {index}")
            if tracker.exhausted:
                return Status.MAX_ITER if tracker.n_iter >= self.max_iter else Status.TIME_LIMIT
        return status

    def _race(
        self, problem: Problem, linear: LinearStart, tracker: Tracker, rng: np.random.Generator
    ) -> Candidate:
        """Run a random start first: it needs no linear model, so a good model comes early."""
        stage = Stages(problem, _FIRST_MEMORY)[0]
        tracker.judge_by(stage.judge)
        network, objective = problem.network, stage.objective
        winners = []
        for number in range(1, self.n_starts + 1):
            start = random_candidate(network, objective.records, rng, number)
            winners.append(heat(objective, [start], tracker, self.race_iter))
            if number == 1:
                embedded = linear_candidates(network, linear, rng)
                objective = objective.with_memory(linear.memory)
                winners.append(heat(objective, embedded, tracker, self.race_iter))
        return min(winners, key=lambda candidate: candidate.rmse)

    def _descend_stage(
        self, stage: Stage, state: DescentState, tracker: Tracker, phase: str
    ) -> tuple[DescentState, Status]:
        objective, costs, begun = stage.objective, [state.cost], tracker.n_iter
        limit = objective.memory * _MAX_MEMORY_GROWTH
        tol = self.tol if stage.is_last else self.stage_tol
        while not tracker.exhausted:
            state = descend(objective, state)
            if state.stalled and 2 * objective.memory <= limit:
                # The truncated gradient may be what fails: look further back before giving up.
                objective = objective.with_memory(2 * objective.memory)
                state = replace(state, stalled=False)
                continue
            if state.stalled:
                return state, Status.CONVERGED
            tracker.offer(objective, state, phase)
            costs.append(state.cost)
            if len(costs) > _WINDOW and costs[-1] > costs[-1 - _WINDOW] * (1 - _WINDOW * tol):
                return state, Status.CONVERGED
            if tracker.n_iter - max(begun, tracker.best_iter) >= self.patience:
                return state, Status.EARLY_STOPPED
        return state, Status.CONVERGED

    def _conclude(
        self, problem: Problem, linear: LinearStart, tracker: Tracker, status: Status
    ) -> Solution:
        """Compare with the linear model on all validation data and describe what happened."""
        tracker.judge_by(problem.judged)
        params, rmse, start = tracker.best, tracker.best_rmse, tracker.best_phase
        embedded = linear.embedded(problem.network)
        rmse_linear = tracker.score(embedded)
        rmse_train = tracker.best_rmse_train
        if params is None or rmse_linear < rmse:
            if status is not Status.INTERRUPTED:
                status = Status.FALLBACK
            params, rmse, start, rmse_train = embedded, rmse_linear, "linear", np.nan
        message = "LevenbergMarquardt " + _ADVICE[status].format(
            tol=self.tol, max_iter=self.max_iter
        )
        history = tuple(tracker.history)
        return Solution(params, status, message, tracker.n_iter, rmse_train, rmse, start, history)
