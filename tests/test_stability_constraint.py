"""Stability as a constraint of training: values, derivatives, projection."""

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.stability import StabilityConstraint

NETWORKS = [Network(2, 2, (3, 2), (2,)), Network(2, 1, (1,)), Network(2, 1, (2, 1, 2))]
LO, HI = np.array([-2.0, -0.5]), np.array([1.0, 1.5])


def random_params(network, seed=0, scale=0.5):
    return scale * np.random.default_rng(seed).normal(size=network.n_params)


@pytest.mark.parametrize("smoothing", [0.0, 0.03])
@pytest.mark.parametrize("kind", ["incremental", "iss"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.hidden_sizes))
def test_jacobian_is_the_derivative_of_the_excess(network, kind, smoothing):
    """Central differences in every weight, head included, through all layers below."""
    constraint = StabilityConstraint(network, LO, HI, kind, smoothing=smoothing)
    params, step = random_params(network, seed=2), 1e-6
    jacobian = constraint.jacobian(params, shift=50.0)  # every layer counts as violated
    differences = [
        constraint.excess(params + step * e) - constraint.excess(params - step * e)
        for e in np.eye(network.n_params)
    ]
    want = np.array(differences).T / (2 * step)
    assert np.abs(want).max() > 0.1
    np.testing.assert_allclose(jacobian, want, rtol=1e-5, atol=1e-7)


def test_jacobian_has_rows_only_for_violated_layers():
    """A satisfied layer adds nothing, however near it is."""
    network = NETWORKS[0]
    params = StabilityConstraint(network, LO, HI).project(random_params(network))
    where = network.layout["lstm.1.weight_hh"][0]
    params[where] *= 1.5
    constraint = StabilityConstraint(network, LO, HI)
    violation, jacobian = constraint.violation(params), constraint.jacobian(params)
    assert violation[0] == 0.0 and violation[1] > 0.0
    assert not np.any(jacobian[0]) and np.any(jacobian[1])


def test_gradient_step_reduces_the_violation():
    """Newton's step on the worst layer, to first order."""
    network = NETWORKS[0]
    constraint = StabilityConstraint(network, LO, HI)
    params = random_params(network, scale=0.3)
    violation, row = constraint.violation(params)[1], constraint.jacobian(params)[1]
    assert violation > 0
    small = 1e-3 * violation / (row @ row)
    moved = constraint.violation(params - small * row)[1]
    assert moved == pytest.approx(violation * (1 - 1e-3), rel=1e-4)


@pytest.mark.parametrize("kind", ["incremental", "iss"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 10.0, 1e4])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.hidden_sizes))
def test_projection_certifies_any_finite_weights(network, scale, kind):
    """Also where forget gates saturate and the radius is infinite in float64."""
    constraint = StabilityConstraint(network, LO, HI, kind)
    params = random_params(network, scale=scale)
    before = params.copy()
    projected = constraint.project(params)
    assert constraint.holds(projected)
    np.testing.assert_array_equal(params, before)
    assert constraint.project(projected) is projected


def test_projection_leaves_certified_weights_alone():
    """Same bits for weights that hold, and for the layers that hold in weights that do not."""
    network = NETWORKS[0]
    constraint = StabilityConstraint(network, LO, HI)
    certified = random_params(network, scale=0.02)
    assert constraint.holds(certified)
    assert constraint.project(certified) is certified
    violated = certified.copy()
    where = network.layout["lstm.1.weight_hh"][0]
    violated[where] = random_params(network, scale=3.0)[where]
    assert constraint.violation(violated)[0] == 0.0 < constraint.violation(violated)[1]
    projected = constraint.project(violated)
    others = np.ones(network.n_params, dtype=bool)
    others[where] = False
    np.testing.assert_array_equal(projected[others], violated[others])


def test_projection_ends_at_the_edge():
    """The largest factor: the violated layer is left with an excess of -1e-6 at most."""
    network = NETWORKS[0]
    constraint = StabilityConstraint(network, LO, HI)
    excess = constraint.excess(constraint.project(random_params(network)))
    assert np.all(excess <= 0.0) and np.all(excess > -1e-5)


def test_smoothed_constraint_is_never_stricter():
    """Its magnitudes lie below the absolute values and tend to them."""
    network = NETWORKS[0]
    constraint, params = StabilityConstraint(network, LO, HI), random_params(network)
    exact = constraint.excess(params)
    assert np.all(constraint.smoothed(0.05).excess(params) < exact)
    np.testing.assert_allclose(constraint.smoothed(1e-9).excess(params), exact, rtol=1e-6)


def test_weights_that_are_not_finite_do_not_hold():
    """NaN is a violated constraint for a trial step and an error for a projection."""
    network = NETWORKS[0]
    constraint = StabilityConstraint(network, LO, HI)
    params = random_params(network)
    params[0] = np.nan
    assert not constraint.holds(params)
    assert not np.any(constraint.jacobian(params))
    with pytest.raises(ValueError, match="params must be finite"):
        constraint.project(params)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_lo": np.zeros(1)}, "input_lo must hold 2"),
        ({"input_hi": np.array([1.0, np.inf])}, "input_hi must hold 2 finite"),
        ({"input_lo": HI, "input_hi": LO}, "must not exceed"),
        ({"kind": "both"}, "kind must be"),
        ({"margin": 0.0}, "margin must lie"),
    ],
)
def test_constraint_refuses_bad_arguments(change, message):
    """Each argument says what it must be."""
    arguments = {"network": NETWORKS[0], "input_lo": LO, "input_hi": HI, **change}
    with pytest.raises(ValueError, match=message):
        StabilityConstraint(**arguments)
