"""The subspace model that the benchmarks put beside ours: a broken rival would flatter us."""

import numpy as np
import pytest
from benchmarks import subspace

from fastlstm.records import Records

A = np.array([[0.9, 0.3, 0.0], [-0.3, 0.85, 0.0], [0.0, 0.0, 0.5]])
B = np.array([[1.0, 0.2], [0.0, -1.0], [0.5, 0.5]])
C = np.array([[1.0, 0.0, 1.0], [0.3, -1.0, 0.0]])
D = np.array([[0.5, 0.0], [0.0, -0.2]])


def record_of_plant(n_steps, seed, bias=0.0):
    """Make inputs and outputs of a noise-free plant from a state far from rest."""
    rng = np.random.default_rng(seed)
    u, x = rng.normal(size=(n_steps, 2)), 3.0 * rng.normal(size=3)
    y = np.empty((n_steps, 2))
    for t in range(n_steps):
        y[t] = C @ x + D @ u[t] + bias
        x = A @ x + B @ u[t]
    return u, y


def plant_records(*lengths, bias=0.0):
    """Put several such records together."""
    pairs = [record_of_plant(n, seed, bias) for seed, n in enumerate(lengths)]
    return Records.from_lists([u for u, _ in pairs], [y for _, y in pairs])


def test_inputs_are_found_again_when_poles_and_outputs_are_known():
    """B, D, offset and both initial states are a linear problem with one exact answer."""
    records = plant_records(80, 60, bias=0.7)
    b, d, bias, state0 = subspace.refit_inputs(records, A, C)
    np.testing.assert_allclose(b, B, atol=1e-9)
    np.testing.assert_allclose(d, D, atol=1e-9)
    np.testing.assert_allclose(bias, 0.7, atol=1e-9)
    assert state0.shape == (2, 3)


def test_measured_window_sets_the_state():
    """The free run behind a window of ten steps is exact for the true matrices, whatever x0 was."""
    model = subspace.finish(plant_records(200), (A, B, C, D), refit=False)
    assert model.error(plant_records(150, 90), 10) < 1e-6 * np.std(plant_records(150).y)


def test_noise_free_plant_is_identified():
    """Choice and algebra end to end, where the package is installed."""
    pytest.importorskip("sippy_unipi")
    whole = plant_records(400)
    train, held = whole.take([(0, 0, 320)]), whole.take([(0, 320, 400)])
    _, model = subspace.identify(train, held, whole, 10)
    assert model.error(plant_records(50, 300), 10) < 1e-5
