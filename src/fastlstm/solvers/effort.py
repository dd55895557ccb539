"""How many Gauss-Newton iterations a network leaves time for."""

from __future__ import annotations

from fastlstm.solvers.problem import Problem
from fastlstm.solvers.stages import ROWS_PER_WEIGHT, Stages

RATE = 4e10  # multiplications with addition per second, of one core in dense linear algebra
PATIENCE = 60.0  # seconds that count as the limit where there is none
MAX_WEIGHTS = 3000  # that dense Gauss-Newton is meant for


def affordable_iterations(problem: Problem, seconds: float | None) -> float:
    """Count the iterations of the first stage in a time; 0 where the matrix is too large.

    Parameters
    ----------
    problem : Problem
    seconds : float or None
        None for no limit.

    Notes
    -----
    Counts the Gram matrix, R P^2, and its factorisation, P^3 / 3, at a rate that is about right for
    a core with AVX-512; no clock is read, so that the answer is the same in every run.
    """
    n_params = problem.network.n_params
    if n_params > MAX_WEIGHTS:
        return 0.0
    skipped = Stages(problem, 1, careful=True).n_left_out
    n_rows = min(ROWS_PER_WEIGHT[skipped] * n_params, problem.train.n_counted)
    work = n_rows * n_params**2 + n_params**3 / 3.0
    return (PATIENCE if seconds is None else seconds) * RATE / work
