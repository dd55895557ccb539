"""Windows and stretches for the torch baseline stay within their records."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm.comparison.torch_windows import STRETCH, Windows, stretches
from fastlstm.records import Records


def records_of(lengths):
    return Records.from_lists([np.zeros((n, 1)) for n in lengths])


def record_of(rows, offsets):
    return np.searchsorted(offsets, rows, side="right") - 1


def test_windows_never_cross_records(rng):
    """A window over a seam would teach a jump that the plant never made."""
    records = records_of([50, 31, 200])
    windows = Windows.of(records, 30)
    rows = windows.draw(rng, 500)
    assert rows.shape == (30, 500)
    owners = record_of(rows, records.offsets)
    assert np.all(owners == owners[0]) and set(owners[0]) == {0, 1, 2}
    assert len(windows.starts) == 21 + 2 + 171


def test_windows_are_as_long_as_the_shortest_record_allows(rng):
    """Short records train as well, instead of being an error."""
    assert Windows.of(records_of([12, 40]), 200).length == 12


@pytest.mark.parametrize("lengths", [[100], [3500], [60, 2400, 999, 1061]])
@pytest.mark.parametrize("washout", [0, 20])
def test_stretches_hold_every_scored_row_once(lengths, washout):
    """Cut for speed, but the same rows are judged as in one long run."""
    records = records_of(lengths)
    rows, scored = stretches(records, washout)
    judged = np.sort(rows[scored])
    np.testing.assert_array_equal(judged, np.flatnonzero(records.scored(washout)))
    owners = record_of(rows, records.offsets)
    assert np.all(owners == owners[0])
    assert len(rows) <= STRETCH + max(washout, 50)
