"""An integrator that stops at an end is not taken for an exact one."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.starts import integrating_fit
from fastlstm.starts.integrating import find_integrators
from integrating_plants import trolley


def steps(n_timesteps, rng):
    """Make random levels, each held for 10 to 60 steps, without a mean."""
    n_levels = n_timesteps // 10
    u = np.repeat(rng.uniform(-1.0, 1.0, n_levels), rng.integers(10, 60, n_levels))
    return u[:n_timesteps] - u[:n_timesteps].mean()


def position(u, gain, ends):
    """Sum the lagged input, stopping at both ends."""
    y, at = np.empty(len(u)), 0.0
    for t, step in enumerate(lfilter([0.3], [1.0, -0.7], u)):
        at = min(max(at + gain * step, -ends), ends)
        y[t] = at
    return y


def recorded(u, y, noise, rng):
    y = (y - y.mean()) / y.std() + noise * rng.standard_normal(len(y))
    return Records.from_lists([u[:, None] / u.std()], [y[:, None]])


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("n_timesteps", [800, 4000])
@pytest.mark.parametrize("seed", range(3))
def test_end_stop_is_seen(seed, n_timesteps, noise):
    """The record meets the ends a few times; without them it is an integrator."""
    rng = np.random.default_rng(seed)
    u = steps(n_timesteps, rng)
    free = position(u, 0.02, np.inf)
    stopped = position(u, 0.02, 0.6 * np.max(np.abs(free)))
    assert find_integrators(recorded(u, free, noise, rng)) > 0.0
    assert find_integrators(recorded(u, stopped, noise, rng)) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_integrator_that_is_kept_between_two_limits_still_is_one(seed):
    """A pump goes on and off at two levels, which the tank does not know; the outflow varies."""
    rng = np.random.default_rng(seed)
    flow, level, on = 0.5 + 0.6 * steps(2000, rng), 0.5, 1.0
    pump, y = np.empty(2000), np.empty(2000)
    for t in range(2000):
        on = 0.0 if level > 0.8 else 1.0 if level < 0.2 else on
        pump[t] = on
        level += 0.02 * (on - flow[t])
        y[t] = level
    u = np.stack([pump, flow], axis=1)
    u, y = (u - u.mean(axis=0)) / u.std(axis=0), (y - y.mean()) / y.std()
    y += 0.01 * rng.standard_normal(2000)
    assert find_integrators(Records.from_lists([u], [y[:, None]])) > 0.0


@pytest.mark.parametrize("seed", [1, 17, 23, 33])
def test_integrator_whose_model_errs_at_the_ends_still_is_one(seed, monkeypatch):
    """The few visits to the ends explain a part of the drift by chance; the output moves there.

    Without inputs that are bent behind a lag the model errs enough.
    """
    monkeypatch.setattr(integrating_fit, "MOST_SIGNALS", 0)
    assert find_integrators(trolley(2500, seed, 0.01)) > 0.0


def test_end_stop_is_seen_through_gaps():
    """Missing outputs enter nothing."""
    rng = np.random.default_rng(0)
    u = steps(2000, rng)
    free = position(u, 0.02, np.inf)
    stopped = position(u, 0.02, 0.6 * np.max(np.abs(free)))
    weights = (rng.uniform(size=(2000, 1)) < 0.8).astype(float)
    for y, integrates in ((free, True), (stopped, False)):
        records = recorded(u, y, 0.01, rng)
        found = find_integrators(
            Records(records.u, records.y * weights, records.offsets, weights=weights)
        )
        assert (found > 0.0) == integrates
