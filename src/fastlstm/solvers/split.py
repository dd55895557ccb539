"""The seed's method: the cell as a static network closed by a unit delay, trained without BPTT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.solvers.adam import Adam, clipped, cosine
from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_choice, check_options
from fastlstm.solvers.gradients import gradient_of, mean_gradient
from fastlstm.solvers.pieces import Pieces
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.near_linear import near_linear_start

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Split(AbstractSolver):
    path: str = "cell"
    mode: str = "block"
    rule: str = "adam"
    eta: float = 0.5
    learning_rate: float = 1e-2
    block: int = 64
    n_pieces: int = 16
    clip: float = 1.0

    def run(self, problem, start, rng, tracker):
        params = near_linear_start(problem.network, problem.train, rng) if start is None else start
        pieces = Pieces.of(problem.train, problem.washout, self.n_pieces, self.block)
        state = pieces.first_states(problem, params)
        adam, workspace = Adam(problem.network.n_params), _core.Workspace()
        while True:
            squares, scored = 0.0, 0
            rate = self.learning_rate * cosine(tracker.used)
            for records in pieces.blocks:
                found = gradient_of(problem, params, records, workspace, self.path, state)
                squares, scored = squares + found.cost, scored + found.n_scored
                gradient = clipped(mean_gradient(problem, params, found), self.clip)
                params = params + adam.step(gradient, rate)
                state = found.final_state
            state = pieces.next_states(state)
            if not np.isfinite(params).all():
                return Status.DIVERGED
            rmse = np.sqrt(squares / max(1, scored * problem.network.n_outputs))
            yield Iterate(params, float(rmse), "split", n_rows=scored)
