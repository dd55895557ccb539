"""The table of all methods."""

from __future__ import annotations

from html import escape

from fastlstm.comparison.result import Comparison, Row
from fastlstm.report.headline import title_of
from fastlstm.report.markup import number, section, style_of, swatch, table


def scores(comparison: Comparison) -> str:
    """Section with one row per method, lowest test error first."""
    names = comparison.exam.output_names
    errors = ["Test RMSE"] if len(names) == 1 else [f"Test RMSE {name}" for name in names]
    base = title_of(comparison.baseline)
    header = ["Method", *errors, "Fit %", "CPU s", "Wall s", f"CPU s to the error of {base}"]
    order = comparison.methods
    rows = [
        ("best" if row.method == comparison.best else "", _cells(row, order.index(row.method)))
        for row in comparison.rows
    ]
    return section(
        "Errors and times",
        table([*header, "Weights", "Ended because"], rows, n_text=1),
        f'<p class="note">{escape(_explanation(comparison))}</p>',
    )


def _cells(row: Row, index: int) -> list[str]:
    spread = ""
    if row.n_seeds > 1:
        low, high = (number(100.0 * (1.0 - error), 4) for error in (row.nrmse_high, row.nrmse_low))
        spread = f"<small>{low} to {high}</small>"
    tried = f", best of {row.n_settings} settings" if row.n_settings > 1 else ""
    every = f"<small>all {number(row.wall_time_all)}</small>" if row.n_settings > 1 else ""
    return [
        f"{swatch(style_of(index))}{escape(row.method)}<small>{escape(row.label + tried)}</small>",
        *(number(error, 4) for error in row.rmse),
        number(row.fit_percent, 4) + spread,
        number(row.cpu_time),
        number(row.wall_time) + every,
        number(row.time_to_baseline, missing="never"),
        str(row.n_weights),
        escape(row.status),
    ]


def _explanation(comparison: Comparison) -> str:
    row = comparison.rows[0]
    n_seeds = max(row.n_seeds for row in comparison.rows)
    parts = [
        "Free run on the test part, from inputs alone. RMSE is in the unit of the output; fit is "
        "100 % for a perfect model and 0 % for one that is no better than the mean"
        + (" (mean over the outputs)." if len(row.rmse) > 1 else ".")
    ]
    if n_seeds > 1:
        parts.append(f"Medians over {n_seeds} seeds, with the range of the fit below.")
    tried = [row for row in comparison.rows if row.n_settings > 1]
    parts += [
        f"{title_of(row.method)} was trained with {row.n_settings} settings, each with the whole "
        f"time; validation data chose the one shown. All together took "
        f"{number(row.wall_time_all)} s of wall time."
        for row in tried
    ]
    return " ".join(parts)
