"""Formulas as MathML, which browsers draw by themselves: no script, no LaTeX, no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import pick_math_environment
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def draw_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def draw_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula of its own; the style sheet lets it scroll where the screen is narrow."""
    code = node.astext().strip()
    if "&" in code or r"\\" in code:
        environment = pick_math_environment(code).rstrip("*")
        code = rf"\begin{{{environment}}}{code}\end{{{environment}}}"
    translator.body.append(f'<div class="formula">{tex2mathml(code, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (draw_inline, None), (draw_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
