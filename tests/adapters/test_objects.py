"""Fit and score from the data objects of nonlinear_benchmarks."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.adapters import fit_benchmark, score_benchmark
from fastlstm.datasets import load_cascaded_tanks

# forty iterations are enough here
pytestmark = pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture
def train(make_data):
    """Two records of unequal length in a tuple, as the loaders return several."""
    return make_data(400, 0), make_data(200, 1)


@pytest.fixture
def fitted(train, settings):
    return fit_benchmark(LSTMRegressor(**settings, random_state=0), train)


def test_fit_uses_every_record_as_a_record(fitted, train, settings):
    """The same weights as from lists of arrays: nothing is joined and nothing is lost."""
    X, y = [data.u[:, None] for data in train], [data.y[:, None] for data in train]
    expected = LSTMRegressor(**settings, random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.params_, expected.params_)


def test_fit_returns_the_estimator_it_was_given(make_data, settings):
    """So that it chains, and sees one object as one record."""
    model = LSTMRegressor(**settings, random_state=0)
    assert fit_benchmark(model, make_data(200, 1)) is model


def test_score_is_that_of_the_package(fitted, make_data, nonlinear_benchmarks):
    """Their RMSE of our simulation from their window."""
    test = make_data(300, 2, window=20)
    y_sim = fitted.simulate(test.u[:, None], y_init=test.y[:20])[:, 0]
    expected = nonlinear_benchmarks.error_metrics.RMSE(test, y_sim)
    assert score_benchmark(fitted, test) == pytest.approx(expected, rel=1e-12)
    assert score_benchmark(fitted, test, scale=1000.0) == pytest.approx(1000.0 * expected)
    assert expected < 0.1 * test.y.std()


def test_score_of_several_objects_is_a_list(fitted, make_data):
    """Benchmarks report their test records one by one."""
    tests = (make_data(300, 2, window=20), make_data(200, 3, window=10))
    assert score_benchmark(fitted, tests) == [score_benchmark(fitted, test) for test in tests]


def test_outputs_beyond_the_window_do_not_reach_the_model(fitted, make_data):
    """Free run: an offset of every output after the window is the whole error it adds."""
    test = make_data(300, 2, window=20)
    before = score_benchmark(fitted, test)
    test.y[20:] += 50.0
    assert score_benchmark(fitted, test) == pytest.approx(50.0, abs=2 * before + 1e-9)


def test_several_outputs_are_averaged_before_the_root(make_data, settings):
    """As in the datasets of this library."""
    model = fit_benchmark(
        LSTMRegressor(**settings, random_state=0), make_data(400, 0, two_outputs=True)
    )
    test = make_data(200, 1, window=0, two_outputs=True)
    error = model.simulate(test.u[:, None]) - test.y
    assert score_benchmark(model, test) == pytest.approx(np.sqrt(np.mean(error**2)))


def test_slice_that_lost_its_window_is_refused(fitted, make_data):
    """Slicing an object drops the window; scoring all steps then would be another benchmark."""
    part = make_data(300, 2, window=20)[:200]
    with pytest.raises(ValueError, match="state_initialization_window_length"):
        score_benchmark(fitted, part)
    assert score_benchmark(fitted, part, init_window=20) > 0.0


def test_wrong_objects_are_named(fitted, make_data, settings):
    """The message tells which argument, and what it was."""
    with pytest.raises(ValueError, match=r"train must be .*got ndarray"):
        fit_benchmark(LSTMRegressor(**settings), np.zeros((5, 1)))
    with pytest.raises(ValueError, match="train must hold at least one record"):
        fit_benchmark(LSTMRegressor(**settings), ())
    with pytest.raises(ValueError, match="shorter than every test record"):
        score_benchmark(fitted, make_data(40, 2, window=40))


@pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)
def test_official_loader_gives_the_score_of_our_loader(nonlinear_benchmarks, tmp_path):
    """Same split, window and unit as `fastlstm.datasets`; the cache is filled, not downloaded."""
    cache = tmp_path / "Cascaded_Tanks"
    (cache / "CascadedTanksFiles").mkdir(parents=True)
    (cache / "CascadedTanksFiles.zip").touch()
    source = Path(os.environ["FASTLSTM_DATA"], "cascaded_tanks", "dataBenchmark.mat")
    shutil.copy(source, cache / "CascadedTanksFiles")
    train, test = nonlinear_benchmarks.Cascaded_Tanks(dir_placement=str(tmp_path))
    model = fit_benchmark(LSTMRegressor(random_state=0, time_limit=0.5), train)
    ours = load_cascaded_tanks()
    y_sim = model.simulate(test.u[:, None], y_init=ours.tests["test"].y[: ours.init_window])
    assert score_benchmark(model, test) == pytest.approx(ours.score("test", y_sim), rel=1e-12)
