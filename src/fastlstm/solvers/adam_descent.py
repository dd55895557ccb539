"""Descent by Adam on random windows of the records."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.adam import Adam, clipped, cosine
from fastlstm.solvers.gradients import gradient_of, masked, mean_gradient
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.tracker import Iterate
from fastlstm.solvers.windows import Windows

FloatArray = NDArray[np.float64]

BURN_IN = (50, 200)  # steps of a window that are not scored, for plants of short and long memory
MIN_STEPS = 10  # between two looks at the validation error
LEARNING_RATE, WIDE = 2e-2, 64  # with more units in a layer than that the rate falls


@dataclass(frozen=True)
class AdamDescent:
    """First-order descent on the free-run error; its rate falls to zero along a cosine.

    Parameters
    ----------
    problem : Problem
    window : int or None
        Steps of a window; None for whole records, one step of Adam per pass.
    burn_in : int
        First steps of a window that are not scored; at most half of it.
    batch : int
        Windows per step.
    learning_rate : float
        First rate.
    clip : float
        Largest Euclidean norm of the gradient of the mean squared error.
    max_steps : int or None
        Steps of Adam after which it ends.
    min_steps : int
        Steps of Adam between two iterates, at least.

    Notes
    -----
    A step costs O(batch * window * n_params).
    """

    problem: Problem
    window: int | None = 100
    burn_in: int = 50
    batch: int = 16
    learning_rate: float = LEARNING_RATE
    clip: float = 1.0
    max_steps: int | None = None
    min_steps: int = 1

    @classmethod
    def suited(cls, problem: Problem, max_steps: int | None = None) -> AdamDescent:
        """Windows twice as long as the plant remembers, a rate for the width of the network."""
        burn_in = int(np.clip(problem.linear.memory, *BURN_IN))
        rate = LEARNING_RATE * min(1.0, WIDE / max(problem.network.hidden_sizes))
        return cls(
            problem,
            2 * burn_in,
            burn_in,
            learning_rate=rate,
            max_steps=max_steps,
            min_steps=MIN_STEPS,
        )

    @property
    def steps_per_pass(self) -> int:
        """Steps of Adam that score about as many steps as the training records have."""
        windows = self._windows
        if windows is None:
            return self.min_steps
        n_total = self.problem.train.n_total
        return max(self.min_steps, round(n_total / (self.batch * windows.scored_per_window)))

    def run(
        self,
        params: FloatArray,
        rng: np.random.Generator,
        phase: str,
        used: Callable[[], float],
    ) -> Generator[Iterate, float, FloatArray]:
        """Yield one iterate per pass over the data or few of them, and return the last weights.

        Parameters
        ----------
        params : array of shape (n_params,)
            Where to begin.
        rng : numpy Generator
            Draws the windows.
        phase : str
            For the history.
        used : callable
            Part of the budget that is used; at 1 the descent ends, within a pass as well.

        Returns
        -------
        params : array of shape (n_params,)
            Not finite if the descent has diverged.
        """
        adam, workspace = Adam(self.problem.network.n_params), _core.Workspace()
        batches, n_steps = self._batches(rng), 0
        while True:
            squares, weight = 0.0, 0.0
            for records in batches():
                rate = self.learning_rate * cosine(self._part(used, n_steps))
                found = gradient_of(self.problem, params, records, workspace)
                squares, weight = squares + found.cost, weight + found.n_scored
                gradient = clipped(mean_gradient(self.problem, params, found), self.clip)
                params, n_steps = params + adam.step(gradient, rate), n_steps + 1
                if self._part(used, n_steps) >= 1.0:
                    break
            if not np.isfinite(params).all():
                return params
            rmse = float(np.sqrt(squares / max(1.0, weight)))
            n_rows = round(weight / self.problem.network.n_outputs)
            yield Iterate(params, rmse, phase, n_rows=n_rows, network=self.problem.network)
            if self._part(used, n_steps) >= 1.0:
                return params

    def _part(self, used: Callable[[], float], n_steps: int) -> float:
        """Part of budget or steps that is used, whichever is more."""
        return used() if self.max_steps is None else max(used(), n_steps / self.max_steps)

    def _batches(self, rng: np.random.Generator) -> Callable[[], Iterable[Records]]:
        """Return a function that yields the records of the steps of one pass."""
        windows, n_steps = self._windows, self.steps_per_pass
        if windows is None:
            return lambda: [masked(self.problem.train, self.problem.washout)] * n_steps
        return lambda: (windows.draw(self.batch, rng) for _ in range(n_steps))

    @property
    def _windows(self) -> Windows | None:
        if self.window is None:
            return None
        train = self.problem.train
        window = min(self.window, int(train.lengths.max()))
        return Windows(train, window, min(self.burn_in, window // 2), self.problem.washout)
