"""Exact back-propagation through time with Adam: the method the others are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.adam_descent import AdamDescent
from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_options
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.tracker import Tracker
from fastlstm.starts.random import random_start

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BPTT(AbstractSolver):
    r"""Back-propagation through time on the free-run error, with Adam and a cosine rate.

    Truncated: every step takes a batch of random windows, run from rest; the first `burn_in` steps
    of a window drive the state and are not scored, the gradient goes back through the whole window.
    Full (``window=None``): every step takes all records whole, from their beginning to their end.

    Parameters
    ----------
    max_iter : int
        Iterations; one scores about as many steps as the training records have.
    tol : float
        Not used: the rate falls to zero when iterations or time are used up.
    window : int or None
        Steps of a window; None for whole records.
    burn_in : int
        First steps of a window that are not scored; at most half of it.
    batch : int
        Windows per step.
    learning_rate : float
        First rate of Adam.
    clip : float
        Largest Euclidean norm of the gradient of the mean squared error.

    Raises
    ------
    ValueError
        If a setting is out of its range.

    Notes
    -----
    A step costs O(batch * window * n_params). The gradients come from the same kernels as the
    Jacobian rows of "lm", see ``docs/theory/bptt.md``.

    References
    ----------
    Werbos, "Backpropagation through time: what it does and how to do it", 1990; Williams, Peng,
    "An efficient gradient-based algorithm for on-line training of recurrent network trajectories",
    1990 (truncation); Kingma, Ba, 2015 (Adam); Loshchilov, Hutter, 2017 (cosine rate).
    """

    takes_any_loss = True

    window: int | None = 100
    burn_in: int = 50
    batch: int = 16
    learning_rate: float = 2e-2
    clip: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, counts=("batch",), positive=("learning_rate", "clip"))
        if self.window is not None:
            check_options(self, counts=("window",), naturals=("burn_in",))

    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """One iterate per pass over the data."""
        params = random_start(problem.network, rng) if start is None else start.copy()
        descent = AdamDescent(
            problem, self.window, self.burn_in, self.batch, self.learning_rate, self.clip
        )
        params = yield from descent.run(params, rng, "bptt", lambda: tracker.used)
        return tracker.limit_reached if np.isfinite(params).all() else Status.DIVERGED
