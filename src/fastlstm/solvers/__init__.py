"""Training methods: every one takes a `Problem` and returns a `Solution`."""

from fastlstm.solvers.base import AbstractSolver, solve_in_turn
from fastlstm.solvers.bptt import BPTT
from fastlstm.solvers.greedy import Greedy
from fastlstm.solvers.levenberg_marquardt import LevenbergMarquardt
from fastlstm.solvers.problem import Clock, HistoryRow, Problem, Progress, Solution, Status
from fastlstm.solvers.registry import SOLVERS
from fastlstm.solvers.ridge import Ridge
from fastlstm.solvers.split import Split
from fastlstm.solvers.tracker import Iterate, Tracker

__all__ = [
    "AbstractSolver",
    "BPTT",
    "Clock",
    "Greedy",
    "HistoryRow",
    "Iterate",
    "LevenbergMarquardt",
    "Problem",
    "Progress",
    "Ridge",
    "SOLVERS",
    "Solution",
    "Split",
    "Status",
    "Tracker",
    "solve_in_turn",
]
