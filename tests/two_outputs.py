"""A plant with two outputs, and a model that fits it in about a second."""

import numpy as np

from fastlstm import LSTMRegressor

NOISE = 0.02  # of the standard deviation of an output


def simulate_two(n_steps, seed):
    """Two lags in a row, a nonlinearity in front of each; u (n_steps, 1) and y (n_steps, 2)."""
    u = np.random.default_rng(seed).normal(size=(n_steps, 1))
    y, x = np.zeros((n_steps, 2)), np.zeros(2)
    for t, drive in enumerate(np.tanh(u[:, 0])):
        x[0] = 0.8 * x[0] + 0.2 * drive
        x[1] = 0.9 * x[1] + 0.1 * x[0] + 0.2 * x[0] ** 2
        y[t] = x
    return u, y


def noisy(y, seed=5):
    """Add what a sensor would add."""
    return y + NOISE * y.std(axis=0) * np.random.default_rng(seed).normal(size=y.shape)


def small_lm(**settings):
    """Levenberg-Marquardt on a small network; as many iterations as the tests need."""
    defaults = {"hidden_sizes": (4,), "head_sizes": (4,), "max_iter": 120, "random_state": 0}
    return LSTMRegressor(**{**defaults, **settings})
