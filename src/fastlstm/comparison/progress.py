"""What a callback of `compare` sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm.comparison.snapshots import Snapshots

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MethodProgress:
    """State of the running training.

    Parameters
    ----------
    method : str
        Name in the table.
    label : str
        What distinguishes this training of the method from its others: seed or setting.
    number, n_runs : int
        Trainings begun so far and in all.
    fit_percent : float
        100 * (1 - nrmse) on the held-out part of the training data; the test part is closed. NaN
        if not known.
    cpu_time, wall_time : float
        Seconds of this training.
    fraction : float
        Part of this training that is done, in [0, 1].
    """

    method: str
    label: str
    number: int
    n_runs: int
    fit_percent: float
    cpu_time: float
    wall_time: float
    fraction: float


CompareCallback = Callable[[MethodProgress], object]


@dataclass
class Watch:
    """Keeps the snapshots of one training, and passes its progress on."""

    method: str
    label: str
    number: int
    n_runs: int
    callback: CompareCallback | None = None
    snapshots: Snapshots = field(default_factory=Snapshots)

    def report(
        self, cpu_time: float, wall_time: float, fit_percent: float, fraction: float
    ) -> None:
        """Tell the user how far the training is."""
        if self.callback is not None:
            self.callback(
                MethodProgress(
                    self.method,
                    self.label,
                    self.number,
                    self.n_runs,
                    fit_percent,
                    cpu_time,
                    wall_time,
                    fraction,
                )
            )
