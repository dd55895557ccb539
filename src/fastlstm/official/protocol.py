"""Train on the training records, open each test record once, score by the benchmark's rule."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.progress import MethodProgress
from fastlstm.datasets import Dataset
from fastlstm.machine import describe
from fastlstm.official.result import OfficialResult, OfficialRun
from fastlstm.progress import FitProgress
from fastlstm.regressor import LSTMRegressor
from fastlstm.solvers.problem import Status

FloatArray = NDArray[np.float64]
Callback = Callable[[MethodProgress], object]


def run_official(
    datasets: Sequence[Dataset],
    *,
    seeds: Iterable[int] = range(5),
    callback: Callback | None = None,
    **parameters: Any,
) -> OfficialResult:
    """Train and score one configuration on every set with every seed.

    Parameters
    ----------
    datasets : sequence of Dataset
        From `find_sets`, or from the loaders and simulators.
    seeds : iterable of int, default=range(5)
        One training each, per set.
    callback : callable, optional
        Called with a `MethodProgress` after every accepted iteration.
    **parameters
        Arguments of `LSTMRegressor`, the same for all sets; its defaults otherwise.

    Returns
    -------
    result : OfficialResult
        After Ctrl-C the trainings that were done.

    Raises
    ------
    ValueError
        If there is no set or no seed, or a parameter is wrong.
    KeyboardInterrupt
        If Ctrl-C came before the first training was done.

    Notes
    -----
    Only the training records enter `fit`; validation records that a benchmark has of its own are
    not used. BLAS runs on one thread during training.
    """
    jobs = list(product(datasets, seeds))
    if not jobs:
        raise ValueError(
            "datasets and seeds must not be empty; got nothing to train. Pass at least one set and "
            "one seed."
        )
    settings = LSTMRegressor(**parameters).get_params(deep=False)
    runs: list[OfficialRun] = []
    interrupted = False
    try:
        for number, (data, seed) in enumerate(jobs, start=1):
            report = (
                None if callback is None else _reporter(callback, data, seed, number, len(jobs))
            )
            run = train_and_score(data, seed, report, **parameters)
            if run.status == Status.INTERRUPTED.value:
                raise KeyboardInterrupt
            runs.append(run)
    except KeyboardInterrupt:
        if not runs:
            raise
        interrupted = True
    settings.pop("random_state")
    done = tuple(data for data in datasets if any(run.name == data.name for run in runs))
    return OfficialResult(done, tuple(runs), settings, describe(), interrupted)


def train_and_score(
    data: Dataset,
    seed: int,
    callback: Callable[[FitProgress], object] | None = None,
    **parameters: Any,
) -> OfficialRun:
    """One training and the scores of all test records; warnings are kept in the result."""
    model = LSTMRegressor(**{**parameters, "random_state": seed})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(data.X, data.y, callback=callback)
        interrupted = model.status_ == Status.INTERRUPTED.value
        tests = () if interrupted else data.tests  # an unfinished model opens no test record
        scores = {name: data.score(name, simulate_test(model, data, name)) for name in tests}
    return OfficialRun(
        name=data.name,
        seed=seed,
        scores=scores,
        cpu_time=model.cpu_time_,
        wall_time=model.fit_time_,
        n_weights=model.network_.n_params,
        n_iter=model.n_iter_,
        status=model.status_,
        warnings=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
    )


def simulate_test(model: LSTMRegressor, data: Dataset, test_name: str) -> FloatArray:
    """Free run over a test record as its benchmark allows.

    The measured outputs inside `init_window` set the initial state. A record of whole steady-state
    periods without a window is driven through twice, and the second period counts. Otherwise the
    run is `predict`.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted to the training records of `data`.
    data : Dataset
    test_name : str
        Key of `data.tests`.

    Returns
    -------
    y_sim : array of shape (n_timesteps, n_outputs)
        Infinite if the simulation leaves the range of float64: a diverged model has a score.
    """
    record = data.tests[test_name]
    n_steps, window = len(record), data.init_window
    try:
        if window > 0:
            y_sim = model.simulate(record.u, y_init=record.y[:window])
        elif record.periodic:
            y_sim = model.simulate(np.concatenate([record.u, record.u]))[n_steps:]
        else:
            y_sim = model.simulate(record.u)
    except ValueError as error:
        warnings.warn(f"Test {test_name!r}: {error}", stacklevel=2)
        return np.full(record.y.shape, np.inf)
    return np.reshape(y_sim, record.y.shape)


def _reporter(
    callback: Callback, data: Dataset, seed: int, number: int, n_runs: int
) -> Callable[[FitProgress], object]:
    def report(event: FitProgress) -> object:
        return callback(
            MethodProgress(
                method=data.name,
                label=f"seed {seed}",
                number=number,
                n_runs=n_runs,
                fit_percent=event.fit_percent,
                cpu_time=event.cpu_time,
                wall_time=event.wall_time,
                fraction=event.fraction,
            )
        )

    return report
