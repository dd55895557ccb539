"""Collect the figures of an example: those of pyplot, and those of the library, which avoids it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from sphinx_gallery.scrapers import figure_rst

WIDTH = 9.0  # inches on the page, whatever the figure says
RESOLUTION = 110  # pixels per inch, of which screens may show two


_saved: WeakSet[Any] = WeakSet()


def _get_sg_image_scraper() -> Callable[..., str]:
    """Find the scraper; sphinx-gallery asks for it by this name."""
    return save_figures


def save_figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a block has bound to a name; return them as reST."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    paths = []
    for value in list(block_vars["example_globals"].values()):
        if isinstance(value, Figure) and value not in _saved:
            _saved.add(value)
            path = next(block_vars["image_path_iterator"])
            value.savefig(path, dpi=2.0 * RESOLUTION * WIDTH / float(value.get_size_inches()[0]))
            paths.append(path)
    plt.close("all")
    return figure_rst(paths, gallery_conf["src_dir"])
