"""`--json`: one document on standard output, whatever happens; all else on standard error."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from cli_plant import make_columns

import fastlstm
from fastlstm.cli import app
from fastlstm.datasets import LOADERS, Dataset, Record
from fastlstm.tables import read_table, write_table

COMMAND = [sys.executable, "-c", "from fastlstm.cli import main; main()"]
KEYS = ["command", "version", "exit_code", "warnings", "result", "error"]
SMALL = ["--hidden", "8", "--head", "none"]


def load_small(folder=None):
    """Load a delay of one step as a set."""
    u = np.random.default_rng(0).uniform(-1, 1, (300, 1))
    whole = Record(u, np.concatenate([np.zeros((1, 1)), u[:-1]]), "small")
    tests = {"late": whole.part(200, 300, "late")}
    return Dataset("small", (whole.part(0, 200, "train"),), tests, "nobody", 5, unit="mm")


CALLS = {
    "demo": ["--time-limit", "0.3"],
    "fit": ["plant.csv", "-u", "u1,u2", "-y", "level,flow", "--solver", "readout", *SMALL],
    "simulate": ["plant.safetensors", "plant.csv"],
    "evaluate": ["plant.safetensors", "plant.csv"],
    "report": ["plant.safetensors", "plant.csv"],
    "compare": ["plant.csv", "-u", "u1", "-y", "level", "--solvers", "readout", *SMALL],
    "benchmark": ["small", "--seeds", "1", "--time-limit", "0.2"],
    "export": ["plant.safetensors", "--format", "c", "--out", "firmware"],
}
RESULTS = {
    "demo": {"plant", "unit", "rows", "training", "model", "picture"},
    "fit": {
        "model",
        "n_weights",
        "input_delays",
        "input_lags",
        "samples_per_step",
        "status",
        "cpu_time",
        "washout",
        "outputs",
        "interrupted",
    },
    "simulate": {"file", "n_steps", "n_records", "outputs"},
    "evaluate": {"records", "n_steps", "n_init", "washout", "outputs", "picture"},
    "report": {"file", "fit_percent", "records"},
    "compare": {"best", "rows", "runs", "settings", "interrupted", "file", "report"},
    "benchmark": {"sets", "settings", "machine", "interrupted", "file"},
    "export": {"format", "files"},
}


@pytest.fixture
def call(run, model_file, monkeypatch):
    """Run a command with --json; returns the result and the document."""
    monkeypatch.setitem(LOADERS, "small", load_small)

    def invoke(command, *arguments):
        result = run(command, *arguments, "--json")
        found = json.loads(result.stdout)  # fails on a second document or any other word
        assert list(found) == KEYS and found["exit_code"] == result.exit_code
        return result, found

    return invoke


def test_every_command_has_the_option():
    """The table of this file is complete."""
    assert {command.callback.__name__ for command in app.registered_commands} == set(CALLS)


@pytest.mark.parametrize("command", CALLS)
def test_standard_output_is_one_document(call, command):
    """A script pipes it into a parser without looking; results are there, nothing went wrong."""
    result, found = call(command, *CALLS[command])
    assert result.exit_code == 0, result.stderr
    assert found["command"] == command and found["version"] == fastlstm.__version__
    assert found["error"] is None and set(found["result"]) >= RESULTS[command]
    assert result.stdout.isascii()


def test_numbers_are_those_of_the_table(call, run):
    """Text and document are two forms of one result."""
    _, found = call("evaluate", *CALLS["evaluate"], "--no-plot")
    lines = run("evaluate", *CALLS["evaluate"], "--no-plot").stdout.splitlines()
    table = {line.split()[0]: line.split()[1:] for line in lines}
    for row in found["result"]["outputs"]:
        printed = [float(cell) for cell in table[row["name"]]]
        assert printed == pytest.approx([row["rmse"], row["nrmse"], row["fit_percent"]], rel=1e-3)


def test_files_named_in_the_document_are_there(call, tmp_path):
    """What a script opens next."""
    for command in ("fit", "simulate", "evaluate", "report", "compare", "export"):
        _, found = call(command, *CALLS[command])
        named = [found["result"].get(key) for key in ("model", "file", "picture", "report")]
        for name in [*filter(None, named), *found["result"].get("files", [])]:
            assert (tmp_path / name).stat().st_size > 0, name
    assert len(read_table(tmp_path / "y_sim.csv").columns["level"]) == 400


def test_warnings_are_in_the_document_and_on_standard_error(call, tmp_path):
    """A constant input is worth a word to people and programs."""
    columns = make_columns()
    columns["u2"] = np.ones(400)
    write_table(tmp_path / "plant.csv", columns)
    result, found = call("fit", *CALLS["fit"], "--quiet")
    assert any("channels [1] are constant" in text for text in found["warnings"])
    assert all(f"Warning: {text}" in result.stderr for text in found["warnings"])


def test_numbers_that_json_cannot_hold_become_null(call, tmp_path):
    """A constant output has no NRMSE; NaN is no JSON."""
    columns = make_columns()
    columns["flow"] = np.zeros(400)
    write_table(tmp_path / "plant.csv", columns)
    _, found = call("evaluate", *CALLS["evaluate"], "--no-plot")
    flow = found["result"]["outputs"][1]
    assert flow["nrmse"] is None and flow["rmse"] > 0.0


ERRORS = {
    "missing file": ("input", ["fit", "absent.csv"]),
    "no such command": ("usage", ["train", "plant.csv"]),
    "no such option": ("usage", ["fit", "plant.csv", "--hiden", "6"]),
    "bad value": ("usage", ["fit", "plant.csv", "--hidden", "six"]),
    "missing argument": ("usage", ["simulate"]),
    "damaged model": ("input", ["evaluate", "plant.csv", "plant.csv"]),
    "bad format": ("input", ["export", "plant.safetensors", "-f", "tflite", "-o", "x"]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_documents_too(call, case):
    """Kind and message; the same message stands on standard error, and the code is 2."""
    kind, arguments = ERRORS[case]
    result, found = call(*arguments)
    assert result.exit_code == 2 and found["result"] is None
    assert found["error"]["kind"] == kind
    assert found["error"]["message"].splitlines()[0] in result.stderr
    assert found["command"] == arguments[0]


def test_json_behind_two_dashes_is_a_file(run):
    """`--` ends the options, so nothing promised a document."""
    result = run("fit", "--hiden", "--", "--json")
    assert result.exit_code == 2 and result.stdout == ""


def test_result_stands_beside_the_error_when_only_the_picture_is_missing(call, monkeypatch):
    """The numbers were there before the drawing failed."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result, found = call("evaluate", *CALLS["evaluate"], "--plot", "fit.png")
    assert result.exit_code == 2 and "fastlstm[plot]" in found["error"]["message"]
    assert len(found["result"]["outputs"]) == 2 and found["result"]["picture"] is None


def test_ctrl_c_gives_result_and_reason(call, monkeypatch):
    """The best model so far is saved and described; the code is 130."""
    from fastlstm import LSTMRegressor

    original = LSTMRegressor.fit

    def interrupted_fit(self, X, y, callback=None):
        original(self, X, y, callback)
        raise KeyboardInterrupt

    monkeypatch.setattr(LSTMRegressor, "fit", interrupted_fit)
    result, found = call("fit", *CALLS["fit"])
    assert result.exit_code == 130 and found["error"]["kind"] == "interrupted"
    assert found["result"]["interrupted"] is True
    assert fastlstm.load(found["result"]["model"]).status_ == "interrupted"


def test_bug_gives_a_document_and_keeps_its_traceback(run, model_file, monkeypatch):
    """Nobody foresaw it: the script learns that it failed, the report gets its traceback."""

    def broken(path):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("fastlstm.loading.load", broken)
    result = run("evaluate", model_file, "plant.csv", "--json")
    found = json.loads(result.stdout)
    assert found["error"] == {"kind": "internal", "message": "RuntimeError: unforeseen"}
    assert result.exit_code == found["exit_code"] == 1
    assert isinstance(result.exception, RuntimeError)


def test_names_that_are_not_utf_8_survive(run, own_model_file, tmp_path):
    """File names are bytes; text, document and page must take any of them."""
    name = os.fsdecode(b"m\xe4rz.csv")
    write_table(tmp_path / name, make_columns())
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    outputs = []
    for more in (["--json"], []):
        arguments = ["simulate", "own.safetensors", name, "--out", os.fsdecode(b"\xff.csv")]
        result = subprocess.run(
            [*COMMAND, *arguments, *more], cwd=tmp_path, capture_output=True, env=environment
        )
        assert result.returncode == 0, result.stderr
        outputs.append(result.stdout)
    assert os.fsencode(json.loads(outputs[0])["result"]["file"]) == b"\xff.csv"
    assert outputs[1].startswith(b"\xff.csv: 400 steps")
    assert run("report", own_model_file, name).exit_code == 0
    assert run("evaluate", own_model_file, name).exit_code == 0
    missing = run("evaluate", own_model_file, os.fsdecode(b"\xfe.csv"))
    assert missing.exit_code == 2 and missing.stderr.startswith("Error: ")
