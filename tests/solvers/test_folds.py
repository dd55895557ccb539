"""Blocks that are held out in turn."""

import numpy as np

from fastlstm.records import Records
from fastlstm.solvers.folds import Fold, held_out_rows
from fastlstm.starts.linear import identify


def records_of(lengths, rng):
    u = [rng.normal(size=(n, 1)) for n in lengths]
    y = [np.convolve(x[:, 0], 0.5 ** np.arange(1, 20))[: len(x), None] for x in u]
    return Records.from_lists(u, y)


def fold_of(records, held):
    linear = identify(records, order=1, rows=~held)
    return Fold.of(records, ~held, held, linear, np.zeros(1))


def test_blocks_of_two_folds_are_disjoint_and_spread_over_every_record(rng):
    """A quarter of every record each, in two places."""
    records = records_of([800, 400], rng)
    masks = held_out_rows(records, records.scored(0))
    assert not np.any(masks[0] & masks[1])
    for mask in masks:
        for rows in records.slices():
            assert mask[rows].mean() == 0.25
            edges = np.flatnonzero(np.diff(mask[rows].astype(int)))
            assert len(edges) in (3, 4)


def test_whole_records_are_held_out_when_there_are_many(rng):
    """A record is more independent of the others than a block of its neighbours."""
    records = records_of([50] * 9, rng)
    for mask in held_out_rows(records, records.scored(0), from_rest=True):
        shares = [mask[rows].mean() for rows in records.slices()]
        assert set(shares) == {0.0, 1.0}


def test_first_rows_of_held_out_records_tell_how_these_begin(rng):
    """A state that nothing tells would be wrong whatever the network."""
    records = records_of([50] * 9, rng)
    for mask in held_out_rows(records, records.scored(0)):
        held = [mask[rows] for rows in records.slices() if np.any(mask[rows])]
        assert len(held) in (2, 3)
        assert all(not np.any(part[:10]) and np.all(part[10:]) for part in held)


def test_linear_model_of_a_held_out_record_begins_where_its_first_rows_say(rng):
    """What comes after them is not looked at."""
    records = records_of([50] * 9, rng)
    held = held_out_rows(records, records.scored(0))[0]
    spoiled = np.where(held[:, None], 50.0, records.y)
    linear = identify(records, order=1, rows=~held)
    other = Records(records.u, spoiled, records.offsets)
    folds = [Fold.of(part, ~held, held, linear, np.zeros(1)) for part in (records, other)]
    moved = folds[1].linear_misfit - folds[0].linear_misfit
    np.testing.assert_allclose(moved, (records.y - spoiled)[held], atol=1e-9)


def test_washed_out_rows_are_never_held_out(rng):
    """They enter neither cost nor score."""
    records = records_of([800], rng)
    scored = records.scored(150)
    assert not any(np.any(mask & ~scored) for mask in held_out_rows(records, scored))


def test_linear_model_of_a_fold_does_not_see_what_is_held_out(rng):
    """Spoiled outputs in the held-out rows leave the model as it is."""
    records = records_of([800], rng)
    held = held_out_rows(records, records.scored(0))[0]
    spoiled = records.y.copy()
    spoiled[held] = 50.0
    clean = fold_of(records, held)
    other = fold_of(Records(records.u, spoiled, records.offsets), held)
    np.testing.assert_allclose(clean.linear.A, other.linear.A, atol=1e-6)
    assert clean.linear_error < 1e-6 < other.linear_error
