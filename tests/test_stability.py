"""The certificate: formulas with known answers, and runs that must keep what it promises."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from fastlstm import _core
from fastlstm._core.reference import lstm_step
from fastlstm.frame import Frame
from fastlstm.network import Network
from fastlstm.scaling import Scaling
from fastlstm.stability import StabilityConstraint, stability_report
from fastlstm.stability.bounds import SWEEPS, Interval, LayerWeights, layer_sweeps, network_sweeps
from fastlstm.stability.gains import comparison_matrix, loop_factors, loop_matrix, spectral_radius
from fastlstm.stability.mixin import StabilityMixin
from fastlstm.stability.published import incremental_gain, iss_gain

NETWORK = Network(2, 2, (4, 3), (5,))
LO, HI = np.array([-2.0, -0.5]), np.array([1.0, 1.5])


def sigma(x):
    return 1.0 / (1.0 + np.exp(-x))


def random_params(network=NETWORK, seed=0, scale=0.5):
    return scale * np.random.default_rng(seed).normal(size=network.n_params)


def certified_params(seed=0, scale=0.8):
    """Random weights, scaled back until the certificate just holds."""
    constraint = StabilityConstraint(NETWORK, LO, HI, margin=0.02)
    return constraint.project(random_params(seed=seed, scale=scale))


def one_unit(weight_hh, weight_ih=(0.0, 0.0, 0.0, 0.0), bias=(0.0, 0.0, 0.0, 0.0)):
    """One unit with the given gates i, f, g, o; the readout passes h on."""
    network = Network(1, 1, (1,))
    weights = {name: np.zeros(shape) for name, shape in network.shapes.items()}
    weights["lstm.0.weight_hh"] = np.array(weight_hh)[:, None]
    weights["lstm.0.weight_ih"] = np.array(weight_ih)[:, None]
    weights["lstm.0.bias"] = np.array(bias)
    weights["readout.hidden"] = np.ones((1, 1))
    return network, network.pack(weights)


def inputs_in_range(kind, n_steps, rng):
    if kind == "random":
        return rng.uniform(LO, HI, size=(n_steps, 2))
    if kind == "corner":
        return np.tile(HI, (n_steps, 1))
    switching = np.arange(n_steps)[:, None] // 3 % 2 == 0
    return np.where(switching, LO, HI)


def run_states(params, u, state):
    """States (n_steps + 1, 2, n_units) of a run, by the readable reference."""
    weights = NETWORK.unpack(params)
    cuts = np.cumsum(NETWORK.hidden_sizes)[:-1]
    h, c = (np.split(part, cuts) for part in state)
    states = [state]
    for x in u:
        for layer in range(NETWORK.num_layers):
            parts = [weights[f"lstm.{layer}.{p}"] for p in ("weight_ih", "weight_hh", "bias")]
            step = lstm_step(*parts, x, h[layer], c[layer])
            h[layer], c[layer], x = step.h, step.c, step.h
        states.append(np.stack([np.concatenate(h), np.concatenate(c)]))
    return np.array(states)


def test_radii_of_one_unit_when_only_the_candidate_is_recurrent():
    """Gates at 1/2 and slope 1: the loop is o i u / (1 - f) = u / 2, for ISS and incremental."""
    network, params = one_unit((0.0, 0.0, 0.7, 0.0))
    for kind in ("iss", "incremental"):
        constraint = StabilityConstraint(network, -np.ones(1), np.ones(1), kind)
        assert constraint.radii(params) == pytest.approx([0.35])


def test_radius_of_one_unit_when_the_input_moves_the_gates():
    """i, f and o at their largest over the range, slopes at their largest, by hand."""
    network, params = one_unit((0.0, 0.0, 0.3, 0.0), (0.5, 1.0, 0.2, -0.4), (0.1, -0.5, 0.4, 0.2))
    lo, hi = np.array([-1.0]), np.array([2.0])
    i, f, o = sigma(0.1 + 0.5 * 2), sigma(-0.5 + 2.0), sigma(0.2 + 0.4)
    want = o * i * 0.3 / (1 - f)
    iss = StabilityConstraint(network, lo, hi, "iss")
    assert iss.radii(params) == pytest.approx([want])
    # The preactivation of g is at least 0.2 - 0.3 h with -h the lower end of the box of h; once
    # that is positive, the slope of g is below 1 and h >= 0.
    h, z = 1.0, 0.0
    for _ in range(SWEEPS):
        z = 0.2 - 0.3 * h
        h = o * np.tanh(i * np.tanh(max(-z, 0.0)) / (1 - f))
    slope = 1 - np.tanh(max(z, 0.0)) ** 2
    incremental = StabilityConstraint(network, lo, hi)
    assert incremental.radii(params) == pytest.approx([want * slope])
    assert slope < 1


def test_published_gains_of_one_unit():
    """Terzi's and Bonassi's conditions with numbers put in by hand."""
    network, params = one_unit((0.2, -0.4, 0.3, 0.5), (0.5, 1.0, 0.2, -0.4), (0.1, -0.5, 0.4, 0.2))
    weights = LayerWeights.of(network, params, 0)
    i, f, o = sigma(1.0 + 0.2 + 0.1), sigma(2.0 + 0.4 + 0.5), sigma(0.8 + 0.5 + 0.2)
    g = np.tanh(0.4 + 0.3 + 0.4)
    c = i * g / (1 - f)
    assert iss_gain(weights, np.array([2.0])) == pytest.approx(o * i * 0.3 / (1 - f))
    alpha = 0.4 * c / 4 + i * 0.3 + 0.2 * g / 4
    want = o * alpha / (1 - f) + np.tanh(c) * 0.5 / 4
    assert incremental_gain(weights, np.array([2.0])) == pytest.approx(want)


@pytest.mark.parametrize("seed", range(20))
def test_gain_below_one_says_that_the_published_matrix_is_schur(seed):
    """The scalar gain and the spectral radius of the 2 x 2 matrix lie on the same side of one."""
    rng = np.random.default_rng(seed)
    f, alpha, o, beta = rng.uniform(0, 0.99), rng.uniform(0, 0.5), rng.uniform(), rng.uniform(0, 1)
    radius = spectral_radius(np.array([[f, alpha], [o * f, o * alpha + beta]]))
    assert (o * alpha / (1 - f) + beta < 1) == (radius < 1)


@pytest.mark.parametrize("seed", range(20))
def test_componentwise_is_never_more_conservative(seed):
    """Every entry is bounded by its norm, every gate by the largest."""
    params = random_params(seed=seed, scale=[0.05, 0.2, 0.5, 1.0][seed % 4])
    for layer in stability_report(NETWORK, params, np.stack([LO, HI])).layers:
        assert layer.iss >= layer.iss_published
        assert layer.incremental >= layer.incremental_published


@pytest.mark.parametrize("seed", range(20))
def test_condensed_radius_is_below_one_where_the_full_one_is(seed):
    """Q = O (I - F)^-1 A + B against M of (c, h), both sides of one."""
    params = random_params(seed=seed, scale=0.02 + 0.01 * seed)
    for layer, sweeps in enumerate(network_sweeps(NETWORK, params, Interval.between(LO, HI))):
        magnitude = np.abs(LayerWeights.of(NETWORK, params, layer).weight_hh)
        condensed = spectral_radius(loop_matrix(loop_factors(sweeps[-1], "incremental"), magnitude))
        full = spectral_radius(comparison_matrix(sweeps[-1], magnitude))
        assert (condensed < 1) == (full < 1)


def test_boxes_are_nested_and_no_run_leaves_them(rng):
    """Runs from rest, from corners of the box and with inputs at the ends of their range."""
    params = random_params(scale=0.8)
    sweeps = network_sweeps(NETWORK, params, Interval.between(LO, HI))
    for layer in sweeps:
        for wider, narrower in pairwise(layer):
            assert np.all(narrower.c_hi <= wider.c_hi) and np.all(narrower.c_lo >= wider.c_lo)
    last = [layer[-1] for layer in sweeps]
    c_lo, c_hi = (np.concatenate([getattr(s, name) for s in last]) for name in ("c_lo", "c_hi"))
    h_lo, h_hi = (np.concatenate([s.h.centre + e * s.h.radius for s in last]) for e in (-1, 1))
    for kind in ("random", "corner", "switching"):
        for h, c in ((0 * h_lo, 0 * c_lo), (h_hi, c_hi), (h_lo, c_hi), (h_hi, c_lo)):
            states = run_states(params, inputs_in_range(kind, 50, rng), np.stack([h, c]))
            assert np.all(states[:, 0] >= h_lo - 1e-12) and np.all(states[:, 0] <= h_hi + 1e-12)
            assert np.all(states[:, 1] >= c_lo - 1e-12) and np.all(states[:, 1] <= c_hi + 1e-12)


@pytest.mark.parametrize("kind", ["random", "corner", "switching"])
@pytest.mark.parametrize("seed", range(2))
def test_certified_model_forgets_its_initial_state_as_fast_as_it_says(kind, seed):
    """Distance of two runs against K r^k at every step, and of the outputs after `n_steps`."""
    rng = np.random.default_rng(seed)
    params = certified_params(seed)
    report = stability_report(NETWORK, params, np.stack([LO, HI]))
    assert report.certified and report.forgetting is not None
    known = report.forgetting
    u = inputs_in_range(kind, 400, rng)
    starts = rng.uniform(known.state_lo, known.state_hi, size=(2, *known.state_lo.shape))
    first, second = (run_states(params, u, start) for start in starts)
    distance = np.abs(first - second).max(axis=(1, 2))
    bounds = [known.bound(k, distance[0]) for k in range(len(distance))]
    assert np.all(distance <= np.array(bounds) + 1e-14)

    u = inputs_in_range(kind, known.n_steps + 200, rng)
    y = [
        _core.simulate(NETWORK, params, u, np.array([0, len(u)]), start[None], float32=False)[0]
        for start in starts
    ]
    assert np.abs(y[0] - y[1])[known.n_steps :].max() < 0.01
    assert np.abs(y[0] - y[1])[:3].max() > 1e-3  # there was something to forget


def test_certified_model_stays_bounded_in_100_000_random_steps(rng):
    """From a state far outside, outputs end inside what the boxes allow and stay there."""
    params = certified_params(seed=3)
    known = stability_report(NETWORK, params, np.stack([LO, HI])).forgetting
    assert known is not None
    u = rng.uniform(LO, HI, size=(100_000, 2))
    far = np.stack([np.ones(7), 50.0 * rng.choice([-1.0, 1.0], size=7)])
    offsets = np.array([0, len(u)])
    y, final = _core.simulate(NETWORK, params, u, offsets, far[None], float32=False)
    rest, _ = _core.simulate(NETWORK, params, u, offsets, float32=False)
    assert np.isfinite(y).all()
    assert np.all(final[0] >= known.state_lo - 1e-9)
    assert np.all(final[0] <= known.state_hi + 1e-9)
    assert np.abs(y - rest)[5000:].max() < 1e-9


def test_latch_is_not_certified_and_does_not_forget():
    """A large weight of g on its own h makes two stable states: the start is never forgotten."""
    network, params = one_unit((0.0, 0.0, 6.0, 0.0), bias=(2.0, 0.0, 0.0, 2.0))
    report = stability_report(network, params, np.array([[-1.0], [1.0]]))
    assert not report.certified and report.margin < 0 and report.forgetting is None
    assert report.certified_range is None  # not even for a constant input
    offsets, u = np.array([0, 10_000]), np.zeros((10_000, 1))
    ends = [
        _core.simulate(network, params, u, offsets, np.full((1, 2, 1), h0), float32=False)[0][-1, 0]
        for h0 in (0.5, -0.5)
    ]
    assert ends[0] > 0.5 and ends[1] < -0.5


def test_model_that_latches_only_for_large_inputs_is_certified_for_small_ones():
    """The input opens f; the report names the part of the range that is safe."""
    network, params = one_unit((0.0, 0.0, 0.5, 0.0), (0.0, 2.0, 0.0, 0.0))
    report = stability_report(network, params, np.array([[-3.0], [3.0]]))
    assert not report.certified and report.certified_range is not None
    edge = report.certified_range[1, 0]
    assert 0.5**3 / sigma(-2 * edge) == pytest.approx(1.0, abs=1e-4)  # o i u / (1 - f) = 1
    assert stability_report(network, params, 0.999 * report.certified_range).certified


def test_forget_gate_that_saturates_in_float64_is_not_certified():
    """1 - f is not zero for a preactivation of 40, but it is for 800: no number is better."""
    for bias, certified in ((40.0, True), (800.0, False)):
        network, params = one_unit((0.0, 0.0, 0.0, 0.0), bias=(0.0, bias, 0.0, 0.0))
        constraint = StabilityConstraint(network, -np.ones(1), np.ones(1))
        assert constraint.holds(params) == certified


def test_report_converts_the_range_into_the_unit_of_the_data():
    """A range in physical units is the standardised one moved and stretched."""
    scaling = Scaling(np.array([10.0, -3.0]), np.array([2.0, 0.5]), np.zeros(2), np.ones(2))
    params = random_params(scale=0.1)
    standardised = stability_report(NETWORK, params, np.stack([LO, HI]))
    physical = scaling.u_mean + scaling.u_std * np.stack([LO, HI])
    report = stability_report(NETWORK, params, physical, scaling)
    for got, want in zip(report.layers, standardised.layers, strict=True):
        assert got.incremental == pytest.approx(want.incremental)
    np.testing.assert_allclose(report.input_range, physical)


class Fitted(StabilityMixin, BaseEstimator):
    """What the mixin needs of a fitted estimator."""

    def fit(self):
        self.network_, self.params_ = NETWORK, random_params(scale=0.1)
        self.scaling_ = Scaling(np.array([10.0, -3.0]), np.ones(2), np.zeros(2), np.ones(2))
        self.input_range_ = np.array([[8.0, -3.5], [11.0, -1.5]])
        self.frame_, self.n_features_in_ = Frame.plain(1), 2
        return self


def test_estimator_reports_for_the_range_seen_in_training_or_for_the_one_given():
    """None, a pair of numbers for all channels, and a pair of arrays."""
    model = Fitted().fit()
    seen = model.stability_report()
    np.testing.assert_array_equal(seen.input_range, model.input_range_)
    same = model.stability_report(([8.0, -3.5], [11.0, -1.5]))
    assert same.layers == seen.layers
    wide = model.stability_report((-20.0, 20.0))
    np.testing.assert_array_equal(wide.input_range, [[-20.0, -20.0], [20.0, 20.0]])
    assert wide.margin < seen.margin
    for bad in (3.0, (1.0, 2.0, 3.0), ("low", "high"), ([1.0, 2.0, 3.0], 4.0)):
        with pytest.raises(ValueError, match="input_range must be a pair"):
            model.stability_report(bad)


def test_report_reads_as_a_verdict():
    """The first line says it, the last what follows or what to do."""
    safe = str(stability_report(NETWORK, certified_params(), np.stack([LO, HI])))
    assert safe.startswith("Stability: certified (margin 0.02")
    assert "[-2, 1] x [-0.5, 1.5]" in safe and "^k" in safe
    wild = str(stability_report(NETWORK, random_params(scale=3.0), np.stack([LO, HI])))
    assert wild.startswith("Stability: not certified (margin -")
    assert 'stability="incremental"' in wild


@pytest.mark.parametrize("bad", [[[0.0], [1.0]], [[0.0, np.nan], [1.0, 1.0]], [[2.0, 0], [1, 1]]])
def test_report_refuses_a_range_that_is_none(bad):
    """Wrong number of channels, not finite, exchanged."""
    with pytest.raises(ValueError, match="input_range must"):
        stability_report(NETWORK, random_params(), np.array(bad))


def test_layer_bounds_shrink_with_the_recurrent_weights():
    """What the projection relies on: the radius falls at least in proportion to the factor."""
    params = random_params(scale=0.4)
    weights, x = LayerWeights.of(NETWORK, params, 0), Interval.between(LO, HI)
    radii = []
    for factor in (1.0, 0.7, 0.3, 0.1):
        scaled = weights._replace(weight_hh=factor * weights.weight_hh)
        magnitude = np.abs(scaled.weight_hh)
        factors = loop_factors(layer_sweeps(scaled, x)[-1], "incremental")
        radii.append(spectral_radius(loop_matrix(factors, magnitude)) / factor)
    assert np.all(np.diff(radii) < 0)
