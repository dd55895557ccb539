"""Integrators are found where there are any, and only there."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.posing import find_frame
from fastlstm.records import Records
from fastlstm.starts import integrating, integrating_fit
from fastlstm.starts.integrating import find_integrators, identify_integrating, increments_of
from fastlstm.starts.integrating_fit import fast_poles, with_bends
from fastlstm.starts.linear import LinearModel, identify
from integrating_plants import trolley


def drive(n_timesteps, rng, n_inputs=1):
    """Make steps that return to where they came from, so that a sum stays bounded."""
    steps = np.repeat(rng.normal(size=(n_timesteps // 40, n_inputs)), 20, axis=0)
    return np.stack([steps, -steps], axis=1).reshape(-1, n_inputs)[:n_timesteps]


def plant(pole, rng, n_timesteps=1200, noise=0.02):
    """Put a lag of 0.8 in front of a pole; standardised, with noise on the output."""
    u = drive(n_timesteps, rng)
    y = lfilter([1.0], [1.0, -pole], lfilter([0.2], [1.0, -0.8], u[:, 0])) + 4.0
    y = (y - y.mean()) / y.std()
    return Records.from_lists([u], [(y + noise * rng.standard_normal(len(y)))[:, None]])


def test_exact_integrator_is_found(rng):
    """The gain is the size of the increments, whatever the noise adds to them."""
    records = plant(1.0, rng)
    clean = np.diff(plant(1.0, np.random.default_rng(0), noise=0.0).y, axis=0).std()
    gains = find_integrators(records)
    np.testing.assert_allclose(gains, clean, rtol=0.3)


@pytest.mark.parametrize("pole", [0.0, 0.5, 0.9, 0.95, 0.98, 0.995, 0.999])
def test_pole_that_is_not_at_one_is_not_taken_for_an_integrator(rng, pole):
    """A leak that shows within the record is a leak."""
    assert find_integrators(plant(pole, rng)) == 0.0


def test_sensor_that_drifts_is_not_taken_for_an_integrator(rng):
    """A straight trend as large as the signal: the sum of a constant would explain it too."""
    records = plant(0.9, rng, n_timesteps=8000)
    drifting = records.y + np.linspace(-2.0, 2.0, records.n_total)[:, None]
    assert find_integrators(Records(records.u, drifting, records.offsets)) == 0.0


def test_integrator_under_a_bias_is_found(rng):
    """A steady inflow makes a trend, and the rest of the motion still is a sum."""
    records = plant(1.0, rng)
    filling = records.y + np.linspace(-2.0, 2.0, records.n_total)[:, None]
    assert find_integrators(Records(records.u, filling, records.offsets)) > 0.0


def test_integrators_are_told_apart_by_output(rng):
    """Position and speed of the same drive: one integrates, the other does not."""
    whole = plant(1.0, rng, noise=0.0)
    speed = np.diff(whole.y, axis=0, prepend=whole.y[:1])
    both = np.concatenate([speed / speed.std(), whole.y], axis=1)
    gains = find_integrators(Records(whole.u, both, whole.offsets))
    assert gains[0] == 0.0
    assert gains[1] > 0.0


def test_linear_model_of_the_increments_is_exact_without_noise(rng):
    """The plant is linear, so nothing but rounding and the ridge may be left."""
    records = plant(1.0, rng, noise=0.0)
    model = identify_integrating(records, find_integrators(records))
    assert np.sqrt(np.mean(model.misfit**2)) < 1e-3
    steps = model.increments.simulate(records) * model.gains
    np.testing.assert_allclose(steps[1:], np.diff(records.y, axis=0), atol=1e-4)


def test_increments_add_up_to_the_outputs(rng):
    """From the first sample, which is the level; a plain output stays as it is."""
    records = plant(1.0, rng)
    gains = np.array([0.3])
    steps = increments_of(records, gains)
    total = records.y[0] + 0.3 * np.cumsum(steps.y, axis=0)
    np.testing.assert_allclose(total, records.y, atol=1e-9)
    np.testing.assert_array_equal(increments_of(records, np.zeros(1)).y, records.y)


def bent(leak, seed, n_timesteps=4000):
    """Fill by what a valve lets through, which saturates; a part of the level leaks per step."""
    u = np.random.default_rng(seed).standard_normal(n_timesteps)
    flow = lfilter([0.3], [1.0, -0.7], np.tanh(1.5 * u))
    y = lfilter([1.0], [1.0, leak - 1.0], flow)
    return Records.from_lists([u[:, None]], [((y - y.mean()) / y.std())[:, None]])


@pytest.mark.parametrize("seed", range(4))
def test_integrator_behind_a_bent_characteristic_is_found(seed):
    """What the linear model leaves drifts, which is no leak."""
    assert find_integrators(bent(0.0, seed)) > 0.0


def test_integrator_that_hardly_helps_a_linear_model_is_found_beside_bent_inputs():
    """Of a long record the drift of the linear model is half as large as what it explains."""
    records = bent(0.0, 3, 20_000)
    x = fast_poles(records).states(records)
    assert integrating._left(records, integrating._with_integrators(records).misfit, x) > 0.5
    assert find_integrators(records) > 0.0


def test_pole_that_hardly_fades_in_a_record_is_left_out_of_the_increments():
    """A second integrator in front of the first: what it adds here says nothing about elsewhere."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal(1000)
    hidden = 0.05 * np.cumsum(lfilter([1.0], [1.0, -0.9], u - u.mean()))
    steps = lfilter([0.3], [1.0, -0.7], u) + 0.05 * hidden
    y = np.cumsum(steps)[:, None]
    records = Records.from_lists([u[:, None]], [(y - y.mean()) / y.std()])
    gains = np.array([steps.std() / y.std()])
    plain = identify(increments_of(records, gains))
    assert np.abs(plain.poles).max() > 0.999
    kept = integrating._without_drift(plain, records)
    assert 0 < len(kept.poles) < len(plain.poles)
    assert np.abs(kept.poles).max() < np.exp(-1.0 / 250.0)
    assert np.abs(identify_integrating(records, gains).increments.poles).max() < 0.996


def test_fixed_poles_remain_where_no_other_fades(monkeypatch):
    """Nothing is left of a model of a slow pole alone."""
    slow = np.array([[0.9999]]), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)
    records = Records.from_lists([np.ones((100, 1))], [np.ones((100, 1))])
    assert integrating._without_drift(LinearModel(*slow), records) is None
    monkeypatch.setattr(integrating, "identify", lambda records: LinearModel(*slow))
    found = identify_integrating(bent(0.0, 0), np.ones(1))
    np.testing.assert_allclose(np.sort(found.increments.poles.real), integrating_fit.FAST)


@pytest.mark.parametrize("seed", [5, 12, 21, 32])
def test_integrator_behind_drag_is_found(seed):
    """A leak or a pole explains the drift of all static models; bends behind a lag leave little."""
    assert find_integrators(trolley(2500, seed, 0.01)) > 0.0


def test_inputs_are_bent_behind_a_lag_where_these_are_few_for_the_rows(rng):
    """Of one input that makes 46 signals, of four more than `MOST_SIGNALS`; a record is its own."""
    u = rng.standard_normal((2760, 1))
    assert with_bends(Records.from_lists([u[:1379]])).u.shape[1] == 5
    both = with_bends(Records.from_lists([u[:1380], u[1380:]]))
    assert both.u.shape[1] == 9
    assert with_bends(Records.from_lists([np.tile(u, (10, 4))])).u.shape[1] == 20
    runs = [lfilter([0.1], [1.0, -0.9], part) for part in (u[:1380, 0], u[1380:, 0])]
    above = np.maximum(np.concatenate(runs) / np.std(runs) - 0.3, 0.0)
    np.testing.assert_allclose(both.u[:, 7], above, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_leak_behind_a_bent_characteristic_is_found(seed):
    """It empties the level once in a record."""
    assert find_integrators(bent(1.0 / 4000.0, seed)) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_leak_is_found_in_a_short_noisy_record(seed):
    """It empties the level three times, and helps little beside the noise and what is bent."""
    rng = np.random.default_rng(seed)
    levels = rng.uniform(-1.0, 1.0, 800)
    u = np.repeat(levels, rng.integers(30, 200, 800))[:800]
    slow = lfilter([0.004], [1.0, -0.996], u)
    y = lfilter([0.3], [1.0, -0.7], np.tanh(3.0 * slow) + 0.5 * u)
    y = (y - y.mean()) / y.std() + 0.02 * rng.standard_normal(800)
    records = Records.from_lists([(u - u.mean())[:, None] / u.std()], [y[:, None]])
    assert find_integrators(records) == 0.0


@pytest.mark.parametrize("weighted", [False, True])
def test_levels_of_many_records_are_taken_out_instead_of_fitted(rng, weighted, monkeypatch):
    """The regression is the same; a column for every record would be too many."""
    whole = plant(1.0, rng)
    cut = Records.from_lists(np.split(whole.u, 40), np.split(whole.y + 0.3, 40))
    if weighted:
        weights = rng.uniform(0.5, 1.0, (cut.n_total, 1)) * (
            rng.uniform(size=(cut.n_total, 1)) < 0.8
        )
        cut = Records(cut.u, cut.y * (weights > 0.0), cut.offsets, weights=weights)
    taken_out = identify_integrating(cut, np.ones(1))
    monkeypatch.setattr(integrating_fit, "MANY", 1000)
    fitted = identify_integrating(cut, np.ones(1))
    counts = np.ones_like(cut.y) if cut.weights is None else cut.weights
    np.testing.assert_allclose(
        taken_out.misfit[counts > 0.0], fitted.misfit[counts > 0.0], atol=1e-3
    )


def test_integrator_behind_many_records_is_found(rng):
    """Each with a level of its own."""
    whole = plant(1.0, rng, n_timesteps=12_000)
    parts = np.split(whole.y, 60)
    moved = [part + level for part, level in zip(parts, rng.normal(size=60), strict=True)]
    records = Records.from_lists(np.split(whole.u, 60), moved)
    gains = find_frame(records).gains
    assert gains > 0.0
