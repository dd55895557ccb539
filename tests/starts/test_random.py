"""Random starts."""

from dataclasses import replace

import numpy as np

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.starts.near_linear import near_linear_start
from fastlstm.starts.random import random_start


def test_random_start_has_stated_ranges(rng):
    """The ranges are the definition: memories of different length, nearly silent readout."""
    network = Network(2, 1, (40, 40), (8,))
    weights = network.unpack(random_start(network, rng))
    for layer in range(2):
        forget = weights[f"lstm.{layer}.bias"][40:80]
        assert forget.min() > 0.0
        assert 1.5 < forget.max() < 2.0
        assert np.abs(weights[f"lstm.{layer}.weight_hh"]).max() < 1.0 / np.sqrt(40)
    assert np.abs(weights["readout.hidden"]).max() < 0.1
    assert np.all(weights["readout.input"] == 0.0)


def test_random_start_repeats_when_seed_repeats():
    """Starts are reproducible and differ between seeds."""
    network = Network(1, 1, (5, 5))
    starts = [random_start(network, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])


def test_near_linear_start_leaves_the_washout_out(rng):
    """Also where the shortest record is little longer than the washout."""
    network, u = Network(1, 1, (3,)), rng.normal(size=(160, 1))
    records = Records(u, np.cumsum(u, axis=0), np.array([0, 40, 160]))
    spoiled = replace(records, y=np.where(records.scored(30)[:, None], records.y, 1e3))
    starts = [
        near_linear_start(network, each, np.random.default_rng(0), washout=30)
        for each in (records, spoiled)
    ]
    np.testing.assert_array_equal(*starts)
