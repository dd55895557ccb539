"""README and docs must keep their word: blocks run as they stand, options and links exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
FENCE = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page):
    """Language and text of the blocks of a page, in order."""
    return FENCE.findall((ROOT / page).read_text(encoding="utf-8"))


def run_python(code, folder, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, f"{code}\n{arguments}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", ["README.md", "docs/comparing.md"])
def test_examples_run(tmp_path, page):
    """The first thing that a reader copies."""
    for language, block in blocks(page):
        if language == "python":
            run_python(block, tmp_path)


def run_shell(block, folder):
    """Run a block as a reader does who copies it; any line that fails, fails the block."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block],
        cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PATH": programs, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert result.returncode == 0, f"{block}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", ["docs/getting-started.md", "docs/command-line.md"])
def test_page_runs_from_top_to_bottom(tmp_path, page):
    """The page says that every block runs, in this order, on the files of the blocks before."""
    pytest.importorskip("matplotlib", reason="the page draws a picture")
    for language, block in blocks(page):
        run_python(block, tmp_path) if language == "python" else run_shell(block, tmp_path)


def calls(block):
    """Words of every call of fastlstm in a block of the shell."""
    for line in block.splitlines():
        words = list(shlex.shlex(line, posix=True, punctuation_chars="|;&<>"))
        while "fastlstm" in words:
            words = words[words.index("fastlstm") + 1 :]
            ends = (k for k, word in enumerate(words) if set(word) <= set("|;&<>"))
            yield words[: next(ends, len(words))]


@pytest.mark.parametrize("page", PAGES)
def test_options_shown_exist(page):
    """An option that was renamed must be renamed on every page."""
    from fastlstm.cli import app

    for language, block in blocks(page):
        for words in calls(block) if language == "console" else []:
            command = [] if words[0].startswith("-") else words[:1]
            shown = CliRunner().invoke(app, [*command, "--help"]).stdout
            assert all(word in shown for word in words if word.startswith("--")), words


@pytest.mark.parametrize("page", PAGES)
def test_links_within_the_project_lead_somewhere(page):
    """A dead link is the first thing that a reader finds."""
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
