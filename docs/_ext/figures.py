"""Collect the figures of an example: those of pyplot, and those of the library, which avoids it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from sphinx_gallery.scrapers import figure_rst

RESOLUTION = 110  # pixels per inch of what is 9 inches wide on the page


def _get_sg_image_scraper() -> Callable[..., str]:
    """Find the scraper; sphinx-gallery asks for it by this name."""
    return FigureScraper()


class FigureScraper:
    """Save every matplotlib figure that a block has bound to a name."""

    def __init__(self) -> None:
        self._saved: WeakSet[Any] = WeakSet()

    def __repr__(self) -> str:
        return "figures"  # sphinx-gallery compares settings between builds

    def __call__(self, block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
        """Return the figures of one block as reST."""
        import matplotlib.pyplot as plt
        from matplotlib.figure import Figure

        paths = []
        for value in list(block_vars["example_globals"].values()):
            if isinstance(value, Figure) and value not in self._saved:
                self._saved.add(value)
                path = next(block_vars["image_path_iterator"])
                dots = RESOLUTION * 9.0 / float(value.get_size_inches()[0])
                value.savefig(path, dpi=2.0 * dots)
                paths.append(path)
        plt.close("all")
        return figure_rst(paths, gallery_conf["src_dir"])
