"""What the comparison says, in a sentence and a few numbers."""

from __future__ import annotations

import math

from fastlstm.comparison.result import Comparison, Row
from fastlstm.report.markup import number, tile_row

NAMES = {"linear": "the linear model", "torch": "torch"}
CLOSE = 1.05  # ratio of two errors below which they are as good as equal


def title_of(method: str) -> str:
    """Name of a method within a sentence."""
    return NAMES.get(method, method)


def headline(comparison: Comparison) -> str:
    """Sentence about who wins and by how much; plain text.

    Parameters
    ----------
    comparison : Comparison
    """
    best = comparison.rows[0]
    if not math.isfinite(best.nrmse):
        return "No method gave a finite error on outputs that vary in the test part."
    one = len(best.rmse) == 1
    error = f"RMSE {number(best.rmse[0])}, " if one else ""
    opening = (
        f"{_capital(title_of(best.method))} has the lowest test error: {error}"
        f"fit {best.fit_percent:.2f} %"
    )
    other = comparison.row(comparison.baseline)
    if other.method == best.method:
        return f"{opening}. {_next_best(comparison)}".strip()
    name = title_of(other.method)
    ratio = other.nrmse / best.nrmse if best.nrmse > 0.0 else math.inf
    if ratio < CLOSE:
        return f"{opening}, practically that of {name}. {_sooner(best, other)}".strip()
    lower = f"{number(ratio)} times lower than" if math.isfinite(ratio) else "lower than"
    return f"{opening}, {lower} that of {name}, the baseline. {_sooner(best, other)}".strip()


def _sooner(best: Row, other: Row) -> str:
    """How much earlier the best method was as good as the baseline ever became."""
    name = title_of(other.method)
    if not math.isfinite(best.time_to_baseline) or best.time_to_baseline <= 0.0:
        return ""
    ratio = other.time_to_baseline / best.time_to_baseline
    here = f"It was as good as {name} after {number(best.time_to_baseline)} s of CPU time"
    if not math.isfinite(ratio) or 1.0 / CLOSE < ratio < CLOSE:
        return f"{here}."
    there = f"{name} itself took {number(other.time_to_baseline)} s"
    longer = f", {number(ratio)} times as long" if ratio > 1.0 else ""
    return f"{here}; {there}{longer}."


def _next_best(comparison: Comparison) -> str:
    if len(comparison.rows) < 2:
        return "It is the only method compared."
    best, second = comparison.rows[:2]
    if not math.isfinite(second.nrmse) or best.nrmse == 0.0:
        return f"Next is {title_of(second.method)}."
    ratio = number(second.nrmse / best.nrmse)
    return f"It is the baseline. Next is {title_of(second.method)} with {ratio} times the error."


def tiles(comparison: Comparison) -> str:
    """HTML of the numbers that matter most."""
    best, base = comparison.rows[0], comparison.row(comparison.baseline)
    entries = [
        (best.method, "lowest test error"),
        (f"{number(best.fit_percent, 4)} %", "its fit on the test part"),
        (f"{number(best.cpu_time)} s", "its CPU time"),
    ]
    if best.method != base.method and math.isfinite(best.time_to_baseline):
        name = title_of(base.method)
        entries.append((f"{number(best.time_to_baseline)} s", f"CPU time to the error of {name}"))
    return tile_row(entries)


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" if text.startswith("the ") else text
