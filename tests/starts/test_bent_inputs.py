"""What bends make of inputs, or few sums of it, as the inputs of a network."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm._core import simulate
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.bends import MANY, UNITS, Bends
from fastlstm.starts.bent_inputs import BentInputs
from fastlstm.starts.bent_linear import BentLinear

N_TIMESTEPS = 1500


@pytest.fixture
def records(rng):
    """Two inputs that act through one curve each, and two outputs."""
    u = rng.uniform(-1.7, 1.7, (N_TIMESTEPS, 2))
    waves, dead = np.sin(3.0 * u[:, 0]), np.sign(u[:, 1]) * np.maximum(np.abs(u[:, 1]) - 0.8, 0.0)
    first, second = lfilter([0.3], [1.0, -0.7], waves), lfilter([0.1], [1.0, -0.9], dead)
    y = np.stack([first + second, second], axis=1)
    return Records.from_lists([u], [(y - y.mean(axis=0)) / y.std(axis=0)])


@pytest.fixture
def curves(records, rng):
    """Three sums of all bent inputs."""
    inputs = BentInputs.of(Bends.of(records.u), records)
    return replace(inputs, curves=rng.normal(size=(inputs.n_inputs, 3)))


def output(network, params, records):
    return simulate(network, params, records.u, records.offsets, float32=False)[0]


def test_inputs_have_no_mean_and_unit_variance(records):
    """Those of an input that does not change have no variance at all."""
    inputs = BentInputs.of(Bends.of(records.u), records)
    assert inputs.n_inputs == UNITS + 2
    seen = inputs.made_of(records).u
    np.testing.assert_allclose(seen.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(seen.std(axis=0), 1.0)
    still = replace(records, u=records.u[:1] + np.zeros_like(records.u))
    assert np.isfinite(BentInputs.of(inputs.bends, still).made_of(still).u).all()


def test_a_network_that_sees_them_apart_does_the_same(records, curves, rng):
    """Weights of curves become those of the bent inputs in them."""
    network = Network(3, 2, (4, 3), (2,))
    params = 0.4 * rng.normal(size=network.n_params)
    apart = replace(curves, curves=None)
    expected = output(network, params, curves.made_of(records))
    larger, own = curves.apart(network, params)
    assert larger == Network(UNITS + 2, 2, (4, 3), (2,))
    np.testing.assert_allclose(output(larger, own, apart.made_of(records)), expected, atol=1e-9)
    assert apart.apart(larger, own) == (larger, own)


@pytest.mark.parametrize("sizes", [((4,), ()), ((4,), (3,)), ((4, 3), (2, 2))])
def test_bends_in_front_of_a_network_make_what_it_saw(records, curves, sizes, rng):
    """A bypass of the inputs becomes one more unit per output in every layer."""
    network = Network(3, 2, *sizes)
    params = 0.4 * rng.normal(size=network.n_params)
    expected = output(network, params, curves.made_of(records))
    whole, deeper = curves.in_front(network, params)
    assert whole.hidden_sizes == (UNITS + 2, *(width + 2 for width in sizes[0]))
    made = output(whole, deeper, records)
    np.testing.assert_allclose(made, expected, atol=2e-4 * np.abs(expected).max())
    network.unpack(params)["readout.input"][:] = 0.0
    whole, deeper = curves.in_front(network, params)
    assert whole.hidden_sizes == (UNITS + 2, *sizes[0])
    expected = output(network, params, curves.made_of(records))
    np.testing.assert_allclose(output(whole, deeper, records), expected, atol=1e-9)


def test_what_was_given_stays(records, curves, rng):
    """Nothing is written into the parameters of the network."""
    network = Network(3, 2, (4,))
    params = rng.normal(size=network.n_params)
    before = params.copy()
    curves.in_front(network, params)
    np.testing.assert_array_equal(params, before)


def test_the_linear_model_of_few_curves_is_the_same(records):
    """One curve per state and output; the inputs come along nearly as they are."""
    rows = np.arange(N_TIMESTEPS) >= 100
    model = BentLinear.identify(records, Bends.of(records.u, MANY), rows)
    inputs, linear = model.on_curves()
    assert inputs.n_inputs - 2 <= model.order + 2
    seen = inputs.made_of(records)
    np.testing.assert_allclose(linear.simulate(seen), model.simulate(records), atol=1e-9)
    for number in range(2):
        assert np.corrcoef(seen.u[:, number - 2], records.u[:, number])[0, 1] > 0.98


def test_curves_that_are_the_same_count_once(records):
    """One input that acts through one curve on two outputs, at once."""
    waves = np.sin(3.0 * records.u[:, :1])
    twice = replace(records, y=np.concatenate([waves, -2.0 * waves], axis=1))
    model = BentLinear.identify(twice, Bends.of(twice.u, MANY), np.arange(N_TIMESTEPS) >= 100)
    gains = np.concatenate([model.found.B, model.found.D])
    same = replace(model.found, B=gains[:1] + 0.0 * model.found.B, D=-gains[:1] + 0.0 * gains[:2])
    inputs, _ = replace(model, found=same).on_curves()
    assert inputs.n_inputs == 1 + 2
