"""README and docs must keep their word: blocks run as they stand, options and links exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
    *sorted(f"docs/theory/{path.name}" for path in ROOT.glob("docs/theory/*.md")),
]
FENCE = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page):
    """Language and text of the blocks of a page, in order."""
    return FENCE.findall(text_of(page))


def python_of(page):
    """All Python of a page, as one program."""
    return "\n".join(block for language, block in blocks(page) if language == "python")


def run_python(code, folder, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, f"{code}\n{arguments}\n{result.stdout}\n{result.stderr}"
    return result.stdout


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


def test_page_on_targets_runs_from_top_to_bottom(tmp_path):
    """Later blocks go on with the data of the first."""
    code = "\n".join(block for language, block in blocks("docs/targets.md") if language == "python")
    quiet = "import warnings\nimport fastlstm.exceptions as e\n"
    quiet += "warnings.simplefilter('ignore', e.ConvergenceWarning)\n"
    run_python(quiet + code, tmp_path)


@pytest.mark.parametrize("page", ["docs/getting-started.md", "docs/command-line.md"])
def test_page_runs_from_top_to_bottom(tmp_path, page):
    """The page says that every block runs, in this order, on the files of the blocks before."""
    pytest.importorskip("matplotlib", reason="the page draws a picture")
    for language, run in groupby(blocks(page), lambda block: block[0]):
        text = "\n".join(block for _, block in run)  # Python that follows Python is one session
        run_python(text, tmp_path) if language == "python" else run_shell(text, tmp_path)


def calls(block):
    """Words of every call of fastlstm in a block of the shell."""
    for line in block.splitlines():
        words = list(shlex.shlex(line, posix=True, punctuation_chars="|;&<>"))
        while "fastlstm" in words:
            words = words[words.index("fastlstm") + 1 :]
            ends = (k for k, word in enumerate(words) if set(word) <= set("|;&<>"))
            yield words[: next(ends, len(words))]


@pytest.mark.parametrize("page", ["docs/index.md", "docs/for-matlab-users.md"])
def test_python_of_a_page_runs_in_order(tmp_path, page):
    """One process, as in a notebook: that is how a page is read."""
    pytest.importorskip("matplotlib", reason="the pages draw pictures")
    run_python(python_of(page), tmp_path)


@pytest.mark.torch
def test_page_for_torch_users_runs_in_order(tmp_path):
    """The last block goes on from a network of torch, and only improves it."""
    pytest.importorskip("torch")
    output = run_python(python_of("docs/for-torch-users.md"), tmp_path)
    for difference in re.findall(r"^largest difference (\S+) V$", output, re.MULTILINE):
        assert float(difference) < 1e-5
    (before,) = re.findall(r"^torch (\S+) mV$", output, re.MULTILINE)
    (after,) = re.findall(r"^torch, then fastlstm (\S+) mV$", output, re.MULTILINE)
    assert float(after) < float(before)


@pytest.mark.parametrize("page", [page for page in PAGES if "\n```python\n" in text_of(page)])
def test_python_of_every_page_is_run_by_a_test(page):
    """A page that nobody runs is wrong sooner or later."""
    name = Path(page).name
    tests = (path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    assert any(f'{name}"' in text for text in tests)


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_is_in_the_site(page):
    """A page without an entry in a table of contents is found by nobody."""
    entries = re.findall(r"^([\w/-]+)$", text_of("docs/index.md"), re.MULTILINE)
    assert page == "docs/index.md" or page.removeprefix("docs/").removesuffix(".md") in entries


def test_tables_of_the_benchmark_page_are_those_of_the_saved_runs(monkeypatch, tmp_path):
    """Figures come from runs: nobody edits them, and new runs appear on the page."""
    from benchmarks import sets_table

    copy = tmp_path / "benchmarks.md"
    copy.write_text(text_of("docs/benchmarks.md"), encoding="utf-8")
    monkeypatch.setattr(sets_table, "PAGE", copy)
    sets_table.main()
    advice = "run python -m benchmarks.sets_table"
    assert copy.read_text(encoding="utf-8") == text_of("docs/benchmarks.md"), advice


def test_data_page_runs_from_top_to_bottom(tmp_path):
    """One program: what a block makes, the next one uses."""
    for package in ("polars", "xarray"):
        pytest.importorskip(package)
    code = [block for language, block in blocks("docs/data.md") if language == "python"]
    run_python("\n".join(code), tmp_path)


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
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
