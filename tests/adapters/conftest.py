"""A plant as other packages hold it."""

import numpy as np
import pytest

SETTINGS = {"hidden_sizes": (3,), "head_sizes": (), "max_iter": 40, "time_limit": 5.0}


@pytest.fixture
def nonlinear_benchmarks():
    """Import the package, or skip."""
    return pytest.importorskip("nonlinear_benchmarks")


@pytest.fixture
def identibench():
    """Import the package, or skip."""
    return pytest.importorskip("identibench")


@pytest.fixture
def settings():
    """Arguments of LSTMRegressor that train in a fraction of a second."""
    return dict(SETTINGS)


@pytest.fixture
def make_data(nonlinear_benchmarks):
    """Build records of a first-order lag with a saturated input, as 1-D signals."""

    def make(n_steps, seed, window=None, two_outputs=False):
        u = np.random.default_rng(seed).uniform(-1, 1, n_steps // 4).repeat(4)
        y = np.zeros(n_steps)
        for t in range(1, n_steps):
            y[t] = 0.8 * y[t - 1] + 0.2 * np.tanh(2 * u[t])
        return nonlinear_benchmarks.Input_output_data(
            u=u,
            y=np.stack([y, -2 * y], axis=1) if two_outputs else y,
            sampling_time=0.1,
            name=f"record {seed}",
            state_initialization_window_length=window,
        )

    return make
