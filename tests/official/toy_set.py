"""A small set with a known answer: a first-order lag, two tests, a window and a unit."""

from __future__ import annotations

import numpy as np

from fastlstm.datasets import Dataset, Record


def make_record(n_steps: int, seed: int, name: str) -> Record:
    """y_t = 0.8 y_{t-1} + 0.2 u_t from y_0 = 0.2 u_0, without noise; u holds for four steps."""
    u = np.random.default_rng(seed).uniform(-1, 1, n_steps // 4).repeat(4)
    y = np.zeros(n_steps)
    for t in range(n_steps):
        y[t] = (0.8 * y[t - 1] if t else 0.0) + 0.2 * u[t]
    return Record(u[:, None], y[:, None], name)


def load_toy(folder: object = None) -> Dataset:
    """Load the set; as a loader would, but from nothing."""
    return Dataset(
        "toy",
        (make_record(400, 0, "train"),),
        {"a": make_record(200, 1, "a"), "b": make_record(120, 2, "b")},
        "nobody, Toys, 2024",
        init_window=10,
        unit="mV",
        scale=1000.0,
    )
