"""Snapshots of a run: few enough to keep and to score, spread over the whole run."""

from __future__ import annotations

import numpy as np

from fastlstm.comparison import snapshots
from fastlstm.comparison.snapshots import Snapshots


def test_first_and_last_stay_and_gaps_are_even_in_log_time():
    """Fast progress happens early: a second at the start deserves more points than at the end."""
    kept = Snapshots()
    times = np.geomspace(0.01, 100.0, 5000)
    for time in times:
        kept.add(time, time, np.array([time]))
    found = np.array([snapshot.cpu_time for snapshot in kept.kept])
    assert found[0] == times[0] and found[-1] == times[-1]
    assert len(found) == snapshots.MAX_SNAPSHOTS
    ratios = found[1:] / found[:-1]
    assert ratios.min() >= 1.0 and ratios.max() < (100.0 / 0.01) ** (4.0 / len(found))


def test_weights_are_copied_and_repeats_are_dropped():
    """Solvers reuse their arrays, and report weights that did not change."""
    kept, weights = Snapshots(), np.zeros(3)
    kept.add(1.0, 1.0, weights)
    kept.add(2.0, 2.0, weights)
    weights[0] = 5.0
    kept.add(3.0, 3.0, weights)
    assert [snapshot.cpu_time for snapshot in kept.kept] == [1.0, 3.0]
    assert kept.kept[0].weights[0] == 0.0


def test_memory_is_bounded(monkeypatch):
    """Large networks keep fewer snapshots, not more memory."""
    monkeypatch.setattr(snapshots, "MAX_BYTES", 100_000)
    kept = Snapshots()
    for k in range(1, 100):
        kept.add(float(k), float(k), np.full(1000, float(k)))
    assert sum(snapshot.weights.nbytes for snapshot in kept.kept) <= 100_000
    assert kept.kept[-1].cpu_time == 99.0
