"""DaISy: thirteen measured and simulated plants, and the split this benchmark makes of them.

There is no official split: the first 70 % of every record train, the rest tests. The first tenth
of a test, at most 50 steps, may set the state and is not scored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastlstm.datasets import Dataset, Record

CITATION = (
    'B. L. R. De Moor (ed.), "DaISy: Database for the Identification of Systems", Department of '
    "Electrical Engineering, ESAT/STADIUS, KU Leuven, Belgium"
)
TRAIN_SHARE = 0.7


@dataclass(frozen=True)
class Columns:
    """Columns of a set, counted from 1, for every record it holds."""

    u: tuple[tuple[int, ...], ...]
    y: tuple[tuple[int, ...], ...]


def _block(first: int, width: int, n_blocks: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(range(first + k * width, first + (k + 1) * width)) for k in range(n_blocks))


SETS = {
    "ballbeam": Columns(((1,),), ((2,),)),
    "hairdryer": Columns(((1,),), ((2,),)),
    "flutter": Columns(((1,),), ((2,),)),
    "cdplayer": Columns(((1, 2),), ((3, 4),)),
    "pHdata": Columns(((2, 3),), ((4,),)),
    "steamgen": Columns(((2, 3, 4, 5),), ((6, 7, 8, 9),)),
    "winding": Columns(((1, 2, 3, 4, 5),), ((6, 7),)),
    "dryer2": Columns(((2, 3, 4),), ((5, 6, 7),)),
    "heating": Columns(((2,),), ((3,),)),
    "thermic": Columns(((1, 2),), ((3,),)),
    "powplant": Columns(((2, 3, 4, 5, 6),), ((7, 8, 9),)),
    "destill": Columns(_block(2, 5, 4), _block(22, 3, 4)),
    "lakeErie": Columns(_block(2, 5, 4), _block(22, 2, 4)),
}


def load_daisy(name: str, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """One set of DaISy; the score is the NRMSE of the free run, all outputs together.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    folder : path or None
        Folder that holds ``daisy``; None for the environment variable FASTLSTM_DATA.
    """
    from scipy.io import loadmat

    place = Path(folder if folder is not None else os.environ.get("FASTLSTM_DATA", "data"))
    content = loadmat(place / "daisy" / f"{name}.mat")
    (table,) = [value for key, value in content.items() if not key.startswith("__")]
    table = np.asarray(table, dtype=np.float64)
    columns, cut = SETS[name], int(TRAIN_SHARE * len(table))
    records = [
        Record(table[:, np.array(u) - 1], table[:, np.array(y) - 1], f"{k + 1}")
        for k, (u, y) in enumerate(zip(columns.u, columns.y, strict=True))
    ]
    tests = {record.name: record.part(cut, len(table), record.name) for record in records}
    n_inputs, n_outputs = len(columns.u[0]), len(columns.y[0])
    return Dataset(
        name=name,
        train=tuple(record.part(0, cut, record.name) for record in records),
        tests=tests,
        citation=CITATION,
        init_window=min(50, (len(table) - cut) // 10),
        unit="100 x MSE",
        scale=100.0,
        metric="mse_standardised",
        input_names=tuple(f"u{k + 1}" for k in range(n_inputs)),
        output_names=tuple(f"y{k + 1}" for k in range(n_outputs)),
    )
