"""Links that a reader of the repository follows to a file lead to the page made of it here."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

PAGES = (
    (re.compile(r"\]\((?:\.\./)+examples/(plot_\w+)\.py\)"), r"](/auto_examples/\1.rst)"),
    (re.compile(r"\]\((?:\.\./)+examples/?\)"), "](/auto_examples/index.rst)"),
    (re.compile(r"\]\((?:\.\./)+CONTRIBUTING\.md\)"), "](/contributing.rst)"),
    (re.compile(r"\]\((?:\.\./)+CHANGELOG\.md\)"), "](/changes.rst)"),
    (re.compile(r"\]\((?:\.\./)+README\.md\)"), "](/index.md)"),
)


def redirect(app: Sphinx, page: str, source: list[str]) -> None:
    """Change the links of one page, before it is parsed."""
    for pattern, target in PAGES:
        source[0] = pattern.sub(target, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register."""
    app.connect("source-read", redirect)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
