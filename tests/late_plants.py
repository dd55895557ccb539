"""Plants whose inputs act late."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

POLES = {"first": [1.0, -0.8], "second": [1.0, -1.5, 0.6], "slow": [1.0, -0.98]}
BEFORE = 200  # steps of which nothing is measured


def coloured(n_timesteps, colour, rng):
    """White noise, the same through a low-pass, or random steps of 15 samples."""
    if colour == "steps":
        return np.repeat(rng.standard_normal(n_timesteps // 15 + 1), 15)[:n_timesteps]
    white = rng.standard_normal(n_timesteps)
    return white if colour == "white" else lfilter([np.sqrt(1.0 - 0.9**2)], [1.0, -0.9], white)


def late_record(n_timesteps, delays, kind="first", colour="white", noise=0.1, seed=0):
    """Sum of lags behind saturations, every input late by its delay; u (n, n_inputs), y (n,)."""
    rng = np.random.default_rng(seed)
    n_total = BEFORE + n_timesteps
    u = np.stack([coloured(n_total, colour, rng) for _ in delays], axis=1)
    y = np.zeros(n_total)
    for channel, delay in enumerate(delays):
        acting = u[np.maximum(np.arange(n_total) - delay, 0), channel]
        y += lfilter([np.sum(POLES[kind])], POLES[kind], np.tanh(acting))
    y += 0.3 * y**2
    y += noise * y.std() * rng.standard_normal(n_total)
    return u[BEFORE:], y[BEFORE:]
