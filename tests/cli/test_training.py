"""The commands that train, from outside: the demo, a terminal, and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from cli_plant import make_columns
from cli_terminal import COMMAND, on_terminal

import fastlstm
from fastlstm.tables import write_table


@pytest.fixture
def u_y_csv(tmp_path):
    """Write a file with just u and y, long enough that training takes seconds."""
    columns = make_columns(4000)
    write_table(tmp_path / "plant.csv", {"u": columns["u1"], "y": columns["level"]})
    return tmp_path / "plant.csv"


def obey_interrupts():
    """Undo what a shell does to background jobs: they ignore SIGINT, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_demo_beats_the_linear_model_and_leaves_picture_and_model(run, tmp_path):
    """The first thing a newcomer runs: it must end well, and say so in numbers."""
    result = run("demo", "--time-limit", 2, "--out", "out", "--quiet")
    assert result.exit_code == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    linear, network = (
        next(row for row in rows if row[:1] == [name]) for name in ("linear", "LSTM")
    )
    assert float(network[2]) < 0.2 * float(linear[2])
    assert (tmp_path / "out" / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert fastlstm.load(tmp_path / "out" / "demo.safetensors").n_features_in_ == 1


def test_demo_says_what_to_install_when_matplotlib_is_missing(run, monkeypatch):
    """The model and the numbers do not need a picture."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    result = run("demo", "--time-limit", 0.5, "--quiet")
    assert result.exit_code == 0 and "pip install 'fastlstm[plot]'" in result.stderr


def test_same_seed_gives_the_same_model(run, u_y_csv, tmp_path):
    """The promise of --seed, and that --jobs does not change the result."""
    small = ["--hidden", "3", "--head", "none", "--time-limit", 60, "--quiet"]
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    write_table(tmp_path / "short.csv", {name: column[:600] for name, column in columns().items()})
    for path, jobs in ((first, 1), (second, 2)):
        result = run("fit", "short.csv", "--model", path, "--jobs", jobs, *small)
        assert result.exit_code == 0, result.stderr
    assert (fastlstm.load(first).params_ == fastlstm.load(second).params_).all()


def columns():
    plant = make_columns(600)
    return {"u": plant["u1"], "y": plant["level"]}


def test_ctrl_c_saves_the_best_model_and_exits_with_130(u_y_csv, tmp_path):
    """Minutes of training must not be lost to impatience."""
    model = tmp_path / "plant.safetensors"
    process = subprocess.Popen(
        [*COMMAND, "fit", str(u_y_csv), "--model", str(model), "--time-limit", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_interrupts,
    )
    assert process.stderr is not None
    with process:
        first_line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=30)
    assert "iteration" in first_line
    assert process.returncode == 130, messages
    assert "the best model so far is in" in messages and "Traceback" not in messages
    assert "fit %" in output
    assert fastlstm.load(model).status_ == "interrupted"


def test_ctrl_c_saves_the_best_model_when_it_strikes_outside_the_solver(
    run, readout_solver, u_y_csv, tmp_path, monkeypatch
):
    """After the last iteration comes bookkeeping: an interrupt there must not cost the model."""
    from fastlstm import LSTMRegressor

    original = LSTMRegressor.fit

    def interrupted_fit(self, X, y, callback=None):
        original(self, X, y, callback)
        raise KeyboardInterrupt

    monkeypatch.setattr(LSTMRegressor, "fit", interrupted_fit)
    result = run("fit", u_y_csv, "--solver", "readout")
    assert result.exit_code == 130
    assert fastlstm.load(tmp_path / "model.safetensors").status_ == "interrupted"


def test_ctrl_c_saves_nothing_when_there_is_nothing_yet(run, u_y_csv, tmp_path, monkeypatch):
    """No half-written file, and the same exit code."""
    from fastlstm import LSTMRegressor

    def interrupted_fit(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(LSTMRegressor, "fit", interrupted_fit)
    result = run("fit", u_y_csv)
    assert result.exit_code == 130 and "nothing was saved" in result.stderr
    assert not list(tmp_path.glob("*.safetensors"))


def test_fit_draws_a_bar_on_a_terminal(u_y_csv):
    """On a terminal the progress stays in one place, with cost, fit and remaining time."""
    arguments = ["fit", str(u_y_csv), "--time-limit", "1", "--model", "m.safetensors"]
    screen = on_terminal(arguments, u_y_csv.parent)
    assert all(word in screen for word in ("\x1b[", "cost", "fit", "ETA"))
