"""Standardisation and back."""

import numpy as np
import pytest

from fastlstm.exceptions import DataWarning
from fastlstm.records import Records
from fastlstm.scaling import Scaling


def make_scaling(u, y):
    return Scaling.of(Records.from_lists([np.asarray(u)], [np.asarray(y)]))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_scaling_gives_zero_mean_and_unit_spread_at_every_scale(rng, scale):
    """Statistics must neither overflow nor vanish where float64 itself still holds the data."""
    u = scale * (3.0 + rng.normal(size=(200, 2)))
    scaled = make_scaling(u, u).scale_inputs(u)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_scaling_round_trip_restores_outputs(rng, scale):
    """Predictions come back in the unit of y."""
    y = scale * rng.normal(loc=5.0, size=(50, 3))
    scaling = make_scaling(y, y)
    np.testing.assert_allclose(scaling.unscale_outputs(scaling.scale_outputs(y)), y, rtol=1e-12)


def test_scaling_is_exact_for_small_signal_on_large_offset():
    """1e6 +- 1 has six digits to lose; subtracting the mean first loses none."""
    y = 1e6 + np.array([[-1.0], [1.0], [-1.0], [1.0]])
    np.testing.assert_allclose(make_scaling(y, y).scale_outputs(y), y - 1e6, rtol=1e-9)


def test_scaling_ignores_constant_input_whatever_its_later_value():
    """Nothing was learned about that channel, so its value must not reach the network."""
    u = np.column_stack([np.arange(10.0), np.full(10, 0.1)])
    scaling = make_scaling(u, u)
    assert scaling.constant_inputs == [1]
    with pytest.warns(DataWarning, match=r"channels \[1\] differ"):
        scaling.warn_about_moved_inputs(u + 7.0)
    np.testing.assert_array_equal(scaling.scale_inputs(u + 7.0)[:, 1], 0.0)


def test_scaling_returns_constant_output_exactly():
    """Whatever the network says, a constant output is that constant, to the last bit."""
    y = np.full((10, 1), 0.1)
    scaling = make_scaling(np.arange(10.0)[:, None], y)
    np.testing.assert_array_equal(scaling.unscale_outputs(np.arange(10.0)[:, None]), y)
