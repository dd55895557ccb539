"""Comparisons that nobody trained: runs whose errors, curves and outputs are known."""

from __future__ import annotations

import numpy as np

from fastlstm.comparison.exam import Exam
from fastlstm.comparison.result import Comparison
from fastlstm.comparison.runs import Curve, Run
from fastlstm.records import Records

MACHINE = {
    "cpu": "test processor",
    "cores": 2,
    "system": "Linux",
    "versions": {"python": "3.11"},
    "blas": ["openblas"],
    "kernels": "baseline",
    "date": "2026-01-01",
}


def make_exam(input_names=("u",), output_names=("y",), lengths=(300, 200)):
    """Test records of sines with a little noise; training records of the same lengths."""
    rng = np.random.default_rng(0)
    n_total = sum(lengths)
    u = rng.normal(size=(n_total, len(input_names)))
    phases = np.arange(n_total)[:, None] * 0.07 * (1.0 + np.arange(len(output_names)))
    y = np.sin(phases) + 0.01 * rng.normal(size=phases.shape)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    records = Records(u, y, offsets)
    return Exam(records, records, 20, 20, tuple(input_names), tuple(output_names))


def make_run(exam, method, error, seed=0, **changes):
    """Run whose residual is white with standard deviation `error`, reached after 8 halvings."""
    rng = np.random.default_rng(abs(hash_of(method)) + (seed or 0))
    y_sim = exam.test.y + error * rng.normal(size=exam.test.y.shape)
    rmse = exam.rmse(y_sim)
    times = 0.01 * 2.0 ** np.arange(9)
    errors = rmse * 2.0 ** np.arange(8, -1, -1)[:, None]
    curve = Curve(times, 1.1 * times, errors, np.array([exam.nrmse(row) for row in errors]))
    values = {
        "method": method,
        "label": "LSTM 6",
        "seed": seed,
        "n_weights": 100,
        "cpu_time": float(times[-1]),
        "wall_time": float(1.1 * times[-1]),
        "status": "done",
        "message": "",
        "n_settings": 1,
        "wall_time_all": float(1.1 * times[-1]),
        "rmse": rmse,
        "nrmse": exam.nrmse(rmse),
        "curve": curve,
        "y_sim": y_sim,
    }
    return Run(**{**values, **changes})


def hash_of(text):
    """Sum of the characters: unlike `hash`, the same in every process."""
    return sum(map(ord, text))


def make_comparison(exam=None, runs=None, baseline="linear", **changes):
    """Methods lm (error 0.02), split (0.1) and linear (0.3)."""
    exam = make_exam() if exam is None else exam
    if runs is None:
        errors = {"linear": 0.3, "lm": 0.02, "split": 0.1}
        runs = [make_run(exam, name, error) for name, error in errors.items()]
    settings = {
        "methods": list(dict.fromkeys(run.method for run in runs)),
        "time_limit": 1.0,
        "hidden_sizes": [6],
        "head_sizes": [],
        "seeds": [0],
        "n_threads": 1,
    }
    return Comparison(exam, tuple(runs), baseline, settings, MACHINE, **changes)
