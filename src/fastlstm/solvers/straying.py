"""Whether a descent on part of the data harms the rest of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm.solvers.problem import Problem
from fastlstm.solvers.tracker import Iterate, free_run_rmse

FAR = 1.5  # times the least error so far over all training data, from which more counts


@dataclass
class Straying:
    """Watches the free run over all training data, most of which a stage of few rows leaves out.

    Validation data are one stretch of a record. Lightly damped plants have networks that follow it
    closely and leave the plant for good elsewhere, where a second way to oscillate captures them.

    Parameters
    ----------
    problem : Problem
    least : float
        Free-run error over all training data of the best iterate in this respect.
    """

    problem: Problem
    least: float = np.inf

    def factor(self, iterate: Iterate) -> float:
        """Return what the validation error of an iterate counts, in [1, inf].

        Notes
        -----
        One free run over all training data.
        """
        problem, network = self.problem, iterate.network
        error = free_run_rmse(problem, problem.train, iterate.params, network)
        self.least = min(self.least, error)
        return max(1.0, error / (FAR * self.least)) if np.isfinite(error) else np.inf
