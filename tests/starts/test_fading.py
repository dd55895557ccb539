"""A slow pole is told from an integrator where many signals could explain either."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.starts import integrating_fit
from fastlstm.starts.fading import do_not_fade
from fastlstm.starts.integrating import find_integrators
from integrating_plants import trolley


def room(forgets, seed, n_timesteps=600, noise=0.03):
    """Walls behind outdoor temperature, sun and heating; they forget a part in every step."""
    rng, day = np.random.default_rng(seed), 2.0 * np.pi * np.arange(n_timesteps) / 96.0
    clouds = rng.uniform(0.3, 1.0, n_timesteps // 96 + 1)[np.arange(n_timesteps) // 96]
    weather = lfilter([0.05], [1.0, -0.95], rng.standard_normal(n_timesteps))
    heating = np.repeat(rng.uniform(size=n_timesteps // 15 + 1), 15)[:n_timesteps]
    u = np.stack([np.sin(day) + weather, np.maximum(np.sin(day - 0.5), 0.0) * clouds, heating], 1)
    u = (u - u.mean(axis=0)) / u.std(axis=0)
    warmth = lfilter([1.0], [1.0, forgets - 1.0], u @ [0.3, 0.4, 0.7])
    y = lfilter([0.2], [1.0, -0.8], warmth) + 0.5 * warmth
    y = (y - y.mean()) / y.std() + noise * rng.standard_normal(n_timesteps)
    return Records.from_lists([u], [y[:, None]])


@pytest.mark.parametrize("seed", range(4))
def test_room_that_forgets_in_a_quarter_of_the_record_does_not_integrate(seed):
    """Bent inputs beside three slow ones explain the record with an integrator as well."""
    records = room(1.0 / 150.0, seed)
    assert not do_not_fade(records)[0]
    assert find_integrators(records) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_integrator_under_the_same_inputs_stays_one(seed):
    """No slow pole explains it better."""
    records = room(0.0, seed)
    assert do_not_fade(records)[0]
    assert find_integrators(records) > 0.0


@pytest.mark.parametrize("seed", range(4))
def test_integrator_behind_a_bent_characteristic_stays_one(seed):
    """To a linear model its drift looks like a pole; beside bent inputs it does not."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(1200)
    y = np.cumsum(lfilter([0.3], [1.0, -0.7], np.tanh(1.5 * u)))
    y = (y - y.mean()) / y.std() + 0.02 * rng.standard_normal(1200)
    assert do_not_fade(Records.from_lists([u[:, None]], [y[:, None]]))[0]


@pytest.mark.parametrize("lagged", [True, False])
@pytest.mark.parametrize("seed", [2, 5])
def test_integrator_behind_drag_stays_one(seed, lagged, monkeypatch):
    """Beside bent inputs a pole lowers the error a little, since any limits its drift."""
    monkeypatch.setattr(integrating_fit, "MOST_SIGNALS", 150 if lagged else 0)
    records = trolley(10_000, seed, 0.01)
    assert do_not_fade(records)[0]


def test_every_output_is_judged_for_itself_and_weights_count():
    """A room and a tank beside each other; samples without weight say nothing."""
    slow, whole = room(1.0 / 150.0, 0), room(0.0, 0)
    y = np.concatenate([slow.y, whole.y], axis=1)
    weights = (np.random.default_rng(1).uniform(size=y.shape) < 0.8).astype(float)
    spoilt = np.where(weights > 0.0, y, 1e3)
    both = Records(slow.u, spoilt, slow.offsets, weights=weights)
    np.testing.assert_array_equal(do_not_fade(both), [False, True])
