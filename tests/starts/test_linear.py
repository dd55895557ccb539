"""Identification of linear models: known plants, hard inputs, short records."""

import numpy as np
import pytest
from scipy import linalg

from fastlstm.metrics import rmse
from fastlstm.records import Records
from fastlstm.starts import realization
from fastlstm.starts.linear import LinearModel, identify
from fastlstm.starts.realization import MAX_RADIUS, reduced, unit_coordinates


def random_plant(rng, order, n_inputs=1, n_outputs=1, radius=0.95):
    """Stable model with poles spread between 0.3 and `radius`, outputs of about unit variance."""
    blocks = [rng.uniform(0.3, radius)] if order % 2 else []
    A = np.zeros((order, order))
    for k, pole in enumerate(blocks):
        A[k, k] = pole
    for k in range(order % 2, order, 2):
        size, angle = rng.uniform(0.5, radius), rng.uniform(0.1, 2.0)
        turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        A[k : k + 2, k : k + 2] = size * np.array(turn)
    mix = np.linalg.qr(rng.standard_normal((order, order)))[0]
    B = rng.standard_normal((order, n_inputs))
    C = rng.standard_normal((n_outputs, order)) / np.sqrt(order)
    D = 0.3 * rng.standard_normal((n_outputs, n_inputs))
    return LinearModel(mix @ A @ mix.T, mix @ B, C @ mix.T, D, 0.1 * np.ones(n_outputs))


def records_of(plant, inputs, noise=0.0, rng=None):
    """Return records of the plant's free run from rest, scaled to unit variance together."""
    bare = Records.from_lists(inputs)
    y = plant.simulate(bare)
    y = y / y.std(axis=0)
    if noise:
        y = y + noise * rng.standard_normal(y.shape)
    return Records.from_lists(inputs, bare.split(y))


def free_run_error(model, records):
    """Largest NRMSE over the outputs from the estimated initial states."""
    y = model.simulate(records, model.initial_states(records))
    return np.max(rmse(records.y, y) / records.y.std(axis=0))


def plain_loop(model, records, state0):
    """Simulate step by step: the judge of `simulate`."""
    y = []
    for r, rows in enumerate(records.slices()):
        x = state0[r]
        for u in records.u[rows]:
            x = model.A @ x + model.B @ u
            y.append(model.C @ x + model.D @ u + model.bias)
    return np.array(y)


def test_simulate_matches_plain_loop_when_records_differ_in_length(rng):
    """The blocks of the fast recursion are an implementation detail, also for a defective A."""
    plant = LinearModel(
        np.array([[0.9, 1.0, 0.0], [0.0, 0.9, 1.0], [0.0, 0.0, 0.9]]),
        rng.standard_normal((3, 2)),
        rng.standard_normal((2, 3)),
        rng.standard_normal((2, 2)),
        rng.standard_normal(2),
    )
    records = Records.from_lists([rng.standard_normal((n, 2)) for n in (1, 257, 40, 3)])
    state0 = rng.standard_normal((4, 3))
    expected = plain_loop(plant, records, state0)
    np.testing.assert_allclose(plant.simulate(records, state0), expected, rtol=1e-9, atol=1e-9)
    assert np.array_equal(plant.simulate(records), plant.simulate(records, np.zeros((4, 3))))


@pytest.mark.parametrize("channels", [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_identify_recovers_plant_when_data_are_free_of_noise(rng, channels):
    """A plant inside the model class leaves no error, on fresh inputs either."""
    plant = random_plant(rng, 4, *channels)
    train = records_of(plant, [rng.standard_normal((600, channels[0]))])
    scale = plant.simulate(train).std(axis=0)
    test = Records.from_lists([rng.standard_normal((300, channels[0]))])
    model = identify(train)
    error = plant.simulate(test) / scale - model.simulate(test)
    assert np.max(error.std(axis=0)) < 1e-3
    assert free_run_error(model, train) < 1e-3


def test_identify_uses_all_records_when_there_are_several(rng):
    """Records of unequal length with unknown initial states are one estimation problem."""
    plant = random_plant(rng, 3)
    inputs = [rng.standard_normal((n, 1)) for n in (150, 60, 220, 61)]
    bare = Records.from_lists(inputs)
    y = plant.simulate(bare, 3.0 * rng.standard_normal((4, 3)))
    model = identify(Records.from_lists(inputs, bare.split(y / y.std(axis=0))))
    assert free_run_error(model, Records.from_lists(inputs, bare.split(y / y.std()))) < 1e-3


@pytest.mark.parametrize("modes", [(0.8,), (0.9 + 0.3j,), (0.8, 0.9 + 0.3j), (0.5 + 0.7j, 0.9j)])
def test_identify_finds_order_when_every_mode_shows(rng, modes):
    """No smaller order explains the outputs, and no larger one explains more."""
    order = sum(2 if isinstance(pole, complex) else 1 for pole in modes)
    poles = [p for pole in modes for p in ((pole, np.conj(pole)) if pole.imag else (pole,))]
    gains = np.poly(poles).real
    A = np.vstack([-gains[1:], np.eye(order)[:-1]])
    plant = LinearModel(A, np.eye(order)[:, :1], np.eye(order)[:1], np.zeros((1, 1)), np.zeros(1))
    model = identify(records_of(plant, [rng.standard_normal((1500, 1))], 0.02, rng))
    assert model.order == order


def test_identify_keeps_order_when_it_is_given(rng):
    """A caller who knows the width of the network asks for that many states."""
    plant = random_plant(rng, 4)
    records = records_of(plant, [rng.standard_normal((500, 1))], 0.05, rng)
    assert identify(records, order=3).order == 3


def test_identify_beats_mean_when_record_is_short_and_noisy(rng):
    """One hundred samples with much noise must still help on fresh data."""
    for _ in range(3):
        plant = random_plant(rng, 3)
        both = records_of(plant, [rng.standard_normal((300, 1))], 0.3, rng)
        model = identify(Records.from_lists([both.u[:100]], [both.y[:100]]))
        y = model.simulate(both)[100:]
        assert rmse(both.y[100:], y)[0] < 0.6 * both.y[100:].std()


@pytest.mark.parametrize("n_steps", [1, 2, 5, 12, 30])
def test_identify_survives_when_record_is_tiny(rng, n_steps):
    """The estimator decides what is too short; here nothing may break."""
    records = Records.from_lists([rng.standard_normal((n_steps, 2))], [np.ones((n_steps, 1))])
    model = identify(records)
    assert np.all(np.isfinite(model.simulate(records)))


def multisine(n_steps, lines):
    """Periodic input of a few lines, two periods."""
    t = np.arange(n_steps)
    u = sum(np.cos(4.0 * np.pi * k * t / n_steps + k**2) for k in lines)
    return (u / np.std(u))[:, None]


def test_identify_stays_finite_and_stable_when_input_has_few_lines(rng):
    """Three lines determine six numbers; ARX models of high order are rank deficient there."""
    plant = random_plant(rng, 4)
    records = records_of(plant, [multisine(1000, (3, 7, 20))], 0.01, rng)
    model = identify(records)
    assert np.max(np.abs(model.poles)) <= MAX_RADIUS
    assert free_run_error(model, records) < 0.05


@pytest.mark.parametrize("difference", [0.0, 1e-3])
def test_identify_keeps_gains_moderate_when_inputs_are_collinear(rng, difference):
    """Two inputs that are the same must share the gain, not cancel each other."""
    plant = random_plant(rng, 3)
    u = rng.standard_normal((800, 1))
    single = records_of(plant, [u], 0.1, rng)
    twin = np.hstack([u, u + difference * rng.standard_normal(u.shape)])
    model = identify(Records.from_lists([twin], [single.y]))
    apart = Records.from_lists([rng.standard_normal((800, 2))])
    assert free_run_error(model, Records.from_lists([twin], [single.y])) < 0.12
    assert model.simulate(apart).std() < 2.0


def test_identify_ignores_input_when_it_is_constant(rng):
    """A channel that never moved carries no information and must do no harm."""
    plant = random_plant(rng, 2)
    records = records_of(plant, [rng.standard_normal((400, 1))])
    padded = np.hstack([records.u, np.zeros((400, 1))])
    model = identify(Records.from_lists([padded], [records.y]))
    assert free_run_error(model, Records.from_lists([padded], [records.y])) < 1e-3


@pytest.mark.parametrize("growth", [1.01, 1.1])
def test_identify_returns_stable_model_when_data_grow(rng, growth):
    """An unstable plant is outside the model class; its poles are projected into the circle."""
    u = rng.standard_normal((200, 1))
    y = np.zeros((200, 1))
    for t in range(1, 200):
        y[t] = growth * y[t - 1] + u[t]
    model = identify(Records.from_lists([u], [y / y.std()]))
    assert np.max(np.abs(model.poles)) <= MAX_RADIUS + 1e-12  # eigenvalues, to rounding
    assert np.all(np.isfinite(model.simulate(Records.from_lists([rng.standard_normal((9999, 1))]))))


def test_identify_keeps_integrator_when_plant_nearly_integrates(rng):
    """The projection to stable poles must not shorten a memory that the data show."""
    u = np.repeat(rng.standard_normal((60, 1)), 50, axis=0)
    u = u - u.mean()
    y = np.zeros((3000, 1))
    for t in range(1, 3000):
        y[t] = (1.0 - 1e-5) * y[t - 1] + u[t]
    y = (y - y.mean()) / y.std()
    model = identify(Records.from_lists([u / u.std()], [y]))
    assert 1.0 - 1e-4 < np.abs(model.poles[0]) <= MAX_RADIUS
    assert free_run_error(model, Records.from_lists([u / u.std()], [y])) < 0.01


def test_identify_ignores_outputs_when_they_lie_inside_washout(rng):
    """What the washout hides may be anything."""
    plant = random_plant(rng, 2)
    records = records_of(plant, [rng.standard_normal((500, 1))], 0.05, rng)
    spoilt = records.y.copy()
    spoilt[:16] = 50.0
    changed = Records.from_lists([records.u], [spoilt])
    kept = identify(Records.from_lists([records.u], [records.y]), order=2, washout=40)
    other = identify(changed, order=2, washout=40)
    np.testing.assert_allclose(other.poles, kept.poles, atol=1e-6)


def test_identify_represents_long_record_by_pieces(rng):
    """Rows are left out of a long record, accuracy is not."""
    plant = random_plant(rng, 3)
    records = records_of(plant, [rng.standard_normal((60_000, 1))], 0.1, rng)
    y = plant.simulate(records)
    model = identify(records)
    assert rmse(records.y, model.simulate(records))[0] < 1.01 * rmse(records.y, y / y.std())[0]


@pytest.mark.parametrize("arguments", [{"order": 0}, {"max_order": 0}])
def test_identify_rejects_order_when_it_is_below_one(rng, arguments):
    """A network needs a state."""
    records = Records.from_lists([rng.standard_normal((50, 1))], [rng.standard_normal((50, 1))])
    with pytest.raises(ValueError, match="at least 1"):
        identify(records, **arguments)


def test_identify_rejects_records_when_outputs_are_missing(rng):
    """Inputs alone identify nothing."""
    records = Records.from_lists([rng.standard_normal((50, 1))])
    with pytest.raises(ValueError, match="measured outputs"):
        identify(records)


def test_initial_states_are_found_when_only_a_window_is_measured(rng):
    """The free run after the window then has no transient error."""
    plant = random_plant(rng, 3)
    records = Records.from_lists([rng.standard_normal((100, 1)), rng.standard_normal((80, 1))])
    state0 = rng.standard_normal((2, 3))
    y = plant.simulate(records, state0)
    known = Records.from_lists(records.split(records.u), records.split(y))
    found = plant.initial_states(known, init_window=20)
    np.testing.assert_allclose(plant.simulate(records, found), y, atol=1e-4)


def test_memory_ignores_slow_mode_when_it_does_not_reach_outputs():
    """Only what shows in the outputs has to be remembered."""
    A = np.diag([0.999, 0.5])
    hidden = LinearModel(A, np.ones((2, 1)), np.array([[0.0, 1.0]]), np.zeros((1, 1)), np.zeros(1))
    shown = LinearModel(A, np.ones((2, 1)), np.array([[1.0, 1.0]]), np.zeros((1, 1)), np.zeros(1))
    assert hidden.memory(1e-3) == pytest.approx(10, abs=1)
    assert shown.memory(1e-3, cap=10_000) == pytest.approx(np.log(1e-3) / np.log(0.999), rel=0.02)
    assert shown.memory(1e-3, cap=100) == 100


def test_unit_coordinates_are_uncorrelated_and_block_triangular(rng):
    """Same model, states of unit variance, slow poles first or last."""
    plant = random_plant(rng, 7, 2, 2)
    A, B, C, covariance = unit_coordinates(plant.A, plant.B, plant.C, plant.covariance)
    np.testing.assert_allclose(covariance, np.eye(7), atol=1e-8)
    np.testing.assert_allclose(np.triu(A, 2), 0.0, atol=1e-12)
    powers = [np.linalg.matrix_power(matrix, 5) for matrix in (A, plant.A)]
    np.testing.assert_allclose(C @ powers[0] @ B, plant.C @ powers[1] @ plant.B, atol=1e-9)


@pytest.mark.parametrize("poles", [[0.8, 0.9], [0.7, 0.8, 0.9]])
def test_equal_poles_that_rounding_makes_a_pair_are_kept(poles, monkeypatch):
    """A swap may leave a pair that begins at a pole in its place already."""
    (swap,), n = linalg.get_lapack_funcs(("trexc",), (np.eye(2),)), len(poles)

    def joined(T, Z, first, last):
        T, Z, info = swap(T, Z, first, last)
        T[1, 0], T[0, 1] = 1e-17, -1e-17
        return T, Z, info

    monkeypatch.setattr(realization.linalg, "get_lapack_funcs", lambda *_: (joined,))
    A, B, C, _ = unit_coordinates(np.diag(poles), np.ones((n, 1)), np.ones((1, n)), np.eye(n))
    assert (C @ A @ A @ B).item() == pytest.approx(np.sum(np.square(poles)))
    assert A[0, 0] == pytest.approx(0.9)  # the slowest comes first all the same


def test_reduced_keeps_response_when_states_hardly_matter(rng):
    """Balanced truncation drops a state that is nearly unobservable."""
    plant = random_plant(rng, 4)
    A = np.zeros((5, 5))
    A[:4, :4], A[4, 4] = plant.A, 0.7
    B, C = np.vstack([plant.B, [[1.0]]]), np.hstack([plant.C, [[1e-7]]])
    large = LinearModel(A, B, C, plant.D, plant.bias)
    A, B, C, _ = reduced(A, B, C, large.covariance, order=4)
    small = LinearModel(A, B, C, plant.D, plant.bias)
    records = Records.from_lists([rng.standard_normal((200, 1))])
    np.testing.assert_allclose(small.simulate(records), large.simulate(records), atol=1e-5)
