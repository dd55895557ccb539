"""What a model learns from the solution of its task, beside the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm.begun_states import begun_states, most_records
from fastlstm.error_model import ErrorModel
from fastlstm.initial_state import InitialState
from fastlstm.judging import fits_of, mean_offset, rmse_of
from fastlstm.network import Network
from fastlstm.records import MANY_RECORDS, Records, auto_washout
from fastlstm.solvers.begun_sums import begun_sums
from fastlstm.solvers.folds import NOISE_FLOOR
from fastlstm.solvers.problem import Solution
from fastlstm.solvers.whole_records import STATE_VARIANCE
from fastlstm.training import Task

FloatArray = NDArray[np.float64]

CLEARLY = 0.25  # of the squared error of a guess, below which another one is better


@dataclass(frozen=True)
class Trained:
    """A task and a solution of it.

    Parameters
    ----------
    task : Task
    solution : Solution
    """

    task: Task
    solution: Solution
    _runs: dict[int, FloatArray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def network(self) -> Network:
        """Structure that the solution has."""
        found = self.solution.network
        return self.task.problem.network if found is None else found

    def initial_state(self) -> InitialState:
        """Guess where a record begins: where states typically are, or at rest.

        At rest if washout=0 trained every step from there. Where first steps counted because the
        records are short or begin alike, by what simulates these steps better. Where outputs are
        sums, as the training records began if that is clearly better.
        """
        task = self.task
        if task.settings.washout == 0 or not task.scaling.moves:
            return InitialState.rest(self.network)
        guess = self._typical_or_rest()
        return self._as_sums_began(guess) if np.any(task.frame.integrating) else guess

    def _typical_or_rest(self) -> InitialState:
        task, rest = self.task, InitialState.rest(self.network)
        frame = task.frame.without_taps()  # the records have them
        washout = -(-task.parts.washout // frame.hold)
        records = frame.reduce(task.records)
        typical = InitialState.of(self.network, self.solution.params, records, washout)
        whole = task.problem.whole
        short = whole is not None and whole.washout == 0 and washout > 0
        if not (short or task.from_rest):
            return typical
        guesses = [typical, rest]
        if self._begun is not None:
            n_records = len(self._begun)
            some, states = records.some(n_records), self._begun.reshape(n_records, -1)
            guesses.append(InitialState.through(self.network, some.u[some.offsets[:-1]], states))
        return min(guesses, key=self._error_at_the_beginning)

    def _as_sums_began(self, guess: InitialState) -> InitialState:
        """Shift a guess to the states in which records of sums began, where that is nearer."""
        problem, params = self.task.problem, self.solution.params
        rmse = max(self.errors()[0], np.sqrt(NOISE_FLOOR))
        if problem.whole is None or not np.isfinite(rmse):
            return guess
        inputs, states = begun_sums(problem, self.network, params, rmse)
        shift = np.mean(states - guess.before(inputs), axis=0)
        shifted = InitialState(guess.offset + shift, guess.slope)
        error, before = (self._error_at_the_beginning(one) for one in (shifted, guess))
        return shifted if error < CLEARLY * before else guess

    @cached_property
    def _begun(self) -> FloatArray | None:
        """States in which records of the task began, where training fitted them to many."""
        task, whole = self.task, self.task.problem.whole
        many = task.records.n_records >= MANY_RECORDS and not task.from_rest
        if whole is None or whole.washout > 0 or np.any(whole.gains):
            return None
        if not (many and self.solution.decided):
            return None
        strength = max(self.solution.rmse_train**2, NOISE_FLOOR) / STATE_VARIANCE
        records = whole.records.some(most_records(self.network))
        return begun_states(self.network, self.solution.params, records, strength)

    @cached_property
    def _told(self) -> Records:
        """Records that tell what is left of errors after training: some, where these are many."""
        records = self.task.records
        return records if self._begun is None else records.some(len(self._begun))

    def _error_at_the_beginning(self, begun: InitialState) -> float:
        """Sum of squared errors in the first steps of all records."""
        records = self.task.records
        assert records.y is not None
        reduced = self.task.frame.without_taps().reduce(records)
        states = begun.before(reduced.u[reduced.offsets[:-1]])
        square = (records.y - self._simulated(records, states)) ** 2
        if records.weights is not None:
            square *= records.weights
        first = self.task.parts.washout or auto_washout(records.lengths)
        return float(np.sum(square[~records.after(first)]))

    def error_model(self) -> ErrorModel:
        """Autoregression of the free-run error."""
        records = self._told
        assert records.y is not None
        error = records.y - self.free_run(records)
        return ErrorModel.of(error, records, self.task.parts.washout)

    def errors(self) -> tuple[float, float]:
        """Free-run RMSE on the steps trained on and held out, all outputs together.

        Those the solver found on held-out rows of its own, or those from rest.
        """
        solution, parts = self.solution, self.task.parts
        if solution.decided:
            return solution.rmse_train, solution.rmse_validation
        held = self._rmse(parts.validation, parts.judged_washout)
        return self._rmse(parts.train, parts.washout), held

    def _rmse(self, records: Records | None, washout: int) -> float:
        """RMSE on the scored steps; NaN without records."""
        if records is None:
            return float("nan")
        return rmse_of(records, self.free_run(records), washout, self.task.settings.loss)

    def fits(self) -> FloatArray:
        """Fit in percent on the judged records, NaN for outputs that do not vary there.

        A short record that was held out in blocks is judged as a whole.
        """
        task, decided = self.task, self.solution.decided
        judged = self._told if decided else task.judged
        washout = task.parts.washout if decided else task.parts.judged_washout
        return fits_of(judged, self.free_run(judged), washout, task.settings.loss)

    def free_run(self, records: Records) -> FloatArray:
        """Simulate some records of the task, each only once.

        From where they began, as far as that is known; else from rest.
        """
        if id(records) not in self._runs:
            begun = self._begun if records is self._told else None
            self._runs[id(records)] = self._simulated(records, begun)
        return self._runs[id(records)]

    def _simulated(self, records: Records, states: FloatArray | None = None) -> FloatArray:
        """Simulate, by default from rest; levels of integrating outputs are those that fit best."""
        frame = self.task.frame.without_taps()
        reduced = frame.reduce(records)
        y, _ = simulate(
            self.network,
            self.solution.params,
            reduced.u,
            reduced.offsets,
            states,
            float32=False,
            n_threads=self.task.settings.n_threads,
        )
        y = frame.expand(y, records.offsets)
        for rows in records.slices():
            y[rows] += frame.integrating * mean_offset(records, rows, y)
        return y
