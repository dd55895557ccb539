"""Charts of a residual: its correlations with their bounds, and its distribution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fastlstm.diagnostics import Correlation
from fastlstm.report.chart import Axis, Chart, Line
from fastlstm.report.markup import number

FloatArray = NDArray[np.float64]
MAX_BINS = 40


def correlogram(correlation: Correlation, title: str, x_title: str, style: str) -> Chart:
    """Bars at every lag in front of the 99 % bounds."""
    lags, bound = correlation.lags.astype(np.float64), correlation.bound
    bounds = np.array([-2.0 * bound, 2.0 * bound, 0.0])
    return Chart(
        title=title,
        description=f"Correlation at lags {lags[0]:g} to {lags[-1]:g}; "
        f"{number(100.0 * correlation.outside)} % of the lags are beyond the 99 % bound of "
        f"{number(bound)}.",
        x=Axis(lags[0] - 1.0, lags[-1] + 1.0, x_title),
        y=Axis.around([correlation.values, bounds], "correlation"),
        band=bound,
        stems=Line(lags, correlation.values, "correlation", style),
    )


def histogram(residual: FloatArray, title: str, style: str) -> Chart:
    """Density of the residual beside that of a normal variable of the same mean and spread.

    Parameters
    ----------
    residual : array of shape (n_timesteps,)
        Finite.
    title, style : str
    """
    mean, std = float(np.mean(residual)), float(np.std(residual))
    n_bins = int(np.clip(math.sqrt(len(residual)), 5, MAX_BINS))
    heights, edges = np.histogram(residual, bins=n_bins, density=True)
    x = np.repeat(edges, 2)
    y = np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
    lines = [Line(x, y, "residual", style)]
    if std > 0.0:
        z = np.linspace(edges[0], edges[-1], 121)
        bell = np.exp(-0.5 * ((z - mean) / std) ** 2) / (std * math.sqrt(2.0 * math.pi))
        lines.insert(0, Line(z, bell, "normal distribution", "measured"))
    return Chart(
        title=title,
        description=f"Histogram of {len(residual)} residuals with mean {number(mean)} and standard "
        f"deviation {number(std)}; the broad grey line is the normal distribution with both.",
        x=Axis.around([edges], "measured − simulated"),
        y=Axis.around([line.y for line in lines], "density"),
        lines=tuple(lines),
    )
