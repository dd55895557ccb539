"""Concatenated records and the split into training and validation."""

import numpy as np
import pytest

from fastlstm.records import Records, auto_washout, hold_out


def numbered_records(lengths):
    """Count 0, 1, 2, ... over all records, so that rows can be recognised."""
    steps = np.split(np.arange(float(sum(lengths)))[:, None], np.cumsum(lengths)[:-1])
    return Records.from_lists(steps, steps)


def scored_steps(records, washout):
    return records.u[records.scored(washout), 0].astype(int).tolist()


@pytest.mark.parametrize("lengths", [[100], [100, 60], [30, 20, 50, 40]])
@pytest.mark.parametrize("washout", [0, 7])
def test_hold_out_tails_scores_no_step_twice(lengths, washout):
    """A step that both trains and validates would hide overfitting."""
    train, validation, lead_in = hold_out(numbered_records(lengths), 0.2, washout)
    held = scored_steps(validation, lead_in)
    assert not set(scored_steps(train, washout)) & set(held)
    assert len(held) == sum(lengths) // 5


def test_hold_out_tail_begins_with_the_steps_before_it():
    """The lead-in drives the state; it is the true past of the held-out steps."""
    _, validation, lead_in = hold_out(numbered_records([100]), 0.2, 17)
    np.testing.assert_array_equal(validation.u[:, 0], np.arange(63, 100))
    assert lead_in == 17


def test_hold_out_tail_has_a_lead_in_even_without_a_washout():
    """A tail starts from rest in mid-record; its transient must not be scored."""
    _, validation, lead_in = hold_out(numbered_records([100]), 0.2, 0)
    assert lead_in == auto_washout(np.array([100])) > 0
    np.testing.assert_array_equal(validation.u[lead_in:, 0], np.arange(80, 100))


def test_hold_out_takes_whole_records_when_there_are_many():
    """Whole records judge the start from rest as well; they are spread over the list."""
    records = numbered_records([10] * 10)
    train, validation, _ = hold_out(records, 0.2, 2)
    assert (train.n_records, validation.n_records) == (8, 2)
    firsts = validation.u[validation.offsets[:-1], 0]
    np.testing.assert_array_equal(firsts, [20, 70])
    together = np.sort(np.concatenate([train.u, validation.u]), axis=0)
    np.testing.assert_array_equal(together, records.u)


@pytest.mark.parametrize(("length", "washout"), [(4, 0), (100, 90)])
def test_hold_out_keeps_everything_for_training_when_a_record_is_too_short(length, washout):
    """Fewer than two held-out or two scored training steps judge nothing."""
    records = numbered_records([length])
    train, validation, _ = hold_out(records, 0.2, washout)
    assert validation is None
    np.testing.assert_array_equal(train.u, records.u)


def test_hold_out_is_none_when_fraction_is_zero():
    """The user may spend all data on training."""
    assert hold_out(numbered_records([50]), 0.0, 5)[1] is None


def test_auto_washout_never_exceeds_a_tenth_of_the_shortest_record():
    """Short records cannot afford to lose more."""
    assert auto_washout(np.array([5000, 120])) == 12
    assert auto_washout(np.array([10**6])) == 200


def test_canonical_order_does_not_depend_on_the_order_given(rng):
    """Repetitions of one experiment have the same inputs; their outputs tell them apart."""
    u = rng.normal(size=(40, 1))
    parts = [(u, rng.normal(size=(40, 1))) for _ in range(4)] + [(u[:30], u[:30])]
    first = Records.from_lists(*map(list, zip(*parts, strict=True))).in_canonical_order()
    other = Records.from_lists(*map(list, zip(*parts[::-1], strict=True))).in_canonical_order()
    np.testing.assert_array_equal(first.y, other.y)
    np.testing.assert_array_equal(first.offsets, [0, 30, 70, 110, 150, 190])


def test_canonical_order_does_not_see_the_beginning_of_the_outputs(rng):
    """What stands in a washout must not decide which records are held out."""
    u = rng.normal(size=(40, 1))
    y = [rng.normal(size=(40, 1)) for _ in range(3)]
    spoiled = [np.concatenate([rng.normal(size=(20, 1)), part[20:]]) for part in y]
    ends = [
        Records.from_lists([u] * 3, outputs).in_canonical_order().y.reshape(3, 40)[:, -1]
        for outputs in (y, spoiled)
    ]
    np.testing.assert_array_equal(*ends)


def test_spread_takes_whole_pieces_from_the_first_record_to_the_last(rng):
    """Pieces of equal length within a record, none longer than asked for, in order."""
    u = rng.standard_normal((70, 1))
    records = Records(u, 2.0 * u, np.array([0, 50, 70]))
    few = records.spread(30, 10)
    assert few.lengths.tolist() == [10, 10, 10]
    np.testing.assert_array_equal(few.u[:10], u[:10])
    np.testing.assert_array_equal(few.u[-10:], u[-10:])
    np.testing.assert_array_equal(few.y, 2.0 * few.u)
    assert records.spread(70, 10) is records


def test_some_records_are_spread_over_the_list(rng):
    """The first and the last are among them; few are all."""
    y = [np.full((3, 1), float(k)) for k in range(9)]
    records = Records.from_lists([rng.normal(size=(3, 2)) for _ in y], y)
    assert records.some(9) is records
    assert records.some(3).y[::3, 0].tolist() == [0.0, 4.0, 8.0]


def test_mask_of_a_washout_is_kept_and_nobody_can_change_it():
    """All who ask get the same one."""
    records = Records.from_lists([np.zeros((5, 1)), np.zeros((3, 1))])
    mask = records.after(2)
    assert mask.tolist() == [False, False, True, True, True, False, False, True]
    assert records.after(2) is mask and records.after(1) is not mask
    with pytest.raises(ValueError, match="read-only"):
        mask[0] = True
