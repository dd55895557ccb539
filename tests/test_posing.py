"""What the records ask for: the time base."""

import numpy as np
import pytest

from fastlstm.posing import find_frame
from fastlstm.records import Records


def motion(noise, seed=0, n_timesteps=20_000):
    """Position that follows smooth random moves, and the speed that drives it."""
    rng = np.random.default_rng(seed)
    knots = np.arange(0, n_timesteps + 400, 400)
    slow = np.interp(np.arange(n_timesteps), knots, rng.normal(size=len(knots)))
    y = np.cumsum(slow - slow.mean())
    y = (y - y.mean()) / y.std()
    y += noise * rng.standard_normal(n_timesteps)
    return Records.from_lists([(slow / slow.std())[:, None]], [y[:, None]])


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
def test_noise_does_not_narrow_the_time_base(noise):
    """Interpolation is off by the noise, which a narrower base would not mend."""
    frame = find_frame(motion(noise), 1)
    assert frame.integrating.all()
    assert frame.hold == 10


def test_fast_motion_narrows_the_time_base():
    """An output that turns within a few steps cannot be interpolated over ten."""
    records = motion(0.0)
    ripple = 0.02 * np.sin(np.arange(records.n_total) * 0.8)[:, None]
    shaken = Records(records.u, records.y + ripple, records.offsets)
    assert find_frame(shaken, 1).hold <= 2
