"""A network that was fitted in another way, beside which a result has to stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastlstm.network import Network
from fastlstm.solvers.tracker import Tracker

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Rival:
    """A network that was fitted in another way, and its errors on training and held-out rows."""

    network: Network
    params: FloatArray
    phase: str
    rmse_train: float
    rmse: float

    @classmethod
    def of(cls, tracker: Tracker) -> Rival | None:
        """Best of a tracker so far, judged on all validation records where nothing is decided."""
        if not tracker.decided:
            tracker.judge_by(tracker.problem.judged)
        if tracker.best is None:
            return None
        network = tracker.best_network or tracker.problem.network
        errors = tracker.best_rmse_train, tracker.best_rmse * tracker.best_risk
        return cls(network, tracker.best, tracker.best_phase, *errors)
