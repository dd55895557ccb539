"""State in which a record begins of which only the inputs are known."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.initial_state import InitialState, states_before
from fastlstm.network import Network
from fastlstm.records import Records
from plants import make_record, small_model

SLOW = Network(1, 1, (2,))
PERIOD = 2000  # of the slow input, in steps; the memory of the plant is about 50


@pytest.fixture
def slow_params():
    """Two units that forget by 2 and 5 % per step and whose gates hardly move: nearly linear."""
    weights = {name: np.zeros(shape) for name, shape in SLOW.shapes.items()}
    weights["lstm.0.weight_ih"][4:6, 0] = [0.2, -0.1]  # cell candidates
    weights["lstm.0.bias"][:] = [-2.0, -1.5, 3.9, 2.9, 0.0, 0.1, 0.0, 0.0]
    weights["readout.hidden"][:] = [[1.0, 2.0]]
    return SLOW.pack(weights)


def first_outputs(params, u, states):
    """First output of a record of one step for every row of u."""
    offsets = np.arange(len(u) + 1)
    y, _ = simulate(SLOW, params, u, offsets, states, float32=False)
    return y[:, 0]


def states_along(params, u, steps):
    """States before some steps of one record that begins at rest."""
    found = []
    for step in steps:
        part = u[:step]
        found.append(simulate(SLOW, params, part, np.array([0, step]), float32=False)[1][0])
    return np.array(found)


def test_guess_is_near_the_state_when_the_input_is_slow(slow_params):
    """Away from the mean input rest is off by the whole output, the guess by the lag alone."""
    u = np.sin(2.0 * np.pi * np.arange(3 * PERIOD)[:, None] / PERIOD)
    records = Records.from_lists([u[: 2 * PERIOD]])
    found = InitialState.of(SLOW, slow_params, records, 300)
    steps = 2 * PERIOD + np.array([PERIOD // 4, PERIOD // 3, 3 * PERIOD // 4])
    true = first_outputs(slow_params, u[steps], states_along(slow_params, u, steps))
    guessed = first_outputs(slow_params, u[steps], found.before(u[steps]))
    rested = first_outputs(slow_params, u[steps], None)
    assert np.all(np.abs(guessed - true) < 0.15 * np.abs(rested - true))


def test_guess_is_the_mean_state_when_the_input_is_white(slow_params):
    """The state knows nothing about an input that nobody could foresee."""
    u = np.random.default_rng(0).normal(size=(20_000, 1))
    found = InitialState.of(SLOW, slow_params, Records.from_lists([u]), 300)
    states = states_along(slow_params, u, range(400, 20_000, 100))
    mean, std = states.mean(axis=0), states.std(axis=0)
    for level in (-1.0, 0.0, 1.0):
        assert np.all(np.abs(found.before(np.array([[level]]))[0] - mean) < 0.25 * std)


def test_guess_has_the_least_squared_error_of_affine_ones(slow_params):
    """Neither a shift nor a tilt makes it better on the states that it was fitted to."""
    u = np.cumsum(np.random.default_rng(1).normal(size=(700, 1)), axis=0) / 20.0
    found = InitialState.of(SLOW, slow_params, Records.from_lists([u]), 100)
    states, first = states_along(slow_params, u, range(100, 700)), u[100:700]
    error = states - found.before(first)
    assert np.max(np.abs(error.mean(axis=0))) < 0.01 * states.std()
    slope = np.einsum("rsj,ru->sju", error, first - first.mean()) / np.sum(
        (first - first.mean()) ** 2
    )
    assert np.max(np.abs(slope)) < 0.01 * np.max(np.abs(found.slope))


def test_guess_is_rest_where_the_run_is_not_finite(slow_params):
    """A model that cannot run has no typical state."""
    u = np.zeros((50, 1))
    broken = np.full_like(slow_params, np.nan)
    assert InitialState.of(SLOW, broken, Records.from_lists([u]), 10).is_rest


def test_hidden_states_stay_where_an_lstm_can_be():
    """Between -1 and 1, however steep the map; the cell has no bounds."""
    steep = InitialState(np.zeros((2, 2)), np.full((2, 2, 1), 5.0))
    np.testing.assert_array_equal(steep.before(np.array([[2.0], [-2.0]]))[:, 0], [[1, 1], [-1, -1]])
    np.testing.assert_array_equal(steep.before(np.array([[2.0]]))[0, 1], [10.0, 10.0])


@pytest.mark.usefixtures("readout_solver")
def test_predict_begins_in_the_state_that_the_first_input_tells(record):
    """Every record on its own, in standardised units."""
    model = small_model().fit(*record)
    X = [record[0][50:120], record[0][200:260]]
    records = model.scaling_.scale(Records.from_lists(X))
    states = model.initial_state_.before(records.u[records.offsets[:-1]])
    assert np.max(np.abs(states)) > 1e-3
    y, _ = simulate(
        model.network_, model.params_, records.u, records.offsets, states, float32=False
    )
    expected = records.split(model.scaling_.unscale_outputs(y))
    for y_pred, part in zip(model.predict(X), expected, strict=True):
        np.testing.assert_array_equal(y_pred, part[:, 0])


@pytest.mark.usefixtures("readout_solver")
def test_input_beyond_the_range_of_training_counts_as_its_end(record):
    """A line must not be followed to where nobody has been."""
    model = small_model().fit(*record)
    low, high = model.scaling_.scale_inputs(model.input_range_)
    wild = np.array([[-100.0], [100.0]])
    ends = model.initial_state_.before(np.stack([low, high]))
    np.testing.assert_array_equal(states_before(model, wild), ends)


@pytest.mark.usefixtures("readout_solver")
def test_washout_of_zero_means_that_records_begin_at_rest(record):
    """Every step from rest was trained, so it is simulated from there."""
    u, _ = record
    model = small_model(washout=0).fit(*record)
    assert model.initial_state_.is_rest
    scaled = model.scaling_.scale_inputs(u)
    offsets = np.array([0, len(u)])
    y, _ = simulate(model.network_, model.params_, scaled, offsets, float32=False)
    np.testing.assert_array_equal(model.predict(u), model.scaling_.unscale_outputs(y)[:, 0])


@pytest.mark.usefixtures("readout_solver")
def test_order_of_records_does_not_matter():
    """They are fitted in an order of their own; so is what they tell about beginnings."""
    pairs = [make_record(150, seed=seed) for seed in range(3)]
    fits = []
    for order in ([0, 1, 2], [2, 0, 1]):
        X, y = ([pairs[k][part] for k in order] for part in (0, 1))
        fits.append(small_model().fit(X, y).initial_state_)
    np.testing.assert_array_equal(fits[0].offset, fits[1].offset)
    np.testing.assert_array_equal(fits[0].slope, fits[1].slope)
