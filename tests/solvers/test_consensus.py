"""Which networks that fit the same records say the same beside them."""

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.consensus import NOISY, agreeing
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


def phases(rivals):
    return [rival.phase for rival in rivals]


def test_one_that_goes_astray_is_left_out(records):
    """It has the smallest error on validation, and says something else than the others."""
    rivals = [member(3.0, 1.0), member(0.0, 1.05), member(0.1, 1.1), member(0.2, 1.15)]
    assert phases(agreeing(rivals, records)) == ["0.0", "0.1", "0.2"]
    rivals = [member(3.0, 1.0), *(member(shift, 4.0) for shift in (0.0, 0.1, 0.2))]
    assert phases(agreeing(rivals, records)) == ["3.0"]  # no other one fits


def test_a_poor_fit_takes_no_part(records):
    """In the middle of the others, but with four times the error; it tells where the middle is."""
    rivals = [member(0.0, 1.0), member(0.1, 4.0), member(0.2, 1.1)]
    assert phases(agreeing(rivals, records)) == ["0.0", "0.2"]
    rivals = [member(0.0, 1.0), member(0.1, 4.0), member(0.3, 1.1)]
    assert phases(agreeing(rivals, records)) == ["0.0"]


def test_what_is_a_poor_fit_may_be_told(records):
    """Where errors are mostly noise a little more is much."""
    rivals = [member(0.0, 1.0), member(0.1, 1.4), member(0.2, 1.1)]
    assert phases(agreeing(rivals, records)) == ["0.0", "0.1", "0.2"]
    assert phases(agreeing(rivals, records, NOISY)) == ["0.0", "0.2"]


def test_two_have_no_majority(records):
    """Each is as far from the other: both stay. One alone stays as well."""
    rivals = [member(0.0, 1.1), member(4.0, 1.0)]
    assert agreeing(rivals, records) == rivals
    assert agreeing(rivals[:1], records) == rivals[:1]


def test_network_that_diverges_is_left_out(records):
    """Its distance is infinite; the others still have each other."""
    wild = member(0.0, 1.0)
    NETWORK.unpack(wild.params)["readout.input"][:] = 1e308
    rivals = [wild, member(0.05, 1.15), member(0.1, 1.1), member(0.15, 1.15)]
    assert phases(agreeing(rivals, records)) == ["0.05", "0.1", "0.15"]


def test_where_all_diverge_one_is_left(records):
    """There is an answer all the same."""
    rivals = [member(shift, 1.0) for shift in (0.0, 0.1, 0.2)]
    for rival in rivals:
        NETWORK.unpack(rival.params)["readout.input"][:] = 1e308
    assert agreeing(rivals, records) == rivals[:1]
