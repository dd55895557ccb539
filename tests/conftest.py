"""Fixtures around the estimator; everything is imported when it is first asked for."""

import numpy as np
import pytest


@pytest.fixture
def readout_solver(monkeypatch):
    """Register the fast solver of the tests as "readout"."""
    from fastlstm.solvers import SOLVERS
    from readout_solver import ReadoutSolver

    monkeypatch.setitem(SOLVERS, "readout", ReadoutSolver)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def record():
    """One record (u, y) of a plant without noise, y of shape (n_timesteps,)."""
    from plants import make_record

    return make_record()


@pytest.fixture
def model(readout_solver, record):
    """Estimator fitted to one record."""
    from plants import small_model

    return small_model().fit(*record)
