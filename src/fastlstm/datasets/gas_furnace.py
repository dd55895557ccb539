"""Gas furnace of Box and Jenkins, series J, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_csv

CITATION = (
    'G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis: Forecasting and Control", '
    "series J"
)
NOTE = (
    "there is no official split; this one is ours: the first 200 samples train, the other 96 test, "
    "and the first 10 of those are not scored"
)
FILE = DataFile(
    "gas-furnace.csv", 3568, "ce46e11490a11ac254a959d42d5858f66b3c8013a1b667e553b3d890c67e4d43"
)


def load_gas_furnace(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Gas furnace: gas rate to CO2 concentration, 296 samples.

    There is no official split and no official window. Ours: the first 200 samples train, the other
    96 test, and the first 10 of those are not scored. Score: free-run RMSE in % CO2; many
    published numbers are one-step predictions or mean squares and cannot be compared with it.

    Parameters
    ----------
    folder : path or None
        Folder with the file, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        200 training and 96 test samples, every 9 s.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    G. E. P. Box, G. M. Jenkins, G. C. Reinsel, "Time Series Analysis", series J.
    """
    found = find_folder(folder, "gas_furnace", [FILE], "openmv.net")
    table = read_csv(found, FILE, (296, 2), skip_rows=1)
    whole = Record(table[:, :1].copy(), table[:, 1:].copy(), "gas_furnace", 9.0)
    return Dataset(
        name="gas_furnace",
        train=(whole.part(0, 200, "train"),),
        tests={"test": whole.part(200, 296, "test")},
        citation=CITATION,
        init_window=10,
        unit="% CO2",
        input_names=("0.60 - 0.04 * gas rate (ft^3/min)",),
        output_names=("CO2 (%)",),
        sampling_time=9.0,
        note=NOTE,
    )
