"""Which steps of a comparison count."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.comparison.exam import Exam


def plant(forgets, n_timesteps=6000, seed=0):
    """First order, in the middle of its course when the record begins."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((n_timesteps + 3000, 1))
    y = lfilter([1.0], [1.0, forgets - 1.0], u, axis=0)
    y += 0.01 * y.std() * rng.standard_normal(y.shape)
    return u[3000:], y[3000:]


@pytest.mark.parametrize(("forgets", "steps"), [(0.1, 200), (0.01, 460), (1e-4, 200)])
def test_scores_begin_when_the_plant_has_forgotten_how_a_record_began(forgets, steps):
    """Where it does not within a third of a record, a longer wait would be of no use."""
    exam = Exam.of(*plant(forgets), None, None, "auto")
    assert exam.washout == pytest.approx(steps, rel=0.1)
    assert exam.test_washout == exam.washout


def test_washout_that_is_given_is_kept():
    """Also where it is short."""
    assert Exam.of(*plant(0.01), None, None, 50).washout == 50


def test_short_test_record_is_scored_for_two_thirds_at_least():
    """Beside a long training record whose plant remembers for long."""
    exam = Exam.of(*plant(0.01), *plant(0.01, n_timesteps=900, seed=1), "auto")
    assert exam.washout > 400
    assert exam.test_washout == 300
