"""What the residual of one output still contains: its correlations and how they are summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.diagnostics import Correlation, autocorrelation, cross_correlation

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ResidualTest:
    """Residual of one output on the scored steps, and its correlations.

    Parameters
    ----------
    residual : array of shape (n_scored,)
        Measured minus simulated, all records one after the other.
    own : Correlation or None
        With itself; None where the residual is not finite or too short.
    crosses : tuple of Correlation
        With every input; empty where `own` is None.
    """

    residual: FloatArray
    own: Correlation | None
    crosses: tuple[Correlation, ...]

    @classmethod
    def of(
        cls, residual: Sequence[FloatArray], u: Sequence[FloatArray], max_lag: int
    ) -> ResidualTest:
        """Correlate a residual with itself and with every input.

        Parameters
        ----------
        residual : sequence of arrays of shape (n_timesteps,)
            Scored steps of every record.
        u : sequence of arrays of shape (n_timesteps, n_inputs)
            The same steps.
        max_lag : int
            Fewer where a record is shorter.
        """
        parts = list(residual)
        max_lag = min(max_lag, min(map(len, parts)) - 1)
        everything = np.concatenate(parts)
        if max_lag < 1 or not np.isfinite(everything).all():
            return cls(everything, None, ())
        channels = [[part[:, k] for part in u] for k in range(u[0].shape[1])]
        return cls(
            everything,
            autocorrelation(parts, max_lag),
            tuple(cross_correlation(channel, parts, max_lag) for channel in channels),
        )
