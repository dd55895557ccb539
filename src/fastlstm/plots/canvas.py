"""What all pictures share: size, palette, fonts, and how they are written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: black, vermilion and blue differ for every kind of colour vision.
MEASURED, SIMULATED, RESIDUAL = "#000000", "#D55E00", "#0072B2"
BOUND = "#CCDDEE"
FONT = {"size": 15}


def new_figure(width: float = 16.0, height: float = 9.0) -> Figure:
    """Empty figure at 100 pixels per inch, free of pyplot's global state.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "pictures need matplotlib, which is not installed. Run pip install 'fastlstm[plot]'."
        ) from error
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Grid behind the data, large tick labels, titles of panel and axes where given."""
    axes.tick_params(labelsize=FONT["size"] - 2)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    if title:
        axes.set_title(title, fontdict=FONT, loc="left")
    if x:
        axes.set_xlabel(x, fontdict=FONT)
    if y:
        axes.set_ylabel(y, fontdict=FONT)


def key_above(axes: Axes) -> None:
    """Legend above the right end of a panel, where it covers nothing."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        fontsize=FONT["size"],
        frameon=False,
        borderaxespad=0.2,
    )


def finish(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    """Write the picture where a path is given; its extension names the format."""
    if path is not None:
        figure.savefig(os.fspath(path))
    return figure
