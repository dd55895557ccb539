"""Modes of linear models and their derivatives, against one filter after the other."""

import numpy as np
import pytest

from fastlstm._core import reference_modal
from fastlstm._core.modal import differentiate_modes, drive_modes, pair

OFFSETS = np.array([0, 7, 7, 40, 41])  # an empty record, and one of a single step
N_RECORDS = len(OFFSETS) - 1
RNG = np.random.default_rng(4)


def poles_of(n_modes):
    """Real ones and conjugate pairs, slow and fast, one at rest."""
    radius = RNG.uniform(0.2, 0.999, n_modes)
    angle = np.where(np.arange(n_modes) % 2, 0.0, RNG.uniform(0.1, 3.0, n_modes))
    poles = radius * np.exp(1j * angle)
    poles[-1] = 0.0
    return np.where(angle == 0.0, poles.real, poles)


@pytest.mark.parametrize("n_inputs", [1, 3])
@pytest.mark.parametrize("n_modes", [1, 2, 4, 7, 9])
def test_modes_are_those_of_the_reference(n_modes, n_inputs):
    """Alone or four at a time: the same bits, anew in every record."""
    poles, u = poles_of(n_modes), RNG.standard_normal((n_inputs, OFFSETS[-1]))
    driven = drive_modes(poles, u, OFFSETS)
    np.testing.assert_array_equal(driven, reference_modal.drive_modes(poles, u, OFFSETS))


@pytest.mark.parametrize("n_modes", [1, 2, 4, 7, 9])
def test_derivatives_are_those_of_the_reference(n_modes):
    """The mode before a record is its initial state."""
    poles = poles_of(n_modes)
    real = poles.imag == 0.0
    z = RNG.standard_normal((2, n_modes, OFFSETS[-1]))
    z[1, real] = 0.0
    initial = RNG.standard_normal((N_RECORDS, n_modes)) + 1j * RNG.standard_normal(n_modes) * ~real
    found = differentiate_modes(poles, z, initial, OFFSETS)
    expected = reference_modal.differentiate_modes(poles, z, initial, OFFSETS)
    np.testing.assert_array_equal(found, expected)


def test_derivatives_are_those_of_finite_differences():
    """Half the difference of modes whose poles are a little apart."""
    poles, u, step = poles_of(5), RNG.standard_normal((1, OFFSETS[-1])), 1e-6
    z = drive_modes(poles, u, OFFSETS)[:, :, 0]
    found = differentiate_modes(poles, z, np.zeros((N_RECORDS, 5), dtype=complex), OFFSETS)
    up, down = (drive_modes(poles + move, u, OFFSETS)[:, :, 0] for move in (step, -step))
    np.testing.assert_allclose(found, (up - down) / (2.0 * step), atol=1e-8)


def test_fading_signals_end_at_zero():
    """What is below the smallest normal number is nothing."""
    u = np.zeros((1, 5000))
    u[0, 0] = 1.0
    driven = drive_modes(np.array([0.5 + 0j]), u, np.array([0, 5000]))
    assert driven[0, 0, 0, 1000] > 0.0
    assert np.all(driven[0, 0, 0, 1100:] == 0.0)


BAD_OFFSETS = ([1, 5], [0, 4], [0, 9], [0, 4, 2, 5], [0, -3, 5], [0, 2**62, 5], [])


@pytest.mark.parametrize("offsets", BAD_OFFSETS)
def test_offsets_that_do_not_fit_are_refused(offsets):
    """Pointers reach the kernels only after every length was compared."""
    poles, offsets = np.array([0.5 + 0j]), np.array(offsets, dtype=np.int64)
    n_records = max(0, len(offsets) - 1)
    with pytest.raises(ValueError, match="offsets"):
        drive_modes(poles, np.zeros((1, 5)), offsets)
    with pytest.raises(ValueError, match="offsets"):
        differentiate_modes(poles, np.zeros((2, 1, 5)), np.zeros((n_records, 1)), offsets)


@pytest.mark.parametrize(
    ("z", "initial"),
    [
        (np.zeros((2, 3, 5)), np.zeros((1, 2))),
        (np.zeros((1, 2, 5)), np.zeros((1, 2))),
        (np.zeros((2, 2, 5)), np.zeros((2, 2))),
        (np.zeros((2, 2, 5)), np.zeros((1, 3))),
    ],
)
def test_signals_that_do_not_fit_are_refused(z, initial):
    """Modes, initial states and poles have to be as many."""
    poles = np.array([0.5, 0.1 + 0.2j])
    with pytest.raises(ValueError, match="shape"):
        differentiate_modes(poles, z, initial, np.array([0, 5]))


def test_pairs_are_contiguous():
    """The kernels take one array of two parts."""
    both = pair(np.array([1.0 + 2.0j, 3.0]).T)
    np.testing.assert_array_equal(both, [[1.0, 3.0], [2.0, 0.0]])
    assert both.flags.c_contiguous
