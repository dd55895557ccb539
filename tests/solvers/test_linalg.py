import numpy as np
import pytest

from fastlstm._linalg import (
    ArrowEquations,
    NormalEquations,
    damped_step,
    loaded,
    promised,
    solve_positive,
    solve_ridge,
    solve_semidefinite,
)


def test_ridge_matches_lstsq_when_alpha_is_zero(rng):
    """Without a penalty ridge is least squares."""
    A, b = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    np.testing.assert_allclose(solve_ridge(A, b, 0.0), np.linalg.lstsq(A, b)[0], atol=1e-12)


def test_ridge_solves_its_normal_equations(rng):
    """The minimiser satisfies (A'A + alpha I) w = A'b."""
    A, b = rng.normal(size=(30, 4)), rng.normal(size=(30, 1))
    w = solve_ridge(A, b, 0.7)
    np.testing.assert_allclose((A.T @ A + 0.7 * np.eye(4)) @ w, A.T @ b, atol=1e-12)


def test_ridge_takes_the_smallest_solution_when_columns_are_equal():
    """Two equal columns share the weight equally instead of exploding."""
    A = np.ones((5, 2))
    np.testing.assert_allclose(solve_ridge(A, np.full((5, 1), 2.0), 0.0), [[1.0], [1.0]])


def test_normal_equations_do_not_depend_on_how_rows_are_cut(rng):
    """Statistics add up."""
    J, r = rng.normal(size=(50, 6)), rng.normal(size=50)
    whole, parts = NormalEquations.zeros(6), NormalEquations.zeros(6)
    whole.add(J, r)
    for rows in (slice(0, 7), slice(7, 40), slice(40, 50)):
        parts.add(np.ascontiguousarray(J[rows]), r[rows])
    np.testing.assert_allclose(np.triu(whole.gram), np.triu(parts.gram), rtol=1e-12)
    np.testing.assert_allclose(np.triu(whole.gram), np.triu(J.T @ J), rtol=1e-12)
    np.testing.assert_allclose(whole.gradient, J.T @ r, rtol=1e-12)
    np.testing.assert_allclose(parts.gradient, J.T @ r, rtol=1e-12)


@pytest.mark.parametrize("damping", [0.0, 0.3, 100.0])
def test_damped_step_minimises_the_damped_model(rng, damping):
    """The step solves its equations and promises what the linear model gives."""
    J, r = rng.normal(size=(50, 6)), rng.normal(size=50)
    equations = NormalEquations.zeros(6)
    equations.add(J, r)
    scale = np.arange(1.0, 7.0)
    solved = damped_step(equations, damping, scale)
    step, predicted = solved.step, solved.predicted
    np.testing.assert_allclose((J.T @ J + damping * np.diag(scale)) @ step, -J.T @ r, atol=1e-10)
    assert predicted == pytest.approx(r @ r - np.sum((r + J @ step) ** 2), rel=1e-9)


def test_damped_step_says_none_when_the_matrix_is_singular():
    """A failed factorisation is a rejected step, not an exception."""
    equations = NormalEquations(np.asfortranarray([[1.0, 2.0], [2.0, 1.0]]), np.ones(2))
    assert damped_step(equations, 0.0, np.ones(2)) is None


def arrow_of(rng, n_shared=5, n_groups=7, n_own=3):
    """Random rows in groups of unequal size, as an arrow and as a whole."""
    group = np.sort(rng.integers(0, n_groups, 60))
    rows, own, r = (
        rng.normal(size=(60, n_shared)),
        rng.normal(size=(60, n_own)),
        rng.normal(size=60),
    )
    arrow = ArrowEquations.zeros(n_shared, n_groups, n_own)
    for part in (slice(0, 25), slice(25, 60)):
        arrow.add(rows[part], own[part], group[part], r[part])
    full = np.zeros((60, n_shared + n_groups * n_own))
    full[:, :n_shared] = rows
    for k, g in enumerate(group):
        full[k, n_shared + g * n_own : n_shared + (g + 1) * n_own] = own[k]
    whole = NormalEquations.zeros(full.shape[1])
    whole.add(full, r)
    alpha, offset = rng.uniform(0.1, 1.0, full.shape[1]), rng.normal(size=full.shape[1])
    arrow.add_ridge(alpha, offset)
    whole.add_ridge(alpha, offset)
    return arrow, whole


@pytest.mark.parametrize("damping", [0.0, 0.3, 100.0])
def test_unknowns_of_groups_are_eliminated_exactly(rng, damping):
    """The step and what it promises are those of all unknowns together."""
    arrow, whole = arrow_of(rng)
    np.testing.assert_allclose(arrow.gradient, whole.gradient, rtol=1e-12)
    np.testing.assert_allclose(arrow.diagonal, whole.diagonal, rtol=1e-12)
    expected, found = (e.damped(damping, whole.diagonal) for e in (whole, arrow))
    np.testing.assert_allclose(found.step, expected.step, rtol=1e-8, atol=1e-12)
    assert found.predicted == pytest.approx(expected.predicted, rel=1e-9)


def test_group_without_rows_and_ridge_is_a_rejected_step():
    """Its unknowns are anything."""
    arrow = ArrowEquations.zeros(2, 2, 2)
    arrow.shared.add_ridge(1.0, np.ones(2))
    assert arrow.damped(0.0, np.ones(6)) is None


def test_small_systems_match_their_definition(rng):
    """Positive definite ones by Cholesky, singular ones by the solution of smallest norm."""
    A, b = rng.normal(size=(6, 6)), rng.normal(size=(6, 2))
    gram = A.T @ A
    np.testing.assert_allclose(gram @ solve_positive(gram, b), b, atol=1e-9)
    np.testing.assert_allclose(gram @ solve_positive(gram, b[:, 0]), b[:, 0], atol=1e-9)
    singular = A[:3].T @ A[:3]
    expected = np.linalg.pinv(singular, rcond=1e-10) @ b
    np.testing.assert_allclose(solve_semidefinite(singular, b, 1e-10), expected, atol=1e-9)
    np.testing.assert_array_equal(solve_semidefinite(np.zeros((6, 6)), b, 1e-10), np.zeros((6, 2)))


@pytest.mark.parametrize("entry", [-1.0, np.nan])
def test_small_systems_that_are_not_positive_are_told(entry):
    """Whoever asked can raise the damping."""
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        solve_positive(np.diag([1.0, entry, 1.0]), np.ones(3))


def test_loading_adds_a_part_of_every_diagonal():
    """Of several matrices at once, and a little where the diagonal is zero."""
    stack = np.stack([np.diag([2.0, 0.0]), np.ones((2, 2))])
    expected = np.stack([np.diag([2.2, 0.0]), [[1.1, 1.0], [1.0, 1.1]]])
    found = loaded(stack, 0.1)
    np.testing.assert_allclose(found, expected, atol=1e-11)
    assert found[0, 1, 1] > 0.0
    assert stack[0, 1, 1] == 0.0


def test_what_damped_equations_promise_is_what_a_linear_problem_keeps(rng):
    """The sum of squares of a linear model falls by just that."""
    J, r, damping = rng.normal(size=(20, 4)), rng.normal(size=20), 0.3
    hessian, gradient = J.T @ J, J.T @ r
    step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
    decrease = np.sum(r**2) - np.sum((r - J @ step) ** 2)
    assert promised(hessian, gradient, step, damping) == pytest.approx(decrease)
