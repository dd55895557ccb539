"""The page about export keeps its word: Python runs, C compiles and runs."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from c_compiler import STRICT, STRICTER, compile_c, compiler

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
OPTIONAL = ("onnxruntime", "torch")


def blocks(language):
    """Return the blocks of one language, in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def installed(block):
    """Whether the packages that a block imports are there."""
    wanted = [name for name in OPTIONAL if f"import {name}" in block]
    return all(importlib.util.find_spec(name) is not None for name in wanted)


def test_examples_run_in_order(tmp_path):
    """Each in its own process, on the files of the blocks before; the C example last."""
    for block in blocks("python"):
        if installed(block):
            command = [sys.executable, "-W", "error", "-c", block]
            result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
            assert result.returncode == 0, f"{block}\n{result.stderr}"
    (example,) = blocks("c")
    folder = tmp_path / "firmware"
    (folder / "main.c").write_text(example)
    compile_c([compiler(), *STRICT, *STRICTER, "main.c", "plant.c", "-o", "main", "-lm"], folder)
    assert subprocess.run([folder / "main"]).returncode == 0


def test_every_format_is_on_the_page():
    """A format nobody can find is no format."""
    from fastlstm.export import EXPORTERS

    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in EXPORTERS)
