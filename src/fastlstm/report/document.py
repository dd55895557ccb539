"""The frame of every page: one file, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from fastlstm.report.script import SCRIPT
from fastlstm.report.style import style_sheet

# The browser itself refuses anything that would reach out of the file.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def document(title: str, body: Iterable[str]) -> str:
    """HTML text of a page.

    Parameters
    ----------
    title : str
        Plain text.
    body : iterable of str
        HTML of the header and the sections.
    """
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
