"""fastlstm timed like everything else: start, screening and data preparation included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.curves import Point, Run
from benchmarks.timing import Stopwatch, blas_threads
from fastlstm import LSTMRegressor
from fastlstm.datasets import Dataset


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

    Returns
    -------
    run : Run
    """
    seen: list[tuple[float, float, int, LSTMRegressor]] = []
    model = LSTMRegressor(**settings, n_jobs=threads, random_state=seed)
    with blas_threads(threads), Stopwatch() as clock:

        def remember(progress: Any) -> None:
            with clock.paused():
                seen.append((clock.cpu, clock.wall, progress.iteration, progress.model()))

        model.fit(dataset.X, dataset.y, callback=remember)
    if keep is not None:
        keep(model)
    last = seen[-1][2] if seen else 0
    seen.append((clock.cpu, clock.wall, last, model))
    points: list[Point] = []
    with blas_threads(threads):
        for k, (cpu, wall, step, stored) in enumerate(seen):
            same = k > 0 and np.array_equal(stored.params_, seen[k - 1][3].params_)
            scores = points[-1].test if same else score(dataset, stored)
            points.append(Point(cpu, wall, step, None, scores))
    return Run("ours", dict(settings), seed, threads, points)
