"""Wild states: forgotten, fading or remembered."""

import numpy as np
import pytest

from fastlstm.network import Network
from fastlstm.solvers.locking import RISK, locked_share, risk

NETWORK = Network(1, 1, (1,))
U = np.random.default_rng(0).normal(size=(300, 1))


def cell(forget_bias, recurrent=0.0, output=1.0):
    """One unit whose forget gate is constant, read directly."""
    weights = {name: np.zeros(shape) for name, shape in NETWORK.shapes.items()}
    weights["lstm.0.bias"][:] = [0.0, forget_bias, 0.0, 3.0]
    weights["lstm.0.weight_ih"][2] = 0.3
    weights["lstm.0.weight_hh"][2] = recurrent
    weights["readout.hidden"][:] = output
    return NETWORK.pack(weights)


def test_fading_memory_forgets_every_wild_state():
    """A forget gate of one half."""
    assert locked_share(NETWORK, cell(0.0), U) == 0.0
    assert risk(NETWORK, cell(0.0), U) == 1.0


def test_cell_that_never_forgets_is_found():
    """A forget gate of one keeps what it was given."""
    assert locked_share(NETWORK, cell(30.0), U) > 0.0
    assert risk(NETWORK, cell(30.0), U) == RISK


def test_two_resting_states_are_found():
    """Strong feedback through the candidate keeps the sign of the first state."""
    assert 0.0 < locked_share(NETWORK, cell(2.0, recurrent=8.0), U) <= 1.0


def test_slow_plant_is_no_risk():
    """A pole at 0.995 still shows at half time, but it is on its way."""
    assert locked_share(NETWORK, cell(5.3), U) == 0.0


def test_memory_that_nobody_reads_is_no_risk():
    """Only outputs count."""
    assert risk(NETWORK, cell(30.0, output=0.0), U) == 1.0


@pytest.mark.parametrize("n_timesteps", [5, 5000])
def test_records_of_any_length_will_do(n_timesteps):
    """Short ones are repeated, long ones cut."""
    assert locked_share(NETWORK, cell(0.0), np.resize(U, (n_timesteps, 1))) == 0.0


def test_memory_that_is_read_late_is_found():
    """States that have not met are not forgotten, though no output tells at first."""
    params, u = cell(30.0), np.zeros((1000, 1))
    NETWORK.unpack(params)["lstm.0.bias"][[0, 3]] = -40.0
    NETWORK.unpack(params)["lstm.0.weight_ih"][3] = 80.0
    assert locked_share(NETWORK, params, u) == 0.0
    u[350:] = 1.0
    assert locked_share(NETWORK, params, u) > 0.0
