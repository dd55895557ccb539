"""Everything that uses a model with lagged inputs sees them, behind their delays."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm import LSTMRegressor, load
from fastlstm.exceptions import ModelFileError
from fastlstm.frame import Frame
from fastlstm.initial_state import InitialState
from fastlstm.linearise import linearise
from fastlstm.metrics import r2
from fastlstm.model_file import read_model, write_model
from fastlstm.records import Records
from fastlstm.warm_start import start_from
from late_plants import late_record

DELAYS, LAGS = (6, 0), (2, 1)
COLUMNS = ((0, 6), (1, 0), (0, 7), (0, 8), (1, 1))  # input and steps late

# a few iterations are enough to see which inputs a method is given
pytestmark = pytest.mark.filterwarnings("ignore:solver=:fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def data():
    """Two inputs, of which the first acts 6 steps late."""
    return late_record(600, DELAYS)


@pytest.fixture(scope="module")
def model(data):
    """Small network, delays and lags given."""
    options = {"input_delays": DELAYS, "input_lags": LAGS, "random_state": 0, "max_iter": 30}
    return LSTMRegressor((4,), (), **options).fit(*data)


def seen(u):
    """Give what the network sees, made by hand."""
    steps = np.arange(len(u))
    columns = [u[np.maximum(steps - late, 0), channel] for channel, late in COLUMNS]
    return np.stack(columns, axis=1)


def by_hand(model):
    """Model with the same weights that takes what the network sees as inputs of its own."""
    twin, channels = LSTMRegressor(), [channel for channel, _ in COLUMNS]
    twin.__dict__.update(model.__dict__)
    twin.frame_, twin.n_features_in_ = Frame.plain(1), len(COLUMNS)
    scaling = model.scaling_
    twin.scaling_ = type(scaling)(
        scaling.u_mean[channels], scaling.u_std[channels], scaling.y_mean, scaling.y_std
    )
    twin.input_range_ = model.input_range_[:, channels]
    return twin


def test_free_run_is_that_of_columns_made_by_hand(data, model):
    """All ways to run a model; it takes its own two channels."""
    (u, y), twin = data, by_hand(model)
    assert model.n_features_in_ == 2 and model.network_.n_inputs == 5
    assert model.input_lags_ == LAGS
    assert model.score(u, y) == pytest.approx(twin.score(seen(u), y))
    np.testing.assert_allclose(model.predict(u), twin.predict(seen(u)), atol=1e-12)
    for run in (lambda m, x: m.simulate(x, y[:40]), lambda m, x: m.predict_ahead(x, y, 3)):
        np.testing.assert_allclose(run(model, u), run(twin, seen(u)), atol=1e-9)


def test_records_shorter_than_the_lags_hold_their_first_value(data, model):
    """Also records of one step."""
    for length in (1, 3, 8):
        u = data[0][5 : 5 + length]
        np.testing.assert_allclose(model.predict(u), by_hand(model).predict(seen(u)), atol=1e-12)


def test_stream_is_predict_and_learns(data, model):
    """Sample by sample, again after a reset; it keeps no more samples than the latest column."""
    u, y = data
    stream = model.stream(eta=0.5)
    for _ in range(2):
        np.testing.assert_allclose([stream.step(x) for x in u], model.predict(u), atol=1e-9)
        stream.reset()
    shifted = [stream.step(x, target + 1.0) for x, target in zip(u, y, strict=True)]
    assert np.mean(shifted[400:] - y[400:]) > 0.7
    kept = stream._frame._line._kept
    assert [len(line) for line in kept] == [9, 2]


@pytest.mark.filterwarnings("ignore:y must follow X:fastlstm.exceptions.DataWarning")
@pytest.mark.parametrize("solver", ["ridge", "split", "bptt", "greedy"])
def test_training_sees_the_columns(solver, data):
    """Methods without a linear start cannot tell lags from inputs of their own.

    Both ends are zero, so that the scaling is the same.
    """
    options = {"solver": solver, "random_state": 0, "max_iter": 3, "washout": 60}
    u, y = data[0].copy(), data[1]
    u[:10] = u[-10:] = 0.0
    model = LSTMRegressor((4,), (), input_delays=DELAYS, input_lags=LAGS, **options).fit(u, y)
    twin = LSTMRegressor((4,), (), input_delays=0, **options).fit(seen(u), y)
    for name in ("rmse_train_", "rmse_validation_"):
        assert getattr(model, name) == pytest.approx(getattr(twin, name), rel=1e-3)


@pytest.mark.parametrize("n_timesteps", [300, 4000])
def test_linear_start_is_that_without_lags(n_timesteps):
    """The linear model has states enough; the first error is the same, and training goes on."""
    u, y = late_record(n_timesteps, (0,), noise=0.01)
    options = {"hidden_sizes": (4,), "head_sizes": (), "random_state": 0, "max_iter": 40}
    plain = LSTMRegressor(input_delays=0, **options).fit(u, y)
    lagged = LSTMRegressor(input_delays=0, input_lags=3, **options).fit(u, y)
    assert lagged.score(u, y) > 0.98 * plain.score(u, y) > 0.9
    assert np.any(lagged.network_.unpack(lagged.params_)["readout.input"][:, 1:] != 0.0)


def test_moving_average_needs_no_state(data):
    """Three inputs in a row as a sum: the bypass alone does it once it sees them."""
    u = np.random.default_rng(0).standard_normal((800, 1))
    y = np.convolve(u[:, 0], [1.0, -2.0, 1.5])[:800]
    model = LSTMRegressor((1,), (), input_lags=2, input_delays=0, random_state=0).fit(u, y)
    assert model.score(u, y) > 1.0 - 1e-6


def test_integrating_plant_with_lags():
    """Lags stand before the integrator."""
    u, y = late_record(1500, (0,), noise=0.0)
    position = 0.05 * np.cumsum(y - y.mean())
    options = {"input_lags": 2, "random_state": 0, "max_iter": 200}
    model = LSTMRegressor((4,), (), **options).fit(u, position)
    assert model.frame_.integrating.all() and model.input_lags_ == (2,)
    assert r2(position, model.simulate(u, position[:40])) > 0.999


def test_lags_are_steps_of_the_network():
    """With a hold, columns are the means that the network saw one, two, ... steps before."""
    u = np.arange(24.0).reshape(12, 2)
    records = Records.from_lists([u], [u[:, :1]])
    frame = Frame(np.zeros(1), np.zeros(1), hold=3, lags=(0, 1))
    assert frame.taps == ((0, 0), (1, 0), (1, 3))
    assert frame.channels == [0, 1, 1] and not frame.is_plain and not frame.in_step
    reduced = frame.reduce(records).u
    np.testing.assert_array_equal(reduced[1:, 2], reduced[:-1, 1])
    assert reduced[0, 2] == u[0, 1]


@pytest.mark.parametrize("hold", [1, 2])
def test_linearisation_knows_the_past_inputs(model, hold):
    """Small signals around rest, simulated by the model and by the linear one."""
    late = LSTMRegressor()
    late.__dict__.update(model.__dict__)
    late.frame_ = Frame(np.zeros(1), np.zeros(1), hold, DELAYS, LAGS)
    rest, small = model.scaling_.u_mean, 1e-6
    u = np.concatenate([np.zeros((3000, 2)), np.random.default_rng(0).normal(size=(30, 2))])
    y = late.predict(rest + small * np.repeat(u, hold, axis=0))[hold - 1 :: hold]
    y_linear = linearise(late, hold=hold).simulate(u[3000:])[:, 0]
    np.testing.assert_allclose((y[3000:] - y[2999]) / small, y_linear, atol=1e-4)


def test_beginning_depends_on_the_first_input_within_the_range_seen(model):
    """Every lagged column begins at the first value of its channel, clipped as that is."""
    begun = LSTMRegressor()
    begun.__dict__.update(model.__dict__)
    shape = (2, model.network_.n_units)
    slope = np.random.default_rng(0).normal(size=(*shape, 5))
    begun.initial_state_ = InitialState(np.zeros(shape), slope)
    u = np.full((3, 2), 100.0)
    u[:, 1] = -100.0
    np.testing.assert_allclose(begun.predict(u), by_hand(begun).predict(seen(u)), atol=1e-12)
    stream = begun.stream()
    np.testing.assert_allclose([stream.step(x) for x in u], begun.predict(u), atol=1e-12)


def test_stability_report_takes_every_column_from_the_range_of_its_channel(model):
    """The margin is that of independent columns, and the report says so in words."""
    report, hand = model.stability_report(), by_hand(model).stability_report()
    assert report.layers == hand.layers and report.input_range.shape == (2, 2)
    assert "sees 3 earlier values besides" in str(report)
    assert "earlier" not in str(hand)
    narrow = model.stability_report(([-0.1, -0.1], [0.1, 0.1]))
    assert narrow.margin >= report.margin
    certified = LSTMRegressor((3,), (), input_lags=2, stability="incremental", max_iter=5)
    u, y = late_record(500, (0,))
    assert certified.fit(u, y).stability_report().certified


def test_model_file_keeps_lags_and_refuses_nonsense(model, data, tmp_path):
    """Lags have to be those of the network, and no buffer may be huge."""
    path = tmp_path / "lagged.safetensors"
    model.save(path)
    loaded = load(path)
    assert loaded.input_lags_ == LAGS and loaded.get_params()["input_lags"] == LAGS
    np.testing.assert_array_equal(loaded.predict(data[0]), model.predict(data[0]))
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    content = read_model(path)
    for wrong in ((2, 2), (3,), (-2, 5), (1.0, 2.0), (True, 2), "ab", (10**30, -(10**30))):
        write_model(path, type(content)(content.network, content.arrays, {}, lags=wrong))
        with pytest.raises(ModelFileError, match="input_lags"):
            read_model(path)
    for description in (content.description | {"hold": 600_000}, content.description | {"hold": 0}):
        write_model(path, type(content)(content.network, content.arrays, description, lags=LAGS))
        with pytest.raises(ModelFileError, match=r"input_lags|hold"):
            load(path)


def test_going_on_keeps_the_lags(model, data):
    """`partial_fit` and `start`, whatever is asked for."""
    short = LSTMRegressor((4,), (), input_lags=0, random_state=0, max_iter=3)
    assert short.fit(*data, start=model).input_lags_ == LAGS
    options = {"input_delays": DELAYS, "input_lags": LAGS, "random_state": 0, "max_iter": 3}
    again = LSTMRegressor((4,), (), **options).fit(*data)
    assert again.set_params(input_lags=0).partial_fit(*data).input_lags_ == LAGS


def test_weights_follow_the_scale_of_the_channel_of_each_lag(model, data):
    """On the scale of other units the weights of a start give the outputs of the model."""
    old, zero = model.scaling_, np.zeros((2, model.network_.n_units))
    scaling = type(old)(2.0 * old.u_mean + 3.0, old.u_std * [2.0, 0.5], old.y_mean + 1.0, old.y_std)
    before, after = LSTMRegressor(), LSTMRegressor()
    for one in (before, after):
        one.__dict__.update(model.__dict__)
        one.initial_state_ = InitialState(zero, np.zeros((*zero.shape, len(COLUMNS))))
    after.params_, after.scaling_ = start_from(model, model.network_, scaling), scaling
    np.testing.assert_allclose(after.predict(data[0]), before.predict(data[0]), atol=1e-9)


def test_no_lags_are_no_lags(data):
    """Zeros in every form give the same bits and the same file as the default."""
    fits = [
        LSTMRegressor((3,), (), random_state=0, max_iter=5, **options).fit(*data)
        for options in ({}, {"input_lags": 0}, {"input_lags": (0, 0)})
    ]
    assert all(np.array_equal(fits[0].params_, other.params_) for other in fits[1:])
    assert all(fit.frame_.lags == () and fit.input_lags_ == (0, 0) for fit in fits)


@pytest.mark.parametrize(
    "given", ["none", (1, 2, 3), (600, 0), -1, (-1, 0), (1.5, 0), 2.5, ((1, 2),), 10**6, True]
)
def test_lags_that_cannot_be_meant_are_refused(given, data):
    """The message names the argument."""
    with pytest.raises((ValueError, TypeError), match="input_lags"):
        LSTMRegressor((2,), (), input_lags=given).fit(*data)


def test_summary_names_the_lags(model):
    """Per input, beside the delays."""
    text = model.summary()
    assert "The network sees 2 earlier values of input 0 besides" in text
    assert "The network sees 1 earlier value of input 1 besides" in text
    assert "Input 0 acts 6 samples late" in text
