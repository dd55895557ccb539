"""The whole page: one file, nothing fetched."""

from __future__ import annotations

from html import escape

from fastlstm.comparison.result import Comparison
from fastlstm.report.curves import curves
from fastlstm.report.headline import headline, tiles
from fastlstm.report.residuals import residuals
from fastlstm.report.scores import scores
from fastlstm.report.script import SCRIPT
from fastlstm.report.setup import setup
from fastlstm.report.style import style_sheet
from fastlstm.report.traces import traces
from fastlstm.text import count

# The browser itself refuses anything that would reach out of the file.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def render(comparison: Comparison) -> str:
    """HTML text of the report; the same comparison gives the same text.

    Parameters
    ----------
    comparison : Comparison
    """
    exam = comparison.exam
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
        traces(comparison),
        residuals(comparison),
        setup(comparison),
    ]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{style_sheet()}\n</style>\n</head>\n<body>\n<main>",
            *body,
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )
