"""Excitation signals of the simulated plants."""

import numpy as np
import pytest

from fastlstm.datasets import two_tanks
from fastlstm.datasets.simulated._signals import band, filtered_noise, multisine


def test_multisine_has_unit_power_on_its_lines_only():
    """The band and the root mean square are what the docstrings promise."""
    lines = band(5.0, 150.0, 1000, 750.0)
    u = multisine(lines, 1000, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(u))
    assert np.sqrt(np.mean(u**2)) == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_array_equal(np.flatnonzero(spectrum > 1e-9), np.flatnonzero(lines))
    assert np.flatnonzero(lines)[[0, -1]].tolist() == [7, 200]


def test_finer_multisine_is_the_same_signal():
    """The integration grid and the record must carry one force."""
    lines = band(5.0, 150.0, 601, 750.0)
    coarse = multisine(lines, 601, np.random.default_rng(0))
    fine = multisine(lines, 601, np.random.default_rng(0), factor=20)
    np.testing.assert_allclose(fine[::20], coarse, atol=1e-12)


def test_multisine_says_that_record_is_too_short():
    """Ten samples at 0.25 Hz hold no period below 14 mHz."""
    with pytest.raises(ValueError, match="n_train and n_test must be long enough"):
        two_tanks(n_train=10)


def test_filtered_noise_has_unit_variance():
    """Levels in volts are set by the factor in front of it."""
    noise = filtered_noise(100000, 8000.0, 51200.0, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1.0, rel=0.02)
