"""The judge itself, against hand calculation and finite differences."""

import numpy as np
import pytest
from core_problems import PROBLEMS

from fastlstm._core import reference
from fastlstm.network import Network

SMALL = [problem for problem in PROBLEMS if problem.network.n_params < 600]


def test_reference_matches_hand_calculation_when_one_unit():
    """Two steps of the cell equations, written out with math functions."""
    network = Network(1, 1, (1,))
    weights = {
        "lstm.0.weight_ih": np.array([[0.5], [-0.3], [0.8], [0.2]]),
        "lstm.0.weight_hh": np.array([[0.1], [0.4], [-0.6], [0.7]]),
        "lstm.0.bias": np.array([0.05, 1.0, -0.1, 0.3]),
        "readout.hidden": np.array([[2.0]]),
        "readout.input": np.array([[-0.25]]),
        "readout.bias": np.array([0.75]),
    }
    u = np.array([[1.5], [-0.5]])
    h = c = 0.0
    expected = []
    for x in u[:, 0]:
        i = 1 / (1 + np.exp(-(0.5 * x + 0.1 * h + 0.05)))
        f = 1 / (1 + np.exp(-(-0.3 * x + 0.4 * h + 1.0)))
        g = np.tanh(0.8 * x - 0.6 * h - 0.1)
        o = 1 / (1 + np.exp(-(0.2 * x + 0.7 * h + 0.3)))
        c = f * c + i * g
        h = o * np.tanh(c)
        expected.append(2.0 * h - 0.25 * x + 0.75)
    y, state = reference.simulate(network, network.pack(weights), u, np.array([0, 2]))
    np.testing.assert_allclose(y[:, 0], expected, rtol=1e-14)
    np.testing.assert_allclose(state, [[[h], [c]]], rtol=1e-14)


def test_reference_is_linear_when_only_the_bypass_has_weights():
    """With every other weight zero the cell stays at rest and y = D u + d."""
    network = Network(2, 2, (3,), (4,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["readout.input"] = np.array([[1.0, -2.0], [0.5, 3.0]])
    weights["readout.bias"] = np.array([0.1, -0.2])
    u = np.random.default_rng(0).normal(size=(5, 2))
    y, _ = reference.simulate(network, network.pack(weights), u, np.array([0, 5]))
    np.testing.assert_allclose(y, u @ weights["readout.input"].T + weights["readout.bias"])


@pytest.mark.parametrize("problem", SMALL, ids=lambda p: p.name)
def test_reference_jacobian_matches_finite_differences(problem):
    """Forward sensitivities differentiate the same free run, initial state included."""
    network, first = problem.network, problem.lengths[0]
    u, state0 = problem.u[:first], problem.state0[:1]
    theta = np.concatenate([problem.params, state0.ravel()])
    n_params, step = network.n_params, 1e-6

    def outputs(theta):
        state = theta[n_params:].reshape(state0.shape)
        return reference.simulate(network, theta[:n_params], u, np.array([0, first]), state)[0]

    y, jacobian = reference.jacobian_forward(network, problem.params, u, state0[0])
    np.testing.assert_array_equal(y, outputs(theta))
    columns = np.random.default_rng(4).permutation(len(theta))[:60]
    for column in {*columns, *range(len(theta) - 2 * network.n_units, len(theta))}:
        shift = np.zeros_like(theta)
        shift[column] = step
        slope = (outputs(theta + shift) - outputs(theta - shift)) / (2 * step)
        np.testing.assert_allclose(jacobian[:, :, column], slope, atol=2e-8)
