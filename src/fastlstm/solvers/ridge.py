"""Random forward and recurrent weights; only the readout is fitted, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_choice, check_options
from fastlstm.solvers.closed_readout import fit_readout
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.stretches import spread_stretches
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.reservoir import draw_reservoir

FloatArray = NDArray[np.float64]

_STEPS_PER_DRAW = 8000  # simulated to try a draw and, as many, to judge it


@dataclass(frozen=True)
class Ridge(AbstractSolver):
    r"""Reservoir reading: random LSTM layers, the readout by one linear solve, best of many draws.

    Every draw has its own scales (`starts.reservoir`). One free run gives the features: the
    activations of the head, whose weights are random too, h of the top layer, and u. Their weights
    minimise :math:`\sum_t \|\hat y_t - y_t\|^2 + \alpha \|w\|^2` with a free intercept. The penalty
    is chosen for every output by itself from one factorisation, not below `Problem.alpha`.

    Draws are tried on a part of long records; one that is the best so far is fitted again on all
    of them (at most `closed_readout.MAX_ROWS` rows). One iteration is one draw. Where the problem
    has a stability constraint, a draw is made to satisfy it before its readout is fitted.

    Parameters
    ----------
    max_iter : int
        Most draws.
    tol : float
        Has no meaning here.
    n_draws : int
        Networks that are drawn, at least 1. With a `start` the first of them is the start with its
        readout fitted anew.
    selection : {"loo", "gcv"}
        What chooses the penalty: the exact leave-one-out error, or generalised cross-validation.

    Raises
    ------
    ValueError
        If `n_draws` or `selection` is out of range.

    References
    ----------
    Jaeger, "The echo state approach to analysing and training recurrent neural networks", GMD
    report 148, 2001; Schmidhuber, Wierstra, Gagliolo, Gomez, "Training recurrent networks by
    Evolino", Neural Computation 19, 2007 (LSTM cells).
    """

    n_draws: int = 100
    selection: str = "loo"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, "selection", ("loo", "gcv"))
        check_options(self, counts=("n_draws",))

    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """Draw, solve, and leave it to the loop to keep the best."""
        records = spread_stretches(problem.train, _STEPS_PER_DRAW, problem.washout)
        tracker.judge_by(spread_stretches(problem.judged, _STEPS_PER_DRAW, problem.judged_washout))
        n_rows = int(np.count_nonzero(records.scored(problem.washout)))
        for draw in range(1, self.n_draws + 1):
            if draw == 1 and start is not None:
                params, phase = start, "start"
            else:
                params, phase = draw_reservoir(problem.network, rng), f"draw {draw}"
            params = problem.admissible(params)
            params, rmse = fit_readout(problem, params, records, self.selection)
            yield Iterate(params, rmse, phase, n_rows=n_rows, fraction=draw / self.n_draws)
            is_best = tracker.best_iter == tracker.n_iter
            if is_best and records is not problem.train:
                params, rmse = fit_readout(problem, params, problem.train, self.selection)
                tracker.consider(params, phase, rmse)
        return Status.DONE
