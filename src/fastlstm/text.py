"""Results as aligned text."""

from __future__ import annotations

from collections.abc import Sequence


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
