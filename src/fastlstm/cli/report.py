"""Tables of results as aligned text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastlstm.text import count, format_table

if TYPE_CHECKING:
    from fastlstm.tables.base import FloatArray

__all__ = ["count", "first_scored", "format_table", "score_outputs", "score_table"]


def score_outputs(
    names: Sequence[str], y: list[FloatArray], y_sim: list[FloatArray], washout: int
) -> list[dict[str, Any]]:
    """RMSE, NRMSE and fit of every output, all records together, where it was measured."""
    from fastlstm.metrics import fit_percent, nrmse, rmse

    scores = [
        metric(y, y_sim, washout=washout, missing_target="mask")
        for metric in (rmse, nrmse, fit_percent)
    ]
    keys = ("name", "rmse", "nrmse", "fit_percent")
    return [
        dict(zip(keys, (name, *map(float, values)), strict=True))
        for name, *values in zip(names, *scores, strict=True)
    ]


def score_table(scores: list[dict[str, Any]]) -> str:
    """Text for the result of `score_outputs`."""
    rows = [
        [row["name"], f"{row['rmse']:.6g}", f"{row['nrmse']:.6f}", f"{row['fit_percent']:.3f}"]
        for row in scores
    ]
    return format_table(["output", "RMSE", "NRMSE", "fit %"], rows)


def first_scored(records: list[FloatArray], washout: int) -> int:
    """Washout of a model, shortened where the records are too short for it."""
    import numpy as np

    from fastlstm.records import auto_washout

    return min(washout, auto_washout(np.array([len(record) for record in records])))
