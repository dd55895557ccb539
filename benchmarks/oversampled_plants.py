"""Simulated plants that move slowly against their samples; a time constant is about one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from fastlstm.datasets.base import FloatArray

Pair = tuple[FloatArray, FloatArray]  # input and noise-free output, (n_timesteps, 1) each
STEPS_PER_UNIT = 60  # of the simulation, at least
LEAD_IN = 3.0  # units of time before a record that begins anywhere


def tanks(x: FloatArray, u: float) -> FloatArray:
    """Level of the lower of two tanks that run out freely."""
    upper, lower = np.sqrt(np.maximum(x, 0.0))
    return 1.5 * np.array([1.0 + 0.8 * u - upper, upper - 1.2 * lower])


def oven(x: FloatArray, u: float) -> FloatArray:
    """Temperature behind a wall that radiates."""
    lost = 0.4 * ((1.0 + 0.5 * x[0]) ** 4 - 1.0)
    return np.array([3.0 * (u + 1.2) + 2.0 * (x[1] - x[0]) - lost, 0.7 * x[0] - x[1]])


def motor(x: FloatArray, u: float) -> FloatArray:
    """Speed of a load behind a motor with dry friction that saturates."""
    torque = 2.0 * np.tanh(1.5 * u) - x[0] - 0.6 * np.tanh(8.0 * x[0])
    return np.array([2.0 * torque, 0.8 * (x[0] - x[1])])


PLANTS: dict[str, tuple[Callable[[FloatArray, float], FloatArray], tuple[float, float]]] = {
    "tanks": (tanks, (1.0, 0.7)),
    "oven": (oven, (0.0, 0.0)),
    "motor": (motor, (0.0, 0.0)),
}


@lru_cache(maxsize=8)
def simulated(plant: str, duration: float, samples: int, seed: int) -> Pair:
    """Second state of a plant behind steps of 0.3 to 2 units of time.

    Parameters
    ----------
    plant : str
    duration : float
        Units of time.
    samples : int
        Per unit of time.
    seed : int
    """
    derivative, start = PLANTS[plant]
    rng, n_timesteps = np.random.default_rng(seed), int(duration * samples)
    u, t = np.empty(n_timesteps), 0
    while t < n_timesteps:
        length = int(rng.uniform(0.3, 2.0) * samples)
        u[t : t + length] = rng.uniform(-1.0, 1.0)
        t += length
    n_parts = -(-STEPS_PER_UNIT // samples)
    x, h, y = np.array(start), 1.0 / (samples * n_parts), np.empty(n_timesteps)
    for t, value in enumerate(u):
        for _ in range(n_parts):
            a = derivative(x, value)
            b = derivative(x + h / 2.0 * a, value)
            c = derivative(x + h / 2.0 * b, value)
            d = derivative(x + h * c, value)
            x = x + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        y[t] = x[1]
    return u[:, None], y[:, None]


def records(plant: str, duration: float, samples: int, n_records: int, seed: int) -> list[Pair]:
    """As many records, which begin anywhere, of this duration together."""
    each = duration / n_records + LEAD_IN
    u, y = simulated(plant, each * n_records, samples, seed)
    length, skipped = int(each * samples), int(LEAD_IN * samples)
    cuts = [slice(k * length + skipped, (k + 1) * length) for k in range(n_records)]
    return [(u[cut], y[cut]) for cut in cuts]
