"""Small dense algebra on SciPy's BLAS and LAPACK; knows neither networks nor records."""

from fastlstm._linalg.damped import NormalEquations, damped_step
from fastlstm._linalg.ridge import solve_ridge

__all__ = ["NormalEquations", "damped_step", "solve_ridge"]
