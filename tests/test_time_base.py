"""How many samples one step of the network spans, and how records are brought to such steps."""

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm import LSTMRegressor, load
from fastlstm.between_steps import lost_of_inputs
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.frame import Frame
from fastlstm.records import Records
from fastlstm.time_base import averaged, hold_of_outputs, in_steps_of


def heated(n_timesteps, seed, time_constant=250.0, grid=None):
    """Temperature with losses that grow with it, behind heating in steps."""
    rng, u, t = np.random.default_rng(seed), np.empty(n_timesteps), 0
    while t < n_timesteps:
        length = int(rng.uniform(0.3, 2.0) * time_constant)
        length = length if grid is None else grid
        u[t : t + length] = rng.uniform(0.0, 1.0)
        t += length
    wall, inside, y = 0.5, 0.3, np.empty(n_timesteps)
    for t, heating in enumerate(u):
        wall += (3.0 * heating + 2.0 * (inside - wall) - wall - 0.5 * wall**3) / time_constant
        inside += (wall - inside) / time_constant
        y[t] = inside
    return u[:, None], y[:, None]


def standardised(u, y, n_records=1):
    u, y = (u - u.mean()) / u.std(), (y - y.mean()) / y.std()
    return Records.from_lists(np.split(u, n_records), np.split(y, n_records))


def disturbed(y, kind, size):
    """White noise, noise with a memory of ten steps, and coarse digits."""
    white, spread = np.random.default_rng(3).standard_normal(y.shape), size * y.std()
    if kind == "digits":
        return np.round(y / (3.5 * spread)) * 3.5 * spread
    slow = np.sqrt(1.0 - 0.9**2) * lfilter([1.0], [1.0, -0.9], white, axis=0)
    return y + spread * (slow if kind == "slow" else white)


@pytest.mark.parametrize(
    ("kind", "size"),
    [("white", 0.0), ("white", 0.01), ("white", 0.05), ("slow", 0.01), ("digits", 0.01)],
)
def test_oversampled_plant_gets_a_wider_time_base_whatever_the_noise(kind, size):
    """Between steps noise does not count as motion, whatever its colour."""
    u, y = heated(40_000, 0)
    assert hold_of_outputs(standardised(u, disturbed(y, kind, size))) == 10


def test_a_part_of_the_grid_of_the_inputs_is_preferred():
    """A controller that is 45 times slower: steps of nine samples lose nothing, of ten a little."""
    u, y = heated(40_000, 0, grid=45)
    assert hold_of_outputs(standardised(u, y)) == 9


def test_inputs_that_change_at_every_step_keep_the_time_base():
    """Their mean would tell a nonlinear plant too little, however slow it is."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal((40_000, 1))
    assert hold_of_outputs(standardised(u, lfilter([0.004], [1.0, -0.996], u, axis=0))) == 1


def test_motion_that_follows_the_inputs_between_steps_narrows_the_time_base():
    """A ringing of two percent after every step of the input; as noise it would not count."""
    u, y = heated(40_000, 0)
    change = np.diff(u, axis=0, prepend=u[:1])
    poles = 0.95 * np.exp(1j * np.array([1.3, -1.3]))
    ringing = lfilter([1.0], np.poly(poles).real, change, axis=0)
    ringing *= 0.02 * y.std() / ringing.std()
    assert hold_of_outputs(standardised(u, y + ringing)) <= 2
    shuffled = np.random.default_rng(0).permutation(ringing)
    assert hold_of_outputs(standardised(u, y + shuffled)) == 10


@pytest.mark.parametrize(("every", "hold"), [(4, 10), (10, 10), (13, 13), (1000, 1)])
def test_outputs_that_were_measured_are_not_lost(every, hold):
    """Gaps of up to a step are bridged; steps that end beside them would lose all."""
    u, y = heated(40_000, 0)
    records = standardised(u, y)
    weights = np.zeros((40_000, 1))
    weights[::every] = 1.0
    assert hold_of_outputs(Records(records.u, records.y, records.offsets, weights)) == hold
    both = np.concatenate([records.y, records.y], axis=1)  # the second counts nowhere
    weights = np.concatenate([weights, np.zeros((40_000, 1))], axis=1)
    assert hold_of_outputs(Records(records.u, both, records.offsets, weights)) == hold


def test_few_steps_or_short_records_keep_the_time_base():
    """4000 steps stay in all, and a hundred of every record."""
    u, y = heated(40_000, 0)
    assert hold_of_outputs(standardised(u[:7900], y[:7900])) == 1
    assert hold_of_outputs(standardised(u, y, n_records=40)) == 10
    assert hold_of_outputs(standardised(u, y, n_records=100)) == 4
    assert hold_of_outputs(standardised(u, y, n_records=400)) == 1


def test_outputs_to_train_on_are_means_around_the_ends_of_steps():
    """Noise falls with the root of the span; straight lines stay."""
    noise = np.random.default_rng(0).standard_normal((6000, 1))
    line = np.linspace(0.0, 5.0, 6000)[:, None]
    records, frame = Records.from_lists([line], [line + noise]), Frame.plain(1)
    reduced = in_steps_of(Frame(frame.gains, frame.levels, hold=6), records)
    assert reduced.n_total == 1000
    error = reduced.y[:-1] - line[5:-6:6]
    assert 0.8 / np.sqrt(7.0) < error.std() < 1.2 / np.sqrt(7.0)
    assert abs(error.mean()) < 0.05


def test_means_leave_out_what_is_missing():
    """Beside a missing output the measured one stays as it is."""
    y = np.arange(8.0)[:, None] ** 2
    weights = np.ones((8, 1))
    weights[4] = 0.0
    mean = averaged(Records(y, y, np.array([0, 8]), weights), 2).y.ravel()
    expected = [0.0, 5.0 / 3.0, 14.0 / 3.0, 9.0, 16.0, 25.0, 110.0 / 3.0, 49.0]
    np.testing.assert_allclose(mean, expected)


@pytest.fixture(scope="module")
def model():
    """Trained on 24,000 noisy samples of a plant that remembers for 1300 of them."""
    u, y = heated(24_000, 1)
    return LSTMRegressor(random_state=0, max_iter=150).fit(u, disturbed(y, "white", 0.01))


def nrmse(y, y_sim):
    return np.sqrt(np.mean((y_sim - y) ** 2)) / y.std()


def test_oversampled_plant_is_learnt_to_the_percent(model):
    """With a step per sample the error was ten percent and more, after ten times as long."""
    u, y = heated(12_000, 2)
    assert model.frame_.hold == 6
    assert not model.frame_.integrating.any()
    assert model.washout_ % 6 == 0
    assert nrmse(y[3000:], model.predict(u)[3000:]) < 0.015
    assert 0.003 < model.rmse_validation_ < 0.012  # the noise of samples, or of means over a step
    assert nrmse(y[:3000], model.simulate(u[:3000], y_init=y[:100])) < 0.05
    assert "One step of the network spans 6 samples" in model.summary()


def test_wider_time_base_is_kept(model, tmp_path):
    """In a file, sample by sample, and when training goes on, by whatever method."""
    model.save(tmp_path / "oven.safetensors")
    again = load(tmp_path / "oven.safetensors")
    u, y = heated(6000, 3)
    expected = model.predict(u)
    np.testing.assert_array_equal(again.predict(u), expected)
    stream = model.stream()
    live = np.array([stream.step(sample) for sample in u])
    np.testing.assert_allclose(live[5::6].ravel(), expected[5::6].ravel(), rtol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        again.set_params(solver="bptt", max_iter=5).partial_fit(u, y)
    assert again.frame_.hold == 6


def test_samples_per_step_may_be_given():
    """One for a model that has to answer every sample; more where the records do not show it."""
    u, y = heated(6000, 1)
    settings = {"random_state": 0, "solver": "ridge", "max_iter": 2}
    for samples in (1, 4):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is hardly trained
            model = LSTMRegressor(samples_per_step=samples, **settings).fit(u, y)
        assert model.frame_.hold == samples
    with pytest.raises(ValueError, match="at least 10 steps of every record; got 700"):
        LSTMRegressor(samples_per_step=700, **settings).fit(u, y)
    y = np.where(np.arange(6000)[:, None] % 10 == 0, y, np.nan)
    with pytest.raises(ValueError, match="must let steps end where outputs were measured; got 2"):
        LSTMRegressor(samples_per_step=2, missing_target="mask", **settings).fit(u, y)


def test_what_inputs_lose_is_their_variance_within_steps():
    """Block by block in every record; what does not fill a step does not count."""
    rng, spans = np.random.default_rng(0), [1, 2, 3, 7, 40]
    u = [rng.standard_normal((n, 2)).cumsum(axis=0) for n in (50, 23, 6)]
    records = Records.from_lists(u, [part[:, :1] for part in u])
    total, expected = records.u.var(axis=0), []
    for hold in spans:
        cut = [part[: len(part) // hold * hold].reshape(-1, hold, 2) for part in u]
        within = np.concatenate(cut).var(axis=1).mean(axis=0)
        expected.append(np.max(within / total))
    np.testing.assert_allclose(lost_of_inputs(records, spans), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("level", [0.0, 1e-17, -3.7e-16])
def test_inputs_that_do_not_vary_lose_nothing(level):
    """What scaling leaves of a constant is not a signal; steps longer than a record lose all."""
    u = np.full((60, 1), level)
    u[::7] += np.spacing(level)
    records = Records.from_lists([u], [u])
    lost = lost_of_inputs(records, [3, 20, 61])
    np.testing.assert_allclose(lost, [0.0, 0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("solver", ["ridge", "split", "bptt"])
def test_other_methods_get_it_as_well(solver):
    """A memory of many samples is nobody's strength."""
    u, y = heated(12_000, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is hardly trained
        model = LSTMRegressor(random_state=0, solver=solver, max_iter=5).fit(u, y)
    assert model.frame_.hold == 3
    assert model.predict(u).shape == (12_000, 1)


def test_outputs_that_are_measured_seldom_are_learnt_from():
    """Every tenth of 9000: a step spans from one to the next, and every sample is answered."""
    u, y = heated(9000, 1)
    y = np.where(np.arange(9000)[:, None] % 10 == 0, disturbed(y, "white", 0.01), np.nan)
    model = LSTMRegressor(random_state=0, missing_target="mask", max_iter=400).fit(u, y)
    assert model.frame_.hold == 10
    u, y = heated(9000, 2)
    assert nrmse(y[3000:], model.predict(u)[3000:]) < 0.02
