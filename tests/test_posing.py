"""What the records ask for: the time base, and whether the plant is slow against them."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.posing import find_frame, pose, washed_out
from fastlstm.records import Records
from fastlstm.solvers.problem import Parts, Problem
from fastlstm.time_base import hold_of_sums


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
    frame = find_frame(motion(noise))
    assert frame.integrating.all()
    assert frame.hold == 10


def test_sums_keep_the_outputs_that_were_measured():
    """Steps of ten end beside outputs that were measured at every thirteenth sample."""
    records, weights = motion(0.0), np.zeros((20_000, 1))
    weights[::13] = 1.0
    assert hold_of_sums(records) == 10
    assert hold_of_sums(Records(records.u, records.y, records.offsets, weights)) == 1


def test_inputs_of_sums_do_not_jump_within_steps():
    """What a bent plant makes of a jump is not what it makes of the mean, and sums remember it.

    A step is a part of the grid that inputs keep, or half as long as it would be.
    """
    rng, chosen = np.random.default_rng(0), []
    for lengths in (np.full(400, 25), rng.integers(15, 36, 400)):
        u = np.repeat(rng.standard_normal(400), lengths)[:8000]
        y = np.cumsum(lfilter([0.02], [1.0, -0.98], np.tanh(u)))
        u, y = (u - u.mean()) / u.std(), (y - y.mean()) / y.std()
        chosen.append(hold_of_sums(Records.from_lists([u[:, None]], [y[:, None]])))
    assert chosen == [5, 2]


def test_fast_motion_narrows_the_time_base():
    """A ringing behind every turn of the input cannot be interpolated over ten steps.

    Over three it is off by less than over two.
    A ripple that no input explains is noise to a model of what the inputs do.
    """
    records, poles = motion(0.0), 0.95 * np.exp(np.array([0.8j, -0.8j]))
    turns = np.diff(records.u, 2, axis=0, prepend=0.0, append=0.0)
    ringing = lfilter([1.0], np.poly(poles).real, turns, axis=0)
    ripple = np.sin(np.arange(records.n_total) * 0.8)[:, None]
    for shape, narrows in ((ringing, True), (ripple, False)):
        shaken = records.y + 0.02 * shape / shape.std()
        hold = find_frame(Records(records.u, shaken, records.offsets)).hold
        assert (hold <= 3) if narrows else (hold == 10)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_output_that_follows_every_input_keeps_the_time_base(noise):
    """Beside a position, a second output says at every step what a wider base would average."""
    records = motion(noise)
    fast = records.u + 0.5 * np.random.default_rng(3).standard_normal((records.n_total, 1))
    both = Records(np.concatenate([records.u, fast], axis=1), records.y, records.offsets)
    y = np.concatenate([records.y, fast / fast.std()], axis=1)
    frame = find_frame(Records(both.u, y, records.offsets))
    assert frame.integrating.tolist() == [True, False]
    assert frame.hold == 1


def room(forgets, n_timesteps=3000, day=96):
    """Warmth that follows the weather of a day at once, and heating behind a wall."""
    rng = np.random.default_rng(0)
    weather = np.sin(2.0 * np.pi * np.arange(n_timesteps) / day)
    heating = np.repeat(rng.normal(size=n_timesteps // 5), 5)
    y = 2.0 * weather + lfilter([np.sqrt(forgets)], [1.0, forgets - 1.0], heating)
    y = (y - y.mean()) / y.std() + 0.01 * rng.standard_normal(n_timesteps)
    return Records.from_lists([np.stack([weather, heating], axis=1)], [y[:, None]])


NARROW, WIDE = Network(2, 1, (3,), (4,)), Network(2, 1, (6, 6), (8,))


@pytest.mark.parametrize("network", [NARROW, WIDE])
@pytest.mark.parametrize(("forgets", "slow"), [(1.0 / 130.0, True), (1.0 / 10.0, False)])
def test_slow_plant_is_seen_behind_days_that_resemble_each_other(network, forgets, slow):
    """After half a day the output has turned, so what it does then says nothing.

    Whatever the width: a record of medium length would be fitted like a long one otherwise, with a
    washout that leaves a fifth of the initial state.
    """
    whole = pose(room(forgets), network, 0, Frame.plain(1))
    assert (whole is not None and whole.is_slow) == slow
    if whole is not None:
        assert whole.is_medium == (not slow)


def test_slow_plant_in_a_very_short_record_is_fitted_whole_anyway():
    """A few hundred rows are all used, as many as there are."""
    whole = pose(room(1.0 / 130.0, n_timesteps=800), WIDE, 0, Frame.plain(1))
    assert whole is not None
    assert not whole.is_slow
    assert not whole.is_medium


def test_washout_that_is_given_lets_a_record_of_medium_length_be_tried_as_a_long_one():
    """It says that the beginning does not count; the states before it would be fitted otherwise."""
    whole = pose(room(1.0 / 130.0), WIDE, 50, Frame.plain(1))
    assert whole is not None
    assert whole.is_medium
    assert not whole.is_slow


def remembering(forgets, n_records, length, weights=None):
    """Problem of records that begin anywhere, washed out for a tenth of their length."""
    rng = np.random.default_rng(0)
    u = [rng.standard_normal((length + 300, 1)) for _ in range(n_records)]
    y = [lfilter([forgets], [1.0, forgets - 1.0], part, axis=0)[300:] for part in u]
    records = Records.from_lists([part[300:] for part in u], y, weights)
    parts = Parts.of(records, 0.2, length // 10)
    return records, Problem(Network(1, 1, (6,), (6,)), **vars(parts))


@pytest.mark.parametrize(("forgets", "steps"), [(0.5, 30), (0.06, 75), (0.02, 100)])
def test_washout_lasts_as_long_as_the_plant_remembers(forgets, steps):
    """All but a hundredth of a state: ln 100 time constants, at most a third of a record."""
    records, problem = remembering(forgets, 8, 300)
    longer = washed_out(problem, records, 0.2)
    assert longer.washout == pytest.approx(steps, abs=3)
    assert longer.validation_washout == longer.washout
    assert longer.train.n_total == problem.train.n_total


def test_washout_leaves_at_least_half_of_what_counts():
    """Outputs measured at the beginning of records only would not count at all."""
    first = np.zeros((300, 1))
    first[:90] = 1.0
    records, problem = remembering(0.06, 8, 300, [first] * 8)
    assert washed_out(problem, records, 0.2) is problem


def test_noise_with_a_memory_does_not_narrow_the_time_base_of_sums():
    """Over longer spans it is farther off the lines, as motion is, but no input explains it."""
    records = motion(0.0)
    white = np.random.default_rng(2).standard_normal(records.y.shape)
    noise = lfilter([1.0], [1.0, -0.9], white, axis=0)
    noisy = Records(records.u, records.y + 0.01 * noise / noise.std(), records.offsets)
    frame = find_frame(noisy)
    assert frame.integrating.all()
    assert frame.hold == 10
