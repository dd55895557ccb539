"""Reads a page as a browser would, and a name that no page must take for markup."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "input", "br"}
HOSTILE = "<script>alert(\"1\")</script> & 'x' </title></style>"


class Outline(HTMLParser):
    """Elements of a page in order, and whether they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.open, self.links = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
