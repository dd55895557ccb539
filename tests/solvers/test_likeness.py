"""How much neighbouring errors repeat each other."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.records import Records
from fastlstm.solvers.likeness import inflation

N = 20_000


def correlated(pole, rng, n=N):
    return lfilter([1.0], [1.0, -pole], rng.normal(size=n + 200))[200:, None]


@pytest.mark.parametrize(
    ("of_errors", "of_outputs"), [(0.9, 0.9), (0.9, 0.5), (0.5, 0.5), (0.0, 0.9), (0.9, 0.0)]
)
def test_sum_of_products_of_autocorrelations(rng, of_errors, of_outputs):
    """Of first-order signals it is known: (1 + a b) / (1 - a b)."""
    y, e = correlated(of_outputs, rng), correlated(of_errors, rng)
    records = Records.from_lists([np.zeros((N, 1))], [y])
    product = of_errors * of_outputs
    found = inflation(records, y - e, 100)
    assert found == pytest.approx((1.0 + product) / (1.0 - product), rel=0.2)


def test_worst_output_counts_and_missing_ones_do_not(rng):
    """One output with white errors, one with others, of which half are missing."""
    y = np.concatenate([correlated(0.9, rng), correlated(0.9, rng)], axis=1)
    e = np.concatenate([rng.normal(size=(N, 1)), correlated(0.9, rng)], axis=1)
    u = np.zeros((N, 1))
    both = inflation(Records.from_lists([u], [y]), y - e, 0)
    assert both > 5.0
    weights = np.ones((N, 2))
    weights[:, 1] = 0.0
    records = Records(u, y, np.array([0, N]), weights=weights)
    far = np.where(weights > 0.0, 0.0, 1e6)
    assert inflation(records, y - e + far, 0) < 1.2


def test_records_do_not_touch(rng):
    """What follows in another record is no neighbour."""
    y, signs = correlated(0.9, rng), np.repeat(rng.choice([-1.0, 1.0], N // 4), 4)[:, None]
    u = np.zeros((N, 1))
    whole = Records(u, y, np.array([0, N]))
    apart = Records(u, y, np.arange(0, N + 1, 4))
    assert inflation(whole, y - signs, 0) > 2.0
    assert inflation(apart, y - signs, 0) <= inflation(whole, y - signs, 0)


def test_perfect_network_has_white_errors():
    """Nothing is left to be alike."""
    y = np.sin(np.arange(500.0))[:, None]
    assert inflation(Records.from_lists([y], [y]), y, 10) == 1.0
