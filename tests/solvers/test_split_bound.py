"""The inequalities of docs/theory/split.md on simulated data with a bounded disturbance."""

from dataclasses import dataclass

import numpy as np
import pytest

from fastlstm._core import simulate
from fastlstm._core.online import PATHS, OnlineNetwork
from fastlstm._core.reference_online import OnlineReference
from fastlstm.network import Network

ETAS = pytest.mark.parametrize("eta", [0.05, 0.5, 1.0])
ROUNDING = 1 + 1e-9


@dataclass(frozen=True)
class Run:
    """Per step: |e|^2, |mu|^2 and n = 1 + |phi|^2; and V before every step and after the last."""

    eta: float
    error2: np.ndarray
    mu2: np.ndarray
    n: np.ndarray
    V: np.ndarray

    @property
    def errors(self):
        """E^2 for every T."""
        return np.cumsum(self.error2 / self.n)

    @property
    def residuals(self):
        """M^2 for every T."""
        return np.cumsum(self.mu2 / self.n)

    def error_bound(self):
        """Inequality (3), squared, for every T."""
        eta = self.eta
        root = np.sqrt(self.residuals + (2 - eta) * self.V[0] / eta)
        return ((np.sqrt(self.residuals) + root) / (2 - eta)) ** 2

    def simple_error_bound(self):
        """Inequality (4) for every T."""
        eta = self.eta
        return 2 * self.V[0] / (eta * (2 - eta)) + 4 * self.residuals / (2 - eta) ** 2

    def weight_bound(self):
        """Inequality (6) for every T."""
        return self.V[0] + self.eta / (2 - self.eta) * self.residuals

    def holds(self):
        """Whether all of them hold at every T."""
        return (
            np.all(self.errors <= self.error_bound() * ROUNDING)
            and np.all(self.error_bound() <= self.simple_error_bound() * ROUNDING)
            and np.all(self.V[1:] <= self.weight_bound() * ROUNDING)
        )


def bounded_disturbance(rng, shape, bound):
    """Worst kind: always at the bound, with a sign that stays for a while."""
    return bound * np.repeat(np.sign(rng.normal(size=shape)), 5, axis=0)[: shape[0]]


def learn(network, start, reference, u, y, eta, path):
    """Compiled learning; phi of the twin with the same weights gives mu by its definition."""
    online, twin = OnlineNetwork(network, start, path), OnlineReference(network, start, path)
    error2, mu2, n, V = [], [], [], [np.sum((start - reference) ** 2)]
    for t in range(len(u)):
        twin.params = online.params
        phi = twin.step(u[t])[1]
        distance = online.params - reference
        y_pred, norm2 = online.learn(u[t], y[t], eta)
        error2.append(np.sum((y_pred - y[t]) ** 2))
        mu2.append(np.sum((y_pred - y[t] - phi @ distance) ** 2))
        n.append(1 + norm2)
        V.append(np.sum((online.params - reference) ** 2))
    return Run(eta, *(np.array(values) for values in (error2, mu2, n, V)))


def linear_case(n_outputs, disturbance, n_steps=400):
    """All gates at zero weights: h stays zero, phi is [u, 1], and the assumptions hold exactly."""
    rng = np.random.default_rng(0)
    network = Network(2, n_outputs, (3,), ())
    start, reference = np.zeros(network.n_params), np.zeros(network.n_params)
    weights = network.unpack(reference)
    weights["readout.input"][:] = rng.normal(size=(n_outputs, 2))
    weights["readout.bias"][:] = rng.normal(size=n_outputs)
    u = rng.normal(size=(n_steps, 2))
    w = bounded_disturbance(rng, (n_steps, n_outputs), disturbance)
    y = u @ weights["readout.input"].T + weights["readout.bias"] + w
    return network, start, reference, u, y, w


@ETAS
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("disturbance", [0.0, 0.3])
def test_bound_holds_at_every_step_for_a_linear_model(eta, n_outputs, disturbance):
    """Here mu is the disturbance and nothing else, so (5) holds with its bound as well."""
    *case, w = linear_case(n_outputs, disturbance)
    run = learn(*case, eta, "cell")
    np.testing.assert_allclose(run.mu2, np.sum(w**2, axis=1), atol=1e-12)
    assert run.holds()
    T = np.arange(1, len(w) + 1)
    mu_bar2 = n_outputs * disturbance**2
    limit = 2 * run.V[0] / (eta * (2 - eta) * T) + 4 * mu_bar2 / (2 - eta) ** 2
    assert np.all(run.errors / T <= limit * ROUNDING)


@pytest.mark.parametrize("eta", [0.05, 0.5, 1.0])
def test_bound_is_not_idle_for_a_linear_model(eta):
    """A bound far above what happens would prove little: the error reaches a tenth of it."""
    *case, _ = linear_case(1, 0.3)
    run = learn(*case, eta, "cell")
    assert run.errors[-1] > 0.1 * run.error_bound()[-1]


def test_bound_breaks_when_the_rate_is_not_normalised():
    """Control: the same sums for plain gradient steps of the same size leave the bound."""
    _, _, reference, u, y, w = linear_case(1, 0.3)
    eta, theta, target = 1.0, np.zeros(3), reference[-3:]  # readout.input, readout.bias
    error2, n, V = [], [], [np.sum(target**2)]
    for t in range(len(u)):
        phi = np.append(u[t], 1.0)
        error = phi @ theta - y[t, 0]
        theta = theta - eta * error * phi
        error2.append(error**2)
        n.append(1 + phi @ phi)
        V.append(np.sum((theta - target) ** 2))
    run = Run(eta, *(np.array(v) for v in (error2, w[:, 0] ** 2, n, V)))
    assert not run.holds()


def deep_case(n_outputs, distance, n_steps=300):
    """Take data of a known deep network plus a bounded disturbance, learned from nearby weights."""
    rng = np.random.default_rng(1)
    network = Network(1, n_outputs, (5, 4), (4,))
    reference = rng.normal(scale=0.5, size=network.n_params)
    start = reference + rng.normal(scale=distance, size=network.n_params)
    u = rng.normal(size=(n_steps, 1))
    y = simulate(network, reference, u, np.array([0, n_steps]), float32=False)[0]
    return network, start, reference, u, y + bounded_disturbance(rng, y.shape, 0.1)


@ETAS
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_bound_holds_for_a_deep_network_with_its_measured_residual(eta, path, n_outputs):
    """With mu by its definition the proof needs nothing of the network, the cut or the traces."""
    run = learn(*deep_case(n_outputs, 0.2), eta, path)
    assert run.holds()


@ETAS
@pytest.mark.parametrize("path", PATHS)
def test_weights_come_nearer_whenever_the_error_is_outside_the_dead_zone(eta, path):
    """Inequality (2) step by step, and the dead zone is left often enough to matter."""
    run = learn(*deep_case(1, 0.2), eta, path)
    error, mu, change = np.sqrt(run.error2), np.sqrt(run.mu2), np.diff(run.V)
    largest = -(eta / run.n) * ((2 - eta) * run.error2 - 2 * error * mu)
    assert np.all(change <= largest + 1e-12)
    outside = error > 2 * mu / (2 - eta)
    assert np.count_nonzero(outside) > 10
    assert np.all(change[outside] < 0)


@pytest.mark.parametrize("path", PATHS)
def test_error_falls_to_the_disturbance_on_data_of_a_known_network(path):
    """Started far away, the error ends at the disturbance, which is 0.1 at every sample."""
    network, start, _, u, y = deep_case(1, 0.8, n_steps=6000)
    learned = OnlineNetwork(network, start, path).learn_record(u, y, 0.1) - y
    still = OnlineNetwork(network, start, path).run(u) - y
    late = np.s_[5000:]
    assert np.sqrt(np.mean(still[late] ** 2)) > 0.5
    assert np.sqrt(np.mean(learned[late] ** 2)) < 0.15
