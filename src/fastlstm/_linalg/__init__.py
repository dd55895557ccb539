"""Small dense algebra on SciPy's BLAS and LAPACK; knows neither networks nor records."""

from fastlstm._linalg.arrow import ArrowEquations
from fastlstm._linalg.damped import DampedStep, NormalEquations, Step, damped_step
from fastlstm._linalg.ridge import solve_ridge
from fastlstm._linalg.ridge_path import RidgePath
from fastlstm._linalg.small import loaded, promised, solve_positive, solve_semidefinite

__all__ = [
    "ArrowEquations",
    "DampedStep",
    "NormalEquations",
    "RidgePath",
    "Step",
    "damped_step",
    "loaded",
    "promised",
    "solve_positive",
    "solve_ridge",
    "solve_semidefinite",
]
