"""Blocks spread over the records that are held out in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.records import MANY_RECORDS, Records, block_numbers
from fastlstm.starts.integrating_fit import fit_integrating
from fastlstm.starts.linear import LinearModel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BLOCKS = 8  # blocks of a record; one in four is held out
BEGINNING = 5  # blocks of a record of which the first tells how it begins
REMAINDERS = (1, 3)  # of the number of a block by four, for every fold
NOISE_FLOOR = 1e-8  # mean squared error of standardised outputs that counts as none


def mean_square(
    misfit: FloatArray, weights: FloatArray | None = None, loss: AbstractLoss = SQUARED
) -> float:
    """Mean square by the loss, at least `NOISE_FLOOR`; infinite where a value is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = loss.mean_square(misfit, weights)
    return max(value, NOISE_FLOOR) if np.isfinite(value) else np.inf


@dataclass(frozen=True)
class Fold:
    """A part of the rows to fit and a part to judge by, with the linear model of the former.

    The free run passes through held-out rows, so they need no initial state of their own. Where
    the plant integrates, the linear model is that of the increments.

    Parameters
    ----------
    fitted, held : bool arrays of shape (n_total,)
    linear : LinearModel
        Of the fitted rows.
    noise : float
        Mean squared free-run error of the linear model on the fitted rows.
    linear_misfit : array of shape (n_held, n_outputs)
        Its simulated minus measured outputs on the held-out rows.
    held_weights : array of shape (n_held, n_outputs), optional
        How much these count; all alike when None.
    loss : AbstractLoss
    """

    fitted: BoolArray
    held: BoolArray
    linear: LinearModel
    noise: float
    linear_misfit: FloatArray
    held_weights: FloatArray | None = None
    loss: AbstractLoss = SQUARED

    @property
    def linear_error(self) -> float:
        """Mean squared error of the linear model on the held-out rows."""
        return self.held_square(self.linear_misfit)

    def held_square(self, misfit: FloatArray) -> float:
        """Mean squared error on the held-out rows from simulated minus measured outputs there."""
        return mean_square(misfit, self.held_weights, self.loss)

    @classmethod
    def of(
        cls,
        records: Records,
        fitted: BoolArray,
        held: BoolArray,
        linear: LinearModel,
        gains: FloatArray,
        loss: AbstractLoss = SQUARED,
        from_rest: bool = False,
    ) -> Fold:
        """From a linear model of the fitted rows and the gains of the integrators.

        Where there are any, the model gives its poles, and the rest is fitted anew.
        """
        assert records.y is not None
        if np.any(gains):
            exact = fit_integrating(records, linear, gains, fitted)
            linear, misfit = exact.increments, exact.misfit
        else:
            known = _only(records, fitted) if records.n_records >= MANY_RECORDS else records
            begun = None if from_rest else linear.initial_states(known)
            misfit = linear.simulate(records, begun) - records.y
        noise = mean_square(misfit[fitted], records.weights_of(fitted), loss)
        return cls(fitted, held, linear, noise, misfit[held], records.weights_of(held), loss)


def held_out_rows(records: Records, scored: BoolArray, from_rest: bool = False) -> list[BoolArray]:
    """Masks of shape (n_total,): whole records from five on, blocks of every record below that.

    One in `BEGINNING` rows of these, the first ones, are fitted: they tell state and level.

    Parameters
    ----------
    records : Records
    scored : bool array of shape (n_total,)
        Rows that may be used at all.
    from_rest : bool
        Whether all initial states are known.
    """
    if records.n_records < MANY_RECORDS:
        group = block_numbers(records, scored, BLOCKS)
    else:
        group = np.repeat(np.arange(records.n_records), records.lengths)
        if not from_rest:
            scored = scored & (block_numbers(records, scored, BEGINNING) > 0)
    return [scored & (group % 4 == remainder) for remainder in REMAINDERS]


def _only(records: Records, rows: BoolArray) -> Records:
    """Give the other rows no weight."""
    assert records.y is not None
    given = np.ones_like(records.y) if records.weights is None else records.weights
    weights = np.where(rows[:, None], given, 0.0)
    return replace(records, y=np.where(weights > 0.0, records.y, 0.0), weights=weights)
