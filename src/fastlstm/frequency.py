r"""Best linear approximation of a plant from measured signals, frequency by frequency.

Every record is cut into overlapping windows; with the Fourier transforms U and Y of the windows and
the averages :math:`\hat S_{uu} = \overline{U U^*}`, :math:`\hat S_{yu} = \overline{Y U^*}`,

.. math:: \hat H = \hat S_{yu} \hat S_{uu}^{-1}, \qquad
          \hat \gamma^2_k = \frac{(\hat H \hat S_{uu} \hat H^*)_{kk}}{(\hat S_{yy})_{kk}}.

For a nonlinear plant this is the linear model with the least squared error at every frequency for
inputs like the measured ones. The coherence :math:`\gamma^2` is the part of the output power that
it explains: noise, nonlinearity and too short windows take it below 1.

References
----------
J. S. Bendat, A. G. Piersol, "Random Data", 4th ed., 2010, chapters 6 and 7 (the H1 estimate).

R. Pintelon, J. Schoukens, "System Identification: A Frequency Domain Approach", 2nd ed., 2012,
chapter 4 (best linear approximation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
N_WINDOWS = 16  # aimed at where the length of a window is not given
SHORTEST, LONGEST = 16, 2048
SINGULAR = 1e12  # condition of the input spectrum beyond which the inputs cannot be told apart


@dataclass(frozen=True)
class FrequencyEstimate:
    """Nonparametric frequency response with its coherence.

    Parameters
    ----------
    frequencies : array of shape (n_frequencies,)
        In Hz, above zero, up to half the sampling rate.
    response : complex array of shape (n_frequencies, n_outputs, n_inputs)
        Output unit per input unit; NaN where the inputs have no power or move together.
    coherence : array of shape (n_frequencies, n_outputs)
        In [0, 1], of every output with all inputs together.
    n_windows : int
        Windows averaged over.
    """

    frequencies: FloatArray
    response: ComplexArray
    coherence: FloatArray
    n_windows: int


def best_linear_approximation(
    u: Sequence[FloatArray],
    y: Sequence[FloatArray],
    sampling_time: float = 1.0,
    window_steps: int | None = None,
) -> FrequencyEstimate:
    """H1 estimate by Welch's method over one or many records.

    Parameters
    ----------
    u, y : sequence of arrays of shape (n_timesteps, n_inputs) and (n_timesteps, n_outputs)
        Records of inputs and outputs; windows never cross records.
    sampling_time : float, default=1.0
        Seconds.
    window_steps : int, optional
        Length of the Hann windows, which overlap by half; long enough for the memory of the plant.
        Without it, as many steps as give some 16 windows.

    Returns
    -------
    FrequencyEstimate

    Raises
    ------
    ValueError
        If there are not more windows than inputs, so that every response would explain the data.

    Examples
    --------
    >>> u = np.random.default_rng(0).standard_normal((4000, 1))
    >>> estimate = best_linear_approximation([u], [3.0 * u])
    >>> np.allclose(estimate.response, 3.0), np.allclose(estimate.coherence, 1.0)
    (True, True)
    """
    n_steps = window_steps or _window_steps([len(part) for part in u])
    inputs, outputs = _windows(u, n_steps), _windows(y, n_steps)
    n_windows, n_inputs = inputs.shape[0], inputs.shape[2]
    if n_windows <= n_inputs:
        raise ValueError(
            f"window_steps must leave more windows than the {n_inputs} inputs; got {n_steps}, "
            f"which leaves {n_windows}. Pass longer records or shorter windows."
        )
    # Mean over windows: (n_frequencies, channels, channels)
    s_uu = np.einsum("wfi,wfj->fij", inputs, inputs.conj()) / n_windows
    s_yu = np.einsum("wfi,wfj->fij", outputs, inputs.conj()) / n_windows
    s_yy = np.mean(np.abs(outputs) ** 2, axis=0)
    response = _right_divide(s_yu, s_uu)
    explained = np.einsum("fki,fij,fkj->fk", response, s_uu, response.conj()).real
    coherence = np.divide(explained, s_yy, out=np.full(s_yy.shape, np.nan), where=s_yy > 0.0)
    frequencies = np.fft.rfftfreq(n_steps, sampling_time).astype(np.float64)
    # the window mixes the mean that was taken out into the first two lines
    return FrequencyEstimate(
        frequencies[2:], response[2:], np.clip(coherence[2:], 0.0, 1.0), n_windows
    )


def _window_steps(lengths: Sequence[int]) -> int:
    """Length that gives about `N_WINDOWS` windows, at most that of the shortest record."""
    aim = 2 * sum(lengths) // (N_WINDOWS + 1)
    return min(max(min(aim, LONGEST), SHORTEST), min(lengths))


def _windows(records: Sequence[FloatArray], n_steps: int) -> ComplexArray:
    """Transform the Hann windows of all records, (n_windows, n_frequencies, n_channels)."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_steps) / n_steps)
    hop = max(1, n_steps // 2)
    parts = [
        record[start : start + n_steps]
        for record in records
        for start in range(0, len(record) - n_steps + 1, hop)
    ]
    if not parts:
        return np.zeros((0, n_steps // 2 + 1, records[0].shape[1]), dtype=complex)
    stacked = np.stack(parts)
    centred = stacked - stacked.mean(axis=1, keepdims=True)
    return np.fft.rfft(centred * hann[:, None], axis=1)


def _right_divide(s_yu: ComplexArray, s_uu: ComplexArray) -> ComplexArray:
    """Solve ``H @ s_uu = s_yu`` at every frequency; NaN where `s_uu` is singular."""
    response = np.full(s_yu.shape, np.nan + 0j)
    # equal scale for all inputs, so that the condition is about their likeness, not their units
    size = np.sqrt(np.einsum("fii->fi", s_uu).real)
    alive = np.all(size > 1e-12 * size.max(axis=0), axis=1)
    scaled = s_uu[alive] / (size[alive, :, None] * size[alive, None, :])
    good = np.linalg.cond(scaled) < SINGULAR
    alive[alive] = good
    size = size[alive]
    target = np.swapaxes(s_yu[alive], 1, 2) / size[:, :, None]
    solved = np.linalg.solve(np.swapaxes(scaled[good], 1, 2), target) / size[:, :, None]
    response[alive] = np.swapaxes(solved, 1, 2)
    return response
