"""Layer by layer: train a layer with a temporary readout, freeze it, stack the next; head last."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.solvers.base import AbstractSolver, Course
from fastlstm.solvers.checks import check_options
from fastlstm.solvers.closed_readout import fit_readout
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.inner_course import followed
from fastlstm.solvers.layer_part import LayerPart
from fastlstm.solvers.levenberg_marquardt import LevenbergMarquardt
from fastlstm.solvers.problem import Problem, Status
from fastlstm.solvers.stage_descent import FIRST_STAGE_OF_A_START, StageLimits, descend_stages
from fastlstm.solvers.stages import Stages
from fastlstm.solvers.stretches import spread_stretches
from fastlstm.solvers.tracker import Budget, Iterate, Tracker

FloatArray = NDArray[np.float64]

_JUDGED_STEPS = 8000  # on which iterates of the whole network are compared
_LAST_SHARE = 0.05  # of the time, kept for the readout at the end
_STAGE_TOL = 0.02


@dataclass(frozen=True)
class Greedy(AbstractSolver):
    """Greedy reading: every layer is trained once, alone, on what the frozen layers below give.

    1. The first layer with a linear readout is trained as a network of its own by
       `LevenbergMarquardt`, its race of starts included.
    2. Each further layer sees h of the layer below. It begins by passing that on, so that nothing
       is lost, and descends with a linear readout of its own; layers below do not move.
    3. The head is trained on the frozen stack, then readout and bypasses are solved in closed form
       with the penalty of the leave-one-out error.

    Time and iterations are shared evenly among layers and head; what one leaves goes to those that
    follow. Every iterate is a whole network, whose upper layers pass on until it is their turn.
    A `start` gives the first layer; what is above it is grown anew. To train all layers together
    afterwards, chain solvers: ``solver=["greedy", "lm"]``.

    Parameters
    ----------
    max_iter : int
        Accepted iterations of all layers together.
    tol : float
        Relative decrease of the cost per iteration below which a layer is finished.
    patience : int
        Iterations without a better validation error that end a stage of a layer.
    n_starts : int
        Random starts of the first layer, at least 1.

    Raises
    ------
    ValueError
        If `patience` or `n_starts` is out of range.

    References
    ----------
    Bengio, Lamblin, Popovici, Larochelle, "Greedy layer-wise training of deep networks", NIPS 19,
    2007.
    """

    patience: int = 25
    n_starts: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, counts=("patience", "n_starts"))

    def run(
        self,
        problem: Problem,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Course:
        """Train the parts from the input upwards."""
        tracker.judge_by(spread_stretches(problem.judged, _JUDGED_STEPS, problem.judged_washout))
        network, part = problem.network, LayerPart.bottom(problem, rng)
        params = yield from self._first_layer(part, start, rng, tracker)
        if params is None:
            return Status.CONVERGED
        memory = part.problem.linear.memory
        for layer in range(1, network.num_layers):
            part, begun = part.stacked(params, rng)
            params = yield from self._descend(part, begun, tracker, memory, f"layer {layer + 1}")
        if network.head_sizes:
            part, begun = part.with_head(params, rng)
            params = yield from self._descend(part, begun, tracker, 1, "head")
        solved, rmse = fit_readout(problem, part.assembled(params), problem.train)
        yield Iterate(solved, rmse, "readout", fraction=1.0)
        return Status.DONE

    def _first_layer(
        self,
        part: LayerPart,
        start: FloatArray | None,
        rng: np.random.Generator,
        tracker: Tracker,
    ) -> Generator[Iterate, float, FloatArray | None]:
        """Train the bottom part like a network; None where no start has a finite cost."""
        method = LevenbergMarquardt(
            tol=self.tol, n_starts=self.n_starts, patience=self.patience, careful=False
        )
        begun = None
        if start is not None:
            begun, _ = fit_readout(part.problem, part.taken_from(start), part.problem.train)
        own = _part_tracker(part, tracker)
        course = method.run(part.problem, begun, rng, own)
        yield from _shown(part, own, course, "layer 1")
        return own.best

    def _descend(
        self, part: LayerPart, begun: FloatArray, tracker: Tracker, memory: int, name: str
    ) -> Generator[Iterate, float, FloatArray]:
        """Descend on what a part has to train; return the best, at least as good as `begun`."""
        own = _part_tracker(part, tracker)
        own.consider(begun, "begun")
        course = descend_stages(
            Stages(part.problem, memory),
            DescentState(begun, np.inf),
            own,
            "stage",
            StageLimits(self.tol, _STAGE_TOL, self.patience),
            first=FIRST_STAGE_OF_A_START,
            anew=True,
            frozen=part.frozen,
        )
        yield from _shown(part, own, course, name)
        return begun if own.best is None else own.best


def _part_tracker(part: LayerPart, tracker: Tracker) -> Tracker:
    """Judge of a part, with an even share of the time and the iterations that are left."""
    own, left = Tracker(part.problem, tracker.clock), tracker.budget.time_left
    iterations = tracker.iterations_left - 1
    seconds = None if left is None else (1.0 - _LAST_SHARE) * left / part.n_left
    own.budget = Budget(tracker.clock, max(1, iterations // part.n_left), 0, seconds)
    return own


def _shown(
    part: LayerPart, own: Tracker, course: Generator[Iterate, float, object], name: str
) -> Generator[Iterate, float, object]:
    """Offer a part's iterates as whole networks, until the part stops or its share is used up."""

    def whole(iterate: Iterate, _: float) -> Iterate:
        params, phase = part.assembled(iterate.params), f"{name}: {iterate.phase}"
        return replace(iterate, params=params, phase=phase, network=None)

    return followed(course, own, whole, lambda: own.exhausted)
