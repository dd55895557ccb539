"""Cross-validation that keeps records whole or cuts one record into blocks of time.

Both follow the splitter protocol of scikit-learn and serve `GridSearchCV`, `cross_validate` and
the like. Rows of several records in one array need ``groups``, one label per row, and
``sklearn.set_config(enable_metadata_routing=True)``: without it scikit-learn shows the groups to
the splitter and hides them from the model.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from fastlstm.exceptions import DataWarning
from fastlstm.grouping import check_groups, first_rows, holds_many_records
from fastlstm.settings import check_count

IntArray = NDArray[np.int64]
Split = tuple[IntArray, IntArray]

__all__ = ["RecordKFold", "TimeBlockedSplit"]


class RecordKFold(BaseCrossValidator):
    """Folds of whole records, of about equally many rows.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most one per record.
    shuffle : bool, default=False
        Deal the records out at random; otherwise the longest first.
    random_state : int, RandomState or None, default=None
        Seed of the shuffling.

    Notes
    -----
    A list of arrays, or a 3-D array, is one record each; with ``groups`` of one label per record,
    records of one label stay in one fold. Of a single array, ``groups`` names the record of each
    row. The next record goes to the fold with the fewest rows.

    Examples
    --------
    >>> records = [np.zeros((length, 1)) for length in (50, 20, 40)]
    >>> [test.tolist() for _, test in RecordKFold(2).split(records)]
    [[0], [1, 2]]
    >>> rows, groups = np.zeros((11, 1)), np.repeat(["a", "b", "c"], [5, 2, 4])
    >>> [test.tolist() for _, test in RecordKFold(2).split(rows, groups=groups)]
    [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10]]
    """

    __metadata_request__split = {"groups": True}  # noqa: RUF012 -- read by scikit-learn

    def __init__(
        self, n_splits: int = 5, *, shuffle: bool = False, random_state: Any = None
    ) -> None:
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments do not matter."""
        return check_count(self.n_splits, "n_splits", minimum=2)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Give the indices of every fold: of records where X is many, else of rows.

        Parameters
        ----------
        X : list of arrays, 3-D array, or array of shape (n_rows, n_inputs)
        y : ignored
        groups : array of labels, one per record or row
            Not needed where X is many records.

        Returns
        -------
        iterator over pairs (train, test) of int arrays

        Raises
        ------
        ValueError
            If there are fewer records than folds, or the rows of a record are not together.

        Warns
        -----
        DataWarning
            If scikit-learn hides the groups from the model.
        """
        n_splits = self.get_n_splits()
        _warn_if_hidden(X, groups)
        record_of, lengths = _records_of(X, groups)
        if len(lengths) < n_splits:
            raise ValueError(
                f"n_splits must be at most the number of records; got n_splits={n_splits}, and X "
                f"holds {len(lengths)}. Use fewer folds, or `TimeBlockedSplit` within one record."
            )
        fold = self._deal(lengths)[record_of]
        return iter(
            [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_splits)]
        )

    def _deal(self, lengths: IntArray) -> IntArray:
        """Fold of each record."""
        order = np.argsort(-lengths, kind="stable")
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(len(lengths))
        filled, fold = np.zeros(self.n_splits, dtype=np.int64), np.zeros_like(lengths)
        for record in order:
            fold[record] = np.argmin(filled)
            filled[fold[record]] += lengths[record]
        return fold


def _records_of(X: Any, groups: Any) -> tuple[IntArray, IntArray]:
    """Record that each item of X belongs to, and the rows of each record."""
    many = holds_many_records(X)
    sizes = np.array([len(part) for part in X] if many else np.ones(len(X)), dtype=np.int64)
    if groups is None:
        if not many:
            raise ValueError(
                "groups must name the record of each row, because X is one array; got None. Pass "
                "groups, or X as a list of 2-D arrays, or use `TimeBlockedSplit` for one record."
            )
        return np.arange(len(sizes)), sizes
    labels = check_groups(groups, X)
    names, record_of = np.unique(labels, return_inverse=True)
    if not many:
        _check_together(labels, len(names))
    return record_of, np.bincount(record_of, weights=sizes).astype(np.int64)


def _check_together(labels: NDArray[Any], n_labels: int) -> None:
    """Rows of one label that others part would be joined where these are left out."""
    starts = first_rows(labels)
    if len(starts) == n_labels:
        return
    seen: set[Any] = set()
    for row in starts.tolist():
        label = labels[row]
        if label in seen:
            raise ValueError(
                f"groups must keep the rows of a record together; got label {label} again at row "
                f"{row} after another one. Give every stretch of rows a label of its own, or sort "
                "the rows by record."
            )
        seen.add(label)


class TimeBlockedSplit(BaseCrossValidator):
    """Contiguous blocks of one record, each simulated by a model trained on the others.

    What lies before and after the block are records of their own to the model, told apart by
    ``groups``, see the method of this name.

    Parameters
    ----------
    n_splits : int, default=5
        Number of blocks, at least 2.
    gap : int, default=0
        Rows left out of the training on either side of the block. The washout of the model is a
        gap already: each part starts from rest, and its first `washout` steps enter neither cost
        nor score.

    Examples
    --------
    >>> splitter = TimeBlockedSplit(3, gap=1)
    >>> u = np.zeros((9, 1))
    >>> for train, test in splitter.split(u, groups=splitter.groups(u)):
    ...     print(train.tolist(), test.tolist())
    [4, 5, 6, 7, 8] [0, 1, 2]
    [0, 1, 7, 8] [3, 4, 5]
    [0, 1, 2, 3, 4] [6, 7, 8]
    """

    __metadata_request__split = {"groups": True}  # noqa: RUF012 -- read by scikit-learn

    def __init__(self, n_splits: int = 5, *, gap: int = 0) -> None:
        self.n_splits = n_splits
        self.gap = gap

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of blocks; the arguments do not matter."""
        return check_count(self.n_splits, "n_splits", minimum=2)

    def groups(self, X: Any) -> IntArray:
        """Labels that part what lies before and after any block, to be passed with X.

        Parameters
        ----------
        X : array of shape (n_rows, n_inputs)

        Returns
        -------
        groups : array of shape (n_rows,)
            One label for every two blocks. Each cut costs the model a washout, and every second
            edge is enough: a block between two others has one of these at its beginning or end.
        """
        edges = self._edges(X)
        return np.repeat(np.arange(len(edges) - 1) // 2, np.diff(edges))

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Give the rows of every block and those of the rest.

        Parameters
        ----------
        X : array of shape (n_rows, n_inputs)
        y : ignored
        groups : array of shape (n_rows,)
            Labels that differ before and after each block, for example `groups(X)`.

        Returns
        -------
        iterator over pairs (train, test) of int arrays

        Raises
        ------
        ValueError
            If X is not one record, is too short, or the groups do not part the training rows.

        Warns
        -----
        DataWarning
            If scikit-learn hides the groups from the model.
        """
        gap = check_count(self.gap, "gap", minimum=0)
        edges = self._edges(X)
        _warn_if_hidden(X, groups)
        splits = [_around(start, stop, gap, int(edges[-1])) for start, stop in pairwise(edges)]
        for block, (train, test) in enumerate(splits):
            if len(train) == 0:
                raise ValueError(
                    f"gap must leave rows to train on; got gap={gap}, and beyond it nothing is left"
                    f" beside block {block} (rows {test[0]} to {test[-1]}). Use a smaller gap."
                )
            self._check_parted(train, groups, X)
        return iter(splits)

    def _edges(self, X: Any) -> IntArray:
        """First row of each block, and the end, shape (n_splits + 1,)."""
        n_splits = self.get_n_splits()
        if holds_many_records(X):
            raise ValueError(
                f"X must be one record, a 2-D array; got {len(X)} records. Use `RecordKFold`."
            )
        if len(X) < 2 * n_splits:
            raise ValueError(
                f"n_splits must leave at least 2 rows per block; got n_splits={n_splits}, and X "
                f"has {len(X)} rows. Use fewer blocks."
            )
        return np.arange(n_splits + 1) * len(X) // n_splits

    def _check_parted(self, train: IntArray, groups: Any, X: Any) -> None:
        seam = np.flatnonzero(np.diff(train) > 1)
        if len(seam) == 0:
            return
        labels = None if groups is None else check_groups(groups, X)
        before, after = int(train[seam[0]]), int(train[seam[0] + 1])
        if labels is None or labels[before] == labels[after]:
            got = "None" if labels is None else f"label {labels[before]} on both sides"
            raise ValueError(
                f"groups must part the training rows before and after a test block, here {before} "
                f"and {after}; got {got}. Pass groups=splitter.groups(X)."
            )


def _around(start: int, stop: int, gap: int, n_rows: int) -> Split:
    before = np.arange(max(0, start - gap))
    after = np.arange(min(n_rows, stop + gap), n_rows)
    return np.concatenate([before, after]), np.arange(start, stop)


def _warn_if_hidden(X: Any, groups: Any) -> None:
    """Tell whoever runs a search of scikit-learn that its model will not see the groups.

    The caller's caller is looked at, because a loop over `split` may well pass them on by itself.
    """
    caller = sys._getframe(2).f_globals.get("__name__", "")
    routed = get_config()["enable_metadata_routing"] or groups is None or holds_many_records(X)
    if caller.startswith("sklearn.model_selection") and not routed:
        warnings.warn(
            "groups reach the splitter but not the model, which takes all rows for one record: "
            "metadata routing is off. Call sklearn.set_config(enable_metadata_routing=True) before,"
            " or pass X and y as lists of arrays.",
            DataWarning,
            stacklevel=3,
        )
