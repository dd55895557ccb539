"""Parts of records for the early iterations: evenly spread, each with its own lead-in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from fastlstm.records import Records
from fastlstm.row_choice import pieces_that_count


def spread_stretches(records: Records, n_steps: int, lead_in: int) -> Records:
    """Pick about `n_steps` scored steps, in pieces spread evenly over all records.

    A piece that starts inside a record begins `lead_in` steps early, so that the state has settled
    when its first scored step comes; the caller leaves the first `lead_in` steps of every piece
    out of the cost. Pieces are at least eight lead-ins long, which keeps the overhead below 13 %.

    Parameters
    ----------
    records : Records
    n_steps : int
        Scored steps wanted. When that is most of the data, `records` itself is returned.
    lead_in : int

    Returns
    -------
    records : Records
    """
    if n_steps >= 0.8 * records.n_total:
        return records
    length = max(8 * lead_in, n_steps // 8, 64)
    pieces = []
    for rows in records.slices():
        n_pieces = max(1, (rows.stop - rows.start) // length)
        edges = np.linspace(rows.start, rows.stop, n_pieces + 1).astype(int)
        pieces += [
            slice(max(rows.start, int(start) - lead_in), int(stop))
            for start, stop in pairwise(edges)
        ]
    mean_length = records.n_total / len(pieces)
    wanted = max(1, round(n_steps / mean_length))
    pieces = pieces_that_count(records, pieces, lead_in)
    if wanted >= len(pieces):
        return records
    chosen = np.linspace(0, len(pieces) - 1, wanted).astype(int) if wanted > 1 else [0]
    return records.cut([pieces[k] for k in chosen])
