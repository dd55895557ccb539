"""DaISy: thirteen small measured and simulated plants, with a split of our own."""

from __future__ import annotations

import os
from collections.abc import Callable

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.daisy_layouts import LAYOUTS, Layout
from fastlstm.datasets.files import FloatArray, find_folder, read_matrix

CITATION = (
    'B. L. R. De Moor (ed.), "DaISy: Database for the Identification of Systems", Department of '
    "Electrical Engineering, ESAT/STADIUS, KU Leuven, Belgium"
)
HOME = "github.com/robotsorcerer/FARNN, data/future.tar.gz"
DAISY_SETS = tuple(LAYOUTS)
TRAIN_SHARE = 0.7
LONGEST_WINDOW = 50
NOTE = (
    "DaISy has no official split; this one is ours: the first 70 % of every record train, the rest "
    f"tests, and its first tenth, at most {LONGEST_WINDOW} steps, is not scored"
)


def load_daisy(name: str, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """One set of DaISy, the database of KU Leuven for the identification of systems.

    There is no official split and no official window. Ours: the first 70 % of every record train,
    the rest tests, and its first tenth, at most 50 steps, may set the state and is not scored.
    Score: 100 times the mean square error of the free run, every output divided by its standard
    deviation in training; its root is the NRMSE in tenths. ``destill`` and ``lakeErie`` hold the
    same experiment four times, with more noise each time, as four records.

    Parameters
    ----------
    name : str
        One of `DAISY_SETS`.
    folder : path or None
        Folder with the file ``NAME.mat``, or its parent; None for the environment variable
        FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        Between 39 and 6720 training samples per record.

    Raises
    ------
    ValueError
        If the name is unknown.
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    B. L. R. De Moor (ed.), "DaISy: Database for the Identification of Systems", ESAT/STADIUS, KU
    Leuven.
    """
    if name not in LAYOUTS:
        raise ValueError(
            f"name must be one of {', '.join(DAISY_SETS)}; got {name!r}. Pass one of these names."
        )
    layout = LAYOUTS[name]
    found = find_folder(folder, "daisy", [layout.file], HOME)
    table = read_matrix(found, layout.file, name, layout.shape)
    records = _records(table, layout)
    cut = int(TRAIN_SHARE * len(table))
    return Dataset(
        name=name,
        train=tuple(record.part(0, cut, record.name) for record in records),
        tests={record.name: record.part(cut, len(table), record.name) for record in records},
        citation=CITATION,
        init_window=min(LONGEST_WINDOW, (len(table) - cut) // 10),
        unit="100 x MSE",
        scale=100.0,
        metric="mse_standardised",
        input_names=layout.inputs,
        output_names=layout.outputs,
        sampling_time=layout.sampling_time,
        note=NOTE,
    )


def _records(table: FloatArray, layout: Layout) -> list[Record]:
    """Every experiment in the table; inputs of all stand before outputs of all."""
    n_u, n_y, n_records = len(layout.inputs), len(layout.outputs), layout.n_records
    first_y = layout.first + n_u * n_records
    records = []
    for k in range(n_records):
        u = table[:, layout.first + k * n_u :][:, :n_u]
        y = table[:, first_y + k * n_y :][:, :n_y]
        name = "test" if n_records == 1 else f"{k + 1}"
        records.append(Record(u.copy(), y.copy(), name, layout.sampling_time))
    return records


def _loader(name: str) -> Callable[..., Dataset]:
    def load(folder: str | os.PathLike[str] | None = None) -> Dataset:
        return load_daisy(name, folder)

    return load


DAISY_LOADERS = {name: _loader(name) for name in DAISY_SETS}
