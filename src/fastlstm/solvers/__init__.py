"""Training methods: every one takes a `Problem` and returns a `Solution`."""

from collections.abc import Callable

from fastlstm.solvers.base import (
    AbstractSolver,
    Clock,
    HistoryRow,
    Problem,
    Progress,
    Solution,
    Status,
)
from fastlstm.solvers.levenberg_marquardt import LevenbergMarquardt

SOLVERS: dict[str, Callable[..., AbstractSolver]] = {"lm": LevenbergMarquardt}

__all__ = [
    "SOLVERS",
    "AbstractSolver",
    "Clock",
    "HistoryRow",
    "LevenbergMarquardt",
    "Problem",
    "Progress",
    "Solution",
    "Status",
]
