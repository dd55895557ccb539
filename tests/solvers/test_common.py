import numpy as np
import pytest

from fastlstm.solvers import SOLVERS, Status
from problems import PROBLEMS

ENDS = (Status.CONVERGED, Status.DONE, Status.EARLY_STOPPED, Status.MAX_ITER)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)
def test_solver_reaches_teacher_outputs(solver, known):
    """Noise-free data from a known network: the only excuse is the tolerance the problem states."""
    solution = SOLVERS[solver](max_iter=400, tol=1e-5).solve(
        known.problem, rng=np.random.default_rng(0)
    )
    assert solution.rmse_validation < known.reachable[solver]
    assert solution.status in ENDS


@pytest.mark.parametrize("solver", SOLVERS)
def test_solver_gives_the_same_bits_twice(solver):
    """Refitting with the same seed changes nothing."""
    runs = [
        SOLVERS[solver](max_iter=15).solve(PROBLEMS[0].problem, rng=np.random.default_rng(3))
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].params, runs[1].params)
