"""One training of one method: as it comes out of the training, and after it was scored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.exam import Exam
from fastlstm.comparison.snapshots import Snapshot, Snapshots
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
Simulate = Callable[[FloatArray, Records], FloatArray]


@dataclass(frozen=True)
class Trained:
    """A finished training that has not seen the test part.

    Parameters
    ----------
    method, label : str
        Name in the table; structure or setting in words.
    seed : int or None
        None for a method without randomness.
    n_weights : int
    cpu_time, wall_time : float
        Seconds, everything from data preparation to the finished model.
    status, message : str
    rmse_validation : float
        By which settings of one method are chosen; standardised.
    snapshots : Snapshots
    weights : array of shape (n_params,)
        Of the finished model.
    simulate : callable
        From weights and records to free-run outputs (n_total, n_outputs), in the units of y.
    model : LSTMRegressor or None
        Where the method gives one.
    interrupted : bool
    """

    method: str
    label: str
    seed: int | None
    n_weights: int
    cpu_time: float
    wall_time: float
    status: str
    message: str
    rmse_validation: float
    snapshots: Snapshots
    weights: FloatArray
    simulate: Simulate = field(repr=False)
    model: Any = field(default=None, repr=False)
    interrupted: bool = False


@dataclass(frozen=True)
class Curve:
    """Test error of the model in hand against time.

    Parameters
    ----------
    cpu_time, wall_time : array of shape (n_points,)
        Seconds, increasing.
    rmse : array of shape (n_points, n_outputs)
        In the units of y.
    nrmse : array of shape (n_points,)
        Mean over the outputs, relative to their standard deviation.
    """

    cpu_time: FloatArray
    wall_time: FloatArray
    rmse: FloatArray
    nrmse: FloatArray

    def time_to(self, nrmse: float) -> float:
        """CPU seconds until the error is first at most `nrmse`; infinite if it never is."""
        reached = np.flatnonzero(self.nrmse <= nrmse)
        return float(self.cpu_time[reached[0]]) if len(reached) else math.inf


@dataclass(frozen=True)
class Run:
    """A scored training.

    Parameters
    ----------
    method, label, seed, n_weights, cpu_time, wall_time, status, message, model
        As in `Trained`.
    n_settings : int
        Settings tried; this is the one that was best on validation.
    wall_time_all : float
        Wall seconds of all settings together.
    rmse : array of shape (n_outputs,)
        On the scored test steps, in the units of y.
    nrmse : float
        Mean over the outputs, relative to their standard deviation.
    curve : Curve
    y_sim : array of shape (n_total, n_outputs)
        Free run over the test part.
    """

    method: str
    label: str
    seed: int | None
    n_weights: int
    cpu_time: float
    wall_time: float
    status: str
    message: str
    n_settings: int
    wall_time_all: float
    rmse: FloatArray
    nrmse: float
    curve: Curve = field(repr=False)
    y_sim: FloatArray = field(repr=False)
    model: Any = field(default=None, repr=False)


def choose_and_score(exam: Exam, group: list[Trained]) -> Run:
    """Score the setting of one method and seed that was best on validation.

    Parameters
    ----------
    exam : Exam
    group : list of Trained
        One per setting; at least one.
    """
    best = min(group, key=lambda trained: trained.rmse_validation)
    return score(exam, best, len(group), sum(trained.wall_time for trained in group))


def score(exam: Exam, trained: Trained, n_settings: int, wall_time_all: float) -> Run:
    """Open the test part: score the finished model and all its snapshots."""
    moments = [s for s in trained.snapshots.kept if s.cpu_time < trained.cpu_time]
    moments.append(Snapshot(trained.cpu_time, trained.wall_time, trained.weights))
    errors = [exam.rmse(trained.simulate(moment.weights, exam.test)) for moment in moments]
    curve = Curve(
        np.array([moment.cpu_time for moment in moments]),
        np.array([moment.wall_time for moment in moments]),
        np.array(errors),
        np.array([exam.nrmse(error) for error in errors]),
    )
    return Run(
        trained.method,
        trained.label,
        trained.seed,
        trained.n_weights,
        trained.cpu_time,
        trained.wall_time,
        trained.status,
        trained.message,
        n_settings,
        wall_time_all,
        errors[-1],
        exam.nrmse(errors[-1]),
        curve,
        trained.simulate(trained.weights, exam.test),
        trained.model,
    )
