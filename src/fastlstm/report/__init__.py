"""A comparison as one self-contained HTML page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastlstm.comparison.result import Comparison

__all__ = ["write_report"]


def write_report(comparison: Comparison, path: str | os.PathLike[str]) -> None:
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
    path : path-like
        HTML file in an existing folder.
    """
    from fastlstm.report.page import render

    text = render(comparison)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
