r"""What the past errors of a free run say about its next ones: an autoregression per output.

With the free-run error :math:`e_t = y_t - y^{sim}_t` and an autoregression of order p,

.. math:: \hat e_{t|t-1} = \sum_{j=1}^p a_j e_{t-j},

the k-step prediction is :math:`\hat y_{t|t-k} = y^{sim}_t + \hat e_{t|t-k}`, where
:math:`\hat e_{t|t-k}` iterates the autoregression k times over its own forecasts. The Yule-Walker
estimate used here is always stable, so the prediction tends to the free run as k grows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records

FloatArray = NDArray[np.float64]
MAX_ORDER = 20


@dataclass(frozen=True)
class ErrorModel:
    """Autoregression of the free-run error, one per output.

    Parameters
    ----------
    coef : array of shape (n_outputs, order)
        a_1 to a_p per output, zero beyond the order that output chose; order 0 where the errors of
        the training records were white.
    """

    coef: FloatArray

    @classmethod
    def of(
        cls, errors: FloatArray, records: Records, washout: int, max_order: int = MAX_ORDER
    ) -> ErrorModel:
        """Yule-Walker fit on the scored steps of all records; the order minimises BIC.

        Parameters
        ----------
        errors : array of shape (n_total, n_outputs)
            Measured minus simulated output.
        records : Records
            Where each record begins, and where outputs are missing (zero weight).
        washout : int
            First steps of each record that are left out.
        max_order : int
            Largest order that is tried.
        """
        if records.weights is not None:
            errors = np.where(records.weights > 0.0, errors, np.nan)
        parts = [part[washout:] for part in records.split(errors)]
        coefs = [_fit([part[:, k] for part in parts], max_order) for k in range(errors.shape[1])]
        order = max(len(coef) for coef in coefs)
        return cls(np.array([np.pad(coef, (0, order - len(coef))) for coef in coefs]))

    @property
    def order(self) -> int:
        """Past errors used."""
        return self.coef.shape[1]

    def ahead(self, steps: int) -> FloatArray:
        """Weights of e(t-k), e(t-k-1), ... in the k-step forecast, shape (n_outputs, order)."""
        # the first row of the k-th power of the companion matrix
        companion = np.repeat(np.eye(self.order, k=-1)[None], len(self.coef), axis=0)
        companion[:, 0] = self.coef
        return np.linalg.matrix_power(companion, steps)[:, 0]

    def completed(self, error: FloatArray) -> FloatArray:
        """Errors of one record, missing ones (NaN) forecast one step ahead from those before.

        What was not measured then corrects nothing: the forecast goes on as if from the step
        before.
        """
        whole = error.copy()
        for step, output in np.argwhere(np.isnan(error)):
            past = whole[max(0, step - self.order) : step, output][::-1]
            whole[step, output] = self.coef[output, : len(past)] @ past
        return whole

    def forecast(self, error: FloatArray, steps: int) -> FloatArray:
        """Forecast of the error of one record from its values `steps` and more before.

        Parameters
        ----------
        error : array of shape (n_timesteps, n_outputs)
            Measured minus simulated output.
        steps : int
            How far ahead, at least 1.

        Returns
        -------
        array of shape (n_timesteps, n_outputs)
            Zero for the first `steps` steps.
        """
        forecast = np.zeros_like(error)
        if self.order == 0 or steps >= len(error):
            return forecast
        for lag, weight in enumerate(self.ahead(steps).T, start=steps):
            if lag >= len(error):
                break
            forecast[lag:] += weight * error[: len(error) - lag]
        return forecast


def _fit(parts: list[FloatArray], max_order: int) -> FloatArray:
    """Levinson recursion over orders; returns the coefficients of the order with least BIC."""
    gaps = any(np.isnan(part).any() for part in parts)
    n_steps = sum(int(np.count_nonzero(~np.isnan(part))) if gaps else len(part) for part in parts)
    if n_steps == 0:
        return np.zeros(0)
    max_order = min(max_order, min(len(part) for part in parts) - 1, n_steps // 10)
    lags = range(max_order + 1)
    if gaps:
        covariance, n_steps = _covariance_with_gaps(parts, lags)
    else:
        # Biased autocovariances of all parts added up: positive semidefinite, hence stable.
        covariance = np.array([sum(x[lag:] @ x[: len(x) - lag] for x in parts) for lag in lags])
    coef = np.zeros(0)
    best, best_bic = coef, 0.0
    if covariance[0] <= 0.0 or not np.isfinite(covariance).all():
        return best
    variance = covariance[0]
    for order in range(1, max_order + 1):
        reflection = (covariance[order] - coef @ covariance[order - 1 : 0 : -1]) / variance
        if not abs(reflection) < 1.0:
            break
        coef = np.append(coef - reflection * coef[::-1], reflection)
        variance *= 1.0 - reflection**2
        bic = n_steps * np.log(variance / covariance[0]) + order * np.log(n_steps)
        if bic < best_bic:
            best, best_bic = coef, bic
    return best


def _covariance_with_gaps(parts: list[FloatArray], lags: Iterable[int]) -> tuple[FloatArray, float]:
    """Mean product over the pairs of steps of which both are known, tapered like the biased one.

    It need not be positive semidefinite; the recursion stops before a reflection of one. The
    second value is how many steps without gaps would tell as much: the fewest pairs of a lag, less
    what the different pairs of different lags cost.
    """
    found, counts = [], []
    n_total = sum(len(part) for part in parts)
    for lag in lags:
        products = [x[lag:] * x[: len(x) - lag] for x in parts]
        known = sum(int(np.count_nonzero(~np.isnan(product))) for product in products)
        counts.append(known)
        taper = sum(len(product) for product in products) / n_total
        found.append(taper * sum(float(np.nansum(p)) for p in products) / max(known, 1))
    fewest = min(count for count in counts if count > 0)
    return np.array(found), fewest * fewest / counts[0]
