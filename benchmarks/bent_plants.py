"""Simulated plants whose inputs act through sharp curves: Hammerstein models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from fastlstm.datasets.base import FloatArray

Pair = tuple[FloatArray, FloatArray]  # inputs and noise-free outputs, (n_timesteps, channels)


def sines(n_timesteps: int, seed: int) -> Pair:
    """Put three sines of the input in front of two poles: Narendra-Parthasarathy, plant 1."""
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, n_timesteps)
    force = 0.6 * np.sin(np.pi * u) + 0.3 * np.sin(3 * np.pi * u) + 0.1 * np.sin(5 * np.pi * u)
    return u[:, None], np.asarray(lfilter([1.0], [1.0, -0.3, -0.6], force))[:, None]


def dead_zone(n_timesteps: int, seed: int) -> Pair:
    """Two lags behind a dead zone of one standard deviation; the input is held for five steps."""
    rng = np.random.default_rng(seed)
    u = np.repeat(rng.standard_normal(n_timesteps // 5 + 1), 5)[:n_timesteps]
    force = np.sign(u) * np.maximum(np.abs(u) - 1.0, 0.0)
    y = lfilter([0.2], [1.0, -0.8], lfilter([0.1], [1.0, -0.9], force))
    return u[:, None], np.asarray(y)[:, None]


def valves(n_timesteps: int, seed: int) -> Pair:
    """Two coupled tanks behind two valves: one opens in waves, one has a dead zone."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(-1.0, 1.0, n_timesteps)
    second = np.repeat(rng.uniform(-1.0, 1.0, n_timesteps // 4 + 1), 4)[:n_timesteps]
    waves = np.sin(3.0 * np.pi * first)
    opening = np.sign(second) * np.maximum(2.0 * np.abs(second) - 1.0, 0.0)
    upper = np.asarray(lfilter([0.15], [1.0, -0.85], waves))
    lower = np.asarray(lfilter([1.0], [1.0, -0.9], 0.3 * opening + 0.05 * waves))
    return np.stack([first, second], axis=1), np.stack([upper, lower + 0.2 * upper], axis=1)


PLANTS: dict[str, Callable[[int, int], Pair]] = {
    "three sines": sines,
    "dead zone": dead_zone,
    "two valves": valves,
}
