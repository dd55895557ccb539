"""Weights of an average from the free run on held-out rows."""

from dataclasses import replace

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm.loss import LOSSES
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Problem
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.stacking import LEAST, Stack, stacked
from fastlstm.starts.growing import grow

NETWORK = Network(1, 1, (2,))
PARAMS = 0.5 * np.random.default_rng(0).normal(size=NETWORK.n_params)
N = 4000


def run(network, params, u):
    return simulate(network, params, u, np.array([0, len(u)]), float32=False)[0]


@pytest.fixture
def problem():
    """Give outputs of a network under noise of 0.1."""
    rng = np.random.default_rng(1)
    u = rng.normal(size=(N, 1))
    y = run(NETWORK, PARAMS, u) + 0.1 * rng.normal(size=(N, 1))
    return Problem(NETWORK, Records.from_lists([u], [y]), washout=10)


def off(name, by, network=NETWORK, params=PARAMS):
    """Give the plant but for one weight of the readout."""
    params = params.copy()
    network.unpack(params)[name].flat[0] += by
    return Rival(network, params, f"{by:+}", 1.0, 1.0)


def test_errors_that_cancel_do_so(problem):
    """Two levels, one above and one below: the weights are those of the plant between them."""
    weights = stacked(problem, [off("readout.bias", 0.03), off("readout.bias", -0.01)])
    np.testing.assert_allclose(weights, [0.25, 0.75], atol=0.07)
    assert weights.sum() == pytest.approx(1.0)


def test_errors_without_relation_get_weights_by_their_power(problem):
    """One is twice as far off as the other, in another direction: four times the weight."""
    rivals = [off("readout.bias", 0.05), off("readout.input", 0.1)]
    np.testing.assert_allclose(stacked(problem, rivals), [0.8, 0.2], atol=0.08)


def test_equal_networks_share(problem):
    """Nothing tells them apart: the weights are drawn to equal ones."""
    np.testing.assert_allclose(stacked(problem, [off("readout.bias", 0.02)] * 3), np.full(3, 1 / 3))


def test_no_weight_is_negative_and_none_is_small(problem):
    """What the average is better without has none; the others have what it leaves."""
    rivals = [off("readout.bias", by) for by in (-0.005, 0.01, 0.2)]
    weights = stacked(problem, rivals)
    assert weights[2] == 0.0
    assert (weights[:2] >= LEAST).all()
    assert weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["loss", "weights"])
def test_outliers_do_not_choose(problem, kind):
    """They speak for the wrong one, unless the loss or their weights keep them quiet."""
    records, far = problem.train, np.zeros((N, 1))
    far[20::50] = 20.0
    wrong = replace(problem, train=replace(records, y=records.y + far))
    rivals = [off("readout.bias", 0.0), off("readout.bias", 0.5)]
    assert stacked(wrong, rivals)[1] > 0.5
    if kind == "loss":
        quiet = replace(wrong, loss=LOSSES["huber"])
    else:
        weights = np.where(far > 0.0, 0.0, 1.0)
        quiet = replace(wrong, train=replace(wrong.train, weights=weights))
    assert stacked(quiet, rivals)[1] < 0.2


def test_shallow_and_deep_networks_are_joined(problem):
    """The average is one network of the deeper kind."""
    deep = Network(1, 1, (2, 3))
    params = 0.3 * np.random.default_rng(3).normal(size=deep.n_params)
    rivals = (off("readout.bias", 0.1), Rival(deep, params, "deep", 1.0, 1.0))
    stack = Stack(rivals, (0.7, 0.3))
    network, joined = stack.joined()
    u = problem.train.u[:300]
    parts = [run(one.network, one.params, u) for one in rivals]
    assert network.num_layers == 2
    np.testing.assert_allclose(run(network, joined, u), 0.7 * parts[0] + 0.3 * parts[1], atol=2e-4)


def test_network_that_goes_astray_elsewhere_has_no_part(problem):
    """It is as good as the others on the records, whose inputs never reach a unit of it."""
    wide = Network(1, 1, (3,))
    tame = grow(NETWORK, PARAMS, wide, np.zeros(wide.n_params))
    params = tame.copy()
    new = wide.unpack(params)
    new["lstm.0.weight_ih"][[2, 8, 11], 0] = 30.0  # opens above twice the usual range
    new["lstm.0.bias"][[2, 8, 11]] = -60.0
    new["readout.hidden"][0, 2] = 500.0
    u = np.clip(problem.train.u, -1.5, 1.5)
    small = replace(problem, train=replace(problem.train, u=u, y=run(wide, tame, u)))
    rivals = [Rival(wide, p, str(k), 1.0, 1.0) for k, p in enumerate([params, tame, tame, tame])]
    assert np.abs(run(wide, params, u) - run(wide, tame, u)).max() < 1e-2
    assert "0" not in [one.phase for one in Stack.of(small, rivals).members]


def test_average_stays_within_its_room(problem):
    """Of networks that do not fit side by side the better ones are taken."""
    rivals = [off("readout.bias", 0.03), off("readout.input", 0.04), off("readout.hidden", 0.2)]
    rivals = [replace(one, rmse=1.0 + 0.01 * k) for k, one in enumerate(rivals)]
    assert len(Stack.of(problem, rivals).members) == 3
    narrow = replace(problem, room=Network(1, 1, (5,)))
    stack = Stack.of(narrow, rivals)
    assert [one.phase for one in stack.members] == ["+0.03", "+0.04"]
    assert stack.joined()[0].hidden_sizes == (4,)
