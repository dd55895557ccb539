"""What a callback of `fit` sees, and the plain lines that ``verbose`` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm.judging import spread_of
from fastlstm.solvers.problem import Progress

if TYPE_CHECKING:
    from fastlstm.network import Network
    from fastlstm.regressor import LSTMRegressor
    from fastlstm.training import Task

PRINT_EVERY = 0.5  # wall seconds between two lines at verbose=1


@dataclass(frozen=True)
class FitProgress:
    """State of a running fit after an accepted iteration.

    Parameters
    ----------
    iteration : int
        Accepted iterations so far.
    cost : float
        Mean squared error on the training records, in standardised units.
    rmse_train, rmse_validation : float
        Free-run RMSE in standardised units, all outputs together; the second is NaN without
        validation records.
    fit_percent : float
        100 * (1 - nrmse) on the validation records (the training records where there are none).
    cpu_time, wall_time : float
        Seconds since the start of `fit`, without the time spent in callbacks.
    phase : str
        What the solver is doing.
    fraction : float
        Part of the expected work that is done, in [0, 1].
    """

    iteration: int
    cost: float
    rmse_train: float
    rmse_validation: float
    fit_percent: float
    cpu_time: float
    wall_time: float
    phase: str
    fraction: float
    _make_model: Callable[[Progress], LSTMRegressor] = field(repr=False, compare=False)
    _progress: Progress = field(repr=False, compare=False)

    @property
    def params(self) -> NDArray[np.float64]:
        """Best weights so far, shape (n_params,), in the order of `Network.shapes`; a copy."""
        return self._progress.params.copy()

    @property
    def network(self) -> Network | None:
        """Structure of these weights where it is not the one asked for."""
        return self._progress.network

    def model(self) -> LSTMRegressor:
        """Fitted estimator with the best weights so far, independent of the running fit."""
        return self._make_model(self._progress)


FitCallback = Callable[[FitProgress], object]


class Reporter:
    """Turns the progress of a solver into `FitProgress` for the user and into printed lines."""

    def __init__(
        self,
        make_model: Callable[[Progress], LSTMRegressor],
        task: Task,
        callback: FitCallback | None,
    ) -> None:
        self._make_model = make_model
        washout = task.parts.judged_washout
        self._spread = spread_of(task.judged, washout, task.settings.loss)
        self._callback = callback
        self._verbose = task.settings.verbose
        self._printed_at = -np.inf

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._callback is not None or self._verbose > 0

    def __call__(self, progress: Progress) -> None:
        """Report one accepted iteration."""
        event = self._event(progress)
        if self._verbose > 1 or (
            self._verbose == 1 and event.wall_time >= self._printed_at + PRINT_EVERY
        ):
            self._printed_at = event.wall_time
            print(
                f"[{event.wall_time:7.2f} s] iteration {event.iteration:4d}  cost {event.cost:.3e}"
                f"  fit {event.fit_percent:6.2f} %  {event.phase}",
                flush=True,
            )
        if self._callback is not None:
            self._callback(event)

    def _event(self, progress: Progress) -> FitProgress:
        has_validation = np.isfinite(progress.rmse_validation)
        judged = progress.rmse_validation if has_validation else progress.rmse_train
        nrmse = judged / self._spread if self._spread > 0.0 else np.nan
        return FitProgress(
            iteration=progress.iteration,
            cost=progress.rmse_train**2,
            rmse_train=progress.rmse_train,
            rmse_validation=progress.rmse_validation,
            fit_percent=100.0 * (1.0 - nrmse),
            cpu_time=progress.cpu_time,
            wall_time=progress.wall_time,
            phase=progress.phase,
            fraction=progress.fraction,
            _make_model=self._make_model,
            _progress=progress,
        )
