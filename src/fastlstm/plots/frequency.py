"""The model's linearisation against the best linear approximation of the measured data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastlstm.frequency import FrequencyEstimate, best_linear_approximation
from fastlstm.linearise import linearise
from fastlstm.model_run import ModelRun, numbered
from fastlstm.plots.canvas import (
    MEASURED,
    RESIDUAL,
    SIMULATED,
    dress,
    finish,
    key_above,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
N_FREQUENCIES = 400
DECADES = 3.0  # below half the sampling rate, where no data say what to show


def plot_frequency(
    model: LSTMRegressor,
    X: Any = None,
    y: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    sampling_time: float | None = None,
    u0: ArrayLike | None = None,
    window_steps: int | None = None,
) -> Figure:
    """Gain and phase of the linearised model; with data, those of the plant and the coherence.

    Three lines, from the data two: the best linear approximation of the measurement, that of the
    free run on the same inputs, and the linearisation for small signals. Where the first two agree
    the model has the dynamics of the plant; where the third departs from the second, the model is
    nonlinear over the range of these inputs.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    X, y : array or one per record, optional
        Measured inputs and outputs, both or none.
    path : path, optional
        Where to write the picture; the extension names the format.
    sampling_time : float, optional
        Seconds; without it frequencies are in cycles per step.
    u0 : float or array of shape (n_inputs,), optional
        Input around which the model is linearised; by default the mean of X, without X that of
        the training inputs.
    window_steps : int, optional
        Length of Welch's windows, see `fastlstm.frequency.best_linear_approximation`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        One column per input; gain, phase and coherence below each other per output.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If only one of X and y is given, they are not those of the model, or the model does not
        come to rest at `u0`.
    """
    if (X is None) != (y is None):
        missing = "X" if X is None else "y"
        raise ValueError(f"X and y belong together; {missing} is None. Pass both or none.")
    step = 1.0 if sampling_time is None else float(sampling_time)
    if not (np.isfinite(step) and step > 0.0):
        raise ValueError(
            f"sampling_time must be positive and finite; got {sampling_time}. Pass seconds."
        )
    run = None if X is None else ModelRun.of(model, X, y)
    estimates = [] if run is None else _estimates(run, step, window_steps)
    if run is not None and u0 is None:
        u0 = run.records.u.mean(axis=0)
    hold = model.frame_.hold  # the network knows frequencies up to half its own rate
    top = 0.5 / (step * hold)
    low = min(estimates[0].frequencies[0], top / 2.0) if estimates else top * 10.0**-DECADES
    # a delay turns the phase: between two frequencies by less than half a turn
    n_frequencies = N_FREQUENCIES * (1 + model.frame_.longest_delay // (20 * hold))
    frequencies = np.geomspace(low, top, n_frequencies)
    linear = linearise(model, u0, hold).response(frequencies, step * hold)
    unit = "frequency (cycles per step)" if sampling_time is None else "frequency (Hz)"
    figure = _draw(frequencies, linear, estimates, _names(model, run), unit)
    return finish(figure, path)


def _estimates(
    run: ModelRun, sampling_time: float, window_steps: int | None
) -> list[FrequencyEstimate]:
    """Best linear approximations of the measurement and of the free run, scored steps only."""
    assert run.records.y is not None
    u = run.scored(run.records.u)
    return [
        best_linear_approximation(u, run.scored(y), sampling_time, window_steps)
        for y in (run.records.y, run.y_sim)
    ]


def _names(model: LSTMRegressor, run: ModelRun | None) -> tuple[Sequence[str], Sequence[str]]:
    if run is not None:
        return run.input_names, run.output_names
    inputs = getattr(model, "feature_names_in_", numbered("u", model.n_features_in_))
    return list(inputs), list(getattr(model, "output_names_", numbered("y", model.n_outputs_)))


def _draw(
    frequencies: FloatArray,
    linear: ComplexArray,
    estimates: Sequence[FrequencyEstimate],
    names: tuple[Sequence[str], Sequence[str]],
    unit: str,
) -> Figure:
    inputs, outputs = names
    heights = [3.0, 2.0, 1.3] if estimates else [3.0, 2.0]
    group = len(heights)
    figure = new_figure(max(14.0, 9.0 * len(inputs)), sum(heights) * 1.55 * len(outputs))
    panels = figure.subplots(
        group * len(outputs),
        len(inputs),
        squeeze=False,
        sharex=True,
        gridspec_kw={"height_ratios": heights * len(outputs)},
    )
    for k, output in enumerate(outputs):
        for m, name in enumerate(inputs):
            gain, phase, *rest = panels[group * k : group * (k + 1), m]
            _pair(gain, phase, frequencies, linear[:, k, m], [_of(e, k, m) for e in estimates])
            dress(gain, title=f"{name} → {output}", y="gain (dB)" if m == 0 else "")
            dress(phase, y="phase (°)" if m == 0 else "")
            for axes in rest:
                _coherence(axes, estimates[0].frequencies, estimates[0].coherence[:, k])
                dress(axes, y="coherence" if m == 0 else "")
    for axes in panels[-1]:
        dress(axes, x=unit)
        axes.set_xscale("log")
        axes.set_xlim(frequencies[0], frequencies[-1])
    key_above(panels[0, -1])
    return figure


def _of(estimate: FrequencyEstimate, k: int, m: int) -> tuple[FloatArray, ComplexArray]:
    return estimate.frequencies, estimate.response[:, k, m]


def _pair(
    gain: Axes,
    phase: Axes,
    frequencies: FloatArray,
    linear: ComplexArray,
    estimates: Sequence[tuple[FloatArray, ComplexArray]],
) -> None:
    """Gain in decibels and phase; estimates near the phase of the linearisation."""
    reference = np.degrees(np.unwrap(np.angle(linear)))
    styles = (
        {"color": MEASURED, "linestyle": "none", "marker": "o", "markersize": 4.0},
        {"color": RESIDUAL, "linestyle": "--", "linewidth": 2.0},
    )
    labels = ("measured", "free run")
    for (at, response), label, style in zip(estimates, labels, styles, strict=False):
        gain.plot(at, _decibels(response), label=label, **style)
        near = np.interp(at, frequencies, reference)
        angle = np.degrees(np.angle(response))
        phase.plot(at, angle + 360.0 * np.round((near - angle) / 360.0), **style)
    gain.plot(frequencies, _decibels(linear), color=SIMULATED, linewidth=2.4, label="linearised")
    phase.plot(frequencies, reference, color=SIMULATED, linewidth=2.4)


def _decibels(response: ComplexArray) -> FloatArray:
    size = np.abs(response)
    return 20.0 * np.log10(size, out=np.full(size.shape, np.nan), where=size > 0.0)


def _coherence(axes: Axes, frequencies: FloatArray, coherence: FloatArray) -> None:
    axes.plot(frequencies, coherence, color=MEASURED, linewidth=1.8)
    axes.set_ylim(-0.03, 1.05)
