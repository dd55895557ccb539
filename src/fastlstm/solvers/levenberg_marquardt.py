"""Levenberg-Marquardt on the free-run error, from a race of starts to all the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_options
from fastlstm.solvers.committee import Committee
from fastlstm.solvers.effort import MAX_WEIGHTS
from fastlstm.solvers.free_trial import FreeTrial
from fastlstm.solvers.in_room import InRoom
from fastlstm.solvers.increments import IncrementRounds
from fastlstm.solvers.large_networks import LargeNetwork, is_large
from fastlstm.solvers.long_records import TRIED, LongRecords
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.race import Race
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.stage_descent import StageLimits
from fastlstm.solvers.tracker import Tracker
from fastlstm.solvers.whitening import Whitening

FloatArray = NDArray[np.float64]

FOR_BOTH = 200  # iterations that are allowed, below which they count as short at once
CLEAN = 0.1  # validation RMSE, of the output's standard deviation, up to which they count as long


@dataclass(frozen=True)
class LevenbergMarquardt(AbstractSolver):
    r"""Gauss-Newton with Marquardt's damping on the true free-run cost.

    1. Near-linear random starts descend for some iterations on few rows. A linear model is
       identified and embedded in the network in two ways; the better of these descends as far.
       The first random start goes ahead through stages of part of the data, see `Race`. Where the
       best is off, inputs are bent in front of the poles of a linear model, see `BentStart` and
       `BentFit`, or Adam looks for another basin.
    2. The best of them on free-run validation goes on. The linear model is the one to beat. Where
       the sizes are free, a small network that won gets more units now, see `EarlyGrowth`.
    3. The winner descends through stages of more and more rows, up to the whole record. Every
       iteration solves :math:`(J'J + \mu\,\mathrm{diag}(J'J))\,s = -J'r` with exact Jacobian rows
       by finite-memory adjoints and accepts on the true free-run cost. On long records all rows
       count in the end, and a part of them tells :math:`J'J`, see `FullGradient`.
    4. Where the sizes are free and there is time, the network is widened as long as validation
       gains by it, see `Widening`. Then others are trained, of the alternative structure of the
       problem as well, and averaged, see `Repeats`. Where errors are alike from step to step, the
       last part of the time is for a fit to what is new in them, see `Whitening`.
    5. The iterate that was best on free-run validation is returned.

    Short records go another way, see `Committee` and `FreeTrial`; records of medium length (2.5 to
    10 residuals per weight) are tried as long ones first, and so are the increments of a plant that
    integrates, see `IncrementRounds`. Sizes that are given and many for such records are a limit
    for free ones, see `InRoom`. Of a network with too many weights for the time a part is trained
    first, see `LargeNetwork`.

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
    widens = True

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
        """Choose the way that suits records and network, see above."""
        if self._may_be_free(problem, start):
            make = partial(self._long_records, rng=rng)
            status = yield from InRoom(problem, tracker, rng, make).run()
            if status is not None:
                return status
        if not self._is_large(problem, start, tracker):
            return (yield from self._moderate(problem, start, tracker, rng))
        large = LargeNetwork(problem, tracker, rng, partial(self._moderate, rng=rng))
        if start is not None or problem.constraint is not None:
            return (yield from large.by_adam(start))
        return (yield from large.run())

    def _moderate(
        self,
        problem: Problem,
        start: FloatArray | None,
        tracker: Tracker,
        rng: np.random.Generator,
    ) -> Course:
        """Train a network that second order is made for."""
        whole, fit = problem.whole, self._long_records(problem, tracker, rng)
        if whole is None or (start is not None and whole.is_plain):
            yield from fit.begin(start)
            return (yield from fit.finish())
        rival, for_both = None, start is None and self.max_iter >= FOR_BOTH
        if for_both and whole.parts is not None:
            make = partial(self._long_records, rng=rng)
            increments = IncrementRounds(problem, whole.parts, tracker, make)
            rival = yield from increments.run()
            if increments.is_settled:
                return Status.DONE
        elif for_both and whole.is_medium:
            yield from fit.begin(None, TRIED)
            rival = Rival.of(tracker)
            # several networks may be averaged; one needs a ridge where noise is much of its errors
            goes_on = rival is not None and (problem.may_widen or rival.rmse <= CLEAN)
            if goes_on and not fit.asks_for_bends:
                return (yield from fit.finish())
        trial = None
        if for_both and rival is None:
            make = partial(self._long_records, rng=rng.spawn(1)[0])
            trial = FreeTrial.of(problem, tracker, make)
        search = Committee(problem, whole, tracker, rng, rival=rival, trial=trial)
        status = yield from search.run(start)
        if for_both and whole.is_medium and not problem.may_widen:
            yield from Whitening(problem, tracker).run_best()
        return status

    def _long_records(
        self, problem: Problem, tracker: Tracker, rng: np.random.Generator
    ) -> LongRecords:
        limits = StageLimits(self.tol, self.stage_tol, self.patience)
        options = self.n_starts, self.race_iter, limits, self.careful
        return LongRecords(Race(problem, tracker, rng, *options))

    def _may_be_free(self, problem: Problem, start: FloatArray | None) -> bool:
        """Whether the records are few for the weights of sizes that are given."""
        whole = problem.whole
        if problem.may_widen or start is not None or problem.constraint is not None:
            return False
        is_ordinary = whole is not None and whole.is_plain and not whole.is_slow
        return is_ordinary and self.max_iter >= FOR_BOTH

    @staticmethod
    def _is_large(problem: Problem, start: FloatArray | None, tracker: Tracker) -> bool:
        """Whether the network has too many weights for second order in the time there is."""
        whole = problem.whole
        if problem.may_widen:
            return False
        if start is not None or problem.constraint is not None:
            is_plain = whole is None or whole.is_plain  # Adam knows no integrators
            return is_plain and problem.network.n_params > MAX_WEIGHTS
        as_short = whole is not None and not whole.is_medium
        return is_large(problem, tracker.budget.time_limit, as_short=as_short)
