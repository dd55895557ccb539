"""What is new in the errors of a free run at every step, where neighbouring ones are alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from fastlstm.error_model import ErrorModel
from fastlstm.records import Records

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

MAX_ORDER = 5  # steps that tell the next error
WORTH = 1.15  # times smaller than errors (RMS of all outputs), from which what is new tells more
FEWEST = 0.5  # of the rows, that have to be left where outputs are missing
LONGEST = 5000  # steps of an impulse response


@dataclass(frozen=True)
class Innovations:
    r"""Errors less what those before them tell, in the size of the errors.

    .. math:: w_t = g \, (e_t - a_1 e_{t-1} - \dots - a_p e_{t-p})

    Least squares of errors that are alike from step to step count what they say again and again;
    those of innovations, which are white, have the smallest variance.

    Parameters
    ----------
    coef : array of shape (n_outputs, order)
        a_1 to a_p.
    gains : array of shape (n_outputs,)
        g: standard deviation of errors, by that of innovations. Weights, ridges and losses that
        were made for errors thus fit innovations.

    References
    ----------
    L. Ljung, "System Identification: Theory for the User", 1999, chapter 14 (prefilters); D.
    Cochrane, G. Orcutt, "Application of least squares regression to relationships containing
    auto-correlated error terms", 1949.
    """

    coef: FloatArray
    gains: FloatArray

    @classmethod
    def of(cls, errors: FloatArray, records: Records, washout: int) -> Innovations | None:
        """From errors of a free run; None where these are about white.

        Parameters
        ----------
        errors : array of shape (n_total, n_outputs)
        records : Records
            Where every record begins, and which outputs are missing.
        washout : int
            First steps of every record that do not count.
        """
        if not np.isfinite(errors).all():
            return None
        coef = ErrorModel.of(errors, records, washout, MAX_ORDER).coef
        gains = np.array([_gain(part) for part in coef])
        scored = records.scored(washout)
        squares = errors[scored] ** 2
        if records.weights is not None:
            squares *= records.weights[scored] > 0.0
        is_worth_it = np.sum(squares) >= WORTH**2 * np.sum(squares / gains**2)
        return cls(coef, gains) if is_worth_it and gains.max() > 1.0 else None

    @property
    def order(self) -> int:
        """Steps that tell the next error."""
        return self.coef.shape[1]

    def apply(self, values: FloatArray, offsets: IntArray) -> None:
        """Exchange errors, or their Jacobian rows, for innovations, in place.

        Parameters
        ----------
        values : array of shape (n_total, n_outputs, ...)
            Of every step of every record. Those before a record count as zero.
        offsets : int64 array of shape (n_records + 1,)
        """
        for start, stop in pairwise(offsets):
            for output, (coef, gain) in enumerate(zip(self.coef, self.gains, strict=True)):
                part = values[start:stop, output]
                part[...] = lfilter(gain * np.append(1.0, -coef), [1.0], part, axis=0)

    def leaves_enough(self, records: Records, washout: int) -> bool:
        """Whether most rows have known errors before them."""
        scored = records.scored(washout)
        return bool(self.known(records, scored)[1].sum() >= FEWEST * scored.sum())

    def known(self, records: Records, rows: BoolArray) -> tuple[Records, BoolArray]:
        """Leave out rows before which an error is not known.

        Returns
        -------
        records : Records
            With weights where outputs are missing.
        rows : bool array of shape (n_total,)
        """
        kept = rows.copy()
        for part in records.slices():
            kept[part] = _after_runs(rows[part], self.order)
        if records.weights is None:
            return records, kept
        measured = records.weights > 0.0
        for part in records.slices():
            for output in range(measured.shape[1]):
                measured[part, output] = _after_runs(measured[part, output], self.order)
        weights = np.where(measured, records.weights, 0.0)
        return replace(records, weights=weights), kept & np.any(measured, axis=1)


def _after_runs(marked: BoolArray, n_steps: int) -> BoolArray:
    """Which of the marked steps have `n_steps` marked ones before them."""
    missing = np.concatenate([np.ones(n_steps), ~marked])
    return np.convolve(missing, np.ones(n_steps + 1))[n_steps : n_steps + len(marked)] < 0.5


def _gain(coef: FloatArray) -> float:
    """Divide the standard deviation of an autoregression by that of its innovations."""
    if len(coef) == 0:
        return 1.0
    impulse = np.zeros(LONGEST)
    impulse[0] = 1.0
    response = np.asarray(lfilter([1.0], np.append(1.0, -coef), impulse))
    return float(np.sqrt(response @ response))
