"""Networks with many weights for the time there is: a small one first, grown into the large one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.adam_descent import LEARNING_RATE, AdamDescent
from fastlstm.solvers.effort import MAX_WEIGHTS, affordable_iterations
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.inside import Inside
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.growing import grow
from fastlstm.starts.near_linear import near_linear_weights
from fastlstm.starts.random import random_start

FloatArray = NDArray[np.float64]
Course = Generator[Iterate, float, Status]
Method = Callable[[Problem, FloatArray | None, Tracker], Course]

ENOUGH = 60.0  # iterations of Gauss-Newton in the time there is, below which a network is large
ENOUGH_SHORT = 300.0  # the same on short records
FEW = 15.0  # the same, for one that begins where a smaller one has ended
SMALL = 8  # units of a layer of the first network
WIDER = 1.5  # times as many units in the next one
WORTH = 0.98  # of the error before, that a network has to reach for a wider one to follow
PASSES, STEPS = 500, 5000  # of Adam without a time limit: so many passes, at least so many steps
LATE_RATE = 0.25  # of the first rate of Adam, where it goes on from a trained network


def is_large(problem: Problem, seconds: float | None, *, as_short: bool = False) -> bool:
    """Whether Gauss-Newton from the beginning would not get far.

    Parameters
    ----------
    problem : Problem
    seconds : float or None
        For the method; None for no limit.
    as_short : bool
        Whether it is to be searched for as on short records, in many descents.
    """
    return affordable_iterations(problem, seconds) < (ENOUGH_SHORT if as_short else ENOUGH)


@dataclass(frozen=True)
class LargeNetwork:
    """A small network, trained by second order, grown step by step to the size that was asked for.

    A grown network begins exactly as the smaller one, see `grow`, so what the small one finds in a
    short time is kept. It grows as long as that pays and iterations are affordable. Then Adam has
    what is left of the time; its steps cost O(n_params).

    Parameters
    ----------
    problem : Problem
    tracker : Tracker
    rng : numpy Generator
    method : callable
        Trains a network of moderate size: of a problem, a start or None, and a tracker.
    """

    problem: Problem
    tracker: Tracker
    rng: np.random.Generator
    method: Method

    def run(self) -> Course:
        """Train smaller networks, then the large one."""
        network, start, before = self._first(), None, np.inf
        while self._is_affordable(network, start):
            start = yield from self._train(network, start)
            gains = self.tracker.best_rmse < WORTH * before
            if start is None or self.tracker.decided or not gains or network == self._whole:
                return Status.DONE
            before, wider = self.tracker.best_rmse, self._wider(network)
            donor = near_linear_weights(wider, self.rng)
            start, network = grow(network, start, wider, donor), wider
        if start is not None:
            start = self.tracker.best
        return (yield from self.by_adam(start))

    @property
    def _whole(self) -> Network:
        return self.problem.network

    @property
    def _integrates(self) -> bool:
        whole = self.problem.whole
        return whole is not None and bool(np.any(whole.gains))

    def _first(self) -> Network:
        most = self._whole
        hidden = tuple(min(width, SMALL) for width in most.hidden_sizes)
        head = tuple(min(width, SMALL) for width in most.head_sizes)
        return Network(most.n_inputs, most.n_outputs, hidden, head)

    def _wider(self, network: Network) -> Network:
        """Return the next network on the way to the whole one."""
        most = self._whole
        hidden, head = (
            tuple(min(ceil(WIDER * w), limit) for w, limit in zip(widths, limits, strict=True))
            for widths, limits in (
                (network.hidden_sizes, most.hidden_sizes),
                (network.head_sizes, most.head_sizes),
            )
        )
        return Network(most.n_inputs, most.n_outputs, hidden, head)

    def _is_affordable(self, network: Network, start: FloatArray | None) -> bool:
        """Whether a network can be trained by second order in what is left of the time."""
        if start is None:
            return network.n_params <= MAX_WEIGHTS or self._integrates
        limit = self.tracker.budget.time_limit
        left = None if limit is None else limit * (1.0 - self.tracker.budget.time_used)
        return affordable_iterations(replace(self.problem, network=network), left) >= FEW

    def _train(
        self, network: Network, start: FloatArray | None
    ) -> Generator[Iterate, float, FloatArray | None]:
        """Train a smaller network; return its best weights."""
        whole = self.problem.whole
        problem = replace(self.problem, network=network)
        if whole is not None:
            problem = replace(problem, whole=whole.for_weights(network.n_params))
        own = Tracker(problem, self.tracker.clock)
        own.begin(self.tracker.iterations_left)
        if start is not None:
            own.consider(start, "start")
        inside = Inside(self.tracker, own, near_linear_weights(self._whole, self.rng))
        try:
            course = self.method(problem, start, own)
            yield from followed(course, own, inside.show, lambda: own.exhausted)
        finally:
            inside.take_over()
        return own.best

    def by_adam(self, start: FloatArray | None) -> Course:
        """Descend with Adam, from random weights where there is no start."""
        network, budget = self._whole, self.tracker.budget
        descent, begun = AdamDescent.suited(self.problem), budget.time_used
        if budget.time_limit is None:
            descent = replace(descent, max_steps=max(STEPS, PASSES * descent.steps_per_pass))
        if start is None:
            start = random_start(network, self.rng)
        else:
            descent = replace(descent, learning_rate=LATE_RATE * LEARNING_RATE)
        left = max(1.0 - begun, 1e-9)
        params = yield from descent.run(
            start, self.rng, "Adam", lambda: (budget.time_used - begun) / left
        )
        if not np.isfinite(params).all():
            return Status.DIVERGED
        return self.tracker.limit_reached if self.tracker.exhausted else Status.DONE
