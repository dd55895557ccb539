"""Leave what scikit-learn adds to an estimator to the documentation of scikit-learn."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

PACKAGE = "fastlstm"


def skip_foreign(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Skip methods and properties that another package defines."""
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    home = getattr(function, "__module__", None)
    return True if home is not None and home.split(".")[0] != PACKAGE else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register."""
    app.connect("autodoc-skip-member", skip_foreign)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
