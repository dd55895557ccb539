"""Torch BPTT on a set of DaISy: two widths share the budget, validation chooses between them."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.timing import Stopwatch, blas_threads, count_cpu_time
from fastlstm.comparison.contestants import Budget
from fastlstm.comparison.exam import Exam
from fastlstm.comparison.progress import Watch
from fastlstm.comparison.runs import Trained
from fastlstm.comparison.torch_baseline import Setting, isolated, train_torch, warm_up
from fastlstm.datasets import Dataset
from fastlstm.exceptions import DataWarning
from fastlstm.records import Records

SETTINGS = (Setting(16, 1, 0.01), Setting(40, 1, 0.005))  # rates as `fastlstm compare` has them


def train(dataset: Dataset, seed: int, seconds: float) -> tuple[Trained, list[Trained]]:
    """Train every setting for an equal share of CPU seconds.

    Returns
    -------
    best : Trained
        The setting with the smallest error on the last fifth of the training records.
    tried : list of Trained
    """
    count_cpu_time()
    tests = dataset.tests.values()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        exam = Exam.of(dataset.X, dataset.y, [t.u for t in tests], [t.y for t in tests], "auto")
    tried = []
    with blas_threads(1), isolated(1):
        warm_up()
        for setting in SETTINGS:
            budget = Budget((setting.width,), (), seconds / len(SETTINGS), 1)
            watch = Watch("torch", setting.label, 1, 1, None)
            tried.append(train_torch(exam, budget, setting, seed, watch))
    return min(tried, key=lambda run: run.rmse_validation), tried


def run_torch(dataset: Dataset, seed: int, seconds: float) -> dict[str, Any]:
    """Free runs from rest: the inputs of the window, not its outputs, set the state of an LSTM."""
    with Stopwatch() as clock:
        best, tried = train(dataset, seed, seconds)
    parts = {name: Records.from_lists([test.u]) for name, test in dataset.tests.items()}
    return {
        "cpu": sum(run.cpu_time for run in tried),
        "wall": clock.wall,
        "choice": best.label,
        "tried": {
            run.label: {"validation": run.rmse_validation, "steps": run.message} for run in tried
        },
        "y_sim": {name: best.simulate(best.weights, part) for name, part in parts.items()},
    }
