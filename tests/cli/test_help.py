"""Help, version and usage errors: what a user meets first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fastlstm.cli import app

COMMANDS = [command.callback.__name__ for command in app.registered_commands]
ENTRY = "from fastlstm.cli import main; main()"
HEAVY = ("numpy", "scipy", "sklearn", "safetensors", "matplotlib", "pyarrow", "rich")


def test_help_imports_nothing_heavy():
    """Help has to come at once; these packages take from 0.1 to 2 seconds each."""
    code = (
        "import sys, atexit; sys.argv = ['fastlstm', '--help'];"
        f"atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules]));{ENTRY}"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_takes_less_than_0_3_seconds_of_cpu_time():
    """The figure that the README states; CPU time, so that a busy machine does not matter."""
    import resource

    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", ENTRY, "--help"], stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.3


@pytest.mark.parametrize("command", COMMANDS)
def test_command_explains_itself(run, command):
    """Every option needs a sentence: the help is the manual of the command line."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert command in result.stdout and "Ctrl-C" in run("fit", "--help").stdout


def test_version_is_that_of_the_package(run):
    """A bug report names the version."""
    from importlib.metadata import version

    result = run("--version")
    assert result.exit_code == 0 and result.stdout.strip() == f"fastlstm {version('fastlstm')}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "plant.csv"),
        ("fit",),
        ("fit", "plant.csv", "--hiden", "6"),
        ("fit", "plant.csv", "--hidden", "six"),
        ("fit", "plant.csv", "--washout", "some"),
        ("fit", "plant.csv", "--seed", "-1"),
        ("evaluate", "m.safetensors", "plant.csv", "--init", "-5"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_usage_error_exits_with_2(run, arguments):
    """Scripts tell a wrong call from a failed one by the exit code."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr and "Error" in result.stderr


def test_no_command_shows_the_commands(run):
    """The bare command must be a way in."""
    result = run()
    assert all(command in result.output for command in COMMANDS)


def test_output_ends_quietly_when_reader_closes_the_pipe():
    """`fastlstm --help | head -1` is no error."""
    pipe = f"{sys.executable} -c '{ENTRY}' fit --help | head -1"
    result = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    assert "Traceback" not in result.stderr


def test_remaining_time_is_that_of_the_present_pace():
    """Half done after ten seconds leaves ten; nothing done leaves the unknown."""
    from fastlstm.cli.progress import remaining

    assert remaining(10.0, 0.5) == pytest.approx(10.0)
    assert remaining(10.0, 0.0) is None
