"""Choice among linear models: rows that stand for long records, ARX orders, number of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records, block_numbers
from fastlstm.starting_point import begin_alike
from fastlstm.starts.begun_modes import rescued
from fastlstm.starts.gaps import fir_response
from fastlstm.starts.markov import Ranges, arx_response, lagged_gram
from fastlstm.starts.modal import FreeRun, Modes
from fastlstm.starts.output_error import polish, with_best_outputs
from fastlstm.starts.realization import Realization, hankel_realization

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ROWS_PER_COEFFICIENT = {4: 2, 16: 2, 48: 8}  # that an ARX model of this order needs
SHORT_ARX_ORDERS = (3, 2, 1)  # tried in turn where the records are too short for all of them
MAX_RESPONSE = 400  # samples of the impulse response that is realised
SCAN_ROWS = 5000  # rows on which orders are compared
PIECES = 4  # pieces, spread over the records, that stand for long ones
BLOCKS = 8  # blocks of a record; one in four is held out
SHORT = 2500  # rows up to which two sets of held-out blocks are averaged
RELATIVE_SLACK, CHANCE = 0.003, 3.0  # what a smaller order may lose on n held-out rows, see below
SEVERAL, MANY = 3, 30  # records that begin anywhere, of which the first model may be a poor one
PATIENCE = 3  # larger orders tried without a gain
PERFECT = 1e-8  # squared error of standardised outputs that counts as none
FILL_ORDER, FILL_STEPS = 4, 10  # of the model that fills gaps
SMALLEST_SHARE = 0.1  # of the rows that count, by which excerpts are made longer
SLACK = 1.05  # a lower ARX order may leave this much more squared error
SCAN_STEPS, RACE_STEPS, FIT_STEPS = 5, 4, 16  # Gauss-Newton steps


def excerpt(records: Records, counts: BoolArray, n_rows: int = SCAN_ROWS) -> FreeRun:
    """All records, or pieces spread over them with about `n_rows` rows if they are longer.

    A piece from the middle of a record has an unknown initial state, as every record has here.
    Only the rows that `counts` marks enter a fit.
    """
    if records.weights is not None:
        share = np.count_nonzero(counts) / records.n_total
        n_rows = round(n_rows / max(share, SMALLEST_SHARE))
    several = SEVERAL <= records.n_records <= MANY and not begin_alike(records)
    if records.n_total <= 1.5 * n_rows:
        return FreeRun(records, counts, begun=several)
    length = n_rows // PIECES
    cuts = [
        slice(start, min(start + length, rows.stop))
        for rows in records.slices()
        for start in range(rows.start, max(rows.start + 1, rows.stop - length // 2), length)
    ]
    if records.weights is not None:
        cuts = [cut for cut in cuts if np.any(counts[cut])] or cuts
    wanted = max(1, int(n_rows / np.mean([cut.stop - cut.start for cut in cuts])))
    chosen = np.unique(np.linspace(0, len(cuts) - 1, wanted).round().astype(int))
    cuts = [cuts[k] for k in chosen]
    begun = several and int(records.lengths.max()) <= length
    return FreeRun(records.cut(cuts), np.concatenate([counts[cut] for cut in cuts]), begun=begun)


def choose_order(run: FreeRun, max_order: int) -> tuple[int, Modes, FloatArray]:
    """Smallest order that simulates held-out blocks about as well as any.

    The blocks lie inside the records: the free run passes through them, their outputs are not used.
    Orders are tried upwards until `PATIENCE` of them brought no gain. An order that is worse by
    less than `RELATIVE_SLACK` + `CHANCE` / (held-out rows) counts as equally good: differences of
    that size come by chance.

    Parameters
    ----------
    run : FreeRun
    max_order : int

    Returns
    -------
    order : int
    modes : Modes
        Model of that order, fitted without held-out rows.
    singular_values : array
        Of its Hankel matrix.
    """
    held_out = _held_out(run)
    fits = [FreeRun(run.records, run.rows & ~held) for held in held_out]
    starts = [realizations(fit, max_order) for fit in fits]
    errors: dict[int, float] = {}
    models: dict[int, tuple[Modes, FloatArray]] = {}
    n_held = sum(int(np.sum(held)) for held in held_out)
    slack = RELATIVE_SLACK + CHANCE / max(1, n_held)
    best, stale = np.inf, 0
    for order in _ladder(max_order):
        logs = []
        for fit, held, candidates in zip(fits, held_out, starts, strict=True):
            begun = [_started(fit, candidate, order) for candidate in candidates]
            modes, values = _preferred(begun)
            modes, error = polish(fit, modes, SCAN_STEPS, tol=1e-2)
            logs.append(np.log(fit.mean_square(error, held) + PERFECT))
            models[order] = modes, values
        errors[order] = float(np.exp(0.5 * np.mean(logs)))
        stale = 0 if errors[order] * (1.0 + slack) < best else stale + 1
        best = min(best, errors[order])
        if stale >= PATIENCE:
            break
    order = min(n for n, error in errors.items() if error <= (1.0 + slack) * best)
    return order, *models[order]


def fit_order(run: FreeRun, order: int) -> tuple[Modes, FloatArray]:
    """Polished model of one order and the singular values behind its start.

    A short race decides among the candidates that ARX models of several orders give.
    """
    raced, starts = [], []
    for candidate in _reaching(realizations(run, order), order):
        _, modes, values = _started(run, candidate, order)
        starts.append(modes)
        modes, error = polish(run, modes, RACE_STEPS)
        raced.append((run.mean_square(error), modes, values))
    modes, values = _preferred(raced)
    return rescued(run, polish(run, modes, FIT_STEPS)[0], starts), values


def realizations(run: FreeRun, max_order: int) -> list[Realization]:
    """Balanced models of the impulse responses of ARX models of several orders.

    Where outputs are missing, a model of past inputs only comes first, and what it simulates takes
    their place in the others.
    """
    records, found = run.records, []
    assert records.y is not None
    channels = records.y.shape[1], records.u.shape[1]
    length = int(np.clip(records.n_total // 6, 8, MAX_RESPONSE))
    y = records.y
    if records.weights is not None and not np.all(records.weights > 0.0):
        found = [hankel_realization(fir_response(records, run.rows, length), max_order)]
        y = _filled(run, found[0])
    signals = np.concatenate([y, records.u], axis=1)
    for arx_order in _feasible_arx_orders(run):
        ranges = ranges_of(records, run.rows, arx_order)
        gram = lagged_gram(signals, ranges, arx_order)
        response = arx_response(gram, _count(ranges), channels, arx_order, length)
        found.append(hankel_realization(response, max_order))
    return found


def _filled(run: FreeRun, candidate: Realization) -> FloatArray:
    """Give the outputs, those that do not count from the free run of a polished model."""
    assert run.records.y is not None and run.records.weights is not None
    _, modes, _ = _started(run, candidate, min(FILL_ORDER, len(candidate[0])))
    _, error = polish(run, modes, FILL_STEPS)
    return run.records.y - np.where(run.records.weights > 0.0, 0.0, error.T)


def _reaching(candidates: list[Realization], order: int) -> list[Realization]:
    """Candidates with as many states as asked for, or as close to it as any."""
    states = min(order, max(len(candidate[0]) for candidate in candidates))
    return [candidate for candidate in candidates if len(candidate[0]) >= states]


def _preferred(entries: list[tuple[float, Modes, FloatArray]]) -> tuple[Modes, FloatArray]:
    """First of the entries (squared error, ...) that is about as good as the best."""
    limit = SLACK * min(error for error, _, _ in entries) + PERFECT
    return next((modes, values) for error, modes, values in entries if error <= limit)


def _started(run: FreeRun, candidate: Realization, order: int) -> tuple[float, Modes, FloatArray]:
    A, B, C, values = candidate
    parts = A[:order, :order], B[:order], C[:, :order]
    modes, error = with_best_outputs(
        run, Modes.from_state_space(*parts, n_records=run.records.n_records)
    )
    return error, modes, values


def _ladder(max_order: int) -> list[int]:
    return [n for n in range(1, max_order + 1) if n <= 4 or n % 2 == 0 or n == max_order]


def _held_out(run: FreeRun) -> list[BoolArray]:
    records, block = run.records, block_numbers(run.records, run.rows, BLOCKS)
    remainders = (1, 3) if records.n_total <= SHORT else (3,)
    return [run.rows & (block % 4 == remainder) for remainder in remainders]


def _feasible_arx_orders(run: FreeRun) -> list[int]:
    n_channels = run.records.u.shape[1] + len(run.y)

    def enough(order: int, rows_per_coefficient: int = 2) -> bool:
        needed = rows_per_coefficient * (order + 1) * n_channels
        return _count(ranges_of(run.records, run.rows, order)) >= needed

    orders = [order for order, needed in ROWS_PER_COEFFICIENT.items() if enough(order, needed)]
    return orders or [next((order for order in SHORT_ARX_ORDERS if enough(order)), 0)]


def ranges_of(records: Records, counts: BoolArray, n_lags: int) -> Ranges:
    """Find runs of rows that count and have `n_lags` rows of their own record before them."""
    counts = counts & records.after(max(1, n_lags))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts, [False]]).astype(int)))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]


def _count(ranges: Ranges) -> int:
    return sum(stop - first for first, stop in ranges)
