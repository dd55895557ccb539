"""How much every measured output counts: gaps, weights of rows and records, weights of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import to_float
from fastlstm.checks import Layout
from fastlstm.records import Records

FloatArray = NDArray[np.float64]


REACH = 3.0  # times the middle range of an output that it may go beyond it and still be believed


def without_far_outputs(records: Records) -> Records:
    """Take outputs that are far outside for missing: such values are glitches.

    They lie further from the middle nine tenths of their output than `REACH` times the range of
    these.
    """
    assert records.y is not None
    y = records.y.copy()
    for channel in y.T:
        known = channel[~np.isnan(channel)]
        if len(known):
            low, high = np.quantile(known, [0.05, 0.95])
            with np.errstate(over="ignore", invalid="ignore"):
                reach = REACH * (high - low)
                far = (channel < low - reach) | (channel > high + reach)
            channel[far & (reach > 0.0)] = np.nan
    return replace(records, y=y)


def weighed(
    records: Records,
    row_weights: FloatArray | None = None,
    output_weights: FloatArray | None = None,
) -> Records:
    """Give every output its weight and set those that do not count to zero.

    So nothing depends on what was written there.

    The weights of what counts have a mean of one, so that they do not change how strong a ridge is.
    Where all would be one, the records have none.

    Parameters
    ----------
    records : Records
        With outputs; NaN where one is missing.
    row_weights : array of shape (n_total,), optional
    output_weights : array of shape (n_outputs,), optional
    """
    assert records.y is not None
    weights = (~np.isnan(records.y)).astype(np.float64)
    if row_weights is not None:
        weights *= row_weights[:, None] / max(np.max(row_weights), np.finfo(float).tiny)
    if output_weights is not None:
        weights *= output_weights / np.max(output_weights)
    largest = np.max(weights)
    if largest > 0.0:
        weights /= largest
    if np.all(weights == 1.0):
        return records
    counts = weights > 0.0
    if np.any(counts):
        weights /= np.mean(weights[counts])
    return replace(records, y=np.where(counts, records.y, 0.0), weights=weights)


def check_missing_target(value: Any) -> bool:
    """Whether missing outputs are left out."""
    if not isinstance(value, str) or value not in ("raise", "mask"):
        raise ValueError(
            f'missing_target must be "raise" or "mask"; got {value!r}. Use "mask" to leave out '
            "outputs that are NaN."
        )
    return value == "mask"


def check_sample_weight(
    sample_weight: Any, lengths: NDArray[np.int64], layout: Layout
) -> FloatArray | None:
    """One weight per step of all records, shape (n_total,), or None.

    Parameters
    ----------
    sample_weight : None, number, array of shape (n_timesteps,), or for many records a sequence of
        one number or one array per record
    lengths : int64 array of shape (n_records,)
    layout : Layout
        Form of X.

    Raises
    ------
    ValueError, TypeError
        If a weight is negative or not finite, all are zero, or the form is not that of X.
    """
    if sample_weight is None:
        return None
    parts = _parts(sample_weight, len(lengths), layout)
    rows = []
    for record, (part, length) in enumerate(zip(parts, lengths.tolist(), strict=True)):
        array = to_float(part, "sample_weight", layout.where(record))
        if array.ndim > 1 or (array.ndim == 1 and len(array) != length):
            raise ValueError(
                f"sample_weight must hold one number per step, or one per record of many; got "
                f"shape {array.shape}, and X has {length} steps{layout.where(record)}. Sample "
                "weights must be 1D array or scalar: pass weights of outputs as output_weights."
            )
        rows.append(np.broadcast_to(array, length))
    weights = np.concatenate(rows)
    if np.any(weights < 0.0) or not np.any(weights > 0.0):
        raise ValueError(
            f"sample_weight must be >= 0 and not all zero; got values from {weights.min():g} to "
            f"{weights.max():g}. Use 0 for steps that do not count."
        )
    return weights


def _parts(sample_weight: Any, n_records: int, layout: Layout) -> Sequence[Any]:
    if layout.kind == "single" or not _has_length(sample_weight):
        return [sample_weight] * n_records
    if len(sample_weight) != n_records:
        raise ValueError(
            f"sample_weight must have as many entries as X has records; got {len(sample_weight)}, "
            f"and X has {n_records}. Pass one number or one array of weights per record."
        )
    return list(sample_weight)


def _has_length(value: Any) -> bool:
    return (
        hasattr(value, "__len__") and not isinstance(value, str) and getattr(value, "ndim", 1) > 0
    )


def check_output_weights(output_weights: Any) -> FloatArray | None:
    """One positive weight per output, or None.

    Raises
    ------
    ValueError, TypeError
        If it is not a sequence of positive numbers.
    """
    if output_weights is None:
        return None
    array = to_float(output_weights, "output_weights")
    if array.ndim != 1 or len(array) == 0 or not np.all(array > 0.0):
        raise ValueError(
            f"output_weights must be None or one positive number per output; got "
            f"{output_weights!r}. Leave an output out of y if it does not count."
        )
    return array


def counted_records(
    given: Records, layout: Layout, sample_weight: Any, output_weights: FloatArray | None
) -> Records:
    """Give the outputs the weights that follow from missing values and from the arguments.

    Records in which nothing counts are left out.

    Raises
    ------
    ValueError, TypeError
        If weights do not fit the records, or nothing counts.
    """
    assert given.y is not None
    n_outputs = given.y.shape[1]
    if output_weights is not None and len(output_weights) != n_outputs:
        raise ValueError(
            f"output_weights must have one number per output; got {len(output_weights)}, and y "
            f"has {n_outputs} output channels. Pass None to weigh them alike."
        )
    rows = check_sample_weight(sample_weight, given.lengths, layout)
    return measured_only(weighed(given, rows, output_weights))


def measured_only(records: Records, washout: int = 0) -> Records:
    """Leave out the records in which nothing counts after the washout.

    Raises
    ------
    ValueError
        If that is the case in all of them.
    """
    if records.weights is None:
        return records
    counts = records.scored(washout)
    kept = [r for r, rows in enumerate(records.slices()) if np.any(counts[rows])]
    if not kept:
        raise ValueError(
            f"y must have an output that is measured and counts; got none beyond the first "
            f"{washout} steps of any record. Pass more records, or use a smaller washout."
        )
    if len(kept) < records.n_records:
        records = records.take([(r, 0, int(records.lengths[r])) for r in kept])
    assert records.weights is not None
    alike = bool(np.all(records.weights == 1.0))
    return replace(records, weights=None) if alike else records
