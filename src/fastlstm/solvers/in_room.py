"""Networks with many weights for the data: what free sizes find, within the given ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from fastlstm.solvers.bent_start import has_room
from fastlstm.solvers.first_network import begin_in_room
from fastlstm.solvers.independent import MANY, independent
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.inside import Inside
from fastlstm.solvers.long_records import TRIED, LongRecords
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.tracker import Iterate, Tracker
from fastlstm.starts.near_linear import near_linear_weights

MUCH = 2.0  # times the weights of the network that comes first, below which it gains little


@dataclass(frozen=True)
class InRoom:
    """A fit of free sizes whose result, often an average of small networks, fits into a given one.

    Where a network has a tenth as many weights as there are residuals, or more, an iteration costs
    much and its weights follow noise. A small network learns the same plant in a fraction of the
    time, it grows while that pays, and the units that are left hold others for an average. Units
    beyond that are silent.

    Parameters
    ----------
    problem : Problem
        Whose network tells the room.
    tracker : Tracker
    rng : numpy Generator
    make : callable
        Poses the fit of an inner problem with its own tracker.
    """

    problem: Problem
    tracker: Tracker
    rng: np.random.Generator
    make: Callable[[Problem, Tracker], LongRecords]

    def run(self) -> Generator[Iterate, float, Status | None]:
        """Fit, unless curves in front of the poles are asked for.

        Returns
        -------
        status : Status or None
            None where the network itself should be fitted.
        """
        inner = begin_in_room(self.problem)
        if inner is None or MUCH * inner.network.n_params > self.problem.network.n_params:
            return None
        if independent(self.problem.train) < MANY:
            return None
        own = Tracker(inner, self.tracker.clock)
        own.begin(self.tracker.iterations_left)
        inside = Inside(self.tracker, own, near_linear_weights(self.problem.network, self.rng))
        fit = self.make(inner, own)
        fit.may_bend = has_room(self.problem)
        try:
            yield from followed(fit.begin(None, TRIED), own, inside.show, lambda: own.exhausted)
            if fit.asks_for_bends:
                return None
            yield from followed(fit.finish(), own, inside.show, lambda: own.exhausted)
        finally:
            inside.take_over()
        return own.limit_reached if own.exhausted else Status.DONE
