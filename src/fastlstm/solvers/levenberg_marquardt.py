"""Levenberg-Marquardt on the free-run error, from a race of starts to all the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_options
from fastlstm.solvers.committee import Committee
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.heats import Candidate
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START, StageLimits, descend_stages
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.tracker import Tracker
from fastlstm.solvers.widening import Widening

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LevenbergMarquardt(AbstractSolver):
    r"""Gauss-Newton with Marquardt's damping on the true free-run cost.

    1. Near-linear random starts descend for some iterations on few rows. A linear model is
       identified and embedded in the network in two ways; the better of these descends as far.
       The first random start goes ahead through stages of part of the data, see `Race`.
    2. The best of them on free-run validation goes on. The linear model is the one to beat.
    3. The winner descends through stages of more and more rows, up to the whole record. Every
       iteration solves :math:`(J'J + \mu\,\mathrm{diag}(J'J))\,s = -J'r` with exact Jacobian rows
       by finite-memory adjoints and accepts on the true free-run cost.
    4. Where the sizes are free and there is time, the network is widened, or averaged with another
       one, as long as validation gains by it, see `Widening`.
    5. The iterate that was best on free-run validation is returned.

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
    careful : bool
        Leave out the stages of few rows where the data are few (up to 40 residuals per weight).

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

    beats_linear = True
    fits_whole_records = True
    takes_any_loss = True

    n_starts: int = 2
    race_iter: int = 5
    stage_tol: float = 0.02
    patience: int = 25
    careful: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, counts=("n_starts", "race_iter", "patience"))
        check_options(self, at_least_zero=("stage_tol",))

    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """Race and descend; with a `start` there is no race, short records have a committee."""
        if problem.whole is not None and (start is None or not problem.whole.is_plain):
            committee = Committee(problem, problem.whole, tracker, rng)
            return (yield from committee.run(start))
        known = start is not None
        limits = StageLimits(self.tol, self.stage_tol, self.patience)
        if start is None:
            options = self.n_starts, self.race_iter, limits, self.careful
            field = yield from Race(problem, tracker, rng, *options).run()
        else:
            field = [Candidate("start", DescentState(start, np.inf), 0.0, FIRST_STAGE_OF_A_START)]
        winner = field[0]
        if not np.isfinite(winner.rmse):
            return Status.CONVERGED
        stages = Stages(problem, problem.linear.memory, careful=self.careful)
        anew = known or winner.stage > 0
        reached = yield from descend_stages(
            stages, winner.state, tracker, winner.name, limits, first=winner.stage, anew=anew
        )
        if problem.may_widen and not known:
            others = [one for one in field[1:] if np.isfinite(one.rmse)]
            yield from Widening(problem, self.stage_tol, tracker, rng, others).run()
        return reached.status
