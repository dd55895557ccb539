"""Simulated plants behind a multisine without its upper frequencies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, cheby1, sosfilt

from fastlstm.datasets.base import FloatArray
from fastlstm.datasets.simulated._signals import band, multisine

Pair = tuple[FloatArray, FloatArray]  # input and noise-free output, (n_timesteps, 1) each


def excitation(n_timesteps: int, highest: float, seed: int) -> FloatArray:
    """All lines up to a frequency, per step; standard deviation one."""
    lines = band(0.0, highest, n_timesteps, 1.0)
    return multisine(lines, n_timesteps, np.random.default_rng(seed))


def duffing(n_timesteps: int, seed: int) -> Pair:
    """Mass on a spring that hardens, damped lightly."""
    u = excitation(n_timesteps, 0.08, seed)

    def derivative(x: FloatArray, force: float) -> FloatArray:
        return np.array([x[1], 1.5 * force - 0.3 * x[1] - x[0] - x[0] ** 3])

    return u[:, None], _simulated(derivative, np.zeros(2), u, 0.25)


def damper(n_timesteps: int, seed: int) -> Pair:
    """Force of a damper with hysteresis, over its speed (Bouc-Wen)."""
    u = excitation(n_timesteps, 0.06, seed)

    def derivative(z: FloatArray, speed: float) -> FloatArray:
        v = 3.0 * speed
        return v - np.abs(v) * z * np.abs(z) - 0.5 * v * z**2

    return u[:, None], _simulated(derivative, np.zeros(1), u, 0.2) + 0.3 * u[:, None]


def filters(n_timesteps: int, seed: int) -> Pair:
    """Two filters with a diode between them."""
    u = excitation(n_timesteps, 0.2, seed)
    x = np.asarray(sosfilt(cheby1(3, 0.5, 0.3, output="sos"), u))
    y = np.where(x > 0.5, 0.45 + 0.1 * x, x)
    return u[:, None], np.asarray(sosfilt(butter(3, 0.3, output="sos"), y))[:, None]


def _simulated(
    derivative: Callable[[FloatArray, float], FloatArray], x: FloatArray, u: FloatArray, dt: float
) -> FloatArray:
    """First state before every step, shape (n_timesteps, 1); Runge-Kutta, four steps per sample."""
    h, y = dt / 4.0, np.empty((len(u), 1))
    for t, value in enumerate(u):
        y[t] = x[0]
        for _ in range(4):
            a = derivative(x, value)
            b = derivative(x + h / 2.0 * a, value)
            c = derivative(x + h / 2.0 * b, value)
            d = derivative(x + h * c, value)
            x = x + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
    return y


PLANTS = {"duffing": duffing, "damper": damper, "filters": filters}
