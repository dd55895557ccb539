"""Linear models of records that begin anywhere."""

import numpy as np
import pytest

from fastlstm.records import Records
from fastlstm.starts.begun_modes import rescued, with_begun_records
from fastlstm.starts.linear import identify
from fastlstm.starts.modal import FreeRun, Modes
from fastlstm.starts.output_error import polish


def slow_body(seed, n_records=8, noise=0.02, n_timesteps=150):
    """Heated body that cools slowly from anywhere, faster when hot, with a lagging sensor."""
    rng, inputs, outputs = np.random.default_rng(seed), [], []
    for _ in range(n_records):
        n = n_timesteps + int(rng.integers(-50, 50))
        u = np.repeat(rng.uniform(0.0, 1.0, n // 20 + 1), 20)[:n]
        above, y = rng.uniform(0.0, 70.0), np.empty(n)
        shown = above
        for t in range(n):
            above += 0.8 * u[t] - 0.004 * above * (1.0 + 0.1 * abs(above) ** 0.33)
            shown += 0.3 * (above - shown)
            y[t] = shown
        inputs.append(u[:, None])
        outputs.append(y[:, None])
    whole, drive = np.concatenate(outputs), np.concatenate(inputs)
    measured = [(y - whole.mean()) / whole.std() for y in outputs]
    return Records.from_lists(
        [(u - drive.mean()) / drive.std() for u in inputs],
        [y + noise * rng.standard_normal(y.shape) for y in measured],
    )


def modes_of(poles, n_records, gains_in):
    """Make modes with given poles and nothing known about the outputs."""
    poles = np.array(poles, dtype=complex)
    return Modes(
        poles,
        np.asarray(gains_in, dtype=complex).reshape(len(poles), -1),
        np.zeros((1, len(poles)), dtype=complex),
        np.zeros((1, 1)),
        np.zeros(1),
        np.zeros((n_records, len(poles)), dtype=complex),
    )


@pytest.mark.parametrize(("n_records", "seed"), [(8, 1), (4, 14), (8, 0)])
@pytest.mark.parametrize("order", [None, 1])
def test_body_that_begins_anywhere_is_explained_up_to_the_noise(n_records, seed, order):
    """From rest two of these are lost, with errors of 0.4 and 1: gains too small for any state."""
    model = identify(slow_body(seed, n_records), order)
    assert model.error_std[0] < 0.025


def test_pieces_of_longer_records_keep_what_is_fitted_to_them():
    """Ten thousand steps are represented by some of the records."""
    model = identify(slow_body(1, n_records=30, n_timesteps=400))
    assert model.error_std[0] < 0.023


@pytest.mark.parametrize("poles", [[0.9], [0.95, 0.5], [0.9 + 0.2j]])
@pytest.mark.parametrize("weighted", [False, True])
def test_known_modes_are_recovered_with_their_initial_states(rng, poles, weighted):
    """All of it is exact without noise; samples without weight do not count."""
    lengths = [40, 60, 25, 50]
    records = Records.from_lists([rng.standard_normal((n, 1)) for n in lengths])
    gains_in = np.ones(len(poles))
    plant = modes_of(poles, 4, gains_in)
    out = rng.standard_normal((1, len(poles))) + 1j * np.imag(poles)
    begun = 5.0 * (rng.standard_normal((4, len(poles))) + 1j * np.imag(poles))
    plant = Modes(
        plant.poles, plant.gains_in, out.astype(complex), np.array([[0.3]]), np.ones(1), begun
    )
    quiet = FreeRun(Records(records.u, np.zeros((175, 1)), records.offsets), np.ones(175, bool))
    y = -quiet.simulate(plant).error.T
    weights = None
    if weighted:
        weights = (rng.uniform(size=y.shape) < 0.8).astype(float)
        y = np.where(weights > 0.0, y, 1e3)
    measured = Records(records.u, y, records.offsets, weights=weights)
    run = FreeRun(measured, np.ones(175, bool), begun=True)
    found = with_begun_records(run, modes_of(poles, 4, gains_in))
    np.testing.assert_allclose(found.gains_out, plant.gains_out, atol=1e-5)
    np.testing.assert_allclose(found.direct, plant.direct, atol=1e-5)
    np.testing.assert_allclose(found.bias, plant.bias, atol=1e-5)
    np.testing.assert_allclose(found.initial, plant.initial, atol=1e-4)


def test_record_without_a_row_that_counts_begins_at_rest(rng):
    """Nothing tells how it began."""
    records = slow_body(1)
    rows = np.repeat(np.arange(8), records.lengths) != 3
    found = with_begun_records(FreeRun(records, rows, begun=True), modes_of([0.994], 8, [1.0]))
    assert found.initial[3] == 0.0
    assert np.all(found.initial[[0, 1, 2, 4]] != 0.0)


@pytest.mark.parametrize("begun", [True, False])
def test_lost_model_is_exchanged_only_where_records_begin_anywhere(begun):
    """One that is about as good as any other stays."""
    records = slow_body(0)
    run = FreeRun(records, np.ones(records.n_total, bool), begun=begun)
    lost = modes_of([0.99], 8, [1.0])
    found = rescued(run, lost, [lost])
    assert (found is not lost) == begun
    good = polish(run, with_begun_records(run, lost), 16)[0]
    assert run.mean_square(run.simulate(good).error) < 0.05**2
    assert rescued(run, good, [lost]) is good
