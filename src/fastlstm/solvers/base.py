"""The one loop every training method runs in: limits, judging, history, interrupts, fallback."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fastlstm.solvers.checks import check_options
from fastlstm.solvers.problem import Callback, Clock, Problem, Solution, Status
from fastlstm.solvers.tracker import Iterate, Tracker

FloatArray = NDArray[np.float64]
Course = Generator[Iterate, float, Status]

_ADVICE = {
    Status.CONVERGED: "the relative decrease of the cost fell below tol={tol:g}.",
    Status.DONE: "did everything it had to do.",
    Status.EARLY_STOPPED: "the free-run validation error stopped improving.",
    Status.MAX_ITER: "stopped at max_iter={max_iter}. Increase max_iter if fit % still rose.",
    Status.TIME_LIMIT: "stopped at time_limit. Allow more time if fit % still rose.",
    Status.DIVERGED: "left the range of numbers; the best model before is kept. Use a smaller "
    "learning rate.",
    Status.INTERRUPTED: "interrupted; the best model so far is kept.",
    Status.FALLBACK: "no network was better than the linear model on validation; the linear model "
    "is returned as a network. Use more data, a longer time_limit or another hidden_sizes.",
}


@dataclass(frozen=True)
class AbstractSolver(ABC):
    """A training method: writes `run`; `solve` does the rest.

    A solver holds its settings and keeps no state between calls.

    Parameters
    ----------
    max_iter : int
        Most iterations; what one iteration is, each method says.
    tol : float
        Relative decrease of the cost per iteration below which the method may stop.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    max_iter: int = 3000
    tol: float = 1e-4

    def __post_init__(self) -> None:
        check_options(self, counts=("max_iter",), at_least_zero=("tol",))

    beats_linear: ClassVar[bool] = False  # the linear model is returned where it is better
    fits_whole_records: ClassVar[bool] = False  # short or integrating ones, by `Problem.whole`
    takes_any_loss: ClassVar[bool] = False
    widens: ClassVar[bool] = False  # a network of long records, where sizes are free

    def objection(self, problem: Problem) -> str | None:
        """Say why the method cannot solve a problem as it is posed; None where it can."""
        if problem.loss.is_squared or self.takes_any_loss:
            return None
        return (
            f'loss must be "squared" for {type(self).__name__}, whose sums of squares are solved '
            'in closed form or sample by sample. Use solver="lm" or "bptt" for a robust loss.'
        )

    @abstractmethod
    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """Yield one `Iterate` per iteration; each yield returns its validation RMSE.

        Parameters
        ----------
        problem : Problem
        start : array of shape (n_params,) or None
            Where to begin; None lets the method choose.
        rng : numpy Generator
            The only source of randomness.
        tracker : Tracker
            Tells which part of the budget is used, and scores parameters on validation.

        Returns
        -------
        status : Status
            Why the method stopped by itself. When iterations or time run out it is simply not
            asked for another iterate.
        """

    def solve(
        self,
        problem: Problem,
        *,
        rng: np.random.Generator,
        clock: Clock | None = None,
        callback: Callback | None = None,
        start: FloatArray | None = None,
    ) -> Solution:
        """Train; see `solve_in_turn`."""
        return solve_in_turn((self,), problem, rng=rng, clock=clock, callback=callback, start=start)


def raise_objections(solvers: Sequence[AbstractSolver], problem: Problem) -> None:
    """Raise ValueError with the first objection that a method has."""
    for solver in solvers:
        reason = solver.objection(problem)
        if reason is not None:
            raise ValueError(reason)


def solve_in_turn(
    solvers: Sequence[AbstractSolver],
    problem: Problem,
    *,
    rng: np.random.Generator,
    clock: Clock | None = None,
    callback: Callback | None = None,
    start: FloatArray | None = None,
) -> Solution:
    """Train with one method after the other, each from the best that the ones before found.

    Parameters
    ----------
    solvers : sequence of AbstractSolver
        The time that is left is shared evenly among those that have not begun.
    problem : Problem
    rng : numpy Generator
    clock : Clock, optional
        Started earlier, with a time limit.
    callback : callable, optional
        Called with a `Progress` after every iteration.
    start : array of shape (n_params,), optional
        Weights to begin from; the solution is at least as good on validation.

    Returns
    -------
    solution : Solution
        The iterate that was best on free-run validation. Ctrl-C returns the best so far with
        `Status.INTERRUPTED`; without any usable iterate the linear model is returned.

    Notes
    -----
    BLAS runs on one thread, so that sums keep their order, and the records are sorted first: the
    same problem gives the same bits, in whatever order its records came.
    """
    problem = problem.in_canonical_order()
    with threadpool_limits(limits=1, user_api="blas"):
        clock, cautious = Clock() if clock is None else clock, start is None
        tracker = Tracker(problem, clock, callback, len(solvers), cautious=cautious)
        status = Status.INTERRUPTED
        try:
            if start is not None:
                tracker.consider(start, "start")
            for solver in solvers:
                tracker.begin(solver.max_iter)
                status = _follow(solver.run(problem, start, rng, tracker), tracker)
                start = start if tracker.best is None else tracker.best
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
        return _conclude(solvers, problem, tracker, status)


def _follow(course: Course, tracker: Tracker) -> Status:
    """Take iterates until the method stops or its budget is used up.

    However it ends, also by Ctrl-C in a callback, the method is closed: some decide only then.
    """
    with closing(course):
        try:
            iterate = next(course)
            while True:
                rmse = tracker.offer(iterate)
                if tracker.exhausted:
                    return tracker.limit_reached
                iterate = course.send(rmse)
        except StopIteration as end:
            return end.value


def _conclude(
    solvers: Sequence[AbstractSolver], problem: Problem, tracker: Tracker, status: Status
) -> Solution:
    """Compare with the linear model where that is promised, and describe what happened."""
    if not tracker.decided:
        tracker.judge_by(problem.judged)
    params, rmse, phase = tracker.best, tracker.best_rmse, tracker.best_phase
    rmse_train, network = tracker.best_rmse_train, tracker.best_network
    compared = not tracker.decided and any(solver.beats_linear for solver in solvers)
    if params is None or compared:
        linear = problem.admissible(problem.linear.embedded(problem.network))
        rmse_linear = tracker.score(linear)
        if params is None or rmse_linear < rmse * tracker.best_risk:
            if status is not Status.INTERRUPTED:
                status = Status.FALLBACK
            params, rmse, phase, rmse_train = linear, rmse_linear, "linear", np.nan
            network = None
    last = solvers[-1]
    advice = _ADVICE[status].format(tol=last.tol, max_iter=last.max_iter)
    message = f"{type(last).__name__} {advice}"
    history = tuple(tracker.history)
    return Solution(
        params,
        status,
        message,
        tracker.n_iter,
        rmse_train,
        rmse,
        phase,
        history,
        network,
        tracker.decided,
    )
