"""Exit codes, broken pipes, full disks, closed and colourless output, as a shell sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_plant import make_columns
from cli_terminal import MAIN, on_terminal

import fastlstm
from fastlstm.cli.outcome import EXIT_CODES, failure_of
from fastlstm.exceptions import DataFileError
from fastlstm.tables import write_table

SHELL = f"'{sys.executable}' -c '{MAIN}'"
PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@pytest.fixture
def shell(own_model_file, tmp_path):
    """Run a line of bash beside `own.safetensors` and `plant.csv`; fails on any traceback."""

    def call(line, **environment):
        result = subprocess.run(
            ["bash", "-c", line.replace("fastlstm", SHELL)],
            cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **environment},
        )  # fmt: skip
        assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr
        return result

    return call


def test_codes_are_in_the_help_and_on_the_page(run):
    """Documented where people look, and the same in both places."""
    text, page = run("--help").stdout, PAGE.read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert re.search(rf"^ +{code}  {re.escape(meaning)}$", text, re.MULTILINE)
        assert f"| {code} | {meaning} |" in page


def test_result_on_standard_output_and_0_when_all_is_well(shell):
    """Nothing on standard error: cron sends mail for less."""
    result = shell("fastlstm evaluate own.safetensors plant.csv --no-plot")
    assert result.returncode == 0 and "fit %" in result.stdout and result.stderr == ""


@pytest.mark.parametrize("flag", ["", "--json"])
def test_broken_pipe_is_quiet_and_141(shell, tmp_path, flag):
    """As with any tool in a pipe; what was asked for is on disk."""
    line = f"fastlstm simulate own.safetensors plant.csv {flag}"
    result = shell(f"set -o pipefail; {{ sleep 0.1; {line}; echo $? >code; }} | true")
    assert (tmp_path / "code").read_text().strip() == "141"
    assert result.stderr == "" and (tmp_path / "y_sim.csv").exists()


def test_fit_goes_on_when_nobody_reads_its_progress(shell, tmp_path):
    """`2>&1 | head -1` takes the first line, and the model is trained and saved all the same."""
    columns = make_columns(4000)
    write_table(tmp_path / "long.csv", {"u": columns["u1"], "y": columns["level"]})
    shell("fastlstm fit long.csv --time-limit 2.5 2>&1 | head -1")
    assert fastlstm.load(tmp_path / "model.safetensors").n_iter_ > 0


@full_device
@pytest.mark.parametrize("flag", ["", "--json"])
def test_full_standard_output_is_1_with_one_message(shell, flag):
    """The disk behind `> results.txt` is full."""
    result = shell(f"fastlstm evaluate own.safetensors plant.csv --no-plot {flag} >/dev/full")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ") and "No space left" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@full_device
@pytest.mark.parametrize(
    "line",
    [
        "simulate own.safetensors plant.csv --out full.csv",
        "report own.safetensors plant.csv --out full.html",
        "export own.safetensors --format torch --out full.safetensors",
        "fit plant.csv -u u1 -y level --solver ridge --time-limit 1 -q --model full.safetensors",
    ],
)
def test_full_disk_is_1_with_one_message(shell, tmp_path, line):
    """Every writer; the device itself must survive being written to."""
    (tmp_path / line.split()[-1]).symlink_to("/dev/full")
    result = shell(f"fastlstm {line} --json")
    assert result.returncode == 1, result.stderr
    assert json.loads(result.stdout)["error"]["kind"] == "runtime"
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert Path("/dev/full").is_char_device()


def test_old_result_stays_when_the_new_one_cannot_be_written(own_model_file, tmp_path, monkeypatch):
    """Half a file of numbers looks like a whole one."""
    write_table(tmp_path / "y.csv", {"y": make_columns()["level"]})
    before = (tmp_path / "y.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataFileError, match="No space left"):
        write_table(tmp_path / "y.csv", make_columns())
    assert (tmp_path / "y.csv").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_closed_standard_output_is_1_with_one_message(shell):
    """`>&-` closes it."""
    result = shell("fastlstm evaluate own.safetensors plant.csv --no-plot >&-")
    assert result.returncode == 1 and result.stderr.startswith("Error: standard output must be")


def test_closed_and_full_standard_error_do_not_matter(shell):
    """Messages are a courtesy; the result is not."""
    for where in ("2>&-", "2>/dev/full"):
        result = shell(f"fastlstm fit plant.csv -u u1 -y level --solver ridge --json {where}")
        assert result.returncode == 0 and json.loads(result.stdout)["error"] is None


def test_terminal_of_ascii_gets_escapes(shell, tmp_path):
    """A name that the terminal cannot show is no reason to fail."""
    columns = make_columns()
    write_table(tmp_path / "plant.csv", {"Ventil ü": columns["u1"], "Füllstand": columns["level"]})
    fit = "fastlstm fit plant.csv -u 'Ventil ü' -y Füllstand --solver ridge -q"
    result = shell(fit, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "F\\xfcllstand" in result.stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), 1),
        (MemoryError("8 GiB"), 1),
        (OverflowError("too large"), 1),
        (PermissionError(13, "Permission denied"), 2),
        (ValueError("X must"), 2),
        (ImportError("install"), 2),
    ],
)
def test_errors_are_sorted_by_who_can_mend_them(error, code):
    """1: the machine; 2: the caller."""
    failure = failure_of(error)
    assert failure is not None and failure.code == code


@pytest.mark.parametrize("error", [RuntimeError("bug"), TypeError("bug"), ModuleNotFoundError("x")])
def test_error_that_nobody_foresaw_stays_what_it_is(error):
    """Its traceback belongs into a report."""
    assert failure_of(error) is None


COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|38|9[0-7])[0-9;]*m")
FIT = ["fit", "plant.csv", "-u", "u1", "-y", "level", "--time-limit", "0.5"]


def test_terminal_gets_colours_unless_no_color_is_set(plant_csv, tmp_path):
    """https://no-color.org: the bar stays, its colours go."""
    assert COLOUR.search(on_terminal(FIT, tmp_path))
    plain = on_terminal(FIT, tmp_path, NO_COLOR="1")
    assert not COLOUR.search(plain) and "ETA" in plain


def test_terminal_that_cannot_redraw_gets_plain_lines(plant_csv, tmp_path):
    """TERM=dumb, as in Emacs shells and some build logs."""
    screen = on_terminal(FIT, tmp_path, TERM="dumb")
    assert "\x1b" not in screen and "ETA" in screen
