import numpy as np
import pytest

from fastlstm._linalg import RidgePath, solve_ridge

ALPHAS = np.array([1e-6, 1e-2, 1.0, 30.0])


@pytest.fixture
def data(rng):
    """Return a design with means and very different columns, and two targets."""
    A = rng.normal(size=(40, 5)) * [1.0, 1e-3, 10.0, 1.0, 0.1] + [3.0, 0.0, -20.0, 0.0, 1.0]
    return A, A @ rng.normal(size=(5, 2)) + rng.normal(size=(40, 2)) + [5.0, -2.0]


@pytest.mark.parametrize("alpha", [0.0, *ALPHAS])
def test_ridge_path_equals_ridge_of_centred_data(data, alpha):
    """A free intercept is the same as taking the means out first."""
    A, b = data
    weights, intercept = RidgePath.of(A, b).solve(alpha)
    expected = solve_ridge(A - A.mean(axis=0), b - b.mean(axis=0), alpha)
    np.testing.assert_allclose(weights, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(intercept, b.mean(axis=0) - A.mean(axis=0) @ expected, rtol=1e-9)


def test_ridge_path_equals_lstsq_when_alpha_goes_to_zero(data):
    """Without a penalty it is least squares with a column of ones."""
    A, b = data
    expected = np.linalg.lstsq(np.column_stack([A, np.ones(40)]), b)[0]
    for alpha, rtol in ((0.0, 1e-8), (1e-13, 1e-6)):
        weights, intercept = RidgePath.of(A, b).solve(alpha)
        np.testing.assert_allclose(weights, expected[:-1], rtol=rtol)
        np.testing.assert_allclose(intercept, expected[-1], rtol=rtol)


def test_leave_one_out_equals_refitting_without_each_row(data):
    """The leverages are exact, the intercept's included: forty refits say the same."""
    A, b = data
    expected = np.zeros((len(ALPHAS), 2))
    for row in range(40):
        others = np.arange(40) != row
        path = RidgePath.of(A[others], b[others])
        for k, alpha in enumerate(ALPHAS):
            weights, intercept = path.solve(alpha)
            expected[k] += (b[row] - A[row] @ weights - intercept) ** 2 / 40
    scores = RidgePath.of(A, b).leave_one_out(ALPHAS, A, b)
    np.testing.assert_allclose(scores, expected, rtol=1e-9)


def test_gcv_equals_its_formula_with_the_hat_matrix(data):
    """It is n RSS / trace(I - H)^2, with the hat matrix written out."""
    A, b = data
    X = A - A.mean(axis=0)
    for score, alpha in zip(RidgePath.of(A, b).gcv(ALPHAS), ALPHAS, strict=True):
        hat = X @ np.linalg.solve(X.T @ X + alpha * np.eye(5), X.T) + np.ones((40, 40)) / 40
        rest = np.eye(40) - hat
        np.testing.assert_allclose(
            score, 40 * np.sum((rest @ b) ** 2, axis=0) / np.trace(rest) ** 2, rtol=1e-9
        )


def test_gcv_equals_leave_one_out_when_all_leverages_are_equal():
    """A balanced design: the mean leverage is every row's own."""
    A = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    b = np.array([[1.0], [2.0], [-1.0], [3.0]])
    path = RidgePath.of(A, b)
    np.testing.assert_allclose(path.gcv(ALPHAS), path.leave_one_out(ALPHAS, A, b), rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_ridge_path_takes_the_smallest_solution_when_columns_are_dependent(rng, alpha):
    """Equal columns share their weight, a constant one gets none, and every score is finite."""
    a = rng.normal(size=(30, 1))
    A, b = np.hstack([a, a, np.full((30, 1), 7.0)]), 2.0 * a + 1.0
    path = RidgePath.of(A, b)
    weights, intercept = path.solve(alpha)
    np.testing.assert_allclose(weights[:, 0], [1.0, 1.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(intercept, [1.0], atol=1e-4)
    alphas = np.array([alpha])
    assert np.isfinite(path.leave_one_out(alphas, A, b)).all()
    assert np.isfinite(path.gcv(alphas)).all()


def test_ridge_path_keeps_digits_that_a_gram_matrix_loses(rng):
    """Columns that differ by 1e-9: squared, the difference is below the rounding."""
    a, d = rng.normal(size=(2, 50, 1))
    A = np.hstack([a, a + 1e-9 * d])
    weights, _ = RidgePath.of(A, A @ [[2.0], [3.0]]).solve(0.0)
    np.testing.assert_allclose(weights[:, 0], [2.0, 3.0], atol=1e-4)


def test_blocks_of_rows_add_up(data):
    """However the rows are cut, they are the same least-squares problem."""
    A, b = data
    whole = RidgePath.of(A, b)
    parts = RidgePath.of_blocks([(A[:3], b[:3]), (A[3:4], b[3:4]), (A[4:], b[4:])])
    assert parts.n_rows == 40
    for alpha in ALPHAS:
        for one, other in zip(whole.solve(alpha), parts.solve(alpha), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)
    np.testing.assert_allclose(whole.gcv(ALPHAS), parts.gcv(ALPHAS), rtol=1e-9)


def test_long_designs_are_factorised_in_portions(rng):
    """More rows than are held at a time change nothing."""
    A, b = rng.normal(size=(20_000, 3)) + 1.0, rng.normal(size=(20_000, 1))
    weights, _ = RidgePath.of(A, b).solve(5.0)
    expected = solve_ridge(A - A.mean(axis=0), b - b.mean(axis=0), 5.0)
    np.testing.assert_allclose(weights, expected, atol=1e-12)


def test_scores_are_infinite_when_the_fit_interpolates(rng):
    """As many columns as rows and no penalty: no row says anything about the error."""
    A, b = rng.normal(size=(6, 6)), rng.normal(size=(6, 1))
    path, alphas = RidgePath.of(A, b), np.array([0.0, 1.0])
    for scores in (path.gcv(alphas), path.leave_one_out(alphas, A, b)):
        assert scores[0] == np.inf
        assert np.isfinite(scores[1])


def test_penalties_span_the_singular_values(data):
    """From next to nothing to a penalty that halves the strongest direction."""
    path = RidgePath.of(*data)
    alphas = path.penalties(5, smallest=1e-8)
    np.testing.assert_allclose(alphas[-1], path.singular_values[0] ** 2)
    np.testing.assert_allclose(alphas[1:] / alphas[:-1], 100.0)


def test_ridge_path_says_so_when_there_is_no_row():
    """A washout as long as the record leaves nothing to fit."""
    with pytest.raises(ValueError, match="design must have at least one row"):
        RidgePath.of(np.zeros((0, 2)), np.zeros((0, 1)))
