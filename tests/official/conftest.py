"""The toy set among the loaders, and fast settings."""

import pytest


@pytest.fixture
def fast(readout_solver):
    """Arguments that train in milliseconds."""
    return {"solver": "readout", "hidden_sizes": (8,), "head_sizes": (), "alpha": 1e-6}
