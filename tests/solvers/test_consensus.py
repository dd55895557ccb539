"""The choice among networks that fit the same records."""

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.consensus import most_agreed
from fastlstm.solvers.rival import Rival

NETWORK = Network(1, 1, (2,))


def member(shift, rmse, seed=0):
    """Networks alike but for what the readout adds, with the validation error they are said to."""
    params = 0.5 * np.random.default_rng(seed).normal(size=NETWORK.n_params)
    NETWORK.unpack(params)["readout.bias"][:] = shift
    return Rival(NETWORK, params, f"{shift}", rmse, rmse)


@pytest.fixture
def records():
    return Records.from_lists([np.random.default_rng(1).normal(size=(300, 1))])


def test_the_odd_one_out_is_not_chosen(records):
    """It has the smallest error on validation, and says something else than the others."""
    rivals = [member(3.0, 0.9), member(0.0, 1.0), member(0.1, 1.1), member(0.15, 1.2)]
    assert most_agreed(rivals, records).phase == "0.1"


def test_a_poor_fit_is_not_chosen_for_its_place(records):
    """In the middle, but with twice the error."""
    rivals = [member(0.0, 1.0), member(0.1, 2.0), member(0.2, 1.1)]
    assert most_agreed(rivals, records).phase == "0.0"


def test_smaller_error_decides_between_two(records):
    """Each is as far from the other."""
    rivals = [member(0.0, 1.1), member(0.4, 1.0)]
    assert most_agreed(rivals, records).phase == "0.4"
    assert most_agreed(rivals[:1], records) is rivals[0]


def test_network_that_diverges_is_no_neighbour(records):
    """Its distance is infinite; the others still have each other."""
    wild = member(0.0, 1.0)
    NETWORK.unpack(wild.params)["readout.input"][:] = 1e308
    rivals = [wild, member(0.05, 1.2), member(0.1, 1.1), member(0.2, 1.2)]
    assert most_agreed(rivals, records).phase == "0.1"
