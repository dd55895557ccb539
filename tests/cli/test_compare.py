"""compare on files: the table, the report, the numbers, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess

import numpy as np
import pytest
from cli_plant import make_columns
from cli_terminal import COMMAND, on_terminal

import fastlstm
from fastlstm.tables import write_table

SMALL = ["--hidden", "8", "--head", "none", "--time-limit", "60"]


@pytest.fixture
def compare(run, readout_solver, plant_csv):
    """Call the command on the plant of the tests with the fast solver."""

    def call(*arguments, outputs="level,flow", solvers="readout", quiet=True):
        silent = ["--quiet"] if quiet else []
        return run(
            "compare", plant_csv, "-u", "u1,u2", "-y", outputs, "--solvers", solvers, *SMALL,
            *silent, *arguments,
        )  # fmt: skip

    return call


def test_compare_prints_the_table_and_writes_report_and_numbers(compare, tmp_path):
    """Table on stdout, paths on stderr, both files complete and in agreement."""
    result = compare("--html", "out.html", "--save", "out.json")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "RMSE level" in lines[0] and "RMSE flow" in lines[0]
    assert {line.split()[0] for line in lines[1:]} == {"linear", "readout"}
    assert "out.html" in result.stderr and "out.json" in result.stderr
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [line.split()[0] for line in lines[1:]] == [row["method"] for row in data["rows"]]
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "level" in page and "u1, u2" in page


def test_compare_gives_the_numbers_of_the_library(compare, tmp_path):
    """The command is `fastlstm.compare` on the columns of the file."""
    assert compare("--no-html", "--save", "out.json").exit_code == 0
    row = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["rows"][-1]
    columns = make_columns()
    X = np.stack([columns["u1"], columns["u2"]], axis=1)
    y = np.stack([columns["level"], columns["flow"]], axis=1)
    expected = fastlstm.compare(
        X, y, solvers=["readout"], hidden_sizes=(8,), head_sizes=(), time_limit=60.0
    )
    assert row["rmse"] == pytest.approx(list(expected.row(row["method"]).rmse))
    assert not (tmp_path / "compare.html").exists()


def test_compare_judges_by_the_test_files_given(compare, tmp_path):
    """Then all of DATA is for training."""
    write_table(tmp_path / "a.csv", make_columns(200, seed=1))
    write_table(tmp_path / "b.csv", make_columns(150, seed=2))
    result = compare("--test", "a.csv", "--test", "b.csv", "--no-html", "--save", "out.json")
    assert result.exit_code == 0, result.stderr
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["data"]
    assert data["test_steps"] == [200, 150] and data["train_steps"] == [400]


def test_compare_repeats_with_seeds_and_runs_chains(compare, tmp_path):
    """`--repeats` counts up from `--seed`; + joins solvers."""
    result = compare(
        "--seed", 3, "--repeats", 2, "--no-html", "--save", "out.json",
        solvers="readout,readout+readout",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    runs = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["runs"]
    assert [(run["method"], run["seed"]) for run in runs] == [
        ("linear", None), ("readout", 3), ("readout", 4),
        ("readout+readout", 3), ("readout+readout", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("quiet", [True, False])
def test_compare_shows_method_fit_and_eta_in_plain_lines(compare, quiet):
    """For logs; nothing at all when quiet."""
    result = compare("--no-html", quiet=quiet)
    assert result.exit_code == 0
    assert all(word in result.stderr for word in ("readout", "fit", "ETA")) == (not quiet)
    assert "\x1b" not in result.stderr + result.stdout


MISTAKES = {
    "unknown solver": (["--solvers", "adam"], "solver must be"),
    "html name": (["--html", "out.txt"], "must end in"),
    "html folder": (["--html", "absent/out.html"], "a folder that exists"),
    "json name": (["--save", "out.html"], "must end in"),
    "no time": (["--time-limit", "0"], "time_limit"),
    "no test file": (["--test", "absent.csv"], "absent.csv"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_gives_one_message_and_exit_code_2(compare, case):
    """Before anything is trained."""
    arguments, message = MISTAKES[case]
    result = compare(*arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert result.stderr.startswith("Error: ") and "Traceback" not in result.stderr


def test_compare_says_what_to_install_when_torch_is_asked_for(compare, monkeypatch):
    """The baseline is an extra."""
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = compare("--solvers", "torch")
    assert result.exit_code == 2 and "fastlstm[torch]" in result.stderr


@pytest.fixture
def long_csv(tmp_path):
    """Write a file long enough that the training takes seconds."""
    columns = make_columns(4000)
    write_table(tmp_path / "plant.csv", {"u": columns["u1"], "y": columns["level"]})
    return tmp_path / "plant.csv"


def obey_interrupts():
    """Undo what a shell does to background jobs: they ignore SIGINT, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_keeps_the_methods_done_so_far(long_csv, tmp_path):
    """Table, report and numbers of what there is, and the exit code of an interrupt."""
    arguments = ["--solvers", "lm", "--time-limit", "60", "--html", "out.html", "--save", "o.json"]
    process = subprocess.Popen(
        [*COMMAND, "compare", str(long_csv), *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_interrupts,
    )
    assert process.stderr is not None
    with process:
        first_line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        output, messages = process.communicate(timeout=60)
    assert "lm" in first_line
    assert process.returncode == 130, messages
    assert "Interrupted" in messages and "Traceback" not in messages
    assert {line.split()[0] for line in output.splitlines()[1:]} == {"linear", "lm"}
    assert "</html>" in (tmp_path / "out.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["interrupted"] is True


def test_compare_draws_a_bar_per_method_on_a_terminal(long_csv):
    """Method, fit and remaining time, redrawn in place."""
    arguments = ["compare", str(long_csv), "--solvers", "lm", "--time-limit", "1", "--no-html"]
    screen = on_terminal(arguments, long_csv.parent)
    assert all(word in screen for word in ("\x1b[", "lm (seed 0)", "fit", "ETA"))
