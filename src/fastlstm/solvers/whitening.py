"""The last fit of networks whose errors are alike from step to step: to what is new in them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.records import Records
from fastlstm.solvers.damped_descent import DescentState
from fastlstm.solvers.innovations import Innovations
from fastlstm.solvers.locking import risk
from fastlstm.solvers.problem import Problem
from fastlstm.solvers.ridge_path import descent
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.stacking import Stack
from fastlstm.solvers.tracker import Iterate, Tracker, free_run_rmse
from fastlstm.solvers.whole_records import MAX_STATES, STATE_VARIANCE, WholeRecords

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BEFORE = 0.75  # of the time, after which nothing else goes on where errors are alike
CLEAN = 0.02  # RMSE, of the output's standard deviation, up to which errors are no noise
NUMBERS = 10_000_000  # in the Jacobian, at most
RIDGE = 3.0  # towards the weights that were fitted to errors, times the mean squared error
STEPS = 4  # iterations of a round
ROUNDS = 2  # the second knows better what errors tell about each other
WORSE = 1.02  # times the errors on held-out rows (RMSE), at most


@dataclass(frozen=True)
class Whitening:
    """Fits every network of an average to innovations, from the weights that errors have led to.

    Slow noise is nearly the same in many rows. Errors count all of them, so that weights follow it;
    the error that is left is several times that of a fit to innovations. Where errors are alike
    because the network is wrong, innovations favour what is fast; then held-out rows say no.

    Parameters
    ----------
    problem : Problem
    tracker : Tracker
        Which knows the best network so far, and is told of a better one.
    """

    problem: Problem
    tracker: Tracker

    @property
    def is_wanted(self) -> bool:
        """Whether errors of the best network so far are alike, judged on all held-out rows."""
        tracker, problem = self.tracker, self.problem
        if problem.validation is None or problem.constraint is not None:
            return False
        if tracker.best is None or tracker.judge is not problem.judged:
            return False
        if tracker.best_rmse <= CLEAN:
            return False
        return self._innovations(self._best()) is not None

    def run_best(self) -> Generator[Iterate, float, bool]:
        """Fit the best network so far; return whether there is a better one now."""
        if self.tracker.best is None:
            return False
        best = self._best()
        return (yield from self.run(best)) is not best

    def run(self, stack: Stack) -> Generator[Iterate, float, Stack]:
        """Go on as long as held-out rows find it better, then with these rows where all may count.

        Returns
        -------
        stack : Stack
            What the tracker has been told of; the one that was given where nothing is better.
        """
        train, whole, given = self.problem.train, self.problem.whole, stack
        if not self.is_wanted:
            return stack
        # rows that a search has held out in turn, and fitted in the end, tell no error any more
        known = self.tracker.best_rmse if self.tracker.decided else None
        for _ in range(ROUNDS):
            innovations = self._innovations(stack)
            if innovations is None:
                break
            fitted = yield from self._fitted(stack, innovations, train, self.problem.washout)
            if not self._is_better(fitted, stack, innovations):
                break
            stack = fitted
            self._decide(stack, known)
        innovations = self._innovations(stack)
        if stack is not given and innovations is not None and whole is not None:
            every = whole.records, whole.washout
            stack = yield from self._fitted(stack, innovations, *every)
            self._decide(stack, self.tracker.best_rmse)
        return stack

    def _best(self) -> Stack:
        tracker = self.tracker
        assert tracker.best is not None
        network = tracker.best_network or self.problem.network
        errors = tracker.best_rmse_train, tracker.best_rmse
        return Stack((Rival(network, tracker.best, tracker.best_phase, *errors),), (1.0,))

    def _decide(self, stack: Stack, rmse: float | None) -> None:
        """Tell the tracker; the error is that on held-out rows where None is known."""
        network, params = stack.joined()
        train = replace(self.problem, validation=None)
        rmse_train = free_run_rmse(train, train.train, params, network)
        if rmse is None:
            rmse = free_run_rmse(self.problem, self.problem.judged, params, network)
        self.tracker.decide(network, params, f"{stack.phase}, whitened", rmse_train, rmse)

    def _innovations(self, stack: Stack) -> Innovations | None:
        records, washout = self.problem.train, self.problem.washout
        found = Innovations.of(self._errors(stack, records), records, washout)
        return found if found is not None and found.leaves_enough(records, washout) else None

    def _fitted(
        self, stack: Stack, innovations: Innovations, records: Records, washout: int
    ) -> Generator[Iterate, float, Stack]:
        for index, one in enumerate(stack.members):
            objective = self._objective(one, innovations, records, washout)
            x = objective.begin(one.params)
            state = DescentState(x, objective.cost(x))
            if not np.isfinite(state.cost):
                continue
            for iterate in descent(objective, state, f"whitened: {one.phase}", None, STEPS):
                yield replace(iterate, rmse_validation=np.nan, network=one.network)
                stack = stack.exchanged(index, iterate.params)
        return stack

    def _objective(
        self, one: Rival, innovations: Innovations, records: Records, washout: int
    ) -> WholeRecords:
        """Pose the fit of one network on all rows, or on as many in a row as there is room for."""
        problem, network = self.problem, one.network
        most = max(1, NUMBERS // (network.n_params * network.n_outputs))
        records = records.spread(most, most)
        rows = records.scored(washout)
        error = self._errors(Stack((one,), (1.0,)), records)[rows]
        square = problem.loss.mean_square(error, records.weights_of(rows))
        return WholeRecords(
            network,
            *innovations.known(records, rows),
            memory=min(problem.linear.memory, int(records.lengths.max())),
            alpha=RIDGE * square,
            anchor=one.params,
            state_alpha=square / STATE_VARIANCE,
            free_states=records.n_records * 2 * network.n_units <= MAX_STATES,
            loss=problem.loss,
            innovations=innovations,
            float32=problem.float32,
            n_threads=problem.n_threads,
        )

    def _errors(self, stack: Stack, records: Records) -> FloatArray:
        """Measured minus simulated outputs."""
        assert records.y is not None
        network, params = stack.joined()
        run = records.u, records.offsets
        y, _ = _core.simulate(network, params, *run, n_threads=self.problem.n_threads)
        return records.y - y

    def _is_better(self, fitted: Stack, stack: Stack, innovations: Innovations) -> bool:
        """Judge by innovations on held-out rows; errors, which tell less, may not grow much."""
        (white, error), (before, error_before) = (
            self._held_squares(one, innovations) for one in (fitted, stack)
        )
        return white < before and error <= WORSE**2 * error_before

    def _held_squares(self, stack: Stack, innovations: Innovations) -> tuple[float, float]:
        """Mean squares of innovations and of errors; more where wild states are not forgotten."""
        records, loss = self.problem.judged, self.problem.loss
        factor = risk(*stack.joined(), records.u) ** 2
        known, rows = innovations.known(records, records.scored(self.problem.judged_washout))
        error = self._errors(stack, records)
        white = error.copy()
        innovations.apply(white, records.offsets)
        weights = known.weights_of(rows)
        squares = (loss.mean_square(part[rows], weights) for part in (white, error))
        white_square, square = (factor * one for one in squares)
        return white_square, square
