"""Silverbox: an electronic circuit that behaves like a Duffing oscillator, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'T. Wigren, J. Schoukens, "Three free data sets for development and benchmarking in nonlinear '
    'system identification", European Control Conference (ECC) 2013, pp. 2933-2938'
)
FILE = DataFile(
    "SNLS80mV.mat", 2097520, "5c7413a52255af0cb4e2f93fb6903beb92b08965ba1e6ad0a6ffedfed8477ed4"
)


def load_silverbox(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Silverbox benchmark: a resonance that stiffens with amplitude.

    Split: samples 40650 to 127400 are multisines, of which the first 65062 train and the last
    21688 are the test "multisine"; samples 100 to 40575 are the test "arrow", filtered noise of
    growing amplitude that leaves the training range at its end; its first 32000 samples are the
    test "arrow_no_extrapolation". Score: free-run RMSE in mV without the first 50 samples.

    Parameters
    ----------
    folder : path or None
        Folder with the file, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        65062 training and 21688, 40475, 32000 test samples in V, at 610.35 Hz.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    T. Wigren, J. Schoukens, "Three free data sets for development and benchmarking in nonlinear
    system identification", ECC 2013.
    """
    found = find_folder(folder, "silverbox", [FILE], "nonlinearbenchmark.org")
    signals = read_mat(found, FILE, {"V1": 131072, "V2": 131072})
    whole = Record(signals["V1"], signals["V2"], "silverbox", 2.0**14 / 1e7)
    return Dataset(
        name="silverbox",
        train=(whole.part(40650, 105712, "train"),),
        tests={
            "multisine": whole.part(105712, 127400, "multisine"),
            "arrow": whole.part(100, 40575, "arrow"),
            "arrow_no_extrapolation": whole.part(100, 32100, "arrow_no_extrapolation"),
        },
        citation=CITATION,
        init_window=50,
        unit="mV",
        scale=1000.0,
        input_names=("input voltage (V)",),
        output_names=("output voltage (V)",),
        sampling_time=whole.sampling_time,
    )
