"""Nonlinear RLC circuit, simulated, with the split of an LSTM paper."""

from __future__ import annotations

import os
from pathlib import Path

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_csv

CITATION = (
    'M. Forgione, D. Piga, "Continuous-time system identification with neural networks", European '
    "Journal of Control 59, 2021 (simulation); J. D. Schiller, M. Heinrich, V. G. Lopez, "
    'M. A. Mueller, "Tuning the burn-in phase in training recurrent neural networks improves '
    'their performance", ICLR 2026 (split)'
)
SAMPLING_TIME = 0.5e-6
TRAIN_FILE = DataFile(
    "data_rlc_train_6667.csv",
    430520,
    "d5c4b9d874e254b1edce08449e0ebe3b203d8d588d161767004a014fc5c9aa9c",
)
VALIDATION_FILE = DataFile(
    "data_rlc_val_3333.csv",
    215164,
    "0c1b7adbbfb7c0644a8260231f9d020dcf3449d996b36b6517f8a6be70f4dbbd",
)
TEST_FILE = DataFile(
    "data_rlc_test_3333.csv",
    205565,
    "6e085d323bc644279914c871adf0aba3fdf4a3ba408e447aa01be5503b5caf01",
)


def load_rlc(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Nonlinear RLC circuit: input voltage to inductor current and capacitor voltage.

    Split: train, validation and test as in the file names. Score: 100 times the mean square error
    of both outputs, each divided by its standard deviation in the training record, over all
    samples of the free run from rest.

    Parameters
    ----------
    folder : path or None
        Folder with the files, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        6667 training, 3333 validation and 3333 test samples at 2 MHz; y is (A, V).

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    J. D. Schiller, M. Heinrich, V. G. Lopez, M. A. Mueller, "Tuning the burn-in phase in training
    recurrent neural networks improves their performance", ICLR 2026.
    """
    files = [TRAIN_FILE, VALIDATION_FILE, TEST_FILE]
    found = find_folder(folder, "rlc_lstm_iclr2026", files, "github.com/jdschille/rnn-training")
    return Dataset(
        name="rlc",
        train=(_read(found, TRAIN_FILE, 6667, "train"),),
        validation=(_read(found, VALIDATION_FILE, 3333, "validation"),),
        tests={"test": _read(found, TEST_FILE, 3333, "test")},
        citation=CITATION,
        unit="100 x MSE",
        scale=100.0,
        metric="mse_standardised",
        input_names=("input voltage (V)",),
        output_names=("inductor current (A)", "capacitor voltage (V)"),
        sampling_time=SAMPLING_TIME,
    )


def _read(folder: Path, file: DataFile, n_timesteps: int, name: str) -> Record:
    # One signal per row: time, input voltage, capacitor voltage, inductor current. The paper feeds
    # the two outputs in reverse order.
    table = read_csv(folder, file, (4, n_timesteps))
    return Record(table[1:2].T.copy(), table[[3, 2]].T.copy(), name, SAMPLING_TIME)
