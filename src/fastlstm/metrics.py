r"""How far a simulation is from the measurement, per output channel.

With the error :math:`e_t = y_t - \hat y_t` over the n scored steps of all records together:

- ``mae``: :math:`\frac1n \sum |e_t|`
- ``rmse``: :math:`\sqrt{\frac1n \sum e_t^2}`
- ``nrmse``: rmse divided by the population standard deviation of y
- ``fit_percent``: :math:`100\,(1 - \mathrm{nrmse})`
- ``r2``: :math:`1 - \mathrm{nrmse}^2`

Every function takes ``(y_true, y_pred)`` as 1-D or 2-D arrays, 3-D arrays or lists of them, and
returns one number for 1-D records, an array of shape (n_outputs,) otherwise.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import is_sequence_of_records, to_float
from fastlstm.exceptions import DataWarning

FloatArray = NDArray[np.float64]


def rmse(y_true: Any, y_pred: Any, *, washout: int = 0) -> Any:
    """Root of the mean squared error per channel, in the unit of y.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(rmse([1.0, 2.0, 3.0], [9.0, 6.0, 6.0], washout=1))
    3.5355339059327378
    """
    error, exponent = _scaled_error(*_scored(y_true, y_pred, washout))
    return np.ldexp(_root_mean_square(error), exponent)


def mae(y_true: Any, y_pred: Any, *, washout: int = 0) -> Any:
    """Mean absolute error per channel, in the unit of y.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(mae([1.0, 2.0], [1.0, 5.0]))
    1.5
    """
    error, exponent = _scaled_error(*_scored(y_true, y_pred, washout))
    return np.ldexp(np.mean(np.abs(error), axis=0), exponent)


def nrmse(y_true: Any, y_pred: Any, *, washout: int = 0) -> Any:
    """RMSE divided by the standard deviation of `y_true` (population), per channel.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.

    Returns
    -------
    float or array of shape (n_outputs,)
        NaN for a channel of `y_true` that is constant.

    Warns
    -----
    DataWarning
        If a channel of `y_true` is constant.

    Examples
    --------
    >>> float(nrmse([1.0, -1.0], [1.0, 0.0]))
    0.7071067811865476
    """
    true, pred = _scored(y_true, y_pred, washout)
    error, exponent = _scaled_error(true, pred)
    own_exponent = np.frexp(np.max(np.abs(true), axis=0))[1]
    scaled = np.ldexp(true, -own_exponent)
    spread = np.where(np.ptp(scaled, axis=0) > 0.0, np.std(scaled, axis=0), np.nan)
    constant = np.flatnonzero(np.isnan(spread))
    if len(constant):
        warnings.warn(
            f"y_true must vary for nrmse, fit_percent and r2; channels {constant.tolist()} are "
            "constant over the scored steps, so they score NaN. Use rmse or mae for them.",
            DataWarning,
            stacklevel=2,
        )
    with np.errstate(over="ignore"):
        return np.ldexp(_root_mean_square(error) / spread, exponent - own_exponent)


def fit_percent(y_true: Any, y_pred: Any, *, washout: int = 0) -> Any:
    """Best fit rate ``100 * (1 - nrmse)`` per channel: 100 is perfect, 0 as good as the mean.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(fit_percent([1.0, -1.0], [1.0, -1.0]))
    100.0
    """
    return 100.0 * (1.0 - nrmse(y_true, y_pred, washout=washout))


def r2(y_true: Any, y_pred: Any, *, washout: int = 0) -> Any:
    """Coefficient of determination ``1 - nrmse**2`` per channel.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> round(float(r2([2.0, -2.0], [2.0, 0.0])), 12)
    0.5
    """
    with np.errstate(over="ignore"):
        return 1.0 - np.square(nrmse(y_true, y_pred, washout=washout))


def _root_mean_square(error: FloatArray) -> Any:
    scale = np.max(np.abs(error), axis=0)  # squares of 1e-200 would vanish
    ratio = error / np.where(scale > 0.0, scale, 1.0)
    return scale * np.sqrt(np.mean(ratio**2, axis=0))


def _scaled_error(true: FloatArray, pred: FloatArray) -> tuple[FloatArray, NDArray[np.intc]]:
    """Error divided by ``2**exponent``, the exponent per channel such that no square overflows."""
    largest = np.maximum(np.max(np.abs(true), axis=0), np.max(np.abs(pred), axis=0))
    exponent = np.frexp(largest)[1] + 1
    return np.ldexp(true, -exponent) - np.ldexp(pred, -exponent), exponent


def _scored(y_true: Any, y_pred: Any, washout: int) -> tuple[FloatArray, FloatArray]:
    """Scored steps of both, all records together."""
    true, pred = _records(y_true, "y_true"), _records(y_pred, "y_pred")
    if [part.shape for part in true] != [part.shape for part in pred]:
        raise ValueError(
            f"y_pred must have the shape of y_true; got {[part.shape for part in pred]}, and "
            f"y_true has {[part.shape for part in true]}. Pass both in the same form."
        )
    for record, part in enumerate(true):
        if washout < 0 or washout >= len(part):
            raise ValueError(
                f"washout must be >= 0 and shorter than every record; got washout={washout}, and "
                f"record {record} has {len(part)} steps. Use a smaller washout."
            )
    return (
        np.concatenate([part[washout:] for part in true]),
        np.concatenate([part[washout:] for part in pred]),
    )


def _records(y: Any, name: str) -> list[FloatArray]:
    if is_sequence_of_records(y):
        parts = [to_float(part, name, f" in record {r}") for r, part in enumerate(y)]
    else:
        array = to_float(y, name)
        parts = list(array) if array.ndim == 3 else [array]
    if any(part.ndim not in (1, 2) or part.ndim != parts[0].ndim for part in parts):
        raise ValueError(
            f"{name} must be 1-D or 2-D per record, the same for all; got shapes "
            f"{[part.shape for part in parts]}. Reshape it to (n_timesteps, n_outputs)."
        )
    return parts
