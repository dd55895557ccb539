"""The objective on whole records with initial states and levels."""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import whole_records
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.whole_records import WholeRecords

NETWORK = Network(2, 2, (3, 2), (2,))


@pytest.fixture
def objective(rng):
    """Two records, a held-out block in the middle, output 1 integrates."""
    records = Records.from_lists(
        [rng.normal(size=(30, 2)), rng.normal(size=(20, 2))],
        [rng.normal(size=(30, 2)), rng.normal(size=(20, 2))],
    )
    fitted = np.ones(50, dtype=bool)
    fitted[10:20] = False
    anchor = 0.3 * rng.normal(size=NETWORK.n_params)
    gains = np.array([0.0, 0.4])
    return WholeRecords(NETWORK, records, fitted, 30, 0.3, anchor, 0.2, gains, float32=False)


def numerical_gradient(objective, x):
    steps = 1e-6 * np.eye(len(x))
    return np.array([(objective.cost(x + d) - objective.cost(x - d)) / 2e-6 for d in steps])


@pytest.mark.parametrize("free_states", [True, False])
@pytest.mark.parametrize("gains", [(0.0, 0.4), (0.7, 0.4), None])
def test_gradient_matches_differences_of_the_cost(objective, rng, free_states, gains):
    """Weights, initial states, levels and both ridges, with memory as long as the records."""
    gains = None if gains is None else np.array(gains)
    objective = replace(objective, free_states=free_states, gains=gains)
    x = 0.3 * rng.normal(size=objective.n_unknowns)
    gradient = objective.normal_equations(x).gradient
    np.testing.assert_allclose(2 * gradient, numerical_gradient(objective, x), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_errors_that_are_forgotten(objective, rng, weighted):
    """Of the output that integrates; rows that do not count neither add nor pass anything on."""
    if weighted:
        weights = rng.uniform(0.5, 2.0, size=(50, 2))
        weights[3:9, 1] = 0.0
        objective = replace(objective, records=replace(objective.records, weights=weights))
    objective = replace(objective, forgotten=4.0)
    x = 0.3 * rng.normal(size=objective.n_unknowns)
    gradient = objective.normal_equations(x).gradient
    np.testing.assert_allclose(2 * gradient, numerical_gradient(objective, x), rtol=1e-6, atol=1e-5)
    plain = replace(objective, forgotten=None).misfit(x)
    np.testing.assert_array_equal(objective.misfit(x)[:, 0], plain[:, 0])
    y = objective.records.y.copy()
    y[10:20] = 1e3
    changed = replace(objective, records=replace(objective.records, y=y))
    assert changed.cost(x) == objective.cost(x)


def test_held_out_outputs_have_no_influence(objective, rng):
    """The free run passes through held-out rows without looking at what was measured there."""
    x = 0.3 * rng.normal(size=objective.n_unknowns)
    y = objective.records.y.copy()
    y[10:20] = 1e3
    changed = replace(objective, records=replace(objective.records, y=y))
    assert changed.cost(x) == objective.cost(x)
    np.testing.assert_array_equal(
        changed.normal_equations(x).gradient, objective.normal_equations(x).gradient
    )


def test_descent_finds_initial_states_and_levels(objective, rng):
    """Noise-free data of the network itself from unknown states: only they have to be found."""
    objective = replace(objective, alpha=1e6, state_alpha=1e-8)
    truth = np.concatenate([objective.anchor, np.zeros(objective.n_unknowns - NETWORK.n_params)])
    truth[NETWORK.n_params :] = 0.3 * rng.normal(size=len(truth) - NETWORK.n_params)
    records = replace(objective.records, y=objective.simulate(truth))
    objective = replace(objective, records=records, fitted=np.ones(50, dtype=bool))
    x = objective.begin(objective.anchor)
    start, state = objective.cost(x), DescentState(x, objective.cost(x))
    for _ in range(30):
        state = descend(objective, state)
    assert state.cost < 1e-5 * start


def test_begin_puts_levels_at_the_mean_error(objective):
    """The level is the one unknown that no descent has to search for."""
    x = objective.begin(objective.anchor)
    error = objective.misfit(x)
    for rows in objective.records.slices():
        fitted = objective.fitted[rows]
        assert abs(error[rows][fitted, 1].mean()) < 1e-12


def test_cost_is_infinite_where_the_free_run_overflows(objective):
    """A diverging trial is a rejected step, not an exception."""
    x = objective.begin(objective.anchor)
    x[: NETWORK.n_params] = 1e200
    assert objective.cost(x) == np.inf


@pytest.mark.parametrize("weighted", [False, True])
def test_many_initial_states_are_eliminated_record_by_record(objective, rng, weighted, monkeypatch):
    """The same step as with all unknowns together."""
    if weighted:
        weights = rng.uniform(size=(50, 2)) * (rng.uniform(size=(50, 2)) > 0.2)
        objective = replace(objective, records=replace(objective.records, weights=weights))
    objective = replace(objective, gains=None)
    x = 0.3 * rng.normal(size=objective.n_unknowns)
    whole = objective.normal_equations(x)
    monkeypatch.setattr(whole_records, "MAX_STATES", 0)
    arrow = objective.normal_equations(x)
    assert objective.eliminates_states
    np.testing.assert_allclose(arrow.gradient, whole.gradient, rtol=1e-9, atol=1e-12)
    expected, found = (e.damped(0.1, whole.diagonal) for e in (whole, arrow))
    np.testing.assert_allclose(found.step, expected.step, rtol=1e-7, atol=1e-10)
