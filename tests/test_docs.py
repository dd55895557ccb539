"""README and docs must keep their word: blocks run as they stand, options and links exist."""

from __future__ import annotations

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
MAIN = "from fastlstm.cli import main; main()"


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


def test_page_on_targets_runs_from_top_to_bottom(tmp_path):
    """Later blocks go on with the data of the first."""
    code = "\n".join(block for language, block in blocks("docs/targets.md") if language == "python")
    quiet = "import warnings\nimport fastlstm.exceptions as e\n"
    quiet += "warnings.simplefilter('ignore', e.ConvergenceWarning)\n"
    run_python(quiet + code, tmp_path)


def test_getting_started_runs_from_top_to_bottom(tmp_path):
    """The page says that every block runs, in this order, on the files of the blocks before."""
    pytest.importorskip("matplotlib", reason="the page draws a picture")
    for language, block in blocks("docs/getting-started.md"):
        if language == "python":
            run_python(block, tmp_path)
        else:
            program, *arguments = shlex.split(block)
            assert program == "fastlstm"
            run_python(MAIN, tmp_path, *arguments)


@pytest.mark.parametrize("page", PAGES)
def test_options_shown_exist(page):
    """An option that was renamed must be renamed on every page."""
    from fastlstm.cli import app

    for language, block in blocks(page):
        for line in block.splitlines() if language == "console" else []:
            words = shlex.split(line)
            if words[0] == "fastlstm":
                shown = CliRunner().invoke(app, [words[1], "--help"]).stdout
                assert all(word in shown for word in words if word.startswith("--")), line


@pytest.mark.parametrize("page", PAGES)
def test_links_within_the_project_lead_somewhere(page):
    """A dead link is the first thing that a reader finds."""
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
