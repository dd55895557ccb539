"""fastlstm timed like everything else: start, screening and data preparation included."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.curves import Point, Run
from benchmarks.timing import Stopwatch, blas_threads
from fastlstm import LSTMRegressor
from fastlstm.datasets import Dataset
from fastlstm.network import Network
from fastlstm.progress import FitProgress
from fastlstm.settings import Settings


def score(dataset: Dataset, model: LSTMRegressor) -> dict[str, float]:
    """Official free-run error on every test record; the state starts from its first outputs."""
    n_init = dataset.init_window
    return {
        name: dataset.score(
            name, model.simulate(record.u, y_init=record.y[:n_init] if n_init else None)
        )
        for name, record in dataset.tests.items()
    }


def train_ours(
    dataset: Dataset,
    settings: dict[str, Any],
    *,
    seed: int = 0,
    threads: int = 1,
    keep: Callable[[LSTMRegressor], object] | None = None,
    per_decade: float = np.inf,
) -> Run:
    """Fit once; the curve shows the model in hand after every accepted iteration.

    Models are stored with the clock stopped and scored after the fit, so that the run that is
    timed never touches the test set.

    Parameters
    ----------
    dataset : Dataset
    settings : dict
        Arguments of LSTMRegressor, `time_limit` among them.
    seed, threads : int
        `random_state` and `n_jobs`; BLAS is held to as many threads.
    keep : callable, optional
        Is given the fitted estimator.
    per_decade : float
        Most models that are scored per decade of CPU time; all by default.

    Returns
    -------
    run : Run
    """
    seen: list[Moment] = []
    model = LSTMRegressor(**settings, n_jobs=threads, random_state=seed)
    with blas_threads(threads), Stopwatch() as clock:

        def remember(progress: FitProgress) -> None:
            with clock.paused():
                due = not seen or clock.cpu >= seen[-1].cpu * 10 ** (1 / per_decade)
                if due and (not seen or not np.array_equal(seen[-1].params, progress.params)):
                    seen.append(Moment.of(clock.cpu, clock.wall, progress))

        model.fit(dataset.X, dataset.y, callback=remember)
    if keep is not None:
        keep(model)
    with blas_threads(threads):
        points = [
            Point(now.cpu, now.wall, now.step, None, score(dataset, now.model(model)))
            for now in seen
        ]
        end = Point(clock.cpu, clock.wall, model.n_iter_, None, score(dataset, model))
    return Run("ours", dict(settings), seed, threads, [*points, end])


@dataclass(frozen=True)
class Moment:
    """The best weights at a moment of a fit; a model of them is made when the fit is over."""

    cpu: float
    wall: float
    step: int
    params: NDArray[np.float64]
    network: Network | None
    rmse_train: float

    @classmethod
    def of(cls, cpu: float, wall: float, progress: FitProgress) -> Moment:
        """Copy what a callback sees."""
        return cls(
            cpu, wall, progress.iteration, progress.params, progress.network, progress.rmse_train
        )

    def model(self, final: LSTMRegressor) -> LSTMRegressor:
        """Return the estimator with these weights."""
        model = copy(final)
        model.params_, model.rmse_train_ = self.params, self.rmse_train
        model.network_ = self.network or asked_for(final)
        return model


def asked_for(final: LSTMRegressor) -> Network:
    """Return the structure that the arguments of an estimator ask for."""
    settings = Settings.of(final.get_params(deep=False))
    return settings.network(final.n_features_in_, final.n_outputs_)
