"""fit, simulate and evaluate on files: what is written, what is printed, what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from cli_plant import make_columns

import fastlstm
from fastlstm.metrics import fit_percent, nrmse, rmse
from fastlstm.tables import read_table, write_table


def matrix(columns, *names):
    return np.stack([columns[name] for name in names], axis=1)


def test_fit_saves_the_model_it_reports(model_file, plant_csv):
    """The file must hold the network that was asked for, under the names of the columns."""
    model = fastlstm.load(model_file)
    assert tuple(model.hidden_sizes) == (8,) and tuple(model.head_sizes) == ()
    assert list(model.feature_names_in_) == ["u1", "u2"] and model.n_outputs_ == 2


def test_fit_finds_columns_when_they_are_u_and_y(run, readout_solver, tmp_path):
    """The shortest call: a file with just u and y needs no names."""
    columns = make_columns()
    write_table(tmp_path / "plant.npz", {"u": columns["u1"], "y": columns["level"]})
    result = run("fit", "plant.npz", "--solver", "readout", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "model.safetensors").exists()
    assert "fit %" in result.stdout and result.stderr == ""


def test_fit_asks_for_names_when_columns_are_not_u_and_y(run, plant_csv):
    """Guessing which column drives which would train a wrong model without a word."""
    result = run("fit", plant_csv)
    assert result.exit_code == 2
    assert "--input" in result.stderr and "t, u1, u2, level, flow" in result.stderr


@pytest.mark.parametrize("quiet", [True, False])
def test_fit_shows_cost_fit_and_eta_in_plain_lines_when_not_on_a_terminal(
    run, readout_solver, plant_csv, quiet
):
    """Logs get lines without control characters, and none when quiet."""
    result = run(
        "fit", plant_csv, "-u", "u1", "-y", "level", "--solver", "readout",
        *(["--quiet"] if quiet else []),
    )  # fmt: skip
    assert result.exit_code == 0
    assert all(word in result.stderr for word in ("cost", "fit", "ETA")) == (not quiet)
    assert "\x1b" not in result.stderr + result.stdout


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".mat", ".parquet"])
def test_simulate_writes_what_the_model_predicts(run, model_file, tmp_path, suffix):
    """Command line and library must agree to the last bit, in every file format."""
    columns = make_columns(seed=1)
    write_table(tmp_path / f"new{suffix}", columns)
    result = run("simulate", model_file, f"new{suffix}", "--output", "level,flow",
                 "--out", f"sim{suffix}")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    table = read_table(tmp_path / f"sim{suffix}").columns
    model = fastlstm.load(model_file)
    del model.feature_names_in_
    expected = model.predict(matrix(columns, "u1", "u2"))
    np.testing.assert_array_equal(matrix(table, "level", "flow"), expected)


@pytest.mark.parametrize(
    ("options", "delays", "lags"),
    [
        (["--input-delays", "2,0", "--input-lags", "1,3"], (2, 0), (1, 3)),
        (["--input-delays", "0", "--input-lags", "2"], (), (2, 2)),
    ],
)
def test_fit_takes_delays_and_lags(run, readout_solver, plant_csv, tmp_path, options, delays, lags):
    """One number per input, or one for all; the model in the file has them."""
    columns = ["-u", "u1,u2", "-y", "level,flow", "--solver", "readout", "-m", "m.safetensors"]
    result = run("fit", plant_csv, *columns, *options, "--quiet")
    assert result.exit_code == 0, result.stderr
    model = fastlstm.load(tmp_path / "m.safetensors")
    assert model.frame_.delays == delays and model.input_lags_ == lags
    assert run("fit", plant_csv, *columns, "--input-lags", "auto", "--quiet").exit_code == 0
    assert fastlstm.load(tmp_path / "m.safetensors").get_params()["input_lags"] == "auto"
    assert run("simulate", "m.safetensors", plant_csv).exit_code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--input-delays", "late"], "whole numbers separated by commas"),
        (["--input-lags", "1.5"], "whole numbers separated by commas"),
        (["--input-delays", "5"], "input_delays must have one number"),
        (["--input-lags", "1,2,3"], "input_lags must have one number"),
        (["--samples-per-step", "few"], "must be a number of samples or auto"),
        (["--samples-per-step", "1000"], "samples_per_step must leave at least 10 steps"),
    ],
)
def test_fit_refuses_delays_and_lags_that_cannot_be_meant(run, plant_csv, options, words):
    """A user error is exit code 2 and a message that says what to pass."""
    result = run("fit", plant_csv, "-u", "u1,u2", "-y", "level", *options, "--quiet")
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_simulate_starts_from_measured_outputs_when_asked(run, model_file, plant_csv, tmp_path):
    """`--init N` is `simulate(X, y_init)` of the library."""
    result = run("simulate", model_file, plant_csv, "-y", "level,flow", "--init", 20)
    assert result.exit_code == 0, result.stderr
    table, columns = read_table(tmp_path / "y_sim.csv").columns, make_columns()
    model = fastlstm.load(model_file)
    del model.feature_names_in_
    y_init = matrix(columns, "level", "flow")[:20]
    expected = model.simulate(matrix(columns, "u1", "u2"), y_init)
    np.testing.assert_allclose(matrix(table, "level", "flow"), expected, rtol=1e-12)


def test_simulate_needs_no_outputs_in_the_data(run, model_file, tmp_path):
    """Planned inputs have no measured outputs."""
    columns = make_columns()
    write_table(tmp_path / "plan.csv", {name: columns[name] for name in ("u1", "u2")})
    assert run("simulate", model_file, "plan.csv").exit_code == 0
    assert len(read_table(tmp_path / "y_sim.csv").columns) == 2


def test_several_records_are_numbered_in_the_output(run, model_file, tmp_path):
    """States start anew in every record, so the reader has to see where one begins."""
    first, second = make_columns(120, seed=1), make_columns(150, seed=2)
    both = {name: np.concatenate([first[name], second[name]]) for name in first}
    both["run"] = np.repeat([7.0, 3.0], [120, 150])
    write_table(tmp_path / "a.csv", first)
    write_table(tmp_path / "b.csv", second)
    write_table(tmp_path / "both.csv", both)
    assert run("simulate", model_file, "a.csv", "b.csv", "-o", "files.csv").exit_code == 0
    assert run("simulate", model_file, "both.csv", "--record", "run").exit_code == 0
    files = read_table(tmp_path / "files.csv").columns
    column = read_table(tmp_path / "y_sim.csv").columns
    np.testing.assert_array_equal(files["record"], np.repeat([0.0, 1.0], [120, 150]))
    for name in files:
        np.testing.assert_array_equal(files[name], column[name])


def test_evaluate_prints_the_metrics_of_the_library(run, model_file, plant_csv, tmp_path):
    """The numbers on the screen are those of fastlstm.metrics, per output."""
    result = run("evaluate", model_file, plant_csv, "-y", "level,flow", "--washout", 30)
    assert result.exit_code == 0, result.stderr
    columns = make_columns()
    model = fastlstm.load(model_file)
    del model.feature_names_in_
    y, y_sim = matrix(columns, "level", "flow"), model.predict(matrix(columns, "u1", "u2"))
    printed = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    for k, name in enumerate(["level", "flow"]):
        expected = [metric(y, y_sim, washout=30)[k] for metric in (rmse, nrmse, fit_percent)]
        np.testing.assert_allclose([float(x) for x in printed[name]], expected, rtol=1e-3)
    assert (tmp_path / "plant.png").read_bytes().startswith(b"\x89PNG")


def test_evaluate_asks_for_columns_when_neither_file_nor_model_tells(run, plant_csv, tmp_path):
    """A model of plain arrays knows no names: the message must not send the reader after a 'u'."""
    from fastlstm import LSTMRegressor
    from plants import make_record

    u, y = make_record()
    LSTMRegressor((2,), (), solver="ridge", time_limit=1.0).fit(u, y).save(
        tmp_path / "m.safetensors"
    )
    result = run("evaluate", "m.safetensors", plant_csv, "--no-plot")
    assert result.exit_code == 2
    assert "--input and --output must name columns: the model was fitted to arrays" in result.stderr
    assert "u1" in result.stderr


def test_evaluate_does_not_score_the_steps_that_set_the_state(run, model_file, plant_csv):
    """Otherwise a model that only copies its initial outputs would look good."""
    result = run("evaluate", model_file, plant_csv, "-y", "level,flow", "--init", 25, "--no-plot")
    assert result.exit_code == 0, result.stderr
    assert "the first 25 steps" in result.stdout


def test_evaluate_writes_the_picture_it_was_asked_for(run, model_file, plant_csv, tmp_path):
    """A second record and a sampling time must not disturb the picture."""
    result = run("evaluate", model_file, plant_csv, plant_csv, "-y", "level,flow",
                 "--plot", "fit.svg", "--sampling-time", 0.1)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "<svg" in (tmp_path / "fit.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("asked", [True, False])
def test_evaluate_reports_numbers_when_matplotlib_is_missing(
    run, model_file, plant_csv, monkeypatch, asked
):
    """Pictures are an extra: the numbers remain, and the message says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    plot = ["--plot", "fit.png"] if asked else []
    result = run("evaluate", model_file, plant_csv, "-y", "level,flow", *plot)
    assert "fit %" in result.stdout
    assert "pip install 'fastlstm[plot]'" in result.stderr
    assert result.exit_code == (2 if asked else 0)


BAD_CALLS = {
    "missing file": (["fit", "absent.csv", "-u", "u1", "-y", "level"], "it is not there"),
    "wrong extension": (["fit", "plant.xlsx", "-u", "u1", "-y", "level"], "must end in"),
    "missing column": (["fit", "plant.csv", "-u", "u3", "-y", "level"], "a column 'u3'"),
    "only inputs": (["fit", "plant.csv", "-u", "u1"], "--output must name"),
    "no such record column": (
        ["fit", "plant.csv", "-u", "u1", "-y", "level", "--record", "run"],
        "a column 'run'",
    ),
    "bad width": (["fit", "plant.csv", "-u", "u1", "-y", "level", "--hidden", "0"], "hidden_sizes"),
    "bad solver": (["fit", "plant.csv", "-u", "u1", "-y", "level", "--solver", "adam"], "solver"),
    "bad time": (
        ["fit", "plant.csv", "-u", "u1", "-y", "level", "--time-limit", "0"],
        "time_limit",
    ),
    "bad fraction": (
        ["fit", "plant.csv", "-u", "u1", "-y", "level", "--validation-fraction", "1"],
        "validation_fraction",
    ),
    "no folder": (
        ["fit", "plant.csv", "-u", "u1", "-y", "level", "--model", "absent/m.safetensors"],
        "a folder that exists",
    ),
    "model extension": (
        ["fit", "plant.csv", "-u", "u1", "-y", "level", "--model", "m.pkl"],
        "end in",
    ),
    "no model": (["simulate", "absent.safetensors", "plant.csv"], "absent.safetensors"),
    "data as model": (["simulate", "plant.csv", "plant.csv"], "plant.csv"),
    "bad output": (["simulate", "plant.safetensors", "plant.csv", "-o", "y.xlsx"], "end in"),
    "too many inputs": (
        ["simulate", "plant.safetensors", "plant.csv", "-u", "u1,u2,t"],
        "the 2 channels",
    ),
    "too few outputs": (
        ["evaluate", "plant.safetensors", "plant.csv", "-y", "level", "--no-plot"],
        "the 2 channels",
    ),
    "long washout": (
        ["evaluate", "plant.safetensors", "plant.csv", "-y", "level,flow", "--washout", "400"],
        "washout must be",
    ),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_mistake_of_the_user_gives_one_message_and_exit_code_2(run, model_file, plant_csv, case):
    """What was wrong, and what to do; never a traceback."""
    arguments, message = BAD_CALLS[case]
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.startswith("Error: ") and "Traceback" not in result.stderr


def test_damaged_files_give_one_message_and_exit_code_2(run, model_file, plant_csv, tmp_path):
    """The same for every damaged format, model files included."""
    for name in ("bad.csv", "bad.npz", "bad.mat", "bad.parquet"):
        (tmp_path / name).write_bytes(struct.pack("<Q", 1 << 60) + b"\xff\x00" * 200)
        result = run("fit", name, "-u", "u1", "-y", "level")
        assert result.exit_code == 2 and result.stderr.startswith("Error: "), name
    model_file.write_bytes(model_file.read_bytes()[:-10])
    result = run("evaluate", model_file, plant_csv)
    assert result.exit_code == 2 and result.stderr.startswith("Error: ")


def test_traceback_is_shown_when_asked_for(run, monkeypatch):
    """Whoever reports a bug can get more than the message."""
    monkeypatch.setenv("FASTLSTM_TRACEBACK", "1")
    result = run("fit", "absent.csv", "-u", "u", "-y", "y")
    assert result.exit_code == 1 and isinstance(result.exception, fastlstm.exceptions.DataFileError)


def test_outputs_that_were_not_measured_are_masked_on_request(run, readout_solver, tmp_path):
    """NaN cells are an error, or are left out of training and scores as the model was told."""
    columns = make_columns()
    columns["level"][::3] = np.nan
    columns["flow"][150:200] = np.nan
    write_table(tmp_path / "gappy.csv", columns)
    fit = ["fit", "gappy.csv", "-u", "u1,u2", "-y", "level,flow", "--solver", "readout",
           "--hidden", "8", "--head", "none", "--quiet", "-m", "m.safetensors"]  # fmt: skip
    assert "column 'level' of gappy.csv must be finite" in run(*fit).stderr
    result = run(*fit, "--missing-target", "mask", "--loss", "squared")
    assert result.exit_code == 0, result.stderr
    result = run("evaluate", "m.safetensors", "gappy.csv", "--plot", "gappy.png", "--init", 30)
    assert result.exit_code == 0, result.stderr
    scores = [line.split() for line in result.stdout.splitlines() if line[:1] in "lf"]
    assert [row[0] for row in scores] == ["level", "flow"]
    assert all(0.0 <= float(row[2]) < 2.0 for row in scores)
    assert (tmp_path / "gappy.png").stat().st_size > 10_000
