"""Tables of results as aligned text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastlstm.tables.base import FloatArray


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their titles: the first aligned left, the others right.

    Examples
    --------
    >>> print(format_table(["output", "RMSE"], [["flow", "0.12"], ["p", "3"]]))
    output  RMSE
    flow    0.12
    p          3
    """
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    lines = []
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    """Join a number and a noun.

    Examples
    --------
    >>> count(1, "record"), count(3, "step")
    ('1 record', '3 steps')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def score_table(
    names: Sequence[str], y: list[FloatArray], y_sim: list[FloatArray], washout: int
) -> str:
    """RMSE, NRMSE and fit of every output, all records together."""
    from fastlstm.metrics import fit_percent, nrmse, rmse

    scores = [metric(y, y_sim, washout=washout) for metric in (rmse, nrmse, fit_percent)]
    rows = [
        [name, f"{error:.6g}", f"{relative:.6f}", f"{fit:.3f}"]
        for name, error, relative, fit in zip(names, *scores, strict=True)
    ]
    return format_table(["output", "RMSE", "NRMSE", "fit %"], rows)


def first_scored(records: list[FloatArray], washout: int) -> int:
    """Washout of a model, shortened where the records are too short for it."""
    import numpy as np

    from fastlstm.records import auto_washout

    return min(washout, auto_washout(np.array([len(record) for record in records])))
