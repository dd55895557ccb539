import numpy as np
import pytest

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.starts.pass_through import pass_through

SHALLOW = Network(2, 2, (5,))


def deepened(params, width, scale, rng):
    """Weights of the shallow network with a layer on top that passes on."""
    old, deep = SHALLOW.unpack(params), Network(2, 2, (5, width))
    weights = {name: np.zeros(shape) for name, shape in deep.shapes.items()}
    weights.update(old)
    C = pass_through(weights, 1, old["readout.hidden"], scale=scale, gate_spread=0.0, rng=rng)
    weights["readout.hidden"] = C
    return deep, deep.pack(weights)


@pytest.mark.parametrize("width", [2, 3, 5, 8])
def test_deeper_network_equals_the_shallow_one_as_the_signals_get_small(rng, width):
    """The error is of second order, for layers as narrow as there are outputs and for wide ones."""
    params, u = rng.normal(size=SHALLOW.n_params), rng.normal(size=(200, 2))
    offsets = np.array([0, 200])
    y, _ = _core.simulate(SHALLOW, params, u, offsets, float32=False)
    errors = []
    for scale in (0.1, 0.05, 0.025):
        deep, weights = deepened(params, width, scale, np.random.default_rng(1))
        y_deep, _ = _core.simulate(deep, weights, u, offsets, float32=False)
        errors.append(np.abs(y_deep - y).max() / np.ptp(y))
    assert errors[-1] < 1e-3
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.15)
