"""Curves in front of the poles: units without memory, and the linear model behind them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.folds import held_out_rows
from fastlstm.starts.bends import (
    FEWEST,
    MANY,
    MOST_INPUTS,
    UNITS,
    Bends,
    layers_behind,
    left_by_bends,
)
from fastlstm.starts.bent_linear import BentLinear


def dead_zone(n_timesteps, seed, noise=0.0):
    """One pole behind a dead zone of one standard deviation."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(n_timesteps)
    y = lfilter([0.3], [1.0, -0.7], np.sign(u) * np.maximum(np.abs(u) - 1.0, 0.0))
    y = (y - y.mean()) / y.std() + noise * rng.standard_normal(n_timesteps)
    return Records.from_lists([u[:, None]], [y[:, None]])


def straight(n_timesteps, seed):
    """Drive the same pole without a dead zone."""
    records = dead_zone(n_timesteps, seed)
    y = lfilter([0.3], [1.0, -0.7], records.u, axis=0)
    return replace(records, y=y / y.std())


def left(records):
    rows = records.scored(50)
    return left_by_bends(records, Bends.of(records.u), held_out_rows(records, rows), rows)


def test_every_input_gets_its_share_of_the_units():
    """And one nearly straight unit each."""
    u = np.random.default_rng(0).standard_normal((500, 2))
    assert Bends.of(u[:, :1]).n_units == UNITS + 1
    assert np.bincount(Bends.of(u).channel).tolist() == [UNITS // 2 + 1] * 2
    many = np.random.default_rng(0).standard_normal((500, MOST_INPUTS + 1))
    n_each = np.bincount(Bends.of(many[:, 1:]).channel)
    assert n_each.tolist() == [FEWEST + 1] * MOST_INPUTS
    assert Bends.of(many) is None


@pytest.mark.parametrize(
    ("n_inputs", "room", "used"), [(1, 4, 4), (1, 9, 9), (2, 9, 8), (3, 14, 12), (1, 90, 15)]
)
def test_given_units_are_used_as_far_as_they_go(n_inputs, room, used):
    """As many for every input, and no more than where sizes are free."""
    u = np.random.default_rng(0).standard_normal((500, n_inputs))
    assert Bends.of(u, room=room).n_units == used
    u[:, 0] = np.sign(u[:, 0])
    few = Bends.of(u, room=room)
    assert few is None if n_inputs == 1 else few.n_units < used
    assert Bends.of(u, room=FEWEST * n_inputs) is None


def test_sharper_curves_may_have_more_steps():
    """Shared by the inputs like the others."""
    u = np.random.default_rng(0).standard_normal((500, 2))
    assert np.bincount(Bends.of(u, MANY).channel).tolist() == [MANY // 2 + 1] * 2


def test_a_function_of_two_values_is_straight():
    """A valve that is open or shut has no curve; a third position has one."""
    u = np.repeat([[-1.0], [1.0], [1.0]], 50, axis=0)
    assert Bends.of(u) is None
    assert Bends.of(np.zeros((50, 1))) is None
    u[:20] = 0.3
    np.testing.assert_allclose(np.unique(Bends.of(u).centre), [-0.35, 0.0, 0.65])
    both = np.concatenate([u, np.repeat([[-1.0], [1.0]], 75, axis=0)], axis=1)
    assert np.bincount(Bends.of(both).channel).tolist()[1] == 1


def test_steps_are_spread_over_what_lies_between_the_ends():
    """A valve that is shut for half of the time still gets all of them."""
    u = np.maximum(np.random.default_rng(0).standard_normal((500, 1)), 0.0)
    centre = np.sort(Bends.of(u).centre[:-1])
    assert len(centre) == UNITS
    assert centre[0] > 0.0
    between = np.searchsorted(centre, u[(u > 0.0) & (u < u.max())])
    np.testing.assert_allclose(np.bincount(between)[1:-1], (u > 0.0).sum() / UNITS, atol=1.5)


def test_units_are_smooth_steps_without_memory():
    """Whatever came before, the same input gives the same value."""
    records = dead_zone(400, 1)
    bends = Bends.of(records.u)
    bent = bends.bent(records).u
    gate = 1.0 / (1.0 + np.exp(-3.0))
    steps = gate * np.tanh(gate * np.tanh((records.u - bends.centre) / bends.width))
    np.testing.assert_allclose(bent, steps, atol=3e-3)
    order = np.random.default_rng(0).permutation(400)
    shuffled = bends.bent(replace(records, u=records.u[order])).u
    np.testing.assert_allclose(shuffled, bent[order], atol=5e-3)


@pytest.mark.parametrize("held", [1, 40])
def test_beyond_all_inputs_steps_have_ended(held):
    """Only the wide one goes on, so that a curve is not continued by large weights that cancel."""
    u = np.repeat(np.random.default_rng(0).uniform(-1.7, 1.7, 400 // held), held)[:, None]
    bends = Bends.of(u)
    far = Records.from_lists([np.array([[u.max()], [u.max() + 5.0]])], None)
    at_end, beyond = bends.bent(far).u
    assert np.all((beyond - at_end)[:-1] < 0.35)
    assert np.all(bends.width > 0.0)


def test_units_in_front_of_a_network_make_what_it_saw(rng):
    """Units that are left over are zero."""
    records = dead_zone(300, 7)
    bends = Bends.of(records.u)
    behind = Network(bends.n_units + 2, 1, (4, 3), (3,))
    params = 0.3 * rng.standard_normal(behind.n_params)
    behind.unpack(params)["readout.input"][:] = 0.0
    network, whole = bends.in_front(behind, params)
    assert network == Network(1, 1, (bends.n_units + 2, 4, 3), (3,))
    assert layers_behind(network) == behind
    seen = np.pad(bends.bent(records).u, ((0, 0), (0, 2)))
    expected, _ = simulate(behind, params, seen, records.offsets, float32=False)
    made, _ = simulate(network, whole, records.u, records.offsets, float32=False)
    np.testing.assert_allclose(made, expected, atol=1e-12)


def test_bends_are_asked_for_by_a_dead_zone_and_not_by_a_straight_line():
    """A tenth of the error is left, or nothing is gained."""
    assert left(dead_zone(1500, 2, noise=0.05)) < 0.3
    assert left(straight(1500, 2)) > 0.9


def test_outputs_that_are_missing_do_not_ask():
    """What stands in their place is far off."""
    records = dead_zone(1500, 3, noise=0.05)
    y, weights = records.y.copy(), np.ones_like(records.y)
    weights[::6] = 0.0
    y[::6] = 30.0
    known = left(replace(records, y=np.where(weights > 0.0, y, 0.0), weights=weights))
    assert known == pytest.approx(left(replace(records, y=y, weights=weights)))
    assert known < 0.3


def test_linear_model_behind_bends_follows_a_dead_zone():
    """The linear model alone leaves half of the output."""
    records, fresh = dead_zone(2000, 4), dead_zone(2000, 5)
    model = BentLinear.identify(records, Bends.of(records.u), records.scored(50))
    error = (model.simulate(fresh) - fresh.y)[50:]
    assert error.std() < 0.1
    assert model.order <= 2


@pytest.mark.parametrize(("scale", "error"), [(0.003, 0.05), (0.05, 0.08)])
def test_network_begins_as_that_model(scale, error):
    """Two outputs, one of which answers at once; what is left are gates that move a little."""
    records = dead_zone(2000, 6)
    y = np.concatenate([records.y, np.tanh(2.0 * records.u) + 0.5 * records.y], axis=1)
    records = replace(records, y=y / y.std(axis=0))
    model = BentLinear.identify(records, Bends.of(records.u), records.scored(50))
    network = model.network(5, (3,))
    assert network.hidden_sizes == (UNITS + 1, max(5, model.order + 2))
    widths = network.hidden_sizes
    larger = Network(1, 2, (widths[0] + 4, widths[1] + 1, 3), (3,))
    for shape in (network, larger):
        params = model.embedded(shape, np.random.default_rng(0), scale)
        made, _ = simulate(shape, params, records.u, records.offsets, float32=False)
        off = (made - model.simulate(records))[50:].std(axis=0)
        np.testing.assert_allclose(off, 0.0, atol=error)
