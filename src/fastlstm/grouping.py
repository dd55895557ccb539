"""Rows with a label each as records: the form in which scikit-learn passes several records on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.arrays import is_sequence_of_records
from fastlstm.containers import opened_pair


def holds_many_records(X: Any) -> bool:
    """Whether X is a list of records or a 3-D array, not the rows of one array."""
    return is_sequence_of_records(X) or np.ndim(X) == 3


def check_groups(groups: Any, X: Any) -> NDArray[Any]:
    """Labels as a 1-D array, one per row of X, or one per record where X is many.

    Raises
    ------
    ValueError
        If there are more or fewer labels than rows, or one is missing.
    """
    labels = np.asarray(groups)
    unit = "record" if holds_many_records(X) else "row"
    n_items = X.shape[0] if hasattr(X, "shape") else len(X)
    if labels.shape != (n_items,):
        raise ValueError(
            f"groups must hold one label per {unit} of X, in a 1-D array; got shape "
            f"{labels.shape}, and X has {n_items} {unit}s. Pass the label of the record that each "
            f"{unit} belongs to."
        )
    missing = np.flatnonzero(_is_missing(labels))
    if len(missing):
        raise ValueError(
            f"groups must have no missing labels; got {labels[missing[0]]!r}, first at {unit} "
            f"{missing[0]}. Give every {unit} a label, or drop it."
        )
    return labels


def _is_missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """None, NaN and NaT: nothing else differs from itself."""
    none = np.array([label is None for label in labels]) if labels.dtype == object else False
    return np.asarray((labels != labels) | none, dtype=bool)


def first_rows(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Rows at which the label changes, and row 0.

    Examples
    --------
    >>> first_rows(np.array(["a", "a", "b", "a"]))
    array([0, 2, 3])
    """
    if len(labels) == 0:
        return np.zeros(0, dtype=np.int64)
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    return np.concatenate([[0], changes]).astype(np.int64)


def cut(groups: Any, X: Any, y: Any = None) -> tuple[Any, Any]:
    """Cut rows into records wherever the label changes.

    Parameters
    ----------
    groups : array of shape (n_rows,) or None
        Label of the record that each row belongs to. A label that comes back after another one
        begins another record. Where X is a list of records or a 3-D array, one label per record,
        which changes nothing.
    X : array of shape (n_rows, n_inputs), DataFrame, list of such, or 3-D array
    y : array of shape (n_rows,) or (n_rows, n_outputs), DataFrame, optional

    Returns
    -------
    X, y
        Lists with one part per record; the arguments themselves where nothing is cut.

    Examples
    --------
    >>> parts, _ = cut([1, 1, 2], np.array([[0.5], [0.6], [0.7]]))
    >>> [len(part) for part in parts]
    [2, 1]
    """
    pieces = _pieces(groups, X)
    if pieces is None:
        return X, y
    _check_length(y, pieces, "y")
    parts = [None if value is None else [_rows(value, a, b) for a, b in pieces] for value in (X, y)]
    return parts[0], parts[1]


def cut_weights(groups: Any, X: Any, sample_weight: Any) -> Any:
    """Cut the weights of rows as `cut` does the rows; one number for all stays as it is."""
    pieces = _pieces(groups, X)
    if pieces is None or np.ndim(sample_weight) == 0:
        return sample_weight
    _check_length(sample_weight, pieces, "sample_weight")
    return [_rows(sample_weight, a, b) for a, b in pieces]


def opened_and_cut(groups: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Open the containers of inputs and outputs, then cut these and the weights into records."""
    X, y = opened_pair(X, y)
    weights = cut_weights(groups, X, sample_weight)
    return *cut(groups, X, y), weights


def _pieces(groups: Any, X: Any) -> list[tuple[int, int]] | None:
    """First row and stop of every record; None where nothing is cut."""
    if groups is None:
        return None
    if not (hasattr(X, "shape") or is_sequence_of_records(X)):
        X = np.asarray(X)
    labels = check_groups(groups, X)
    if holds_many_records(X) or len(labels) == 0:
        return None
    return list(pairwise([*first_rows(labels).tolist(), len(labels)]))


def _check_length(value: Any, pieces: list[tuple[int, int]], name: str) -> None:
    n_rows = pieces[-1][1]
    if value is not None and len(value) != n_rows:
        raise ValueError(
            f"{name} must have as many steps as X; got {len(value)}, and X has {n_rows}. "
            "Cut both to the steps they share."
        )


def _rows(value: Any, start: int, stop: int) -> Any:
    """Rows of an array, or of a table of pandas, polars or pyarrow with its names kept."""
    if hasattr(value, "iloc"):
        return value.iloc[start:stop]
    if hasattr(value, "slice"):
        return value.slice(start, stop - start)
    return (value if hasattr(value, "shape") else np.asarray(value))[start:stop]
