r"""What is left in the residual of a model: whether it is white, and whether the input shows.

With the residual :math:`e` (measured minus simulated) and the input :math:`u` of N steps, both
without their means, and :math:`\hat R_{xy}(k) = \frac1N \sum_t x_t y_{t-k}`,

.. math:: \hat\rho_e(k) = \hat R_{ee}(k) / \hat R_{ee}(0), \qquad
          \hat\rho_{eu}(k) = \hat R_{eu}(k) / \sqrt{\hat R_{ee}(0) \hat R_{uu}(0)}.

If e is white, :math:`\sqrt N \hat\rho_e(k)` tends to a standard normal variable for every k > 0. If
e is independent of u, :math:`\sqrt N \hat\rho_{eu}(k)` tends to a normal variable of variance
:math:`P = \sum_{k=-\infty}^{\infty} \rho_e(k) \rho_u(k)`. So 99 of 100 lags lie within
:math:`2.58 / \sqrt N` and :math:`2.58 \sqrt{P / N}`. A free-run residual contains the measurement
noise as it is, so it may be coloured although the model is right; correlation with past inputs
(k >= 0) is what the model has missed, correlation with future inputs (k < 0) is feedback.

References
----------
L. Ljung, "System Identification: Theory for the User", 2nd ed., 1999, section 16.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
CONFIDENCE_99 = 2.5758293035489004  # two-sided quantile of the standard normal distribution


@dataclass(frozen=True)
class Correlation:
    """Normalised correlation with its 99 % confidence bound.

    Parameters
    ----------
    lags : int array of shape (n_lags,)
    values : array of shape (n_lags,)
        In [-1, 1]; NaN where a signal does not vary.
    bound : float
        99 % of the judged lags lie within plus and minus this value where there is nothing to find.
    judged : bool array of shape (n_lags,)
        False for lag 0 of an autocorrelation, which is 1 by definition.
    """

    lags: NDArray[np.int64]
    values: FloatArray
    bound: float
    judged: NDArray[np.bool_]

    @property
    def outside(self) -> float:
        """Part of the judged lags that are beyond the bound; NaN if there are none."""
        values = self.values[self.judged]
        return float(np.mean(np.abs(values) > self.bound)) if len(values) else float("nan")


def autocorrelation(residual: ArrayLike | Sequence[ArrayLike], max_lag: int) -> Correlation:
    r"""Autocorrelation of a residual at lags 0 to `max_lag`, and the bound of white noise.

    Parameters
    ----------
    residual : array of shape (n_timesteps,), or a list of these
        Measured minus simulated output of one or many records; products never cross records.
    max_lag : int
        At least 0 and shorter than every record.

    Returns
    -------
    correlation : Correlation
        The value at lag 0 is 1; the bound holds for the others.

    Notes
    -----
    O(n log n) by the fast Fourier transform.

    Examples
    --------
    >>> autocorrelation([1.0, -1.0, 1.0, -1.0], max_lag=2).values.round(6)
    array([ 1.  , -0.75,  0.5 ])
    """
    parts = _centred(residual, "residual")
    _check_lag(max_lag, parts)
    covariance = _summed(parts, parts, max_lag)[max_lag:]
    n_steps = sum(map(len, parts))
    values = _ratio(covariance, float(covariance[0]))
    lags = np.arange(max_lag + 1)
    return Correlation(lags, values, float(CONFIDENCE_99 / np.sqrt(n_steps)), lags > 0)


def cross_correlation(
    u: ArrayLike | Sequence[ArrayLike], residual: ArrayLike | Sequence[ArrayLike], max_lag: int
) -> Correlation:
    r"""Correlation of the residual now with the input `k` steps before, k = -max_lag to max_lag.

    Parameters
    ----------
    u, residual : array of shape (n_timesteps,), or a list of these
        One input channel, and measured minus simulated output; products never cross records.
    max_lag : int
        At least 0 and shorter than every record.

    Returns
    -------
    correlation : Correlation
        The bound takes the colour of both signals into account, from their sample
        autocovariances at all lags.

    Notes
    -----
    The sum over all lags of the product of two sample autocovariances is never negative, whereas
    one that is cut off may be.

    Examples
    --------
    >>> u = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    >>> delayed = np.concatenate([[0.0], u[:-1]])
    >>> correlation = cross_correlation(u, delayed, max_lag=2)
    >>> int(correlation.lags[np.argmax(correlation.values)])
    1
    """
    inputs, errors = _centred(u, "u"), _centred(residual, "residual")
    if [len(part) for part in inputs] != [len(part) for part in errors]:
        raise ValueError(
            f"u must have the records of residual; got lengths {[len(part) for part in inputs]} "
            f"and {[len(part) for part in errors]}. Pass one input channel of the same steps."
        )
    _check_lag(max_lag, errors)
    n_steps = sum(map(len, errors))
    energies = [sum(float(part @ part) for part in parts) for parts in (errors, inputs)]
    scale = float(np.sqrt(energies[0]) * np.sqrt(energies[1]))
    longest = max(map(len, errors)) - 1
    products = _summed(errors, errors, longest) * _summed(inputs, inputs, longest)
    variance = float(_ratio(np.array([np.sum(products)]), scale**2)[0])
    bound = float(CONFIDENCE_99 * np.sqrt(variance / n_steps))
    lags = np.arange(-max_lag, max_lag + 1)
    values = _ratio(_summed(errors, inputs, max_lag), scale)
    return Correlation(lags, values, bound, np.ones(len(lags), dtype=bool))


def _centred(signal: Any, name: str) -> list[FloatArray]:
    """One array per record, without the mean of all records together, at most 1 in size."""
    several = isinstance(signal, list | tuple) and len(signal) > 0 and np.ndim(signal[0]) > 0
    parts = [np.asarray(part, dtype=np.float64) for part in (signal if several else [signal])]
    if any(part.ndim != 1 or part.size == 0 or not np.isfinite(part).all() for part in parts):
        raise ValueError(
            f"{name} must be a finite array of shape (n_timesteps,), or a list of these; got "
            f"shapes {[part.shape for part in parts]}. Pass one channel, without gaps."
        )
    everything = np.concatenate(parts)
    if np.ptp(everything) == 0.0:
        return [np.zeros(len(part)) for part in parts]
    centred = [part - np.mean(everything) for part in parts]
    largest = max(float(np.max(np.abs(part))) for part in centred)
    return [part / largest for part in centred]


def _check_lag(max_lag: int, parts: Sequence[FloatArray]) -> None:
    shortest = min(map(len, parts))
    if not 0 <= max_lag < shortest:
        raise ValueError(
            f"max_lag must be at least 0 and shorter than every record; got {max_lag}, and the "
            f"shortest record has {shortest} steps. Use fewer lags."
        )


def _summed(x: list[FloatArray], y: list[FloatArray], max_lag: int) -> FloatArray:
    """`_covariance` of all records added up."""
    return np.sum([_covariance(*pair, max_lag) for pair in zip(x, y, strict=True)], axis=0)


def _covariance(x: FloatArray, y: FloatArray, max_lag: int) -> FloatArray:
    """Sum over t of x[t] * y[t - k] for k = -max_lag to max_lag; zero beyond the record."""
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size))
    circular = np.fft.irfft(spectrum, size)
    reach = min(max_lag, len(x) - 1)
    covariance = np.concatenate([circular[size - reach :], circular[: reach + 1]])
    return np.pad(covariance, max_lag - reach)


def _ratio(numerator: FloatArray, denominator: float) -> FloatArray:
    """Quotient, NaN where the denominator vanishes."""
    return numerator / (denominator if denominator > 0.0 else np.nan)
