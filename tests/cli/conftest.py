"""A plant in files, a model in a file, and a way to call the command line."""

from __future__ import annotations

import warnings

import pytest
from cli_plant import make_columns
from typer.testing import CliRunner

from fastlstm.tables import write_table


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call the command line in an empty folder; returns exit code, stdout and stderr."""
    from fastlstm.cli import app

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # warnings are output here, not errors
            return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def plant_csv(tmp_path):
    """Write a data file with a time column, two inputs and two outputs."""
    path = tmp_path / "plant.csv"
    write_table(path, make_columns())
    return path


@pytest.fixture
def model_file(run, readout_solver, plant_csv, tmp_path):
    """Fit a model of `plant_csv` through the command line."""
    path = tmp_path / "plant.safetensors"
    result = run(
        "fit", plant_csv, "--input", "u1,u2", "--output", "level", "--output", "flow",
        "--model", path, "--solver", "readout", "--hidden", "8", "--head", "none", "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return path


@pytest.fixture
def own_model_file(run, plant_csv, tmp_path):
    """Fit a model that other processes can load: its solver is one of the library."""
    path = tmp_path / "own.safetensors"
    result = run(
        "fit", plant_csv, "-u", "u1,u2", "-y", "level,flow", "--model", path, "--solver", "ridge",
        "--hidden", "8", "--head", "none", "--time-limit", "1", "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return path
