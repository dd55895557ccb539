"""Which networks that fit the same records say the same beside them."""

import numpy as np
import pytest

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.consensus import agreeing, agreement
from fastlstm.solvers.joined import Joined
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
    assert phases(agreeing(rivals, records, 1.3)) == ["0.0", "0.2"]


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


def plain(rivals):
    return [(rival.network, rival.params) for rival in rivals]


def test_an_average_trusts_what_most_of_its_networks_say(records):
    """In proportion to the distance from the middle, beyond what is usual; none is left out."""
    rivals = [member(shift, 1.0) for shift in (-0.1, 0.0, 0.1, 0.4, 2.0)]
    weights = agreement(plain(rivals), records)
    assert weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(weights / weights[2], [1.0, 1.0, 1.0, 0.2 / 0.3, 0.2 / 1.9])


def test_what_goes_astray_beyond_the_records_counts_less():
    """Alike where the inputs were measured: the step that is added tells."""
    records = Records.from_lists([np.full((300, 1), 0.1)])
    rivals = [member(shift, 1.0) for shift in (0.0, 0.01, 0.02, 0.03)]
    bypass = NETWORK.unpack(rivals[1].params)["readout.input"]
    bypass += 1.0
    NETWORK.unpack(rivals[1].params)["readout.bias"][:] -= 0.1
    weights = agreement(plain(rivals), records)
    assert np.argmin(weights) == 1


def test_networks_that_cannot_be_told_apart_count_alike(records):
    """All the same, or all of them wild."""
    same = [member(0.0, 1.0)] * 3
    np.testing.assert_allclose(agreement(plain(same), records), 1 / 3)
    for rival in same:
        NETWORK.unpack(rival.params)["readout.input"][:] = 1e308
    np.testing.assert_allclose(agreement(plain(same), records), 1 / 3)


def test_records_begin_from_rest_where_agreement_is_judged():
    """What a network remembers of another record tells nothing."""
    u = np.concatenate([np.full(20, 3.0), np.zeros(20)])[:, None]
    rivals = [member(0.0, 1.0, seed) for seed in (3, 4, 5)]
    whole, apart = Records.from_lists([u]), Records.from_lists([u[:20], u[20:]])
    difference = agreement(plain(rivals), whole) - agreement(plain(rivals), apart)
    assert np.abs(difference).max() > 1e-4


def test_the_weights_of_the_linear_model_stay(records):
    """Networks are weighed against each other; what is added afterwards keeps its share."""
    joined = Joined()
    for shift in (0.0, 0.1, 3.0):
        joined.add(plain([member(shift, 1.0)])[0], 0.2, 1.0)
    joined.weigh(records)
    joined.add(plain([member(1.0, 1.0)])[0], 0.4, 1.0)
    assert sum(joined.weights) == pytest.approx(1.0)
    assert joined.weights[3] == 0.4
    assert joined.weights[2] < 0.5 * joined.weights[0]
    made, offsets = joined.member(), records.offsets
    parts = [_core.simulate(*one, records.u, offsets, float32=False)[0] for one in joined.members]
    expected = np.tensordot(joined.weights, parts, axes=1)
    found = _core.simulate(*made, records.u, offsets, float32=False)[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_two_networks_keep_their_weights(records):
    """Neither is nearer to the middle of both."""
    joined = Joined()
    joined.add(plain([member(0.0, 1.0)])[0], 0.3, 1.0)
    joined.add(plain([member(1.0, 1.0)])[0], 0.7, 1.0)
    joined.weigh(records)
    assert joined.weights == [0.3, 0.7]
