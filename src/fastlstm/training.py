"""From what `fit` is given to a solved problem, and what the user should hear about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm.checks import Layout, check_records, column_names
from fastlstm.error_model import ErrorModel
from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.frame import Frame
from fastlstm.judging import fits_of, mean_offset, rmse_of
from fastlstm.network import Network
from fastlstm.posing import pose
from fastlstm.records import Records, hold_out
from fastlstm.scaling import Scaling
from fastlstm.settings import Settings
from fastlstm.solvers.base import raise_objections, solve_in_turn
from fastlstm.solvers.problem import Clock, Problem, Progress, Solution, Status
from fastlstm.stability import StabilityConstraint
from fastlstm.weights import counted_records, measured_only, without_far_outputs

FloatArray = NDArray[np.float64]
UNEXCITED_FIT = 5.0  # percent; below it the output does not visibly follow the input
WORTH_A_WARNING = (Status.MAX_ITER, Status.DIVERGED, Status.INTERRUPTED, Status.FALLBACK)


@dataclass(frozen=True)
class Known:
    """What earlier records have fixed, when training goes on.

    Parameters
    ----------
    scaling : Scaling or None
    input_range : array of shape (2, n_inputs) or None
    network : Network or None
    frame : Frame or None
    """

    scaling: Scaling | None = None
    input_range: FloatArray | None = None
    network: Network | None = None
    frame: Frame | None = None

    def widened(self, input_range: FloatArray) -> FloatArray:
        """Return the range of the earlier and of the new inputs together."""
        if self.input_range is None:
            return input_range
        lo = np.minimum(self.input_range[0], input_range[0])
        return np.stack([lo, np.maximum(self.input_range[1], input_range[1])])


def _moves(scaling: Scaling) -> bool:
    """Whether there is anything to train: an input and an output that vary."""
    return bool(np.any(scaling.y_std > 0.0) and np.any(scaling.u_std > 0.0))


def _plain_frame(known: Known, n_outputs: int) -> Frame:
    """Frame for methods that train on the records as they are."""
    if known.frame is not None and not known.frame.is_plain:
        raise ValueError(
            'a model with an integrator or a wider time base must go on with solver="lm" alone, '
            "stability=None and validation_fraction > 0; got other settings, or records too short "
            "to hold any out. Change these, or fit from the beginning."
        )
    return Frame.plain(n_outputs)


@dataclass(frozen=True)
class Task:
    """One call of `fit`: checked settings and data, and the problem made of them.

    Parameters
    ----------
    settings : Settings
    clock : Clock
        Started when the call came.
    layout : Layout
        Form of X.
    one_column : bool
        Whether the outputs are 1-D arrays.
    output_names : tuple of str or None
        Column names of y, where it was given as DataFrames.
    scaling : Scaling
    input_range : array of shape (2, n_inputs)
        Smallest and largest value of every input, in the unit of X.
    records : Records
        All records, standardised.
    frame : Frame
        Between the records and the network.
    problem : Problem
        The same records split into training and validation.
    """

    settings: Settings
    clock: Clock
    layout: Layout
    one_column: bool
    output_names: tuple[str, ...] | None
    scaling: Scaling
    input_range: FloatArray
    records: Records
    frame: Frame
    problem: Problem

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, Any],
        X: Any,
        y: Any,
        known: Known | None = None,
        sample_weight: Any = None,
    ) -> Task:
        """Check arguments and data, standardise (as `known` says, if given), pose the problem.

        Sizes that are "auto" follow a known network.
        """
        settings = Settings.of(parameters)
        clock = Clock(settings.time_limit)
        given, layout, one_column = check_records(X, y, settings.masks_missing)
        robust = not settings.loss.is_squared
        given = without_far_outputs(given) if robust else given
        counted = counted_records(given, layout, sample_weight, settings.output_weights)
        washout = settings.washout_for(counted.lengths)
        records = measured_only(counted, washout).in_canonical_order()
        known = Known() if known is None else known
        scaling = Scaling.of(records) if known.scaling is None else known.scaling
        range_now = np.stack([records.u.min(axis=0), records.u.max(axis=0)])
        input_range = known.widened(range_now)
        scaled = scaling.scale(records)
        train, validation, lead_in = hold_out(scaled, settings.validation_fraction, washout)
        own = settings.network(scaling.u_mean.size, scaling.y_mean.size)
        network = own if known.network is None or settings.has_sizes else known.network
        constraint = None
        if settings.stability is not None:
            lo, hi = scaling.scale_inputs(input_range)
            constraint = StabilityConstraint(network, lo, hi, settings.stability)
        used = 0 if settings.washout is None else washout
        plain = constraint is not None or not settings.fits_whole_records
        if validation is None or plain or not _moves(scaling):
            frame, whole = _plain_frame(known, network.n_outputs), None
        else:
            frame, whole = pose(scaled, network, used, known.frame, settings.loss)
        problem = Problem(
            network=network,
            train=train,
            validation=validation,
            washout=washout,
            validation_washout=lead_in,
            alpha=settings.alpha,
            n_threads=settings.n_threads,
            constraint=constraint,
            whole=whole,
            may_widen=settings.may_widen,
            loss=settings.loss,
        )
        raise_objections(settings.solvers, problem)
        names = column_names(y[0] if isinstance(y, list | tuple) and len(y) else y)
        return cls(
            settings, clock, layout, one_column, names, scaling, input_range, scaled, frame, problem
        )

    @property
    def judged(self) -> Records:
        """Records that tell how good a model is: held out where there are any."""
        return self.problem.judged

    def solve(
        self, report: Callable[[Progress], None] | None, start: FloatArray | None = None
    ) -> Solution:
        """Run the solvers; where nothing varies there is nothing to train: the mean is the model.

        Parameters
        ----------
        report : callable or None
        start : array of shape (n_params,) or None
            Weights to begin from.
        """
        if not _moves(self.scaling):
            return Solution(
                params=np.zeros(self.problem.network.n_params),
                status=Status.CONVERGED,
                message="no input or no output varies; the model is the mean of y.",
                n_iter=0,
                rmse_train=float(np.any(self.scaling.y_std > 0.0)),
                rmse_validation=np.nan,
                start="mean",
            )
        rng = np.random.default_rng(self.settings.seed)
        return solve_in_turn(
            self.settings.solvers,
            self.problem,
            rng=rng,
            clock=self.clock,
            callback=report,
            start=start,
        )

    def network_of(self, solution: Solution) -> Network:
        """Structure that a solution has."""
        return self.problem.network if solution.network is None else solution.network

    def fit_error_model(self, solution: Solution) -> ErrorModel:
        """Autoregression of the free-run error on all records."""
        assert self.records.y is not None
        error = self.records.y - self._free_run(solution, self.records)
        return ErrorModel.of(error, self.records, self.problem.washout)

    def errors_of(self, solution: Solution) -> tuple[float, float]:
        """Free-run RMSE on the steps trained on and held out, all outputs together.

        Those the solver found on held-out rows of its own, or those from rest.
        """
        if solution.decided:
            return solution.rmse_train, solution.rmse_validation
        return (
            self._rmse(solution, self.problem.train),
            self._rmse(solution, self.problem.validation),
        )

    def _rmse(self, solution: Solution, records: Records | None) -> float:
        """RMSE on the scored steps; NaN without records."""
        if records is None:
            return float("nan")
        y_sim = self._free_run(solution, records)
        return rmse_of(records, y_sim, self.problem.washout, self.settings.loss)

    def _free_run(self, solution: Solution, records: Records) -> FloatArray:
        """Simulate from rest; levels of integrating outputs are those that fit best."""
        reduced = self.frame.reduce(records)
        y, _ = simulate(
            self.network_of(solution),
            solution.params,
            reduced.u,
            reduced.offsets,
            float32=False,
            n_threads=self.settings.n_threads,
        )
        y = self.frame.expand(y, records.offsets)
        for rows in records.slices():
            y[rows] += self.frame.integrating * mean_offset(records, rows, y)
        return y

    def warn_about_channels(self) -> None:
        """Name the channels that do not vary."""
        for name, channels, effect in (
            ("X", self.scaling.constant_inputs, "the model ignores them"),
            ("y", self.scaling.constant_outputs, "the model predicts that constant"),
        ):
            if channels:
                warnings.warn(
                    f"{name} should vary in every channel; channels {channels} are constant, so "
                    f"{effect}. Drop them, or record data in which they move.",
                    DataWarning,
                    stacklevel=3,
                )

    def warn_about_solution(self, solution: Solution) -> None:
        """Pass on a solver that stopped for a reason the user may want to remove."""
        if solution.status in WORTH_A_WARNING:
            warnings.warn(
                f"solver={self.settings.solver_name!r} ended with status "
                f"{solution.status.value!r} after {solution.n_iter} iterations: "
                f"{solution.message}",
                ConvergenceWarning,
                stacklevel=4,
            )

    def warn_about_excitation(self, solution: Solution) -> None:
        """Name the outputs that the finished model hardly explains on the judged records."""
        fits = self._fit_per_output(solution)
        weak = [f"{k}: {fits[k]:.1f} %" for k in np.flatnonzero(fits < UNEXCITED_FIT)]
        if weak:
            kind = "training" if self.problem.validation is None else "held-out"
            kind = "measured" if solution.decided else kind
            warnings.warn(
                f"y must follow X; on the {kind} steps the model explains too little of the output "
                f"channels (fit of channel {', '.join(weak)}). Check that X holds the signals that "
                "drive y, in time with it and moving enough, and that y has no drift of its own.",
                DataWarning,
                stacklevel=4,
            )

    def _fit_per_output(self, solution: Solution) -> FloatArray:
        """Fit in percent on the judged records, NaN for outputs that do not vary there.

        A short record that was held out in blocks is judged as a whole.
        """
        judged = self.records if solution.decided else self.judged
        washout = self.problem.washout if solution.decided else self.problem.judged_washout
        return fits_of(judged, self._free_run(solution, judged), washout, self.settings.loss)
