"""From what `fit` is given to a solved problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.checks import Layout, check_records, output_labels
from fastlstm.delaying import delayed, tapped
from fastlstm.frame import Frame
from fastlstm.known import Known
from fastlstm.labels import Labels
from fastlstm.network import Network
from fastlstm.posing import delays_for, find_frame, lags_for, pose, washed_out
from fastlstm.records import Records, hold_out
from fastlstm.scaling import Scaling
from fastlstm.settings import Settings
from fastlstm.solvers.base import raise_objections, solve_in_turn
from fastlstm.solvers.first_network import begin_small
from fastlstm.solvers.problem import Clock, Parts, Problem, Progress, Solution, Status, Whole
from fastlstm.stability import StabilityConstraint
from fastlstm.starts.integrating import increments_of
from fastlstm.time_base import in_steps_of
from fastlstm.training_record import DataFacts
from fastlstm.weights import counted_records, measured_only, without_far_outputs

FloatArray = NDArray[np.float64]
AUTO_ALPHA = 1e-4  # where the ridge does not follow the error, or not yet


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
    output_labels : Labels
        Names and units of y, as far as its container tells them.
    data : DataFacts
        Which data these are.
    scaling : Scaling
    input_range : array of shape (2, n_inputs)
        Smallest and largest value of every input, in the unit of X.
    records : Records
        All records, standardised, with all columns that the network sees.
    frame : Frame
        Between the records and the network.
    parts : Parts
        The same records split into training and validation.
    problem : Problem
        The same in steps of the network.
    from_rest : bool
        Whether every record begins in a state for which a network at rest can stand.
    """

    settings: Settings
    clock: Clock
    layout: Layout
    one_column: bool
    output_labels: Labels
    data: DataFacts
    scaling: Scaling
    input_range: FloatArray
    records: Records
    frame: Frame
    parts: Parts
    problem: Problem
    from_rest: bool

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, Any],
        given: tuple[Any, Any, Any],
        known: Known | None = None,
    ) -> Task:
        """Check arguments and data, standardise (as `known` says, if given), pose the problem.

        Sizes that are "auto" follow a known network.
        """
        settings = Settings.of(parameters)
        clock = Clock(settings.time_limit)
        X, y, sample_weight = given
        measured, layout, one_column = check_records(X, y, settings.masks_missing)
        labels, data = output_labels(y), DataFacts.of(measured)
        layout.labels.joined(labels)  # a clash must not wait for the end of the training
        robust = not settings.loss.is_squared
        measured = without_far_outputs(measured) if robust else measured
        counted = counted_records(measured, layout, sample_weight, settings.output_weights)
        from_rest = settings.begins_at_rest(counted)
        washout = settings.washout_for(counted.lengths, from_rest)
        records = measured_only(counted, washout).in_canonical_order()
        known = Known() if known is None else known
        scaling = Scaling.of(records) if known.scaling is None else known.scaling
        range_now = np.stack([records.u.min(axis=0), records.u.max(axis=0)])
        input_range = known.widened(range_now)
        scaled = scaling.scale(records)
        seen, frame, plain = _seen(settings, known, scaled, washout, scaling.moves)
        reduced, fraction = in_steps_of(frame, seen), settings.validation_fraction
        posed = Parts.of(reduced, fraction, settings.steps_of_washout(reduced, frame, from_rest))
        own = settings.network(seen.u.shape[1], scaling.y_mean.size)
        network = own if known.network is None or settings.has_sizes else known.network
        constraint = None
        if settings.stability is not None:
            lo, hi = scaling.scale_inputs(input_range)[:, frame.channels]
            constraint = StabilityConstraint(network, lo, hi, settings.stability)
        judging = settings.loss, fraction, from_rest
        whole = None if plain else pose(reduced, network, settings.washout, frame, *judging)
        made = network, posed, constraint, whole, frame.n_lagged
        problem = _problem(settings, *made)
        follows = scaling.moves and not (from_rest or np.any(frame.integrating))
        if settings.washout is None and follows:
            problem = washed_out(problem, reduced, fraction)
            washout = frame.hold * problem.washout
        parts = Parts.of(seen, fraction, washout)
        if settings.begins_small and known.network is None and (whole is None or whole.is_medium):
            problem = begin_small(problem)
        raise_objections(settings.solvers, problem)
        made = labels, data, scaling, input_range, seen, frame, parts, problem
        return cls(settings, clock, layout, one_column, *made, from_rest)

    @property
    def judged(self) -> Records:
        """Records that tell how good a model is: held out where there are any."""
        return self.parts.judged

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
        if not self.scaling.moves:
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


def _problem(
    settings: Settings,
    network: Network,
    parts: Parts,
    constraint: StabilityConstraint | None,
    whole: Whole | None,
    n_lagged: int,
) -> Problem:
    """Put together what a method is given; `parts` are in steps of the network."""
    return Problem(
        network=network,
        train=parts.train,
        validation=parts.validation,
        washout=parts.washout,
        validation_washout=parts.validation_washout,
        alpha=AUTO_ALPHA if settings.alpha is None else settings.alpha,
        adapts_alpha=settings.alpha is None,
        n_threads=settings.n_threads,
        constraint=constraint,
        whole=whole,
        may_widen=settings.may_widen,
        loss=settings.loss,
        n_lagged=n_lagged,
    )


def _seen(
    settings: Settings, known: Known, records: Records, washout: int, moves: bool
) -> tuple[Records, Frame, bool]:
    """Find what stands between standardised records and network.

    Returns
    -------
    seen : Records
        With all columns that the network sees.
    frame : Frame
    plain : bool
        Whether the method trains on long records alone: no integrator, nothing held out anew.
    """
    delays = delays_for(settings.input_delays, records, washout, known.frame)
    assert records.y is not None
    acting, n_outputs = delayed(records, delays), records.y.shape[1]
    held = hold_out(acting, settings.validation_fraction, washout)[1]
    plain = held is None or not settings.fits_whole_records or not moves
    if plain:
        known.must_not_integrate()
    frame = known.bare_frame
    if frame is None:
        frame = Frame.plain(n_outputs)
        if moves:
            frame = find_frame(acting, integrators=not plain, hold=settings.samples_per_step)
    reduced, steps = frame.reduce(acting), -(-washout // frame.hold)
    if np.any(frame.integrating):
        reduced = increments_of(reduced, frame.gains)
    order = settings.first_width
    frame = replace(frame, lags=lags_for(settings.input_lags, reduced, steps, order, known.frame))
    return tapped(acting, frame.taps), replace(frame, delays=delays), plain
