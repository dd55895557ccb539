"""Initial state from the first measured outputs."""

from functools import partial

import numpy as np
import pytest

from fastlstm import state
from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.state import (
    estimate_state,
    settled_state,
    similar_state,
    simulate_from,
    typical_states,
)

NETWORK = Network(1, 1, (3, 2), (4,))


@pytest.fixture
def params(rng):
    """Random weights with open forget gates and a strong readout, so that the state matters."""
    weights = NETWORK.unpack(0.5 * rng.normal(size=NETWORK.n_params))
    for layer, width in enumerate(NETWORK.hidden_sizes):
        weights[f"lstm.{layer}.bias"][width : 2 * width] = 2.0
    weights["readout.hidden"][:] = 2.0
    return NETWORK.pack(weights)


def run(params, u, state):
    return simulate(NETWORK, params, u, np.array([0, len(u)]), state[None], float32=False)[0]


def estimate(params, u, y, noise):
    """From rest and from the state settled at the first input; units vary by 0.3 or so, alone."""
    settled, spread = settled_state(NETWORK, params, u[0]), 0.3 * np.eye(2 * NETWORK.n_units)
    starts = [(start, spread) for start in (NETWORK.zero_state(1)[0], settled)]
    return estimate_from(params, u, y, starts, noise)


def estimate_from(params, u, y, starts, noise):
    return estimate_state(
        lambda states: simulate_from(NETWORK, params, u, states), y, starts, noise
    )


def test_estimated_state_reproduces_the_run_from_an_unknown_state(params, rng):
    """Noise-free data of the same network: only the state is unknown, so all steps must match."""
    u, state = rng.normal(size=(200, 1)), 0.5 * rng.normal(size=(2, NETWORK.n_units))
    y = run(params, u, state)
    found = estimate(params, u[:60], y[:60], noise=1e-11)
    np.testing.assert_allclose(run(params, u, found), y, atol=1e-4)
    assert np.abs(run(params, u, np.zeros_like(state)) - y).max() > 0.05


def test_another_start_has_to_be_better_by_the_margin(params, rng):
    """The second fits as measured, the first by an error that is known."""
    u, state = rng.normal(size=(20, 1)), 0.3 * rng.normal(size=(2, NETWORK.n_units))
    y, other = run(params, u, state), state + 0.01
    still = np.zeros((2 * NETWORK.n_units, 1))
    cost = 0.5 * float(np.sum((run(params, u, other) - y) ** 2))
    simulated = partial(simulate_from, NETWORK, params, u)
    for margin, answer in ((0.0, state), (0.9 * cost, state), (1.1 * cost, other)):
        starts = [(other, still), (state, still)]
        found = estimate_state(simulated, y, starts, 1.0, margin)
        np.testing.assert_array_equal(found, answer)


def test_estimated_state_stays_at_the_settled_start_when_one_sample_is_given(params):
    """One sample cannot tell 2 * n_units states; the penalty keeps the plausible ones."""
    u = np.full((1, 1), 0.7)
    settled = settled_state(NETWORK, params, u[0])
    y = run(params, u, settled)
    found = estimate(params, u, y, noise=1e-3)
    np.testing.assert_allclose(found, settled, atol=1e-6)


def test_hidden_states_stay_where_they_can_be(params, rng):
    """Outputs that no state explains, and next to no penalty: h stops at its ends."""
    u = rng.normal(size=(20, 1))
    found = estimate(params, u, np.full((20, 1), 50.0), noise=1e-8)
    assert np.abs(found[0]).max() == 1.0


def test_settled_state_is_a_fixed_point(params):
    """Another step at the same input leaves it where it is."""
    u = np.array([0.3])
    state = settled_state(NETWORK, params, u)
    _, after = simulate(NETWORK, params, u[None], np.array([0, 1]), state[None], float32=False)
    np.testing.assert_allclose(after[0], state, atol=1e-9)


def test_typical_states_are_those_of_a_long_run(params):
    """At a constant input every look but the first few sees the settled state."""
    u = np.full((60_000, 1), 0.4)
    mean, spread = typical_states(NETWORK, params, u)
    np.testing.assert_allclose(mean, settled_state(NETWORK, params, u[0]), atol=1e-3)
    assert np.all(np.abs(spread) < 0.015)


def test_typical_states_vary_together_as_along_the_run(params, rng):
    """All but a little of the covariance of the run, in fewer directions than states."""
    u = rng.normal(size=(600, 1))
    mean, spread = typical_states(NETWORK, params, u)
    seen = np.array([run_to(params, u, step).ravel() for step in range(1, 601)])
    np.testing.assert_allclose(mean.ravel(), seen.mean(axis=0), atol=1e-9)
    assert spread.shape[0] == 2 * NETWORK.n_units
    assert spread.shape[1] < 2 * NETWORK.n_units
    missing = (np.cov(seen.T, bias=True) - spread @ spread.T) / np.outer(*2 * [seen.std(axis=0)])
    assert np.abs(missing).max() < 0.1
    lengths = np.linalg.norm(spread / seen.std(axis=0)[:, None], axis=0)
    assert np.all(np.diff(lengths) <= 0.0)


def test_states_of_a_short_record_may_vary_alone(params, rng):
    """Four steps show three directions; before the record others are possible as well."""
    u = rng.normal(size=(4, 1))
    _, spread = typical_states(NETWORK, params, u)
    seen = np.array([run_to(params, u, step).ravel() for step in range(1, 5)])
    assert np.linalg.matrix_rank(seen - seen.mean(axis=0)) == 3
    assert np.linalg.matrix_rank(spread) > 6
    np.testing.assert_allclose(np.sum(spread**2, axis=1), seen.var(axis=0), rtol=0.3)


def test_typical_states_exist_for_a_single_step(params):
    """A record shorter than the number of looks is looked at once per step."""
    mean, spread = typical_states(NETWORK, params, np.ones((1, 1)))
    assert np.isfinite(mean).all()
    assert np.all(np.linalg.norm(spread, axis=1) > 0.0)


def test_a_few_outputs_tell_more_where_states_are_known_to_move_together(params, rng):
    """Three noisy outputs, ten units' states: the covariance of the run says what the rest does.

    Geometric mean of the squared error of the run that follows, over sixty beginnings, against
    that with the variances alone.
    """
    u, noise = rng.normal(size=(2000, 1)), 1e-4
    mean, spread = typical_states(NETWORK, params, u)
    alone = np.diag(np.linalg.norm(spread, axis=1))
    together_error, alone_error = [], []
    for step in range(100, 1900, 30):
        ahead = u[step : step + 60]
        y = run(params, ahead, run_to(params, u, step))
        measured = y[:3] + np.sqrt(noise) * rng.normal(size=(3, 1))
        for factor, errors in ((spread, together_error), (alone, alone_error)):
            found = estimate_from(params, ahead[:3], measured, [(mean, factor)], noise)
            errors.append(np.mean((run(params, ahead, found) - y)[3:] ** 2))
    assert np.mean(np.log(together_error)) < np.mean(np.log(alone_error)) - 0.2


def test_state_is_found_where_a_singular_value_decomposition_fails(params, rng, monkeypatch):
    """The many equal rows of the penalty make it fail now and then; least squares goes on by QR."""
    u, hidden = rng.normal(size=(200, 1)), 0.3 * rng.normal(size=(2, NETWORK.n_units))
    y, solve = run(params, u, hidden), state.least_squares

    def failing(*arguments, method, **options):
        if method == "trf":
            raise np.linalg.LinAlgError("SVD did not converge")
        return solve(*arguments, method=method, **options)

    monkeypatch.setattr(state, "least_squares", failing)
    found = estimate(params, u, y, 1e-8)
    np.testing.assert_allclose(run(params, u, found), y, atol=1e-2)


def test_similar_state_is_that_of_the_same_situation(params):
    """A record that repeats itself: where the third period begins, not where outputs happen to fit.

    One output would not tell the state; the inputs that follow do.
    """
    period = np.random.default_rng(4).normal(size=(150, 1))
    u = np.tile(period, (4, 1))
    before = run_to(params, u, 300)
    y = run(params, u[300:], before)[:2]
    found = similar_state(
        NETWORK,
        params,
        u[300:],
        lambda states: simulate_from(NETWORK, params, u[300:302], states),
        y,
        2,
    )
    np.testing.assert_allclose(found, before, atol=1e-3)


def test_similar_state_exists_where_runs_overflow(params):
    """Every run is infinitely far off; any state of the record will do."""
    u = np.random.default_rng(4).normal(size=(50, 1))
    found = similar_state(
        NETWORK, params, u, lambda states: np.full((len(states), 3, 1), np.inf), np.zeros((3, 1)), 3
    )
    assert np.isfinite(found).all()


def run_to(params, u, step):
    """State before a step of a run from rest."""
    _, state = simulate(NETWORK, params, u[:step], np.array([0, step]), float32=False)
    return state[0]
