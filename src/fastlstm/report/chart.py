"""What a chart shows, free of how it is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.report.ticks import labels, linear_ticks, log_ticks

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Points that are joined; points that are not finite leave a gap.

    Parameters
    ----------
    x, y : array of shape (n_points,)
    name : str
        In the description of the chart and in the read-out.
    style : str
        CSS class.
    dot : tuple of float, optional
        A point that is marked, as (x, y).
    """

    x: FloatArray
    y: FloatArray
    name: str
    style: str
    dot: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axis:
    """One axis: its range, its scale and its title."""

    low: float
    high: float
    title: str
    log: bool = False

    @classmethod
    def around(
        cls, values: Sequence[FloatArray], title: str, log: bool = False, margin: float = 0.05
    ) -> Axis:
        """Range that holds all values that can be drawn, and a little more.

        Parameters
        ----------
        values : sequence of arrays
        title : str
        log : bool
            Then only positive values can be drawn.
        margin : float
            Added at both ends, as a part of the range (of its logarithm).
        """
        everything = np.concatenate([np.ravel(part) for part in values] or [np.zeros(0)])
        usable = everything[np.isfinite(everything)]
        usable = np.log10(usable[usable > 0.0]) if log else usable
        low, high = (float(usable.min()), float(usable.max())) if len(usable) else (0.0, 1.0)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            pad = 0.5 if log or low == 0.0 else 0.5 * abs(low)
        else:
            pad = margin * (high - low)
        low, high = low - pad, high + pad
        return cls(10.0**low, 10.0**high, title, True) if log else cls(low, high, title)

    def place(self, values: FloatArray) -> FloatArray:
        """Positions from 0 to 1 along the axis; NaN for what cannot be drawn."""
        low, high, x = self.low, self.high, np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.log:
                low, high, x = math.log10(low), math.log10(high), np.log10(x)
            place = (x - low) / (high - low)
        return np.where(np.isfinite(place), np.clip(place, -0.5, 1.5), np.nan)

    @property
    def ticks(self) -> tuple[list[float], list[str], str]:
        """Values, their labels, and the title with the common factor of the labels."""
        values = (log_ticks if self.log else linear_ticks)(self.low, self.high)
        texts, factor = labels(values, self.log)
        return values, texts, f"{self.title} (× {factor})" if factor else self.title


@dataclass(frozen=True)
class Chart:
    """A chart with one pair of axes.

    Parameters
    ----------
    title, description : str
        Read by screen readers; the title is also the caption.
    x, y : Axis
    lines : tuple of Line
        Drawn in this order.
    band : float, optional
        Half height of a shaded band around zero.
    stems : Line, optional
        Values drawn as bars from zero.
    marks : tuple of float
        Places on the x axis with a dashed vertical line.
    shade : tuple of float, optional
        Stretch of the x axis that is shaded, as (from, to).
    readout : bool
        Whether the values under the pointer are shown.
    """

    title: str
    description: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...] = ()
    band: float | None = None
    stems: Line | None = None
    marks: tuple[float, ...] = ()
    shade: tuple[float, float] | None = None
    readout: bool = False
