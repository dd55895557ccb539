"""Wiener-Hammerstein circuit of SYSID 2009, measured."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'J. Schoukens, J. Suykens, L. Ljung, "Wiener-Hammerstein benchmark", 15th IFAC Symposium on '
    "System Identification (SYSID 2009), Saint-Malo, France, 2009"
)
FILE = DataFile(
    "WienerHammerBenchMark.mat",
    1707601,
    "096e6128687efb664d146d28fc17db4c5a94f247c4b3a2e451319be1efb25ae2",
)


def load_wh2009(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Wiener-Hammerstein benchmark: a diode circuit between two third-order filters.

    Split: samples 5200 to 105200 train, 105200 to 184000 test. Score: free-run RMSE in mV on the
    test record without its first 50 samples.

    Parameters
    ----------
    folder : path or None
        Folder with the file, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        100000 training and 78800 test samples in V, at 51200 Hz.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    J. Schoukens, J. Suykens, L. Ljung, "Wiener-Hammerstein benchmark", SYSID 2009.
    """
    found = find_folder(folder, "wh2009", [FILE], "nonlinearbenchmark.org")
    signals = read_mat(found, FILE, {"uBenchMark": 188000, "yBenchMark": 188000})
    whole = Record(signals["uBenchMark"], signals["yBenchMark"], "wh2009", 1.0 / 51200.0)
    return Dataset(
        name="wh2009",
        train=(whole.part(5200, 105200, "train"),),
        tests={"test": whole.part(105200, 184000, "test")},
        citation=CITATION,
        init_window=50,
        unit="mV",
        scale=1000.0,
        input_names=("input voltage (V)",),
        output_names=("output voltage (V)",),
        sampling_time=whole.sampling_time,
    )
