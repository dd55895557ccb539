r"""How many steps after its measurement an input begins to act.

Every output is explained by its own past and by the inputs of the last L steps,

.. math:: y_t = \sum_{k=1}^{n_a} A_k y_{t-k} + \sum_{k=0}^{L} B_k u_{t-k} + d + e_t.

For an input that acts d steps late, the first d coefficients are zero whatever the colour of the
noise and of the inputs. They enter the regression last and in the order L, ..., 0, so that one
Cholesky factorisation tells for every D by how much the coefficients 0 to D improve the fit; in
units of the error variance each gain is chi-squared where its coefficient is zero.

An input that its own past foretells, such as a multisine without its upper frequencies, says
nothing: whatever its last values do, its earlier ones can explain. No delay is claimed for it.

Outputs of which some are missing are explained by the inputs alone: what is left is then coloured,
which makes delays look shorter than they are, never longer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from fastlstm.delaying import Delays, delayed
from fastlstm.records import Records
from fastlstm.starts.gaps import fir_response
from fastlstm.starts.markov import Ranges, arx_response, lagged_gram, ridge_by_gcv
from fastlstm.starts.selection import ranges_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LAGS = (200, 150, 120, 100, 80, 60, 40, 30, 20, 12)  # L, the largest that the records allow
PAST_OUTPUTS = 8  # n_a
ROWS_PER_COEFFICIENT = 3
MAX_COEFFICIENTS = 450
MAX_ROWS = 20000  # of the regression, spread over the records
SURE, LIKELY = 30.0, 10.0  # gains, by one lag or by two in a row, that do not come by chance
SPREAD, SLACK = 5.0, 12.0  # standard deviations of a sum of gains, and a constant
STRONG = 2.0 * SURE  # largest gain behind an onset, up to twice as late: the response stands out
NEWS = 1e-4  # least part of the variance of an input that all else does not foretell
MIN_DELAY = 3  # the network itself handles fewer steps
BEFORE = 8  # steps before an onset from which the response is estimated
VIEW = 120  # steps of the response
ORDER = 16  # lags of the models that are compared
RISEN = 0.9  # part of its peak at which a response counts as risen
LASTING, UNCLEAR = 0.5, 12  # a response that stays above this part of it: its beginning is unclear
AS_GOOD, CHANCE = 0.01, 10.0  # part of a squared error, and / n_rows, that does not matter
FLOOR = 1e-8  # variance of a standardised output that counts as none


def find_delays(records: Records, washout: int = 0) -> Delays:
    """Find delays of inputs that the records show clearly.

    A delay is the number of steps before an input has an effect, less the time in which the
    response then rises: a slow beginning looks like a delay. Delays are taken if an ARX model
    behind them predicts at least as well as one of the same order without.

    Parameters
    ----------
    records : Records
        Standardised, with outputs.
    washout : int
        First steps of every record that do not count.

    Returns
    -------
    tuple of int
        One per input, zero or at least `MIN_DELAY`; empty where no input has a delay.

    Notes
    -----
    About 20 ms for 10,000 steps of one input.
    """
    onsets = find_onsets(records, washout)
    if max(onsets) <= MIN_DELAY:
        return ()
    late = tuple(max(0, onset - BEFORE) for onset in onsets)
    response = _response(delayed(records, late), washout, BEFORE + ORDER)
    delays = tuple(
        _less_rise(onset, np.linalg.norm(response[onset - shift :, :, channel], axis=1))
        for channel, (onset, shift) in enumerate(zip(onsets, late, strict=True))
    )
    if not any(delays):
        return ()
    behind, without = (_score(part, washout) for part in (delayed(records, delays), records))
    allowed = without + AS_GOOD + CHANCE / records.n_total
    return delays if behind <= allowed else ()


def find_onsets(records: Records, washout: int = 0) -> Delays:
    """First lag at which every input has an effect; zero where that is not clear.

    Parameters
    ----------
    records, washout
        As in `find_delays`.
    """
    assert records.y is not None
    n_inputs, n_outputs = records.u.shape[1], records.y.shape[1]
    counts, past = _usable(records, washout)
    for n_lags in LAGS:
        n_coefficients = past * n_outputs + n_inputs * (n_lags + 1) + 1
        ranges = _thinned(ranges_of(records, counts, n_lags))
        if n_coefficients <= min(MAX_COEFFICIENTS, _n_rows(ranges) // ROWS_PER_COEFFICIENT):
            gains = _gains(records, ranges, n_lags, past)
            return tuple(_onset(gain, n_outputs) for gain in gains)
    return (0,) * n_inputs


def _usable(records: Records, washout: int) -> tuple[BoolArray, int]:
    """Rows at which all outputs count, and how many past outputs may explain them."""
    counts = records.after(washout)
    if records.weights is None:
        return counts, PAST_OUTPUTS
    known = np.all(records.weights > 0.0, axis=1)
    return counts & known, PAST_OUTPUTS if known.all() else 0


def _n_rows(ranges: Ranges) -> int:
    return sum(stop - first for first, stop in ranges)


def _thinned(ranges: Ranges) -> Ranges:
    """Ranges with about `MAX_ROWS` rows: every range gives its share, from its beginning."""
    n_rows = _n_rows(ranges)
    if n_rows <= MAX_ROWS:
        return ranges
    share = MAX_ROWS / n_rows
    return [(first, first + max(1, round(share * (stop - first)))) for first, stop in ranges]


def _gains(records: Records, ranges: Ranges, n_lags: int, past: int) -> list[FloatArray]:
    """Per input, how much lags 0 to L gain after all later ones, in error variances, (L + 1,).

    Zero for an input whose value at lag 0 all else foretells.
    """
    assert records.y is not None
    n_inputs, n_outputs = records.u.shape[1], records.y.shape[1]
    constant = np.ones((records.n_total, 1))
    signals = np.concatenate([records.y, records.u, constant], axis=1)
    gram, width = lagged_gram(signals, ranges, n_lags), signals.shape[1]
    n_rows, outputs = _n_rows(ranges), np.arange(n_outputs)
    base = [width - 1, *(k * width + o for k in range(1, past + 1) for o in range(n_outputs))]
    lags = {i: [k * width + n_outputs + i for k in range(n_lags, -1, -1)] for i in range(n_inputs)}
    gains = []
    for i in range(n_inputs):
        others = [column for j in range(n_inputs) if j != i for column in lags[j]]
        columns = [*base, *others, *lags[i]]
        matrix = gram[np.ix_(columns, columns)]
        matrix[np.diag_indices_from(matrix)] += 1e-9 * np.diag(matrix) + 1e-12 * n_rows
        factor = linalg.cholesky(matrix, lower=True)
        turned = linalg.solve_triangular(factor, gram[np.ix_(columns, outputs)], lower=True)
        left = gram[np.ix_(outputs, outputs)] - turned.T @ turned
        variance = left / (n_rows - len(columns)) + FLOOR * np.eye(n_outputs)
        own = turned[-n_lags - 1 :][::-1].T  # (n_outputs, L + 1), lag 0 first
        gain = np.sum(own * np.linalg.solve(variance, own), axis=0)
        foretold = factor[-1, -1] ** 2 < NEWS * matrix[-1, -1]
        gains.append(np.zeros_like(gain) if foretold else gain)
    return gains


def _onset(gain: FloatArray, n_outputs: int) -> int:
    """First lag whose gain, alone or summed with those before, does not come by chance.

    Zero if no gain is large behind it: where many small ones add up, earlier ones are not seen.
    """
    freedom = n_outputs * np.arange(1, len(gain) + 1)
    by_chance = freedom + SPREAD * np.sqrt(2.0 * freedom) + SLACK
    pair = np.minimum(gain, np.append(gain[1:], 0.0))
    extra = 2.0 * (n_outputs - 1)
    acts = (gain > SURE + extra) | (pair > LIKELY + extra) | (np.cumsum(gain) > by_chance)
    onset = int(np.argmax(acts))
    if not acts.any() or onset > 0.9 * len(gain):  # the response has to be in view
        return 0
    last = len(gain) - 1  # stands for everything before it as well
    return onset if gain[onset : min(2 * onset + BEFORE, last)].max() >= STRONG else 0


def _response(records: Records, washout: int, order: int) -> FloatArray:
    """Estimate of the impulse response, shape (VIEW, n_outputs, n_inputs)."""
    assert records.y is not None
    counts, past = _usable(records, washout)
    if past == 0:
        return fir_response(records, counts, VIEW)
    ranges = _thinned(ranges_of(records, counts, order))
    gram = lagged_gram(np.concatenate([records.y, records.u], axis=1), ranges, order)
    channels = records.y.shape[1], records.u.shape[1]
    return arx_response(gram, _n_rows(ranges), channels, order, VIEW)


def _score(records: Records, washout: int) -> float:
    """Logarithm of the squared prediction error by generalised cross-validation, per output."""
    assert records.y is not None
    counts, past = _usable(records, washout)
    ranges = _thinned(ranges_of(records, counts, ORDER))
    n_outputs, signals = records.y.shape[1], np.concatenate([records.y, records.u], axis=1)
    gram, width = lagged_gram(signals, ranges, ORDER), signals.shape[1]
    columns = [k * width + c for k in range(ORDER + 1) for c in range(n_outputs, width)]
    columns += [k * width + c for k in range(1, past + 1) for c in range(n_outputs)]
    outputs = np.arange(n_outputs)
    moment, power = gram[np.ix_(columns, outputs)], np.diag(gram)[:n_outputs]
    score = ridge_by_gcv(gram[np.ix_(columns, columns)], moment, power, _n_rows(ranges))[1]
    return score / n_outputs


def _less_rise(onset: int, size: FloatArray) -> int:
    """Take from an onset the steps in which the response (its size from there on) rises."""
    if onset <= MIN_DELAY:
        return 0
    smooth = np.convolve(size, np.ones(3) / 3.0, mode="valid")  # from one step after the onset
    rise = 1 + int(np.argmax(smooth >= RISEN * smooth.max()))
    given = rise if rise <= 2 else 2 * rise - 2
    if size[-1] > LASTING * size.max():
        given = max(given, UNCLEAR)
    return onset - given if onset - given >= MIN_DELAY else 0
