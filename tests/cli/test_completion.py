"""Shell completion, asked as the shells ask, and in the shells themselves where they are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastlstm.cli import names

MAIN = "from fastlstm.cli import main; main()"
PROGRAM = f"""#!/bin/sh
exec '{sys.executable}' -c "import sys; sys.argv[0] = 'fastlstm'; {MAIN}" "$@"
"""


@pytest.fixture
def folder(tmp_path):
    """Make a folder with the program and two files to complete."""
    program = tmp_path / "bin" / "fastlstm"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / "plant.csv").touch()
    (tmp_path / "plant.safetensors").touch()
    return tmp_path


def call(folder, command, **environment):
    """Run a command with the program on the path; returns what it prints."""
    env = {**os.environ, **environment, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    env |= {"HOME": str(folder), "TERM": "dumb"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def complete(folder, line):
    """Words that bash is offered at the end of a line."""
    words = line.split(" ")
    environment = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = call(folder, ["fastlstm"], _FASTLSTM_COMPLETE="complete_bash", **environment)
    return result.stdout.split()


def test_names_are_those_of_the_library():
    """Written down twice, so that help and completion import nothing; this keeps them equal."""
    from fastlstm.datasets import GROUPS, LOADERS
    from fastlstm.export import EXPORTERS
    from fastlstm.solvers import SOLVERS

    assert names.SOLVER_NAMES == ("auto", *SOLVERS)
    assert names.SET_NAMES == (*LOADERS, *GROUPS)
    assert names.FORMAT_NAMES == tuple(EXPORTERS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("fastlstm ev", ["evaluate"]),
        ("fastlstm fit --time-", ["--time-limit"]),
        ("fastlstm fit plant.csv --solver ", list(names.SOLVER_NAMES)),
        ("fastlstm compare plant.csv --solvers lm,r", ["lm,ridge"]),
        ("fastlstm compare plant.csv --solvers lm,ridge+l", ["lm,ridge+lm"]),
        ("fastlstm benchmark wh2009 si", ["silverbox"]),
        ("fastlstm benchmark dai", ["daisy"]),
        ("fastlstm export plant.safetensors --format onnx", ["onnx", "onnx-sequence"]),
    ],
)
def test_names_are_completed(folder, line, expected):
    """Commands, options, solvers, sets, formats."""
    assert complete(folder, line) == expected


@pytest.mark.parametrize(
    "line", ["fastlstm fit pl", "fastlstm simulate plant.safetensors pl", "fastlstm fit --model "]
)
def test_files_are_left_to_the_shell(folder, line):
    """No word of ours, so the shell offers files, with its own rules for folders and blanks."""
    assert complete(folder, line) == []


def test_completion_imports_nothing_heavy(folder):
    """A tab must not cost a second."""
    code = "import sys, atexit; atexit.register(lambda: print('numpy' in sys.modules));"
    environment = {"COMP_WORDS": "fastlstm fit --solver ", "COMP_CWORD": "3"}
    result = call(
        folder,
        [sys.executable, "-c", f"{code} sys.argv = ['fastlstm']; {MAIN}"],
        _FASTLSTM_COMPLETE="complete_bash",
        **environment,
    )
    assert "lm" in result.stdout.split() and result.stdout.split()[-1] == "False"


BASH = """
source <(fastlstm --show-completion)
for line in "fastlstm benchmark em" "fastlstm fit plant.s"; do
    COMP_WORDS=($line) COMP_CWORD=2 COMPREPLY=()
    _fastlstm_completion fastlstm
    echo "reply: ${COMPREPLY[*]}"
done
complete -p fastlstm
"""
FISH = """
fastlstm --show-completion | source
complete -C "fastlstm benchmark em"
complete -C "fastlstm fit plant.s"
"""
ZSH = """
autoload -Uz compinit; compinit -u
source <(fastlstm --show-completion)
_arguments() { echo "reply: $*" }
_files() { echo "reply: files" }
words=(fastlstm benchmark em) CURRENT=3; _fastlstm_completion
words=(fastlstm fit plant.s) CURRENT=3; _fastlstm_completion
"""
SCRIPTS = {
    "bash": (BASH, ["reply: emps", "reply: ", "complete -o default"]),
    "fish": (FISH, ["emps", "plant.safetensors"]),
    "zsh": (ZSH, ['reply: *: :(("emps"))', "reply: files"]),
}
shells = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name}"))
    for name in SCRIPTS
]


@pytest.mark.parametrize("shell", shells)
def test_shell_completes_sets_and_files(folder, shell):
    """The script that `--show-completion` prints, run by the shell it was printed for."""
    script, expected = SCRIPTS[shell]
    (folder / "script").write_text(script)
    result = call(folder, [shell, "script"])
    shown = result.stdout.splitlines()
    for line in expected:
        assert any(found.startswith(line) for found in shown), result.stdout + result.stderr


@pytest.mark.parametrize("shell", shells)
def test_install_completion_writes_where_the_shell_looks(folder, shell):
    """For the shell that it is called from."""
    (folder / "script").write_text("fastlstm --install-completion\ntrue\n")
    result = call(folder, [shell, "script"])
    assert f"{shell} completion installed in" in result.stdout, result.stdout + result.stderr
    written = [path for path in Path(folder).rglob("*fastlstm*") if path.parent.name != "bin"]
    assert len(written) == 1 and "fastlstm" in written[0].read_text()
