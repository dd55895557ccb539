"""Best linear approximation of systems whose frequency response is known."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.frequency import best_linear_approximation

FIR = np.array([0.0, 1.0, 0.5, -0.2])


def filtered(u):
    """Short impulse response, so that windows of 256 steps are long."""
    return np.stack([np.convolve(column, FIR)[: len(u)] for column in u.T], axis=1)


def response_at(frequencies):
    steps = np.arange(len(FIR))
    return (FIR * np.exp(-2j * np.pi * np.outer(frequencies, steps))).sum(axis=1)


def test_linear_plant_is_recovered_over_records(rng):
    """White input, no noise: what is left is the leakage of the windows."""
    u = [rng.normal(size=(n, 1)) for n in (6000, 3000)]
    estimate = best_linear_approximation(u, [filtered(part) for part in u], window_steps=256)
    expected = response_at(estimate.frequencies)
    np.testing.assert_allclose(estimate.response[:, 0, 0], expected, atol=0.03)
    assert estimate.coherence.min() > 0.99
    assert estimate.n_windows == 45 + 22


def test_inputs_are_told_apart(rng):
    """Two correlated inputs in different units, of which the second acts by a factor alone."""
    a = rng.normal(size=(20_000, 1))
    b = 1e3 * (a + rng.normal(size=a.shape))
    y = filtered(a) + 2e-3 * b
    estimate = best_linear_approximation([np.hstack([a, b])], [y], window_steps=256)
    expected = response_at(estimate.frequencies)
    np.testing.assert_allclose(estimate.response[:, 0, 0], expected, atol=0.06)
    np.testing.assert_allclose(1e3 * estimate.response[:, 0, 1], 2.0, atol=0.06)


def test_coherence_is_the_part_of_the_power_that_is_explained(rng):
    """Equal power of signal and noise: one half, and 1 / n_windows more by chance."""
    u = rng.normal(size=(100_000, 1))
    estimate = best_linear_approximation([u], [u + rng.normal(size=u.shape)], window_steps=128)
    assert np.mean(estimate.coherence) == pytest.approx(0.5, abs=0.02)


def test_frequencies_are_in_hertz(rng):
    """Up to half the sampling rate."""
    u = rng.normal(size=(1000, 1))
    estimate = best_linear_approximation([u], [u], sampling_time=0.01, window_steps=100)
    assert estimate.frequencies[0] == pytest.approx(2.0)
    assert estimate.frequencies[-1] == pytest.approx(50.0)


def test_inputs_that_move_together_have_no_answer(rng):
    """Nothing tells which of them acts: NaN rather than a number."""
    u = np.repeat(rng.normal(size=(4000, 1)), 2, axis=1)
    assert np.isnan(best_linear_approximation([u], [u[:, :1]]).response).all()


def test_one_window_explains_nothing(rng):
    """One window would be explained by any plant."""
    u = rng.normal(size=(100, 1))
    with pytest.raises(ValueError, match="more windows than the 1 inputs"):
        best_linear_approximation([u], [u], window_steps=100)
