"""Networks behind bends that do not move: their objective, their paths, their average."""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.joined import Joined
from fastlstm.solvers.ridge_path import Point, RidgePath
from fastlstm.solvers.whole_records import WholeRecords
from fastlstm.starts.bends import Bends

N_TIMESTEPS = 60


@pytest.fixture
def records(rng):
    """One input and one output without meaning."""
    shape = (N_TIMESTEPS, 1)
    return Records.from_lists([rng.normal(size=shape)], [rng.normal(size=shape)])


@pytest.fixture
def objective(records, rng):
    """Behind all bends of the input."""
    bends = Bends.of(records.u)
    network = Network(bends.n_units, 1, (3,), (2,))
    anchor = 0.3 * rng.normal(size=network.n_params)
    network.unpack(anchor)["readout.input"][:] = 0.0
    rows = np.arange(N_TIMESTEPS) > 5
    settings = {"bends": bends, "float32": False}
    seen = bends.bent(records)
    return WholeRecords(network, seen, rows, N_TIMESTEPS, 0.1, anchor, 0.2, **settings)


def output(member, records):
    network, params = member
    return simulate(network, params, records.u, records.offsets, float32=False)[0]


def test_bypass_does_not_move(objective):
    """There is no place for it once the bends are a layer of their own."""
    state = DescentState(objective.begin(objective.anchor), np.inf)
    for _ in range(5):
        state = descend(objective, state)
    assert state.cost < 0.9 * objective.cost(objective.begin(objective.anchor))
    weights = objective.network.unpack(objective.weights(state.params))
    assert not weights["readout.input"].any()
    assert not np.array_equal(objective.weights(state.params), objective.anchor)


def test_gradient_of_what_moves_is_that_of_the_cost(objective, rng):
    """And of the others that of the ridge."""
    x = objective.begin(objective.anchor + 0.1 * rng.normal(size=objective.network.n_params))
    moves = np.ones(len(x), dtype=bool)
    moves[objective.frozen] = False
    steps = 1e-6 * np.eye(len(x))
    slopes = [(objective.cost(x + d) - objective.cost(x - d)) / 2e-6 for d in steps[moves]]
    gradient = objective.normal_equations(x).gradient
    np.testing.assert_allclose(2 * gradient[moves], slopes, rtol=1e-5, atol=1e-5)
    pull = objective.alpha * (x - objective.begin(objective.anchor))[~moves]
    np.testing.assert_allclose(gradient[~moves], pull, atol=1e-12)


def test_member_is_the_network_with_the_bends(objective, records):
    """From rest it says what the objective simulates."""
    x = objective.begin(objective.anchor)
    member = objective.member(x)
    assert member[0].hidden_sizes == (objective.network.n_inputs, 3)
    np.testing.assert_allclose(output(member, records), objective.simulate(x), atol=1e-12)


def test_other_records_are_seen_through_the_bends(objective, records):
    """As those of the search are."""
    np.testing.assert_array_equal(objective.on(records).records.u, objective.records.u)
    plain = replace(objective, bends=None)
    assert plain.on(records).records is records


def test_paths_report_whole_networks(objective, records):
    """Callbacks and the best so far need something that takes the input itself."""
    fold = type("Fold", (), {"noise": 0.1, "fitted": objective.fitted, "held": ~objective.fitted})
    fold.held_square = lambda misfit: float(np.mean(misfit**2))
    path, points = RidgePath("bent", objective, fold, 2, (1.0,)), []
    for iterate in path.follow(points):
        assert iterate.network.n_inputs == 1
        assert output((iterate.network, iterate.params), records).shape == (N_TIMESTEPS, 1)
    refit = list(path.refit(0, points[0].x, None, objective.fitted))
    assert all(iterate.network.n_inputs == 1 for iterate in refit)


def test_networks_behind_the_same_bends_share_them(objective, records, rng):
    """The average is that of all outputs, and the bends are there once."""
    other = Network(1, 1, (4, 2), (3,))
    params = 0.3 * rng.normal(size=other.n_params)
    xs = [objective.begin(rng.normal(size=objective.network.n_params)) for _ in range(2)]
    for x in xs:
        objective.network.unpack(objective.weights(x))["readout.input"][:] = 0.0
    joined = Joined()
    joined.add((other, params), 0.3, 4.0)
    joined.add_point(objective, Point(xs[0], 1.0, np.zeros((0, 1))), 0.5)
    joined.add_point(objective, Point(xs[1], 2.0, np.zeros((0, 1))), 0.2)
    network, whole = joined.member()
    assert network.hidden_sizes == (4 + objective.network.n_inputs, 2 + 3 + 3)
    parts = [output((other, params), records), *(objective.simulate(x) for x in xs)]
    expected = np.tensordot([0.3, 0.5, 0.2], parts, axes=1)
    np.testing.assert_allclose(output((network, whole), records), expected, atol=1e-12)
    assert joined.rmse_train == pytest.approx(np.sqrt(0.3 * 4.0 + 0.5 * 1.0 + 0.2 * 2.0))
