"""EMPS: an electro-mechanical positioning system under feedback, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'A. Janot, M. Gautier, M. Brunot, "Data set and reference models of EMPS", Workshop on '
    "Nonlinear System Identification Benchmarks, Eindhoven, 2019"
)
TRAIN_FILE = DataFile(
    "DATA_EMPS.mat", 626039, "6cf6814ae14618795da0101aae2bb97ff0c6351b0501b5492751b02b07facf7e"
)
TEST_FILE = DataFile(
    "DATA_EMPS_PULSES.mat",
    630990,
    "0eab75bb1f6b16228ee78791343a88bf9bfd9a51036ac9807d7b5fc11c0e1704",
)


def load_emps(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """EMPS benchmark: drive voltage to position, with friction and an integrator.

    Split: DATA_EMPS trains, DATA_EMPS_PULSES (force pulses added) tests. Score: free-run RMSE in
    mm on the test record without its first 20 samples. The data were taken in closed loop.

    Parameters
    ----------
    folder : path or None
        Folder with the files, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        24841 training and 24841 test samples, V to m, at 1 kHz.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    A. Janot, M. Gautier, M. Brunot, "Data set and reference models of EMPS", 2019.
    """
    found = find_folder(folder, "emps", [TRAIN_FILE, TEST_FILE], "nonlinearbenchmark.org")
    names = {"vir": 24841, "qm": 24841}
    train = read_mat(found, TRAIN_FILE, names)
    test = read_mat(found, TEST_FILE, names)
    return Dataset(
        name="emps",
        train=(Record(train["vir"], train["qm"], "train", 1e-3),),
        tests={"test": Record(test["vir"], test["qm"], "test", 1e-3)},
        citation=CITATION,
        init_window=20,
        unit="mm",
        scale=1000.0,
        input_names=("drive voltage (V)",),
        output_names=("position (m)",),
        sampling_time=1e-3,
    )
