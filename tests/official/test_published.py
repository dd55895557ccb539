"""The table of published errors."""

import pytest

from fastlstm.datasets import LOADERS
from fastlstm.datasets.published import PUBLISHED, published_for


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.name}-{row.test}-{row.method}")
def test_published_row_can_be_looked_up(row):
    """A number without a set of ours, or without a place to read it, cannot be compared."""
    assert row.name in LOADERS and row.value > 0.0
    assert any(mark in row.source for mark in ("arXiv:", "github.com/"))
    assert row in published_for(row.name, row.test)


def test_published_rows_are_sorted_and_none_is_twice():
    """The reader looks for the place of a number among the others."""
    values = [row.value for row in published_for("wh2009", "test")]
    assert values == sorted(values) and len(values) >= 5
    keys = [(row.name, row.test, row.method, row.source) for row in PUBLISHED]
    assert len(set(keys)) == len(keys)
