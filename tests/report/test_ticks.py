"""Axes with round numbers, whatever the range."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.report.ticks import labels, linear_ticks, log_ticks

RANGES = [(0.0, 1.0), (-3.7, 12.2), (1e-9, 3e-9), (1000.0, 1000.5), (-1e12, 5e12), (0.3, 0.31)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_linear_ticks_are_few_inside_and_even(low, high):
    """Three to eleven marks, none beyond the axis, all gaps equal."""
    ticks = np.array(linear_ticks(low, high))
    slack = 1e-9 * (high - low)
    assert 3 <= len(ticks) <= 11
    assert ticks.min() >= low - slack and ticks.max() <= high + slack
    np.testing.assert_allclose(np.diff(ticks), np.diff(ticks)[0], rtol=1e-6)


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_labels_tell_neighbouring_ticks_apart_and_name_their_value(low, high):
    """Label times factor is the tick; two ticks never read the same."""
    ticks = linear_ticks(low, high)
    texts, factor = labels(ticks, log=False)
    superscript = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    scale = 10.0 ** int(factor[2:].translate(superscript)) if factor else 1.0
    values = [float(text.replace("−", "-")) * scale for text in texts]
    assert len(set(texts)) == len(texts)
    np.testing.assert_allclose(values, ticks, atol=0.02 * (ticks[1] - ticks[0]))


@pytest.mark.parametrize(("low", "high"), [(1e-5, 1e4), (0.02, 3.0), (0.5, 0.9), (2e-12, 5e9)])
def test_log_ticks_are_few_and_inside(low, high):
    """Also within one decade and over twenty."""
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks) <= 9 and all(low <= tick <= high for tick in ticks)
    assert len(set(labels(ticks, log=True)[0])) == len(ticks)


def test_far_powers_of_ten_are_written_as_powers():
    """Nobody counts zeros."""
    assert labels([1e-6, 1e-2, 2e5, 1e6], log=True)[0] == ["10⁻⁶", "0.01", "2·10⁵", "10⁶"]
