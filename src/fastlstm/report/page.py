"""The page of a comparison."""

from __future__ import annotations

from html import escape

from fastlstm.comparison.result import Comparison
from fastlstm.report.curves import curves
from fastlstm.report.document import document
from fastlstm.report.headline import headline, tiles
from fastlstm.report.residuals import residuals
from fastlstm.report.scores import scores
from fastlstm.report.setup import setup
from fastlstm.report.traces import traces
from fastlstm.report.view import View
from fastlstm.text import count

NOTE = (
    "Free run over the test part. The shaded stretch is the one around the largest "
    "residual of the best method, shown in detail beside it with all methods."
)


def render(comparison: Comparison) -> str:
    """HTML text of the report; the same comparison gives the same text.

    Parameters
    ----------
    comparison : Comparison
    """
    exam, view = comparison.exam, View.of_comparison(comparison)
    inputs, outputs = ", ".join(exam.input_names), ", ".join(exam.output_names)
    title = f"Comparison: {inputs} → {outputs}"
    tested = count(exam.test.n_total, "step")
    subtitle = (
        f"{count(len(comparison.methods), 'method')}, trained on "
        f"{count(exam.train.n_total, 'step')} and judged in free run on {tested} that none has "
        f"seen. {comparison.machine.get('date', '')}"
    )
    body = [
        f"<header><h1>{escape(title)}</h1>",
        f'<p class="sub">{escape(subtitle)}</p>',
        f'<p class="lead">{escape(headline(comparison))}</p>{tiles(comparison)}</header>',
        scores(comparison),
        curves(comparison),
        traces(view, NOTE),
        residuals(view),
        setup(comparison),
    ]
    return document(title, body)
