"""Thinned records still show what matters."""

from __future__ import annotations

import numpy as np

from fastlstm.thinning import detail_window, extremes


def test_extremes_keep_the_largest_and_smallest_value(rng):
    """A spike of one step must survive in the picture of a long record."""
    values = rng.normal(size=10000)
    values[7321], values[123] = 50.0, -60.0
    time, thinned = extremes(np.arange(10000.0), values, 100)
    assert len(thinned) == 100 and np.all(np.diff(time) > 0)
    assert thinned.max() == 50.0 and thinned.min() == -60.0
    assert time[thinned.argmax()] == 7321


def test_short_records_are_left_alone(rng):
    """Nothing is lost where there is room for every point."""
    values = rng.normal(size=99)
    assert extremes(np.arange(99.0), values, 100)[1] is values


def test_detail_window_holds_the_largest_scored_residual_and_stays_inside():
    """Also at both ends of the record."""
    for worst in (0, 5, 50, 98, 99):
        residual = np.zeros(100)
        residual[worst] = 1.0
        window = detail_window(residual, 0, 20)
        assert window.stop - window.start == 20 and 0 <= window.start and window.stop <= 100
        assert window.start <= worst < window.stop
