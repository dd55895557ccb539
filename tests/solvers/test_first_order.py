"""Adam, windows and pieces, and what is particular to the solvers "bptt" and "split"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastlstm import _core
from fastlstm._core.reference_online import OnlineReference
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import BPTT, Clock, LevenbergMarquardt, Problem, Split, Status, solve_in_turn
from fastlstm.solvers.adam import Adam, clipped
from fastlstm.solvers.gradients import gradient_of, masked, mean_gradient
from fastlstm.solvers.pieces import Pieces
from fastlstm.solvers.split_passes import mean_square_norm, sample_pass
from fastlstm.solvers.windows import Windows
from problems import PROBLEMS, teacher_params, teacher_records


def counting_records(lengths):
    """Count the steps of all records in u, so that every sample is recognised."""
    total = sum(lengths)
    u = np.arange(total, dtype=float)[:, None]
    return Records(u, u.copy(), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def solve(problem, solver, seed=0, **kwargs):
    return solver.solve(problem, rng=np.random.default_rng(seed), **kwargs)


def test_adam_matches_the_published_recursion(rng):
    """Algorithm 1 of the paper, written out for two steps."""
    first, second = rng.normal(size=(2, 3))
    adam = Adam(3)
    steps = [adam.step(g, 0.01) for g in (first, second)]
    m = 0.1 * first
    v = 0.001 * first**2
    np.testing.assert_allclose(steps[0], -0.01 * first / (np.abs(first) + 1e-8), rtol=1e-10)
    m, v = 0.9 * m + 0.1 * second, 0.999 * v + 0.001 * second**2
    expected = -0.01 * (m / (1 - 0.9**2)) / (np.sqrt(v / (1 - 0.999**2)) + 1e-8)
    np.testing.assert_allclose(steps[1], expected, rtol=1e-10)


def test_clipping_keeps_the_direction_and_leaves_small_gradients():
    """Only the length changes, and only where it is too large."""
    small = np.array([0.3, 0.4])
    assert clipped(small, 1.0) is small
    np.testing.assert_allclose(clipped(np.array([30.0, 40.0]), 1.0), [0.6, 0.8])


def test_windows_are_stretches_of_one_record_each(rng):
    """Steps follow each other, and all records are drawn from, also the short one."""
    records = counting_records([300, 40, 500])
    drawn = Windows(records, 100, 20, 10).draw(400, rng)
    seen = set()
    for rows in drawn.slices():
        steps = drawn.u[rows, 0]
        assert np.all(np.diff(steps) == 1.0)
        first, last = np.searchsorted(records.offsets, [steps[0], steps[-1]], side="right")
        assert first == last
        assert len(steps) == (40 if first == 2 else 100)
        seen.add(int(first))
    assert seen == {1, 2, 3}


def test_windows_score_neither_washout_nor_burn_in(rng):
    """Inside a record the burn-in is left out, at its beginning the washout is."""
    records = counting_records([200])
    drawn = Windows(records, 50, 20, 10).draw(300, rng)
    starts = set()
    for rows in drawn.slices():
        first = int(drawn.u[rows.start, 0])
        starts.add(first)
        skipped = int(np.isnan(drawn.y[rows, 0]).sum())
        assert skipped == (10 if first == 0 else 20)
        np.testing.assert_array_equal(drawn.y[rows][skipped:], drawn.u[rows][skipped:])
    assert 0 in starts and 150 in starts


def test_windows_come_from_records_in_proportion_to_their_length(rng):
    """Every record has its share, and every place in it is as likely as another."""
    drawn = Windows(counting_records([60, 180]), 50, 0, 0).draw(20_000, rng)
    first = drawn.u[drawn.offsets[:-1], 0]
    assert abs(np.mean(first < 60) - 0.25) < 0.01
    counts = np.unique(first[first >= 60], return_counts=True)[1]
    assert len(counts) == 131
    assert np.all(np.abs(counts - 15_000 / 131) < 5 * np.sqrt(15_000 / 131))


@pytest.mark.parametrize("n_pieces", [1, 4, 7])
def test_pieces_hold_every_sample_once(n_pieces):
    """Nothing is lost or scored twice, the washout and the padding are not scored."""
    records = counting_records([1000, 130, 37])
    pieces = Pieces.of(records, washout=20, n_pieces=n_pieces, block=32)
    scored = np.concatenate([part.y[np.isfinite(part.y)] for part in pieces.blocks])
    kept = records.y[records.scored(20)].ravel()
    np.testing.assert_array_equal(np.sort(scored), kept)


@pytest.mark.parametrize("n_steps", [30, 160, 1100, 8320, 80_000])
def test_pieces_of_one_record_fit_into_the_lanes(n_steps):
    """One piece more than lanes would be as dear as twice as many; short records fill the lanes."""
    pieces = Pieces.of(counting_records([n_steps]), washout=0, n_pieces=16, block=100)
    n_found, length = len(pieces.follows), pieces.blocks[0].lengths[0]
    assert n_found <= 16
    assert n_found >= min(8, n_steps // 16)
    assert 16 <= length <= 100


def test_blocks_are_not_longer_than_the_records():
    """A hundred short records would be mostly padding."""
    pieces = Pieces.of(counting_records([50] * 100), washout=0, n_pieces=16, block=100)
    assert len(pieces.follows) == 100
    assert pieces.blocks[0].lengths.tolist() == [50] * 100


def test_pieces_carry_the_states_of_one_run():
    """With fixed weights the states at the beginning of the pieces are those of the whole run."""
    network = Network(1, 1, (3, 2), (3,))
    records = teacher_records(network, [1024, 300], seed=0)
    problem = Problem(network, records, washout=0, float32=False)
    params = teacher_params(network, 0)
    pieces = Pieces.of(records, 0, n_pieces=5, block=32)
    state = pieces.first_states(problem, params)
    for piece, follows in enumerate(pieces.follows):
        if follows < 0:
            np.testing.assert_array_equal(state[piece], 0.0)
    inside = np.flatnonzero(pieces.follows == 0)
    assert len(inside) == 1
    length = 32 * len(pieces.blocks)
    _, exact = _core.simulate(
        network, params, records.u[:length], np.array([0, length]), float32=False
    )
    np.testing.assert_allclose(state[inside], exact, atol=1e-5)


def test_mean_gradient_is_that_of_the_cost_per_step(rng):
    """Central differences of the mean squared error with its share of the ridge."""
    problem = replace(PROBLEMS[1].problem, float32=False, alpha=50.0)
    params = teacher_params(problem.network, 3)
    records = masked(problem.train, problem.washout)

    def cost(weights):
        found = gradient_of(problem, weights, records, _core.Workspace())
        ridge = problem.alpha / problem.train.n_total * float(weights @ weights)
        return found.cost / found.n_scored + ridge

    found = gradient_of(problem, params, records, _core.Workspace())
    gradient = mean_gradient(problem, params, found)
    direction = rng.normal(size=params.size)
    numeric = (cost(params + 1e-5 * direction) - cost(params - 1e-5 * direction)) / 2e-5
    assert gradient @ direction == pytest.approx(numeric, rel=1e-6)


def test_full_bptt_is_gradient_descent_on_the_whole_cost():
    """One step of Adam from a given start moves every weight by the rate, against the gradient."""
    problem = replace(PROBLEMS[0].problem, float32=False)
    start = teacher_params(problem.network, 5)
    moved = []
    solver = BPTT(max_iter=1, window=None, learning_rate=1e-3, clip=1e9)
    solve(problem, solver, start=start, callback=lambda p: moved.append(p.params))
    course = solver.run(problem, start, np.random.default_rng(0), _Unlimited())
    params = next(course).params
    found = gradient_of(problem, start, masked(problem.train, problem.washout), _core.Workspace())
    gradient = mean_gradient(problem, start, found)
    clear = np.abs(gradient) > 1e-5 * np.abs(gradient).max()
    np.testing.assert_allclose((params - start)[clear], -1e-3 * np.sign(gradient[clear]), rtol=1e-2)


class _Unlimited:
    """A budget of which nothing is used."""

    used = 0.0


def test_first_order_methods_say_when_they_diverge(monkeypatch):
    """A rate beyond all reason ends with a status, and the start is kept."""
    problem = PROBLEMS[0].problem
    start = teacher_params(problem.network, 1)
    monkeypatch.setattr(
        "fastlstm.solvers.adam_descent.mean_gradient", lambda *args: np.full(start.size, np.nan)
    )
    solution = solve(problem, BPTT(max_iter=5), start=start)
    assert solution.status is Status.DIVERGED
    assert "smaller learning rate" in solution.message
    np.testing.assert_array_equal(solution.params, start)


def test_sample_mode_follows_the_rule_step_by_step():
    """The compiled pass equals the readable twin, record by record, each from rest."""
    problem = PROBLEMS[3].problem
    params = teacher_params(problem.network, 2)
    moved, rmse = sample_pass(problem, params, "cell", 0.5)
    train, squares = problem.train, []
    for u, y in zip(train.split(train.u), train.split(train.y), strict=True):
        twin = OnlineReference(problem.network, params, "cell")
        for step, (u_t, y_t) in enumerate(zip(u, y, strict=True)):
            if step < problem.washout:
                twin.step(u_t)
            else:
                squares.append((twin.learn(u_t, y_t, 0.5)[0] - y_t) ** 2)
        params = twin.params
    np.testing.assert_allclose(moved, params, atol=1e-9)
    assert rmse == pytest.approx(np.sqrt(np.mean(squares)))


def test_normalised_block_rule_is_the_mean_of_the_sample_updates():
    """One block of one record from rest: the mean of phi' e over one common norm."""
    problem = replace(PROBLEMS[0].problem, float32=False, alpha=0.0, washout=0)
    train = problem.train
    short = Records(train.u[:64], train.y[:64], np.array([0, 64]))
    problem = replace(problem, train=short)
    params = teacher_params(problem.network, 4)
    solver = Split(max_iter=1, rule="normalized", block=64, n_pieces=1, eta=1.0)
    moved = next(solver.run(problem, params, np.random.default_rng(0), _Unlimited())).params
    found = gradient_of(problem, params, short, _core.Workspace(), "cell")
    norm = mean_square_norm(problem, params, "cell")
    np.testing.assert_allclose(moved - params, -found.gradient / 64 / (1.0 + norm), atol=1e-12)


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (lambda: BPTT(batch=0), "batch of BPTT must be an integer >= 1; got 0"),
        (lambda: BPTT(learning_rate=0.0), "learning_rate of BPTT must be a finite number > 0"),
        (lambda: BPTT(window=2.5), "window of BPTT must be an integer >= 1"),
        (lambda: BPTT(max_iter=0), "max_iter of BPTT must be an integer >= 1; got 0"),
        (lambda: Split(tol=-1.0), "tol of Split must be a finite number >= 0"),
        (lambda: LevenbergMarquardt(n_starts=0), "n_starts of LevenbergMarquardt must be"),
        (lambda: Split(path="full"), "path of Split must be one of 'cell', 'none'; got 'full'"),
        (lambda: Split(mode="batch"), "mode of Split must be one of"),
        (lambda: Split(rule="sgd"), "rule of Split must be one of"),
        (lambda: Split(eta=1.5), r"eta of Split must be a number in \(0, 1\]; got 1.5"),
        (lambda: Split(block=0), "block of Split must be an integer >= 1"),
    ],
)
def test_solver_settings_are_checked_when_they_are_made(solver, message):
    """A setting that cannot work is said at once, not after the data were read."""
    with pytest.raises(ValueError, match=message):
        solver()


def test_solver_without_time_left_does_not_run_on():
    """The first of two overran the limit; the second stops after its first iterate."""

    class Late(Clock):
        looks = 0

        @property
        def wall(self):
            self.looks += 1
            return 100.0 * (self.looks > 2)

    solution = solve_in_turn(
        (BPTT(max_iter=50), BPTT(max_iter=50)),
        PROBLEMS[0].problem,
        rng=np.random.default_rng(0),
        clock=Late(time_limit=10.0),
    )
    assert solution.n_iter == 2
    assert solution.status is Status.TIME_LIMIT
