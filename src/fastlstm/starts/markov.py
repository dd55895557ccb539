"""Impulse responses from data, by ridge-regularised ARX models of high order.

All statistics are sums over ranges of rows, so records never touch each other and rows held out
for a choice simply do not appear in any range.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Ranges = Sequence[tuple[int, int]]

RIDGE_GRID = np.logspace(-12.0, 0.0, 37)  # relative to the largest eigenvalue
MAX_EFFECTIVE_SHARE = 0.8  # of the rows: beyond that generalised cross-validation is unreliable
LOST = 1e100  # size from which the rest of an impulse response is not computed any more
MAX_GROWTH = 50.0  # largest sample of an impulse response between standardised signals


def lagged_gram(signals: FloatArray, ranges: Ranges, n_lags: int) -> FloatArray:
    r"""Gram matrix of all channels at lags 0 to `n_lags`.

    Entry ((i, a), (j, b)) is :math:`\sum_t s_a(t-i) s_b(t-j)` over the rows t of all ranges. Only
    lag 0 against all lags is summed over time; the others follow from

    .. math:: G_{i+1,j+1} = G_{ij} + s(t_0-1-i) s(t_0-1-j)' - s(t_1-1-i) s(t_1-1-j)'.

    Parameters
    ----------
    signals : array of shape (n_total, n_channels)
    ranges : sequence of (first, stop)
        Rows t; each needs `n_lags` rows of its own record before it.
    n_lags : int

    Returns
    -------
    gram : array of shape ((n_lags + 1) * n_channels, (n_lags + 1) * n_channels)
        Lag by lag, channels within a lag.

    Notes
    -----
    O(n_rows * n_lags * n_channels^2) time instead of O(n_rows * n_lags^2 * n_channels^2).
    """
    m, size = signals.shape[1], (n_lags + 1) * signals.shape[1]
    gram = np.zeros((size, size))
    before = np.empty((len(ranges), size - m))
    last = np.empty((len(ranges), size - m))
    lags = np.arange(n_lags)
    for r, (first, stop) in enumerate(ranges):
        now = np.ascontiguousarray(signals[first:stop].T)
        for j in range(n_lags + 1):
            gram[:m, j * m : (j + 1) * m] += now @ signals[first - j : stop - j]
        before[r] = signals[first - 1 - lags].ravel()
        last[r] = signals[stop - 1 - lags].ravel()
    edges = before.T @ before - last.T @ last
    for i in range(0, n_lags * m, m):
        gram[i + m : i + 2 * m, m:] = gram[i : i + m, :-m] + edges[i : i + m]
    upper = np.triu(gram)
    return upper + np.triu(upper, 1).T


def ridge_by_gcv(
    gram: FloatArray, moment: FloatArray, target_power: FloatArray, n_rows: int
) -> tuple[FloatArray, float]:
    """Ridge regression from summed statistics, its strength by generalised cross-validation.

    Parameters
    ----------
    gram : array of shape (n_features, n_features)
    moment : array of shape (n_features, n_targets)
    target_power : array of shape (n_targets,)
        Sum of squares of every target.
    n_rows : int

    Returns
    -------
    weights : array of shape (n_features, n_targets)
    score : float
        Logarithm of the criterion, summed over the targets; 0 without any information.
    """
    scale = np.sqrt(np.diag(gram))
    scale[scale <= 1e-12 * scale.max(initial=1.0)] = 1.0
    values, vectors = np.linalg.eigh(gram / scale[:, None] / scale)
    values = np.maximum(values, 0.0)
    if values[-1] == 0.0:
        return np.zeros_like(moment), 0.0
    turned = vectors.T @ (moment / scale[:, None])
    best = (np.inf, values[-1])
    for alpha in values[-1] * RIDGE_GRID:
        shrunk = turned / (values + alpha)[:, None]
        residual = target_power - 2 * np.sum(turned * shrunk, 0) + values @ shrunk**2
        effective = np.sum(values / (values + alpha))
        if effective < MAX_EFFECTIVE_SHARE * n_rows:
            residual = np.maximum(residual, 1e-13 * target_power + 1e-300)
            score = np.sum(np.log(residual) - 2 * np.log1p(-effective / n_rows))
            best = min(best, (float(score), float(alpha)))
    score, alpha = best
    return vectors @ (turned / (values + alpha)[:, None]) / scale[:, None], score


def arx_response(
    gram: FloatArray, n_rows: int, channels: tuple[int, int], order: int, length: int
) -> FloatArray:
    r"""Impulse response of a ridge-regularised ARX model of a given order.

    .. math:: y_t = \sum_{k=1}^p A_k y_{t-k} + \sum_{k=0}^p B_k u_{t-k}, \qquad
        h_k = B_k + \sum_{i=1}^{\min(k,p)} A_i h_{k-i}

    Parameters
    ----------
    gram : array
        From `lagged_gram` of the channels (y, u) with at least `order` lags.
    n_rows : int
    channels : (n_outputs, n_inputs)
    order, length : int

    Returns
    -------
    response : array of shape (length, n_outputs, n_inputs)
        Damped exponentially where the estimate is so unstable that it would outgrow the data.
    """
    n_outputs, n_inputs = channels
    size = (order + 1) * (n_outputs + n_inputs)
    weights, _ = ridge_by_gcv(
        gram[n_outputs:size, n_outputs:size],
        gram[n_outputs:size, :n_outputs],
        np.diag(gram)[:n_outputs],
        n_rows,
    )
    lagged = weights[n_inputs:].reshape(order, n_outputs + n_inputs, n_outputs)
    from_y = np.ascontiguousarray(lagged[:, :n_outputs].transpose(2, 0, 1)).reshape(n_outputs, -1)
    from_u = lagged[:, n_outputs:].transpose(0, 2, 1)
    # Newest first, from the end of the array to its beginning: the past of a step is one slice.
    history = np.zeros((length + order, n_outputs, n_inputs))
    history[length - 1] = weights[:n_inputs].T
    with np.errstate(over="ignore", invalid="ignore"):  # what outgrows everything is lost below
        for k in range(1, length):
            now = length - 1 - k
            past = history[now + 1 : now + 1 + order].reshape(order * n_outputs, n_inputs)
            np.matmul(from_y, past, out=history[now])
            if k <= order:
                history[now] += from_u[k - 1]
    response = history[length - 1 :: -1]
    lost = ~np.all(np.abs(response) < LOST, axis=(1, 2))
    response[np.argmax(lost) if lost.any() else length :] = LOST
    return _bounded(response)


def _bounded(response: FloatArray) -> FloatArray:
    largest = np.max(np.abs(response))
    if largest <= MAX_GROWTH:
        return response
    decay = np.log(largest / MAX_GROWTH) / np.argmax(np.max(np.abs(response), axis=(1, 2)))
    return response * np.exp(-decay * np.arange(len(response)))[:, None, None]
