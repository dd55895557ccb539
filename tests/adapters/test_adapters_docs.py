"""The page about harnesses keeps its word: its Python runs, on files that are at hand."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)
@pytest.mark.parametrize("block", BLOCKS, ids=["official", "nonlinear_benchmarks", "identibench"])
def test_example_runs(block, tmp_path):
    """In a home whose cache holds the published file, so that nothing is downloaded."""
    for name in ("nonlinear_benchmarks", "identibench"):
        if f"import {name}\n" in block and importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    files = tmp_path / ".nonlinear_benchmarks" / "Cascaded_Tanks"
    (files / "CascadedTanksFiles").mkdir(parents=True)
    (files / "CascadedTanksFiles.zip").touch()
    source = Path(os.environ["FASTLSTM_DATA"], "cascaded_tanks", "dataBenchmark.mat")
    shutil.copy(source, files / "CascadedTanksFiles")
    environment = {**os.environ, "HOME": str(tmp_path), "IDENTIBENCH_DATA_ROOT": str(tmp_path)}
    command = [sys.executable, "-c", block]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    (score, *_) = re.findall(r"(\d+\.\d+) +V\b", result.stdout)  # ours stands before the published
    assert 0.0 < float(score) < 1.0
