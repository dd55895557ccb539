"""A plant with a known answer, and an estimator that fits it in milliseconds."""

import numpy as np

from fastlstm import LSTMRegressor


def simulate_plant(u, noise=0.0, seed=0):
    """First-order lag behind a mild static nonlinearity, summed over the input channels."""
    y, state = np.zeros(len(u)), 0.0
    for t, drive in enumerate(np.tanh(u).sum(axis=1)):
        state = 0.8 * state + 0.2 * drive
        y[t] = state
    return y + noise * np.random.default_rng(seed + 1000).normal(size=len(u))


def make_record(n_timesteps=300, n_inputs=1, seed=0, noise=0.0):
    """One record (u, y), y of shape (n_timesteps,)."""
    u = np.random.default_rng(seed).normal(size=(n_timesteps, n_inputs))
    return u, simulate_plant(u, noise, seed)


def make_records(lengths, n_inputs=1, noise=0.0):
    """Several records as two lists."""
    pairs = [make_record(n, n_inputs, seed, noise) for seed, n in enumerate(lengths)]
    return [u for u, _ in pairs], [y for _, y in pairs]


def small_model(**kwargs):
    """Estimator for tests that are not about solvers."""
    settings = {"hidden_sizes": (12,), "head_sizes": (), "solver": "readout", "random_state": 0}
    return LSTMRegressor(**{**settings, **kwargs})
