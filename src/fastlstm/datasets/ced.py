"""CED: two electric drives coupled by a belt, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'T. Wigren, M. Schoukens, "Coupled electric drives data set and reference models", Technical '
    "Report 2017-024, Dept. of Information Technology, Uppsala University, 2017"
)
FILE = DataFile(
    "DATAUNIF.MAT", 16096, "102c8d8012d6e850d50c13227b8c2280fe69f8bc4a845177f8bc3d761d152c89"
)


def load_ced(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Coupled electric drives: the pulse counter sees speed but not its sign.

    Split: two records of 500 samples (low and high amplitude); the first 400 of each train, the
    last 100 of each are the tests "1" and "2". Score: free-run RMSE in ticks/s on each test
    without its first 10 samples.

    Parameters
    ----------
    folder : path or None
        Folder with the file, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        Twice 400 training and 100 test samples, at 50 Hz.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    T. Wigren, M. Schoukens, "Coupled electric drives data set and reference models", 2017.
    """
    found = find_folder(folder, "ced", [FILE], "nonlinearbenchmark.org")
    signals = read_mat(found, FILE, dict.fromkeys(("u11", "z11", "u12", "z12"), 500))
    low = Record(signals["u11"], signals["z11"], "1", 0.02)
    high = Record(signals["u12"], signals["z12"], "2", 0.02)
    return Dataset(
        name="ced",
        train=(low.part(0, 400, "1"), high.part(0, 400, "2")),
        tests={"1": low.part(400, 500, "1"), "2": high.part(400, 500, "2")},
        citation=CITATION,
        init_window=10,
        unit="ticks/s",
        input_names=("drive voltage (V)",),
        output_names=("speed (ticks/s)",),
        sampling_time=0.02,
    )
