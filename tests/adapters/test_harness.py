"""build_model(context) inside the harness of identibench."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fastlstm import LSTMRegressor
from fastlstm.adapters import fit_benchmark, identibench_model

# forty iterations are enough here
pytestmark = pytest.mark.filterwarnings("ignore::fastlstm.exceptions.ConvergenceWarning")


@pytest.fixture
def make_spec(identibench, make_data, tmp_path, monkeypatch):
    """Write a benchmark of our own for the harness: no download, real files, real runner."""
    from identibench.benchmark import BenchmarkSpec, Prediction, Simulation
    from identibench.dataset import Dataset
    from identibench.utils import dataset_to_hdf5

    monkeypatch.setenv("IDENTIBENCH_DATA_ROOT", str(tmp_path))

    def make(window=20, unsplit=True, horizon=None):
        whole, test = make_data(400, 0), make_data(200, 1, window=window)
        train_valid = whole if unsplit else None
        dataset_to_hdf5(whole[:300], whole[300:], test, tmp_path / "lag", train_valid=train_valid)
        data, rmse = Dataset("lag", prepare=None), identibench.metrics.rmse
        task = Simulation(metric=rmse, init_window=window)
        if horizon is not None:
            task = Prediction(horizon=horizon, step=30, metric=rmse, init_window=window)
        return BenchmarkSpec(
            name="Lag",
            u_cols=["u0"],
            y_cols=["y0"],
            train=[(data, "train/*.hdf5")],
            valid=[(data, "valid/*.hdf5")],
            train_valid=[(data, "train_valid/*.hdf5")] if unsplit else None,
            test_sets={"test": [(data, "test/*.hdf5")]},
            task=task,
        )

    return make


@pytest.mark.parametrize("window", [0, 20])
def test_harness_scores_what_we_score(make_spec, make_data, identibench, settings, window):
    """Their number is the RMSE of our simulation from their window, in single precision files."""
    spec = make_spec(window)
    build_model = identibench_model(**settings, random_state=0)
    result = identibench.run_benchmark(spec, build_model)
    whole, test = make_data(400, 0), make_data(200, 1)
    model = fit_benchmark(LSTMRegressor(**settings, random_state=0), _single(whole))
    y_init = {"y_init": _single(test).y[:window]} if window else {}
    error = model.simulate(_single(test).u[:, None], **y_init)[:, 0] - _single(test).y
    expected = np.sqrt(np.mean(error[window:] ** 2))
    assert result["metric_score"] == pytest.approx(expected, rel=1e-9)
    assert expected < 0.1 * test.y.std()


def _single(data):
    """Round to the precision of the files of the harness."""
    data.u, data.y = (np.float64(np.float32(signal)) for signal in (data.u, data.y))
    return data


def test_training_and_validation_records_are_used_where_nothing_is_unsplit(make_spec, settings):
    """All estimation data may choose and fit a model: 300 and 100 steps, as two records."""
    from identibench.benchmark import TrainingContext

    context = TrainingContext(make_spec(unsplit=False), {}, seed=0)
    estimator = identibench_model(**settings)(context).estimator
    records = [*context.get_train_sequences(), *context.get_valid_sequences()]
    assert [len(record.u) for record in records] == [300, 100]
    expected = fit_benchmark(LSTMRegressor(**settings, random_state=0), records)
    np.testing.assert_array_equal(estimator.params_, expected.params_)


def test_seed_and_hyperparameters_of_the_run_reach_the_estimator(make_spec, settings):
    """The harness repeats with seeds and sweeps hyperparameters; a seed of ours stays."""
    from identibench.benchmark import TrainingContext

    spec = make_spec()
    model = identibench_model(**settings)(TrainingContext(spec, {"hidden_sizes": (2,)}, seed=7))
    assert model.estimator.random_state == 7 and model.estimator.hidden_sizes == (2,)
    fixed = identibench_model(**settings, random_state=3)(TrainingContext(spec, {}, seed=7))
    assert fixed.estimator.random_state == 3


def test_prediction_task_runs_in_windows(make_spec, identibench, settings):
    """Every window starts from its own measured outputs."""
    result = identibench.run_benchmark(
        make_spec(window=20, horizon=40), identibench_model(**settings, random_state=0)
    )
    assert 0.0 < result["metric_score"] < 0.05


def test_misspelt_setting_fails_before_the_run():
    """The harness catches errors inside a run and goes on."""
    with pytest.raises(TypeError, match="hiden_sizes"):
        identibench_model(hiden_sizes=(3,))


@pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)
def test_published_benchmark_runs_in_the_harness(identibench, tmp_path, monkeypatch):
    """Cascaded tanks as identibench prepares and scores them; caches filled, nothing downloaded."""
    from identibench.datasets.workshop import dl_cascaded_tanks

    files = tmp_path / ".nonlinear_benchmarks" / "Cascaded_Tanks"
    (files / "CascadedTanksFiles").mkdir(parents=True)
    (files / "CascadedTanksFiles.zip").touch()
    source = Path(os.environ["FASTLSTM_DATA"], "cascaded_tanks", "dataBenchmark.mat")
    shutil.copy(source, files / "CascadedTanksFiles")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IDENTIBENCH_DATA_ROOT", str(tmp_path / "prepared"))
    dl_cascaded_tanks(tmp_path / "prepared" / "cascaded_tanks")
    (tmp_path / "prepared" / "cascaded_tanks" / ".prepared").write_text("1")

    spec = identibench.BenchmarkCascadedTanks_Simulation
    result = identibench.run_benchmark(spec, identibench_model(time_limit=0.5, random_state=0))
    (test,) = _records(spec)
    assert 0.0 < result["metric_score"] < 0.5 * test.y.std()


def _records(spec):
    from identibench.benchmark import TrainingContext

    return TrainingContext(spec, {}).get_test_sequences()
