"""Delays are found where there are some, are never too long, and pay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from fastlstm import LSTMRegressor
from fastlstm.datasets.simulated._signals import band, multisine
from fastlstm.delaying import delayed
from fastlstm.metrics import nrmse
from fastlstm.records import Records
from fastlstm.scaling import Scaling
from fastlstm.starts.delays import find_delays, find_onsets
from late_plants import late_record


def standardised(u, y):
    """One record as `fit` sees it."""
    records = Records.from_lists([u], [np.reshape(y, (len(u), -1))])
    return Scaling.of(records).scale(records)


@pytest.mark.parametrize("colour", ["white", "low-pass", "steps"])
@pytest.mark.parametrize("kind", ["first", "second"])
@pytest.mark.parametrize("delay", [5, 20, 60])
def test_delay_is_found_and_never_too_long(delay, kind, colour):
    """800 steps with 10 % noise; up to two steps are given away."""
    for seed in range(3):
        (found,) = find_delays(standardised(*late_record(800, (delay,), kind, colour, seed=seed)))
        assert delay - 2 <= found <= delay


@pytest.mark.parametrize("colour", ["white", "low-pass", "steps"])
@pytest.mark.parametrize("kind", ["first", "second", "slow"])
@pytest.mark.parametrize("n_timesteps", [300, 3000])
def test_nothing_is_found_where_inputs_act_at_once(n_timesteps, kind, colour):
    """Also one step late is no delay: the network handles it."""
    for seed in range(3):
        for delay in (0, 1):
            record = late_record(n_timesteps, (delay,), kind, colour, seed=seed)
            assert find_delays(standardised(*record)) == ()


@pytest.mark.parametrize("highest", [0.05, 0.1])
def test_inputs_that_their_past_foretells_show_no_delay(highest):
    """A multisine up to a part of the sampling frequency; what it did last makes no difference."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        u = multisine(band(0.0, highest, 4000, 1.0), 4000, rng)
        y = lfilter(*butter(2, 0.06), np.tanh(u))
        y += 0.01 * y.std() * rng.normal(size=4000)
        assert find_delays(standardised(u[:, None], y)) == ()


def test_a_slow_rise_is_no_delay():
    """Three lags in a row begin like a parabola; the rise behind the onset gives it away."""
    onsets = []
    for seed in range(4):
        u, y = late_record(3000, (0,), "first", "low-pass", noise=0.0, seed=seed)
        for _ in range(3):
            y = np.convolve(y, 0.05 * 0.95 ** np.arange(300))[: len(y)]
        y = y[400:] + 0.1 * y.std() * np.random.default_rng(seed).standard_normal(len(y) - 400)
        records = standardised(u[400:], y)
        onsets += find_onsets(records)
        assert find_delays(records) == ()
    assert max(onsets) >= 4


@pytest.mark.parametrize("n_timesteps", [5000, 10_000])
def test_a_plant_that_is_slow_against_its_steps_has_no_delay(n_timesteps):
    """Noise hides how two lags of hundreds of steps begin: no single lag stands out behind it."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        y = u = held(n_timesteps, 50, 400, rng)
        for lag in (300.0, 400.0):
            y = lfilter([1.0 / lag], [1.0, 1.0 / lag - 1.0], y)
        noise = 0.01 * y.std() * rng.standard_normal(n_timesteps)
        assert find_delays(standardised(u[:, None], y + noise)) == ()


def test_a_weak_input_has_no_delay():
    """A room behind heating and weather, 3 % noise: what the weather does first is too small."""
    season = 10.0 * np.sin(2.0 * np.pi * np.arange(3000) / 1000.0)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        weather = season + 3.0 * lfilter([0.05], [1.0, -0.95], rng.standard_normal(3000))
        u = np.stack([weather, held(3000, 30, 200, rng)], axis=1)
        y = lfilter([0.02], [1.0, -0.98], u @ [1.0, 30.0])
        assert find_delays(standardised(u, y + 0.03 * y.std() * rng.standard_normal(3000))) == ()


def held(n_timesteps, shortest, longest, rng):
    """Uniform levels, each for some steps."""
    levels, steps = rng.uniform(size=n_timesteps), rng.integers(shortest, longest, n_timesteps)
    return np.repeat(levels, steps)[:n_timesteps]


@pytest.mark.parametrize("colour", ["white", "low-pass"])
def test_every_input_has_its_own_delay(colour):
    """Two inputs and two outputs; an input is as late as the output that answers it first."""
    u, y = late_record(3000, (20, 0), colour=colour)
    later = np.concatenate([np.repeat(y[:1], 30), y[:-30]])
    first, second = find_delays(standardised(u, np.stack([y, later], axis=1)))
    assert 18 <= first <= 20
    assert second == 0


def test_delay_is_found_where_outputs_are_missing():
    """A third of the outputs, anywhere."""
    u, y = late_record(3000, (20,))
    records = standardised(u, y)
    known = (np.random.default_rng(1).random((3000, 1)) > 0.33).astype(float)
    gappy = Records(records.u, records.y * known, records.offsets, known)
    (found,) = find_delays(gappy)
    assert 15 <= found <= 20


@pytest.mark.parametrize("n_timesteps", [2, 5, 20, 40])
def test_too_few_steps_show_no_delay(n_timesteps, rng):
    """Nothing is claimed without evidence, nor where an input never moves."""
    u, y = rng.normal(size=(n_timesteps, 2)), rng.normal(size=(n_timesteps, 1))
    u[:, 1] = 0.0
    assert find_delays(Records.from_lists([u], [y])) == ()


def test_first_input_is_held_before_the_record():
    """Records never touch each other."""
    u = np.arange(5.0)[:, None]
    moved = delayed(Records.from_lists([u, u + 10.0]), (2,))
    np.testing.assert_array_equal(moved.u.ravel(), [0, 0, 0, 1, 2, 10, 10, 10, 11, 12])


@pytest.mark.parametrize("seed", [0, 1])
def test_found_delay_brings_the_free_run_error_down(seed):
    """Without it 20 steps of memory have to be learned from 800 noisy steps."""
    train = late_record(800, (20,), seed=seed)
    u, y = late_record(2000, (20,), noise=0.0, seed=100 + seed)
    without, found = (
        LSTMRegressor(input_delays=delays, random_state=0).fit(*train) for delays in (0, "auto")
    )
    assert 18 <= found.frame_.delays[0] <= 20
    errors = [float(nrmse(y[100:], m.predict(u)[100:]).max()) for m in (without, found)]
    assert errors[1] < 0.1
    assert errors[1] < 0.3 * errors[0]
