"""The plant that the tests of the command line measure."""

from __future__ import annotations

import numpy as np


def make_columns(n_steps: int = 400, seed: int = 0) -> dict[str, np.ndarray]:
    """Two inputs, two outputs: first order lags with a saturation, without noise."""
    rng = np.random.default_rng(seed)
    u1, u2 = rng.uniform(-1, 1, (2, n_steps)).repeat(4, axis=1)[:, :n_steps]
    level, flow = np.zeros((2, n_steps))
    for t in range(1, n_steps):
        level[t] = 0.9 * level[t - 1] + 0.1 * np.tanh(u1[t])
        flow[t] = 0.8 * flow[t - 1] + 0.2 * u2[t]
    return {"t": np.arange(n_steps) * 0.1, "u1": u1, "u2": u2, "level": level, "flow": flow}
