r"""How far a simulation is from the measurement, per output channel.

With the error :math:`e_t = y_t - \hat y_t` over the n scored steps of all records together:

- ``mae``: :math:`\frac1n \sum |e_t|`
- ``rmse``: :math:`\sqrt{\frac1n \sum e_t^2}`
- ``nrmse``: rmse divided by the population standard deviation of y
- ``fit_percent``: :math:`100\,(1 - \mathrm{nrmse})`
- ``r2``: :math:`1 - \mathrm{nrmse}^2`

Every function takes ``(y_true, y_pred)`` as 1-D or 2-D arrays, 3-D arrays or lists of them, and
returns one number for 1-D records, an array of shape (n_outputs,) otherwise. All take further

- ``sample_weight``: array of shape (n_timesteps,), or one number or one array per record; means,
  also those in the standard deviation of y, are weighted with it
- ``missing_target``: "raise", or "mask" for outputs that were not measured: NaN in `y_true`, each
  left out of the sums of its own output, which is NaN where nothing is left
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import MISSING, is_sequence_of_records, to_float
from fastlstm.checks import Layout
from fastlstm.exceptions import DataWarning
from fastlstm.weights import check_missing_target, check_sample_weight

FloatArray = NDArray[np.float64]


def rmse(
    y_true: Any,
    y_pred: Any,
    *,
    washout: int = 0,
    sample_weight: Any = None,
    missing_target: str = "raise",
) -> Any:
    """Root of the mean squared error per channel, in the unit of y.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.
    sample_weight, missing_target
        See the module.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(rmse([1.0, 2.0, 3.0], [9.0, 6.0, 6.0], washout=1))
    3.5355339059327378
    """
    true, pred, weights = _scored(y_true, y_pred, washout, sample_weight, missing_target)
    error, exponent = _scaled_error(true, pred)
    return np.ldexp(_root_mean_square(error, weights), exponent)


def mae(
    y_true: Any,
    y_pred: Any,
    *,
    washout: int = 0,
    sample_weight: Any = None,
    missing_target: str = "raise",
) -> Any:
    """Mean absolute error per channel, in the unit of y.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.
    sample_weight, missing_target
        See the module.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(mae([1.0, 2.0], [1.0, 5.0]))
    1.5
    """
    true, pred, weights = _scored(y_true, y_pred, washout, sample_weight, missing_target)
    error, exponent = _scaled_error(true, pred)
    return np.ldexp(_mean(np.abs(error), weights), exponent)


def nrmse(
    y_true: Any,
    y_pred: Any,
    *,
    washout: int = 0,
    sample_weight: Any = None,
    missing_target: str = "raise",
) -> Any:
    """RMSE divided by the standard deviation of `y_true` (population), per channel.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.
    sample_weight, missing_target
        See the module.

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
    true, pred, weights = _scored(y_true, y_pred, washout, sample_weight, missing_target)
    error, exponent = _scaled_error(true, pred)
    own_exponent = np.frexp(np.max(np.abs(true), axis=0))[1]
    spread = _spread(np.ldexp(true, -own_exponent), weights)
    constant = np.flatnonzero(np.isnan(spread))
    if len(constant):
        warnings.warn(
            f"y_true must vary for nrmse, fit_percent and r2; channels {constant.tolist()} are "
            "constant over the scored steps, so they score NaN. Use rmse or mae for them.",
            DataWarning,
            stacklevel=2,
        )
    with np.errstate(over="ignore"):
        return np.ldexp(_root_mean_square(error, weights) / spread, exponent - own_exponent)


def fit_percent(
    y_true: Any,
    y_pred: Any,
    *,
    washout: int = 0,
    sample_weight: Any = None,
    missing_target: str = "raise",
) -> Any:
    """Best fit rate ``100 * (1 - nrmse)`` per channel: 100 is perfect, 0 as good as the mean.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.
    sample_weight, missing_target
        See the module.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> float(fit_percent([1.0, -1.0], [1.0, -1.0]))
    100.0
    """
    options = {"sample_weight": sample_weight, "missing_target": missing_target}
    return 100.0 * (1.0 - nrmse(y_true, y_pred, washout=washout, **options))


def r2(
    y_true: Any,
    y_pred: Any,
    *,
    washout: int = 0,
    sample_weight: Any = None,
    missing_target: str = "raise",
) -> Any:
    """Coefficient of determination ``1 - nrmse**2`` per channel.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured and predicted output.
    washout : int, default=0
        First steps of every record that are left out.
    sample_weight, missing_target
        See the module.

    Returns
    -------
    float or array of shape (n_outputs,)

    Examples
    --------
    >>> round(float(r2([2.0, -2.0], [2.0, 0.0])), 12)
    0.5
    """
    options = {"sample_weight": sample_weight, "missing_target": missing_target}
    with np.errstate(over="ignore"):
        return 1.0 - np.square(nrmse(y_true, y_pred, washout=washout, **options))


def _mean(values: FloatArray, weights: FloatArray | None) -> Any:
    if weights is None:
        return np.mean(values, axis=0)
    total = weights.sum(axis=0)
    total = np.where(total > 0.0, total, np.nan)
    return np.sum(weights * values, axis=0) / total


def _root_mean_square(error: FloatArray, weights: FloatArray | None) -> Any:
    scale = np.max(np.abs(error), axis=0)  # squares of 1e-200 would vanish
    ratio = error / np.where(scale > 0.0, scale, 1.0)
    return scale * np.sqrt(_mean(ratio**2, weights))


def _spread(y: FloatArray, weights: FloatArray | None) -> Any:
    """Give the standard deviation of every channel, NaN where it is constant."""
    if weights is None:
        return np.where(np.ptp(y, axis=0) > 0.0, np.std(y, axis=0), np.nan)
    counts = weights > 0.0
    low = np.min(np.where(counts, y, np.inf), axis=0)
    high = np.max(np.where(counts, y, -np.inf), axis=0)
    std = np.sqrt(_mean((y - _mean(y, weights)) ** 2, weights))
    return np.where(high > low, std, np.nan)


def _scaled_error(true: FloatArray, pred: FloatArray) -> tuple[FloatArray, NDArray[np.intc]]:
    """Error divided by ``2**exponent`` per channel, such that no square overflows."""
    largest = np.maximum(np.max(np.abs(true), axis=0), np.max(np.abs(pred), axis=0))
    exponent = np.frexp(largest)[1] + 1
    return np.ldexp(true, -exponent) - np.ldexp(pred, -exponent), exponent


def _scored(
    y_true: Any, y_pred: Any, washout: int, sample_weight: Any, missing_target: str
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Scored steps of both, all records together, and their weights; zero where these are zero."""
    masks = check_missing_target(missing_target)
    true, pred = _records(y_true, "y_true", masks), _records(y_pred, "y_pred")
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
    several = is_sequence_of_records(y_true) or np.ndim(y_true) == 3
    lengths = np.array([len(part) for part in true])
    rows = check_sample_weight(sample_weight, lengths, Layout("list" if several else "single"))
    scored = np.concatenate([np.arange(n) >= washout for n in lengths])
    y, y_sim = np.concatenate(true)[scored], np.concatenate(pred)[scored]
    missing = np.isnan(y)
    if rows is None and not missing.any():
        return y, y_sim, None
    weights = np.where(missing, 0.0, 1.0)
    if rows is not None:
        weights = (weights.T * (rows / rows.max())[scored]).T
    return np.where(weights > 0.0, y, 0.0), np.where(weights > 0.0, y_sim, 0.0), weights


def _records(y: Any, name: str, nan: bool = False) -> list[FloatArray]:
    if is_sequence_of_records(y):
        parts = [
            to_float(
                part, name, f" in record {r}", nan=nan, advice=MISSING if name == "y_true" else ""
            )
            for r, part in enumerate(y)
        ]
    else:
        array = to_float(y, name, nan=nan, advice=MISSING if name == "y_true" else "")
        parts = list(array) if array.ndim == 3 else [array]
    if any(part.ndim not in (1, 2) or part.ndim != parts[0].ndim for part in parts):
        raise ValueError(
            f"{name} must be 1-D or 2-D per record, the same for all; got shapes "
            f"{[part.shape for part in parts]}. Reshape it to (n_timesteps, n_outputs)."
        )
    return parts
