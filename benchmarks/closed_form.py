"""Baselines that are done after one step: a linear model and polynomial NARX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.curves import Point, Run
from benchmarks.narx import Structure, train_narx
from benchmarks.timing import Stopwatch, blas_threads
from fastlstm.datasets import Dataset, Record
from fastlstm.records import Records
from fastlstm.starts.linear import identify


def run_linear(dataset: Dataset) -> Run:
    """State-space model with the smallest free-run error; its state starts from measured y."""
    u_all, y_all = np.concatenate(dataset.X), np.concatenate(dataset.y)

    def scaled(records: Sequence[Record]) -> Records:
        return Records.from_lists(
            [(record.u - u_all.mean(axis=0)) / u_all.std(axis=0) for record in records],
            [(record.y - y_all.mean(axis=0)) / y_all.std(axis=0) for record in records],
        )

    with blas_threads(1), Stopwatch() as clock:
        model = identify(scaled(dataset.train))
    scores = {}
    for name, test in dataset.tests.items():
        records = scaled([test])
        state0 = model.initial_states(records, dataset.init_window)
        y_pred = model.simulate(records, state0) * y_all.std(axis=0) + y_all.mean(axis=0)
        scores[name] = dataset.score(name, y_pred)
    return Run(
        "linear", {"order": model.order}, 0, 1, [Point(clock.cpu, clock.wall, 1, None, scores)]
    )


def run_narx(
    dataset: Dataset, n_validation: int, structures: Sequence[Structure], method: str
) -> Run:
    """NARX + ridge with the best of `structures`; the choice is part of the time."""
    (record,) = dataset.train
    with blas_threads(1), Stopwatch() as clock:
        model, trials = train_narx(record.u[:, 0], record.y[:, 0], n_validation, structures)
    scores = {
        name: dataset.score(name, model.simulate(test.u[:, 0], test.y[: dataset.init_window, 0]))
        for name, test in dataset.tests.items()
    }
    settings = {
        "structure": vars(model.structure),
        "alpha": model.alpha,
        "n_features": len(model.weights),
        "trials": trials,
    }
    validation = min(trial["validation"] for trial in trials) * dataset.scale
    return Run(method, settings, 0, 1, [Point(clock.cpu, clock.wall, 1, validation, scores)])
