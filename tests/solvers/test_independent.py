"""Outputs that are as good as independent."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.solvers.independent import independent


def records_of(*outputs):
    """Give records whose inputs do not count."""
    return Records.from_lists([np.zeros((len(y), 1)) for y in outputs], list(outputs))


def noise(n_timesteps, pole, seed=0):
    """Return first-order noise around a level."""
    e = np.random.default_rng(seed).normal(size=(n_timesteps, 1))
    return 3.0 + lfilter([1.0], [1.0, -pole], e, axis=0)


@pytest.mark.parametrize("pole", [0.9, 0.98])
def test_first_order_noise_has_as_many_as_theory_says(pole):
    """Squared autocorrelations of a^2k add up to (1 + a^2) / (1 - a^2)."""
    number = independent(records_of(noise(50_000, pole)))
    assert number == pytest.approx(50_000 * (1 - pole**2) / (1 + pole**2), rel=0.25)


def test_records_add_up_and_the_slowest_output_counts():
    """Ten records have about ten times as many as one; a fast output does not help."""
    parts = [noise(3000, 0.95, seed) for seed in range(10)]
    one, all_of_them = independent(records_of(parts[0])), independent(records_of(*parts))
    assert 7.0 * one < all_of_them < 14.0 * one
    fast = noise(3000, 0.0, 99)
    both = independent(records_of(np.hstack([parts[0], fast])))
    assert both == pytest.approx(one) and both < 0.2 * independent(records_of(fast))


def test_gaps_and_outputs_that_rest_are_no_obstacle():
    """NaN counts as the mean; what never moves tells nothing, and is not asked."""
    y = noise(3000, 0.9)
    whole = independent(records_of(y))
    y[::7] = np.nan
    assert 0.5 * whole < independent(records_of(y)) < 2.0 * whole
    rest = np.hstack([noise(3000, 0.9), np.ones((3000, 1))])
    assert independent(records_of(rest)) == pytest.approx(whole)
    assert independent(records_of(np.ones((50, 1)))) >= 1.0
