"""The page about pictures keeps its word: its blocks run in order."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fastlstm.cli import app

pytest.importorskip("matplotlib", reason="needs the plot extra")
PAGE = Path(__file__).parents[2] / "docs" / "plots.md"


def blocks(language):
    """Return the blocks of one language, in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_blocks_run(monkeypatch, tmp_path):
    """Python in one process, as in a notebook; then the command on the files it wrote."""
    command = [sys.executable, "-W", "error", "-c", "\n".join(blocks("python"))]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"fit.png", "residuals.png", "training.png", "frequency.png", "plant.html"}
    # 0.15 / (1 - 1.6 + 0.75) = 1
    assert 0.7 < float(re.search(r"gain at rest \[\[(.*)\]\]", result.stdout)[1]) < 1.2
    monkeypatch.chdir(tmp_path)
    for block in blocks("console"):
        program, *arguments = shlex.split(block)
        assert program == "fastlstm"
        assert CliRunner().invoke(app, arguments).exit_code == 0
