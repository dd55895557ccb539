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


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_output_that_follows_every_input_keeps_the_time_base(noise):
    """Beside a position, a second output says at every step what a wider base would average."""
    records = motion(noise)
    fast = records.u + 0.5 * np.random.default_rng(3).standard_normal((records.n_total, 1))
    both = Records(np.concatenate([records.u, fast], axis=1), records.y, records.offsets)
    y = np.concatenate([records.y, fast / fast.std()], axis=1)
    frame = find_frame(Records(both.u, y, records.offsets), 2)
    assert frame.integrating.tolist() == [True, False]
    assert frame.hold == 1
