"""Two cascaded water tanks that overflow, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'M. Schoukens, P. Mattsson, T. Wigren, J.-P. Noel, "Cascaded tanks benchmark combining soft '
    'and hard nonlinearities", Workshop on Nonlinear System Identification Benchmarks, Brussels, '
    "2016"
)
FILE = DataFile(
    "dataBenchmark.mat", 24401, "cb2f88d4388be4d3f2a24c6402fba804976aac5f2e1f26cda59ea0a38d016eab"
)


def load_cascaded_tanks(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Cascaded tanks benchmark: square-root outflows, and a level that stops at 10 V.

    Split: the estimation record trains, the validation record tests; the water level at the start
    of each is unknown. Score: free-run RMSE in V on the test record without its first 50 samples.
    Papers before 2024 often score all 1024 samples: compare with care.

    Parameters
    ----------
    folder : path or None
        Folder with the file, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        1024 training and 1024 test samples in V, every 4 s.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    M. Schoukens, P. Mattsson, T. Wigren, J.-P. Noel, "Cascaded tanks benchmark combining soft and
    hard nonlinearities", 2016.
    """
    found = find_folder(folder, "cascaded_tanks", [FILE], "nonlinearbenchmark.org")
    signals = read_mat(found, FILE, dict.fromkeys(("uEst", "yEst", "uVal", "yVal"), 1024))
    return Dataset(
        name="cascaded_tanks",
        train=(Record(signals["uEst"], signals["yEst"], "train", 4.0),),
        tests={"test": Record(signals["uVal"], signals["yVal"], "test", 4.0)},
        citation=CITATION,
        init_window=50,
        unit="V",
        input_names=("pump voltage (V)",),
        output_names=("level of the lower tank (V)",),
        sampling_time=4.0,
    )
