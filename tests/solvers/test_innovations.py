"""What is new in errors that are alike from step to step."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.innovations import Innovations
from fastlstm.solvers.whole_records import WholeRecords

N = 20_000
NETWORK = Network(2, 2, (3,), (2,))


def autoregression(coef, rng, n=N):
    return lfilter([1.0], np.append(1.0, -np.array(coef)), rng.normal(size=n + 500))[500:, None]


def silent(n, weights=None):
    """Make records of which only the length matters."""
    return Records(np.zeros((n, 1)), np.zeros((n, 1)), np.array([0, n]), weights)


def test_autoregression_is_found_and_taken_out(rng):
    """What is left is white, in the size of the errors."""
    errors = autoregression([1.2, -0.4], rng)
    found = Innovations.of(errors, silent(N), 0)
    assert found is not None
    np.testing.assert_allclose(found.coef[0, :2], [1.2, -0.4], atol=0.05)
    white = errors.copy()
    found.apply(white, np.array([0, N]))
    assert white.std() == pytest.approx(errors.std(), rel=0.05)
    assert abs(np.corrcoef(white[1:, 0], white[:-1, 0])[0, 1]) < 0.03


def test_white_errors_have_nothing_else(rng):
    """Neither have those of a perfect network, nor of one that has diverged."""
    assert Innovations.of(rng.normal(size=(N, 1)), silent(N), 0) is None
    assert Innovations.of(np.zeros((N, 1)), silent(N), 0) is None
    assert Innovations.of(np.full((N, 1), np.inf), silent(N), 0) is None


def test_records_do_not_touch(rng):
    """The first steps of a record know nothing of the record before, and do not count."""
    innovations = Innovations(np.array([[0.5, 0.2]]), np.array([2.0]))
    errors, offsets = rng.normal(size=(30, 1)), np.array([0, 10, 30])
    both = errors.copy()
    innovations.apply(both, offsets)
    alone = errors[10:].copy()
    innovations.apply(alone, np.array([0, 20]))
    np.testing.assert_array_equal(both[10:], alone)
    assert both[12, 0] == pytest.approx(
        2.0 * (errors[12, 0] - 0.5 * errors[11, 0] - 0.2 * errors[10, 0])
    )
    records = Records(np.zeros((30, 1)), errors, offsets)
    _, rows = innovations.known(records, np.ones(30, dtype=bool))
    assert np.flatnonzero(~rows).tolist() == [0, 1, 10, 11]


def test_rows_after_a_gap_do_not_count():
    """Of a row that is left out for all outputs, and of a value that is missing in one."""
    weights = np.ones((12, 2))
    weights[6, 1] = 0.0
    records = Records(np.zeros((12, 1)), np.zeros((12, 2)), np.array([0, 12]), weights)
    scored = np.ones(12, dtype=bool)
    scored[3] = False
    innovations = Innovations(np.full((2, 1), 0.5), np.ones(2))
    known, rows = innovations.known(records, scored)
    assert np.flatnonzero(~rows).tolist() == [0, 3, 4]
    assert np.flatnonzero(known.weights[:, 1] == 0.0).tolist() == [0, 6, 7]
    assert np.flatnonzero(known.weights[:, 0] == 0.0).tolist() == [0]
    assert innovations.leaves_enough(records, 0)
    every_other = np.ones((12, 1))
    every_other[::2] = 0.0
    one = Innovations(np.full((1, 1), 0.5), np.ones(1))
    assert not one.leaves_enough(silent(12, every_other), 0)


@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_a_fit_to_innovations(rng, weighted):
    """Exact for weights and initial states; what was measured at other rows has no influence."""
    parts = [rng.normal(size=(n, 2)) for n in (30, 20)]
    records = Records.from_lists(parts, [rng.normal(size=part.shape) for part in parts])
    if weighted:
        weights = rng.uniform(0.5, 2.0, size=(50, 2))
        weights[5:8, 1] = 0.0
        records = replace(records, weights=weights)
    scored = np.ones(50, dtype=bool)
    scored[10:20] = False
    innovations = Innovations(np.array([[0.7, 0.1], [0.3, 0.0]]), np.array([1.5, 1.1]))
    known, rows = innovations.known(records, scored)
    anchor = 0.3 * rng.normal(size=NETWORK.n_params)
    objective = WholeRecords(
        NETWORK, known, rows, 30, 0.3, anchor, 0.2, innovations=innovations, float32=False
    )
    x = 0.3 * rng.normal(size=objective.n_unknowns)
    steps = 1e-6 * np.eye(len(x))
    numerical = [(objective.cost(x + d) - objective.cost(x - d)) / 2e-6 for d in steps]
    gradient = objective.normal_equations(x).gradient
    np.testing.assert_allclose(2 * gradient, numerical, rtol=1e-6, atol=1e-5)
    y = known.y.copy()
    y[11:19] = 1e3
    assert replace(objective, records=replace(known, y=y)).cost(x) == objective.cost(x)
