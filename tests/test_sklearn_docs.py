"""The page about scikit-learn keeps its word."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "scikit-learn.md"


def test_page_runs_from_top_to_bottom(tmp_path):
    """The page says that every block runs, in this order; a warning would be a surprise."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 9
    command = [sys.executable, "-W", "error", "-c", "\n".join(blocks)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
