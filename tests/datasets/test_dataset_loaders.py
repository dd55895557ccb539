"""Official splits, units and scoring windows of the published files."""

import os

import numpy as np
import pytest

from fastlstm.datasets import LOADERS
from fastlstm.datasets.simulated.bouc_wen import OVERSAMPLING, steady_state
from fastlstm.datasets.simulated.duffing import SAMPLING_RATE, duffing_response
from fastlstm.datasets.simulated.two_tanks import two_tanks_response

pytestmark = pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)

# name: lengths of the training records, of the tests, window, unit, seconds between samples.
SPLITS = {
    "wh2009": ([100000], {"test": 78800}, 50, "mV", 1 / 51200),
    "silverbox": (
        [65062],
        {"multisine": 21688, "arrow": 40475, "arrow_no_extrapolation": 32000},
        50,
        "mV",
        2**14 / 1e7,
    ),
    "cascaded_tanks": ([1024], {"test": 1024}, 50, "V", 4.0),
    "emps": ([24841], {"test": 24841}, 20, "mm", 1e-3),
    "ced": ([400, 400], {"1": 100, "2": 100}, 10, "ticks/s", 0.02),
    "gas_furnace": ([200], {"test": 96}, 10, "% CO2", 9.0),
    "bouc_wen": ([32768], {"multisine": 8192, "sinesweep": 153000}, 0, "m", 1 / 750),
    "rlc": ([6667], {"test": 3333}, 0, "100 x MSE", 0.5e-6),
}
# name: range of u and of y over all records, to the digits that are published.
RANGES = {
    "cascaded_tanks": ((0.409, 6.471), (2.164, 10.0)),
    "emps": ((-7.938, 9.034), (-0.000022, 0.246507)),
    "ced": ((-1.481, 2.970), (-0.027, 3.763)),
    "gas_furnace": ((-2.716, 2.834), (45.6, 60.5)),
}


@pytest.fixture(scope="module")
def datasets():
    return {name: load() for name, load in LOADERS.items()}


@pytest.mark.parametrize("name", SPLITS)
def test_loader_returns_official_split(datasets, name):
    """A number can be compared only on the published split and window."""
    train, tests, init_window, unit, sampling_time = SPLITS[name]
    data = datasets[name]
    assert data.name == name
    assert [len(record) for record in data.train] == train
    assert {test: len(record) for test, record in data.tests.items()} == tests
    assert list(data.tests) == list(tests)
    assert (data.init_window, data.unit) == (init_window, unit)
    records = [*data.train, *data.tests.values(), *data.validation]
    assert {record.sampling_time for record in records} == {data.sampling_time}
    assert data.sampling_time == pytest.approx(sampling_time)


@pytest.mark.parametrize("name", SPLITS)
def test_channels_have_names(datasets, name):
    """Tables and pictures label every channel."""
    data = datasets[name]
    for record in (*data.train, *data.tests.values(), *data.validation):
        assert record.u.shape[1] == len(data.input_names)
        assert record.y.shape[1] == len(data.output_names)
        assert record.u.dtype == record.y.dtype == np.float64


@pytest.mark.parametrize("name", SPLITS)
def test_score_ignores_window_and_uses_official_unit(datasets, name):
    """Wrong inside the window only: zero. Off by 0.1 elsewhere: 0.1 in the unit of the score."""
    data = datasets[name]
    for test, record in data.tests.items():
        y_pred = record.y.copy()
        y_pred[: data.init_window] += 10.0
        assert data.score(test, y_pred) == 0.0
        y_pred[data.init_window :] += 0.1
        if data.metric == "rmse":
            assert data.score(test, y_pred) == pytest.approx(0.1 * data.scale, rel=1e-9)


@pytest.mark.parametrize("name", RANGES)
def test_signals_have_published_ranges(datasets, name):
    """Channels are neither swapped nor scaled."""
    records = [*datasets[name].train, *datasets[name].tests.values()]
    for signal, (lowest, highest) in zip("uy", RANGES[name], strict=True):
        arrays = [getattr(record, signal) for record in records]
        assert min(array.min() for array in arrays) == pytest.approx(lowest, abs=1e-3)
        assert max(array.max() for array in arrays) == pytest.approx(highest, abs=1e-3)


def test_wiener_hammerstein_test_follows_training(datasets):
    """The working record is cut once; the peaks of the file lie in its training part."""
    data = datasets["wh2009"]
    assert data.scale == 1000.0
    assert data.train[0].y.min() == pytest.approx(-1.1203243485942949)
    jump = abs(data.tests["test"].y[0, 0] - data.train[0].y[-1, 0])
    assert jump < 6 * np.abs(np.diff(data.train[0].y[-500:, 0])).std()


def test_silverbox_arrow_without_extrapolation_is_the_start_of_the_arrow(datasets):
    """The last 8475 samples leave the range of the training input."""
    data = datasets["silverbox"]
    arrow, start = data.tests["arrow"], data.tests["arrow_no_extrapolation"]
    np.testing.assert_array_equal(arrow.y[:32000], start.y)
    assert np.abs(arrow.u).max() == pytest.approx(0.1494, abs=1e-4)
    assert np.abs(start.y).max() < np.abs(arrow.y).max()


def test_ced_tests_follow_their_training_records(datasets):
    """Samples 400 to 500 of each record; the second is the one of high amplitude."""
    data = datasets["ced"]
    assert [record.name for record in data.train] == list(data.tests)
    assert data.tests["2"].u.mean() > data.tests["1"].u.mean()


def test_rlc_outputs_are_current_then_voltage(datasets):
    """The paper flips rows 3 and 4; a capacitor voltage is much larger than a current in A."""
    data = datasets["rlc"]
    assert len(data.validation) == 1 and len(data.validation[0]) == 3333
    current, voltage = data.train[0].y.T
    assert voltage.std() > 5 * current.std()
    # The voltage integrates the current, so the current leads: it follows the slope of v.
    assert np.corrcoef(np.gradient(voltage), current)[0, 1] > 0.9


def test_rlc_score_is_one_hundred_mse_standardised_by_training(datasets):
    """A constant prediction of the training mean scores about 100, whatever the units."""
    data = datasets["rlc"]
    y_test = data.tests["test"].y
    mean, deviation = data.train[0].y.mean(axis=0), data.train[0].y.std(axis=0)
    expected = 100.0 * np.mean(((y_test - mean) / deviation) ** 2)
    assert data.score("test", np.tile(mean, (3333, 1))) == pytest.approx(expected)
    assert 30.0 < expected < 300.0


def test_bouc_wen_equations_reproduce_published_signal(datasets):
    """The simulator is the published system: 0.04 % of the output of another integrator."""
    data = datasets["bouc_wen"]
    record = data.tests["multisine"]
    spectrum = np.fft.rfft(record.u[:, 0])
    fine = np.fft.irfft(spectrum, OVERSAMPLING * len(record)) * OVERSAMPLING
    assert data.score("multisine", steady_state(fine, len(record))) < 3e-7
    assert record.periodic and not data.tests["sinesweep"].periodic


def test_bouc_wen_training_repeats_one_period(datasets):
    """Four periods of the same input; the outputs differ by noise of 7e-6 m."""
    record = datasets["bouc_wen"].train[0]
    u, y = (signal.reshape(4, 8192) for signal in (record.u, record.y))
    np.testing.assert_allclose(u, u[[0, 0, 0, 0]], atol=1e-9)
    assert (y - y.mean(axis=0)).std() * (4 / 3) ** 0.5 == pytest.approx(7.3e-6, rel=0.05)


def test_duffing_constants_resemble_the_silverbox(datasets):
    """The default constants claim about 1 mV on the measured arrow, from rest."""
    data = datasets["silverbox"]
    record = data.tests["arrow"]
    assert record.sampling_time == pytest.approx(1.0 / SAMPLING_RATE)
    # The measurement has an offset at its input of -5.4 mV.
    y_pred = duffing_response(record.u[:, 0] - 0.0054)
    assert data.score("arrow", y_pred) < 1.1


def test_tank_constants_resemble_the_measured_tanks(datasets):
    """The default constants claim 0.25 V on the estimation record."""
    record = datasets["cascaded_tanks"].train[0]
    y_pred = two_tanks_response(record.u[:, 0], (5.94, record.y[0, 0]))[:, 1]
    assert np.sqrt(np.mean((y_pred - record.y[:, 0]) ** 2)) < 0.26
