"""Simulated plants against known answers."""

import numpy as np
import pytest
from scipy.signal import cont2discrete, dlsim

from fastlstm.datasets import (
    SIMULATORS,
    bouc_wen_simulated,
    default_plant,
    narendra_parthasarathy,
)
from fastlstm.datasets.simulated._signals import filtered_noise
from fastlstm.datasets.simulated.bouc_wen import BoucWenConstants, bouc_wen_response
from fastlstm.datasets.simulated.duffing import DuffingConstants, duffing_response
from fastlstm.datasets.simulated.narendra_parthasarathy import narendra_parthasarathy_response
from fastlstm.datasets.simulated.two_tanks import TankConstants, two_tanks_response
from fastlstm.datasets.simulated.wiener_hammerstein import (
    SATURATION_DROP,
    THERMAL_VOLTAGE,
    diode_clipper,
    wiener_hammerstein_response,
)


def signals(data):
    records = [*data.train, *data.tests.values()]
    return [signal for record in records for signal in (record.u, record.y)]


@pytest.fixture(scope="module", params=SIMULATORS)
def simulator(request):
    return SIMULATORS[request.param]


@pytest.fixture(scope="module")
def data(simulator):
    return simulator(n_train=700, n_test=600, random_state=3)


def test_simulator_repeats_bits_when_seed_is_the_same(simulator, data):
    """A published number must be repeatable."""
    again = simulator(n_train=700, n_test=600, random_state=3)
    for one, two in zip(signals(data), signals(again), strict=True):
        np.testing.assert_array_equal(one, two)


def test_simulator_draws_other_data_when_seed_differs(simulator, data):
    """Seeds are what repeated experiments vary."""
    other = simulator(n_train=700, n_test=600, random_state=4)
    assert not np.allclose(data.X[0], other.X[0])
    assert not np.allclose(data.y[0], other.y[0])


def test_simulator_returns_records_that_can_be_scored(simulator, data):
    """Lengths as asked, finite, one channel, and a perfect prediction scores zero."""
    assert data.name in SIMULATORS
    assert data.X[0].shape == data.y[0].shape == (700, 1)
    for name, record in data.tests.items():
        assert record.u.shape == (600, 1)
        assert data.score(name, record.y) == 0.0
    assert all(np.isfinite(signal).all() and signal.std() > 0 for signal in signals(data))


def test_noise_has_the_level_asked_and_is_on_training_output_only(simulator):
    """`noise` is relative to the output, and tests measure the model, not the noise."""
    clean = simulator(n_train=3000, n_test=600, noise=0.0, random_state=1)
    noisy = simulator(n_train=3000, n_test=600, noise=0.05, random_state=1)
    np.testing.assert_array_equal(clean.X[0], noisy.X[0])
    level = (noisy.y[0] - clean.y[0]).std() / clean.y[0].std()
    assert level == pytest.approx(0.05, rel=0.05)
    for name, record in clean.tests.items():
        np.testing.assert_array_equal(record.y, noisy.tests[name].y)


def test_test_records_do_not_depend_on_training_length(simulator, data):
    """Learning curves over n_train share one test set."""
    longer = simulator(n_train=900, n_test=600, random_state=3)
    for name, record in data.tests.items():
        np.testing.assert_array_equal(record.y, longer.tests[name].y)


@pytest.mark.parametrize("settings", [{"n_train": 0}, {"n_test": 2.5}, {"noise": -1.0}])
def test_simulator_refuses_bad_sizes_and_noise(simulator, settings):
    """The message names the argument."""
    with pytest.raises(ValueError, match=f"{next(iter(settings))} must be"):
        simulator(**settings)


def test_default_plant_is_always_the_same():
    """`fastlstm demo` shows the same plant on every run."""
    one, two = default_plant(), default_plant()
    assert (len(one.train[0]), len(one.tests["test"])) == (8000, 4000)
    np.testing.assert_array_equal(one.y[0], two.y[0])


def test_diode_clipper_solves_its_circuit_equation():
    """Kirchhoff: what the resistor carries, the diode carries."""
    x = np.linspace(-40.0, 40.0, 401)
    v = diode_clipper(x)
    drop = SATURATION_DROP * np.expm1(v / THERMAL_VOLTAGE)
    np.testing.assert_allclose(x, v + drop, rtol=1e-7, atol=1e-7)
    assert (np.diff(v) > 0).all()


def test_wiener_hammerstein_is_linear_when_diode_is_blocked():
    """Below the curvature of the diode only the two filters are left, with gain 1 at 0 Hz."""
    u = 1e-4 * filtered_noise(2000, 8000.0, 51200.0, np.random.default_rng(0))
    y, y_double = wiener_hammerstein_response(u), wiener_hammerstein_response(2.0 * u)
    np.testing.assert_allclose(y_double, 2.0 * y, atol=1e-5 * y.std())
    step = wiener_hammerstein_response(np.full(2000, -1e-3))
    assert step[-1] == pytest.approx(-1e-3, rel=1e-3)


def test_wiener_hammerstein_saturates_on_one_side():
    """A diode clips the positive half only, as in the measured circuit."""
    y = default_plant().y[0]
    assert -y.min() > 1.3 * y.max()
    assert y.mean() < 0.0


def test_duffing_equals_exact_discretisation_when_k3_is_zero():
    """Without the cubic spring the exact answer under a linear input is a matrix exponential."""
    k = DuffingConstants(k3=0.0)
    sampling_time = 16384e-7
    u = np.random.default_rng(0).standard_normal(500)
    a = np.array([[0.0, 1.0], [-k.k1 / k.m, -k.d / k.m]])
    b, c, d = np.array([[0.0], [1.0 / k.m]]), np.array([[1.0, 0.0]]), np.zeros((1, 1))
    exact = cont2discrete((a, b, c, d), sampling_time, method="foh")
    _, y_exact, _ = dlsim(exact, np.concatenate([[0.0], u]))
    y = duffing_response(u, k, substeps=16)
    np.testing.assert_allclose(y, y_exact[1:, 0], atol=1e-5 * y_exact.std())


def test_duffing_integration_error_is_far_below_the_noise():
    """Four substeps a sample against sixteen."""
    u = 0.03 * np.random.default_rng(0).standard_normal(1000)
    coarse, fine = duffing_response(u), duffing_response(u, substeps=16)
    assert (coarse - fine).std() < 2e-4 * fine.std()


def test_duffing_rests_where_the_springs_balance_a_constant_force():
    """Steady state: k1 y + k3 y^3 = u."""
    k = DuffingConstants()
    y = duffing_response(np.full(1200, 0.2))[-1]
    assert k.k1 * y + k.k3 * y**3 == pytest.approx(0.2, rel=1e-6)


def test_duffing_keeps_its_energy_when_nothing_damps_it():
    """After a short push, an undamped oscillator swings with constant amplitude."""
    u = np.zeros(3000)
    u[:3] = 0.2
    y = duffing_response(u, DuffingConstants(d=0.0), substeps=16)
    early, late = np.abs(y[100:1000]).max(), np.abs(y[2100:]).max()
    assert late == pytest.approx(early, rel=1e-3)


def plant_by_hand(plant, u):
    y, history = [0.0], {}
    for k in range(len(u) - 1):
        y0, y1, y2 = (y[k - lag] if k >= lag else 0.0 for lag in range(3))
        u1 = u[k - 1] if k >= 1 else 0.0
        history[1] = (
            0.3 * y0
            + 0.6 * y1
            + sum(w * np.sin(f * np.pi * u[k]) for w, f in ((0.6, 1), (0.3, 3), (0.1, 5)))
        )
        history[2] = y0 * y1 * (y0 + 2.5) / (1 + y0**2 + y1**2) + u[k]
        history[3] = y0 / (1 + y0**2) + u[k] ** 3
        history[4] = (y0 * y1 * y2 * u1 * (y2 - 1) + u[k]) / (1 + y2**2 + y1**2)
        y.append(history[plant])
    return np.array(y)


@pytest.mark.parametrize("plant", [1, 2, 3, 4])
def test_narendra_parthasarathy_follows_published_equation(plant):
    """Term by term, with explicit indices."""
    u = np.random.default_rng(plant).uniform(-1.0, 1.0, 60)
    np.testing.assert_allclose(
        narendra_parthasarathy_response(u, plant), plant_by_hand(plant, u), rtol=1e-12, atol=1e-14
    )


def test_narendra_parthasarathy_second_plant_has_its_published_equilibria():
    """Without input the states (0, 0) and (2, 2) are at rest."""
    for level in (0.0, 2.0):
        assert level * level * (level + 2.5) / (1.0 + 2.0 * level**2) == pytest.approx(level)
    assert not narendra_parthasarathy_response(np.zeros(20), 2).any()


@pytest.mark.parametrize("plant", [1, 2, 3, 4])
def test_narendra_parthasarathy_test_input_stays_in_training_range(plant):
    """The published comparison is about dynamics, not extrapolation."""
    data = narendra_parthasarathy(plant, n_train=2000)
    assert np.abs(data.tests["test"].u).max() <= np.abs(data.X[0]).max() * 1.01


def test_narendra_parthasarathy_lists_plants_when_number_is_unknown():
    """There are four."""
    with pytest.raises(ValueError, match=r"plant must be one of \[1, 2, 3, 4\]; got 5"):
        narendra_parthasarathy(5)


def sinusoid(frequency, amplitude, n_periods, step):
    n_samples = 2 * round(n_periods / frequency / step / 2) + 1
    return amplitude * np.sin(2.0 * np.pi * frequency * step * np.arange(n_samples))


def test_bouc_wen_is_a_linear_oscillator_when_beta_is_zero():
    """Then z = alpha y, and a sinusoid meets the stiffness k + alpha."""
    p = BoucWenConstants(beta=0.0, c=200.0)
    step, frequency = 1.0 / 15000.0, 30.0
    states = bouc_wen_response(sinusoid(frequency, 50.0, 60, step), p, step)
    np.testing.assert_allclose(states[:, 2], p.alpha * states[:, 0], rtol=1e-9, atol=1e-9)
    omega = 2.0 * np.pi * frequency
    gain = 1.0 / abs(p.k + p.alpha - p.m * omega**2 + 1j * p.c * omega)
    assert np.abs(states[-1000:, 0]).max() == pytest.approx(50.0 * gain, rel=1e-4)


def test_bouc_wen_has_no_hysteresis_when_alpha_is_zero():
    """Nothing ever charges z."""
    force = sinusoid(20.0, 50.0, 5, 1.0 / 15000.0)
    assert not bouc_wen_response(force, BoucWenConstants(alpha=0.0))[:, 2].any()


def test_bouc_wen_loop_is_rate_independent():
    """Hysteresis: a loop of z over y that keeps its area when driven half as fast."""
    areas = []
    for frequency in (1.0, 2.0):
        step = 1.0 / (15000.0 * frequency / 2.0)
        states = bouc_wen_response(sinusoid(frequency, 150.0, 3, step), None, step)
        y, _, z = states[len(states) // 3 * 2 :].T
        areas.append(np.sum(0.5 * (z[1:] + z[:-1]) * np.diff(y)))
        assert areas[-1] > 0.05 * np.ptp(y) * np.ptp(z)
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


def test_bouc_wen_record_is_in_steady_state():
    """One more period would repeat it: a twice as long run-in changes nothing."""
    record = bouc_wen_simulated(n_train=750, n_test=1500, random_state=0).tests["multisine"]
    spectrum = np.fft.rfft(record.u[:, 0])
    fine = np.fft.irfft(spectrum, 20 * len(record)) * 20
    force = np.append(np.tile(fine, 8), fine[0])
    y = bouc_wen_response(force)[:-1, 0].reshape(8, -1)[-1, ::10]
    np.testing.assert_allclose(record.y[:, 0], y, atol=1e-5 * y.std())


def test_tanks_balance_in_steady_state():
    """What the pump brings leaves both outlets, each in the unit of its own tank."""
    k = TankConstants()
    upper, lower = two_tanks_response(np.full(4000, 2.5))[-1]
    outflow = k.k1 * np.sqrt(upper) - k.k5 * upper
    assert outflow == pytest.approx(k.k4 * 2.5, rel=1e-6)
    final = k.k3 * np.sqrt(lower) - k.k6 * lower
    assert final == pytest.approx(k.k2 / k.k1 * k.k4 * 2.5, rel=1e-6)


def test_tanks_stop_at_their_rims_when_pump_is_strong():
    """Both levels are clipped at 10 and stay there."""
    levels = two_tanks_response(np.full(2000, 6.0))
    np.testing.assert_array_equal(levels[-1], [10.0, 10.0])
    assert levels.min() >= 0.0


def test_overflow_of_upper_tank_reaches_the_lower_one():
    """While x1 = 10, the lower tank gains (k2 / k1) k4 u, as if nothing had been lost."""
    k = TankConstants(k3=0.0, k6=0.0)
    levels = two_tanks_response(np.full(4, 4.0), (10.0, 1.0), k)
    np.testing.assert_allclose(np.diff(levels[:, 1]), 4.0 * k.k2 / k.k1 * k.k4 * 4.0, rtol=1e-12)


def test_tanks_empty_and_stay_empty_without_pump():
    """Levels never fall below the outlets."""
    levels = two_tanks_response(np.zeros(1500), (2.0, 2.0))
    assert levels.min() >= 0.0
    assert levels[-1].max() < 1e-3
