"""Time base and integrators between records and network."""

import numpy as np
import pytest

from fastlstm.frame import Frame
from fastlstm.records import Records


def frame(hold, gain=0.0, level=0.0):
    return Frame(np.array([gain]), np.array([level]), hold)


def test_plain_frame_changes_nothing(rng):
    """Most plants have no integrator; they pay nothing."""
    records = Records.from_lists([rng.normal(size=(7, 2))], [rng.normal(size=(7, 1))])
    assert Frame.plain(1).is_plain
    assert Frame.plain(1).reduce(records) is records
    np.testing.assert_array_equal(Frame.plain(1).expand(records.y, records.offsets), records.y)


def test_reduced_step_holds_mean_input_and_last_output():
    """Seven steps by three: two whole steps of the network and the rest as a third."""
    u = np.array([1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 9.0])[:, None]
    reduced = frame(3).reduce(Records.from_lists([u, u[:2]], [u, u[:2]]))
    np.testing.assert_array_equal(reduced.u.ravel(), [2.0, 4.0, 9.0, 1.5])
    np.testing.assert_array_equal(reduced.y.ravel(), [3.0, 4.0, 9.0, 2.0])
    np.testing.assert_array_equal(reduced.offsets, [0, 3, 4])


@pytest.mark.parametrize("length", [1, 2, 3, 7, 12])
def test_straight_output_survives_the_wider_time_base(length):
    """Interpolation is exact on a ramp, from the level one step before the first.

    The increments are those of whole steps, also where the record ends within one.
    """
    ramp = 0.5 * np.arange(1, length + 1)[:, None]
    increments = np.full((-(-length // 3), 1), 1.5 / 0.25)
    expanded = frame(3, gain=0.25).expand(increments, np.array([0, length]), np.zeros((1, 1)))
    np.testing.assert_allclose(expanded, ramp, atol=1e-12)


def test_records_are_cut_to_whole_steps():
    """A record shorter than one step stays as it is; in step, nothing is cut."""
    u = np.arange(12.0)[:, None]
    records = Records.from_lists([u[:7], u[:2], u[:6]], [u[:7], u[:2], u[:6]])
    cut = frame(3).whole_steps(records)
    np.testing.assert_array_equal(cut.lengths, [6, 2, 6])
    np.testing.assert_array_equal(cut.y.ravel(), [*range(6), 0, 1, *range(6)])
    assert frame(1).whole_steps(records) is records


def test_unknown_level_is_that_of_the_training_records():
    """Nothing better is known before anything is measured."""
    y = frame(1, gain=1.0, level=7.0).expand(np.zeros((4, 1)), np.array([0, 4]))
    np.testing.assert_array_equal(y, np.full((4, 1), 7.0))


def test_plain_output_beside_an_integrating_one_starts_at_its_first_value():
    """Only what integrates has a level."""
    both = Frame(np.array([0.0, 1.0]), np.zeros(2), hold=2)
    y = np.array([[3.0, 1.0], [5.0, 1.0]])
    expanded = both.expand(y, np.array([0, 4]), np.array([[9.0, 2.0]]))
    np.testing.assert_allclose(expanded[:, 0], [3.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(expanded[:, 1], [2.5, 3.0, 3.5, 4.0])


@pytest.mark.parametrize("hold", [1, 3])
def test_delays_stand_before_the_time_base(hold):
    """In measured steps; outputs stay where they are, and a delayed frame is not plain."""
    late = Frame(np.zeros(1), np.zeros(1), hold, (2, 0))
    u = np.arange(12.0).reshape(6, 2)
    moved = np.stack([u[[0, 0, 0, 1, 2, 3], 0], u[:, 1]], axis=1)
    records = Records.from_lists([u], [u[:, :1]])
    expected = frame(hold).reduce(Records.from_lists([moved], [u[:, :1]]))
    np.testing.assert_array_equal(late.reduce(records).u, expected.u)
    np.testing.assert_array_equal(late.reduce(records).y, expected.y)
    assert not late.is_plain
    assert late.in_step == (hold == 1)
    np.testing.assert_array_equal(
        late.without_taps().reduce(records).u, frame(hold).reduce(records).u
    )
