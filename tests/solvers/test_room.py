"""Free sizes within those of a network that was asked for."""

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.solvers.rival import Rival
from fastlstm.solvers.room import clipped, that_fit
from fastlstm.solvers.widening import widened


def rival(hidden, head=(), rmse=1.0):
    """Give a network of which only sizes and error count."""
    network = Network(1, 1, hidden, head)
    return Rival(network, np.zeros(network.n_params), "", rmse, rmse)


@pytest.mark.parametrize(
    ("sizes", "room", "expected"),
    [
        (((6, 6), (8,)), ((16,), ()), ((6,), ())),
        (((6, 6), (8,)), ((16, 4), (5,)), ((6, 4), (5,))),
        (((6,), (6,)), ((16, 4, 8), (9, 9)), ((4,), (6, 6))),
        (((6, 6), (8,)), ((3, 16, 5), (9, 2, 9)), ((3, 5), (8, 2, 8))),
    ],
)
def test_clipped_network_fits(sizes, room, expected):
    """Also after layers have been added, which are as wide as its last one."""
    found = clipped(Network(2, 3, *sizes), Network(2, 3, *room))
    assert found == Network(2, 3, *expected)


def test_widening_ends_where_the_room_does():
    """Layer by layer."""
    room = Network(1, 1, (9, 7), (6,))
    wider = widened(Network(1, 1, (6, 6), (3,)), room)
    assert (wider.hidden_sizes, wider.head_sizes) == ((8, 7), (6,))
    assert widened(widened(wider, room), room) == room


def test_what_fits_side_by_side_is_kept_best_first():
    """A smaller one may fit where a better one does not; their order stays."""
    rivals = [rival((6,), rmse=0.3), rival((8,), rmse=0.2), rival((8,), rmse=0.1), rival((2,))]
    room = Network(1, 1, (16,))
    assert [one.rmse for one in that_fit(rivals, room)] == [0.2, 0.1]
    wider = Network(1, 1, (19,))
    assert [one.rmse for one in that_fit(rivals, wider)] == [0.2, 0.1, 1.0]
    assert len(that_fit(rivals, None)) == 4


def test_shallow_networks_take_room_in_every_layer():
    """And heads in the head."""
    pair = [rival((6,), (4,)), rival((6, 3), (4,))]
    assert len(that_fit(pair, Network(1, 1, (12, 9), (8,)))) == 2
    assert len(that_fit(pair, Network(1, 1, (12, 8), (8,)))) == 1
    assert len(that_fit(pair, Network(1, 1, (12, 9), (7,)))) == 1
