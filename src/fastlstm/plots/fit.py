"""Measured output against simulated output, with the residual."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastlstm.plots.canvas import (
    FONT,
    MEASURED,
    RESIDUAL,
    SIMULATED,
    dress,
    finish,
    key_above,
    new_figure,
)
from fastlstm.thinning import detail_window, extremes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]

MAX_POINTS = 4000
DETAIL_STEPS = 400


def plot_fit(
    y: ArrayLike,
    y_sim: ArrayLike,
    sampling_time: float | None = None,
    names: Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    record_starts: Sequence[int] = (),
    first_scored: int = 0,
) -> Figure:
    """Measured output against simulated output, the residual below it.

    A record longer than 2 * DETAIL_STEPS gets a panel with the stretch around its largest residual,
    which is shaded in the panel above. Records too long to draw point by point are drawn as their
    extremes per pixel.

    Parameters
    ----------
    y, y_sim : array of shape (n_timesteps,) or (n_timesteps, n_outputs)
        Measured and simulated output, in the same unit; y may be NaN where nothing was measured.
    sampling_time : float, optional
        Seconds between steps; without it the time axis counts steps.
    names : sequence of str, optional
        One name per output, with its unit.
    path : path, optional
        Where to write the picture; the extension names the format.
    title : str, default=""
        Text above the first panel.
    record_starts : sequence of int
        Steps at which a new record begins; each gets a vertical line.
    first_scored : int, default=0
        Steps before this one do not choose the stretch shown in detail.

    Returns
    -------
    figure : matplotlib.figure.Figure
        1600 x 900 pixels for one output; taller for more.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If shapes or names do not fit together, or a value is not finite.
    """
    measured, simulated = _as_outputs(y, "y", gaps=True), _as_outputs(y_sim, "y_sim")
    if measured.shape != simulated.shape:
        raise ValueError(
            f"y_sim must have the shape of y; got {simulated.shape}, and y has {measured.shape}. "
            "Simulate every step of the record."
        )
    n_steps, n_outputs = measured.shape
    names = [f"y_{k}" if n_outputs > 1 else "y" for k in range(n_outputs)] if not names else names
    if len(names) != n_outputs:
        raise ValueError(
            f"names must have one name per output, {n_outputs}; got {list(names)}. Pass them all."
        )
    time = np.arange(n_steps) * (sampling_time or 1.0)
    figure = _new_figure(n_outputs, with_detail=n_steps > 2 * DETAIL_STEPS)
    panels = np.array(figure.axes).reshape(n_outputs, -1)
    for output, name in enumerate(names):
        _draw_output(
            panels[output], time, measured[:, output], simulated[:, output], name, first_scored
        )
    for axes in [*panels[:, 0], *panels[:, -1]]:
        for start in record_starts:
            if start > 0:
                axes.axvline(float(time[start]), color="0.6", linewidth=1.0, linestyle=":")
    panels[0, 0].set_title(title, fontdict=FONT, loc="left")
    key_above(panels[0, 0])
    panels[-1, -1].set_xlabel("time (s)" if sampling_time else "step", fontdict=FONT)
    return finish(figure, path)


def _as_outputs(values: ArrayLike, name: str, gaps: bool = False) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    known = array[~np.isnan(array)] if gaps else array
    if array.ndim != 2 or 0 in array.shape or known.size == 0 or not np.isfinite(known).all():
        raise ValueError(
            f"{name} must be a finite array of shape (n_timesteps, n_outputs); got shape "
            f"{array.shape}. Pass one record, without gaps."
        )
    return array


def _new_figure(n_outputs: int, with_detail: bool) -> Figure:
    """Empty panels, one group below the other."""
    figure = new_figure(height=max(9.0, 5.5 * n_outputs))
    heights = ([3.0, 2.0, 1.4] if with_detail else [3.0, 1.4]) * n_outputs
    figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights}, squeeze=False)
    return figure


def _draw_output(
    panels: Sequence[Axes],
    time: FloatArray,
    measured: FloatArray,
    simulated: FloatArray,
    name: str,
    first_scored: int,
) -> None:
    known = ~np.isnan(measured)
    residual = np.where(known, measured - simulated, 0.0)
    overview, rest = panels[0], panels[-1]
    _draw_pair(overview, time, measured, simulated)
    overview.set_ylabel(name, fontdict=FONT)
    if len(panels) == 3:
        stretch = detail_window(residual, first_scored, DETAIL_STEPS)
        _draw_pair(panels[1], time[stretch], measured[stretch], simulated[stretch])
        panels[1].set_ylabel("detail", fontdict=FONT)
        overview.axvspan(
            float(time[stretch.start]), float(time[stretch.stop - 1]), color="0.9", zorder=0
        )
    rest.plot(*extremes(time[known], residual[known], MAX_POINTS), color=RESIDUAL, linewidth=1.0)
    rest.axhline(0.0, color="0.6", linewidth=1.0, zorder=0)
    rest.set_ylabel("residual", fontdict=FONT)
    for axes in panels:
        dress(axes)
        axes.margins(x=0.0)


def _draw_pair(axes: Axes, time: FloatArray, measured: FloatArray, simulated: FloatArray) -> None:
    style: dict[str, Any] = {"color": MEASURED, "linewidth": 2.2, "label": "measured"}
    known = ~np.isnan(measured)
    axes.plot(*extremes(time[known], measured[known], MAX_POINTS), **style)
    style = {"color": SIMULATED, "linewidth": 1.2, "label": "simulated"}
    axes.plot(*extremes(time, simulated, MAX_POINTS), **style)
