"""The methods of this library as contestants: the linear yardstick, and every solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm._core import simulate
from fastlstm.comparison.beginnings import Beginning, beginning_of
from fastlstm.comparison.exam import Exam
from fastlstm.comparison.progress import Watch
from fastlstm.comparison.runs import Simulate, Trained
from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.progress import FitProgress
from fastlstm.records import Records
from fastlstm.regressor import LSTMRegressor
from fastlstm.scaling import Scaling
from fastlstm.solvers.problem import Clock, Status
from fastlstm.starts.linear import identify

FloatArray = NDArray[np.float64]
LINEAR = "linear"
NO_ITERATION_LIMIT = 10**9  # the budget is time


@dataclass(frozen=True)
class Budget:
    """What every method gets, and the structure that it trains.

    Parameters
    ----------
    hidden_sizes, head_sizes : tuple of int
    time_limit : float
        Wall seconds of one training.
    n_threads : int
    """

    hidden_sizes: tuple[int, ...]
    head_sizes: tuple[int, ...]
    time_limit: float
    n_threads: int


@dataclass(frozen=True)
class Job:
    """One training that is to be done: method, seed, setting, and how."""

    method: str
    seed: int | None
    label: str
    train: Callable[[Watch], Trained]


def linear_job(exam: Exam) -> Job:
    """Plan the linear model of the training part, the yardstick of every comparison."""

    def train(watch: Watch) -> Trained:
        clock = Clock()
        scaling = Scaling.of(exam.train)
        linear = identify(scaling.scale(exam.train), washout=exam.washout)
        cpu_time, wall_time = clock.cpu, clock.wall
        (n_outputs, n_inputs), order = linear.D.shape, linear.order

        def run(_: FloatArray, records: Records) -> FloatArray:
            return scaling.unscale_outputs(linear.simulate(scaling.scale(records)))

        return Trained(
            method=LINEAR,
            label=f"state space, order {order}",
            seed=None,
            n_weights=order * (n_inputs + n_outputs) + n_inputs * n_outputs + n_outputs,
            cpu_time=cpu_time,
            wall_time=wall_time,
            status=Status.DONE.value,
            message="",
            rmse_validation=np.nan,
            snapshots=watch.snapshots,
            weights=np.zeros(0),
            simulate=run,
        )

    return Job(LINEAR, None, "", train)


def solver_job(exam: Exam, budget: Budget, name: str, solver: Any, seed: int) -> Job:
    """Plan a fit of `LSTMRegressor` with one solver, or several in a row.

    Parameters
    ----------
    exam : Exam
    budget : Budget
    name : str
        Name in the table.
    solver : str, AbstractSolver or list of these
    seed : int
    """

    def train(watch: Watch) -> Trained:
        model = LSTMRegressor(
            budget.hidden_sizes,
            budget.head_sizes,
            solver=solver,
            max_iter=NO_ITERATION_LIMIT,
            washout=exam.washout,
            time_limit=budget.time_limit,
            n_jobs=budget.n_threads,
            random_state=seed,
        )

        def callback(event: FitProgress) -> None:
            watch.snapshots.add(event.cpu_time, event.wall_time, event.params)
            watch.report(event.cpu_time, event.wall_time, event.fit_percent, event.fraction)

        model.fit(*exam.frames, callback=callback)
        return Trained(
            method=name,
            label=describe_sizes(budget.hidden_sizes, budget.head_sizes),
            seed=seed,
            n_weights=model.network_.n_params,
            cpu_time=model.cpu_time_,
            wall_time=model.fit_time_,
            status=model.status_,
            message=model.message_,
            rmse_validation=model.rmse_validation_,
            snapshots=watch.snapshots,
            weights=model.params_,
            simulate=simulator(
                model.network_,
                model.scaling_,
                budget.n_threads,
                model.frame_,
                beginning_of(model, exam),
            ),
            model=model,
            interrupted=model.status_ == Status.INTERRUPTED.value,
        )

    return Job(name, seed, f"seed {seed}", train)


def simulator(
    network: Network,
    scaling: Scaling,
    n_threads: int,
    frame: Frame | None = None,
    beginning: Beginning | None = None,
) -> Simulate:
    """Free run of a network, from and to the units of the data; from rest without a beginning."""
    between = Frame.plain(network.n_outputs) if frame is None else frame

    def run(weights: FloatArray, records: Records) -> FloatArray:
        seen = between.reduce(Records(scaling.scale_inputs(records.u), None, records.offsets))
        first = seen.u[seen.offsets[:-1]]
        states = None if beginning is None else beginning(weights, first)
        y, _ = simulate(
            network, weights, seen.u, seen.offsets, states, float32=False, n_threads=n_threads
        )
        return scaling.unscale_outputs(between.expand(y, records.offsets))

    return run


def describe_sizes(hidden_sizes: Sequence[int], head_sizes: Sequence[int]) -> str:
    """Name a structure in a few characters.

    Examples
    --------
    >>> describe_sizes((6, 6), (8,)), describe_sizes((12,), ())
    ('LSTM 6, 6 + MLP 8', 'LSTM 12')
    """
    head = f" + MLP {', '.join(map(str, head_sizes))}" if head_sizes else ""
    return f"LSTM {', '.join(map(str, hidden_sizes))}{head}"
