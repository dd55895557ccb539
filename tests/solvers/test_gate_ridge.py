"""The ridge that keeps inputs away from the gates."""

import numpy as np
import pytest

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.solvers.gate_ridge import gate_strengths
from fastlstm.solvers.objective import Objective
from problems import PROBLEMS, teacher_params


def test_only_weights_from_inputs_to_gates_are_held_back():
    """Those of i, f and o in the first layer; the candidate g, where inputs belong, is free."""
    network = Network(2, 1, (3, 2), (4,))
    weights = network.unpack(gate_strengths(network, 50.0))
    gates = weights["lstm.0.weight_ih"].reshape(4, 3, 2)  # i f g o
    np.testing.assert_array_equal(gates[[0, 1, 3]], 50.0)
    np.testing.assert_array_equal(gates[2], 1.0)
    assert np.sum(gate_strengths(network, 50.0) == 50.0) == 3 * 3 * 2


def test_equal_strengths_cost_nothing():
    """The plain ridge has no vector to carry along."""
    assert gate_strengths(Network(1, 1, (2,)), 1.0) is None


@pytest.mark.parametrize("known", PROBLEMS, ids=lambda known: known.name)
def test_gradient_knows_the_strengths(known, rng):
    """It is the derivative of the cost, and the error of the rows does not contain the ridge."""
    network, train = known.problem.network, known.problem.train
    plan = _core.plan_rows(train.offsets, washout=30, stride=3, float32=False)
    strengths = gate_strengths(network, 1e3)
    plain = Objective(network, train, plan, 2000, 0.1, float32=False)
    objective = Objective(network, train, plan, 2000, 0.1, strengths=strengths, float32=False)
    params, direction = teacher_params(network, seed=5), rng.normal(size=network.n_params)
    gradient, step = objective.normal_equations(params).gradient, 1e-5
    slope = objective.cost(params + step * direction) - objective.cost(params - step * direction)
    assert 2 * gradient @ direction == pytest.approx(slope / (2 * step), rel=1e-5)
    assert objective.cost(params) > plain.cost(params)
    rmse = objective.rmse(params, objective.cost(params))
    assert rmse == pytest.approx(plain.rmse(params, plain.cost(params)), rel=1e-6)
