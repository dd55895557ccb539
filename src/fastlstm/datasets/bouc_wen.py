"""Bouc-Wen hysteretic system, the published validation signals."""

from __future__ import annotations

import os

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.files import DataFile, find_folder, read_mat

CITATION = (
    'J.-P. Noel, M. Schoukens, "Hysteretic benchmark with a dynamic nonlinearity", Workshop on '
    "Nonlinear System Identification Benchmarks, Brussels, 2016; training record "
    "simulated by J. H. Hoekstra"
)
SAMPLING_TIME = 1.0 / 750.0
FILES = {
    file.name: file
    for file in (
        DataFile(
            "uest_multisine.mat",
            252153,
            "d397884e6b68cad06c91a1ee98dd84949a94826f56c4907aa1908583dc5c9a60",
        ),
        DataFile(
            "yest_multisine.mat",
            252323,
            "ae0c7c0df174b61d17517c7092bc2b7d2888a695dbd9bca9a63c7c9fc067f605",
        ),
        DataFile(
            "uval_multisine.mat",
            63204,
            "3eb9abc0aef66b97beaf003fbcb45b43a4e28d7e82db5bf8abc1c931b92106ed",
        ),
        DataFile(
            "yval_multisine.mat",
            63215,
            "05e462f7c508c26c8e69549e2b80ff5acea2828b399175c8bdd3fa70eb9905bc",
        ),
        DataFile(
            "uval_sinesweep.mat",
            1166261,
            "fefd6c08bbf3b27f13f61a15ea0dd8c63211c5924e99f6ca43760d1f25ce9ed3",
        ),
        DataFile(
            "yval_sinesweep.mat",
            1170154,
            "52b49f7ff62487bf75efbed95bf759b06d8bad1127a8e63bc242e119d72bc57b",
        ),
    )
}


def load_bouc_wen(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Bouc-Wen benchmark: a mass on a hysteretic spring.

    Split: the validation signals "multisine" (one steady-state period of 8192 samples) and
    "sinesweep" (153000 samples from rest) are the tests. The benchmark has no training file; here
    it is a multisine of four steady-state periods with output noise of 7e-6 m, simulated by
    J. H. Hoekstra. Score: free-run RMSE in m over all samples; the multisine is scored in
    steady state, so drive the model through one period first (``Record.periodic``).

    Parameters
    ----------
    folder : path or None
        Folder with the files, or its parent; None for the environment variable FASTLSTM_DATA.

    Returns
    -------
    dataset : Dataset
        32768 training and 8192, 153000 test samples, N to m, at 750 Hz.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    DataFileError
        If a file is not the published one.

    References
    ----------
    J.-P. Noel, M. Schoukens, "Hysteretic benchmark with a dynamic nonlinearity", 2016.
    """
    found = find_folder(folder, "bouc_wen", list(FILES.values()), "nonlinearbenchmark.org")

    def read(file: str, variable: str, n_timesteps: int) -> FloatArray:
        return read_mat(found, FILES[f"{file}.mat"], {variable: n_timesteps})[variable]

    def validation(name: str, n_timesteps: int, periodic: bool) -> Record:
        u = read(f"uval_{name}", f"uval_{name}", n_timesteps)
        y = read(f"yval_{name}", f"yval_{name}", n_timesteps)
        return Record(u, y, name, SAMPLING_TIME, periodic)

    u, y = read("uest_multisine", "u", 32768), read("yest_multisine", "y", 32768)
    return Dataset(
        name="bouc_wen",
        train=(Record(u, y, "train", SAMPLING_TIME, periodic=True),),
        tests={
            "multisine": validation("multisine", 8192, periodic=True),
            "sinesweep": validation("sinesweep", 153000, periodic=False),
        },
        citation=CITATION,
        unit="m",
        input_names=("force (N)",),
        output_names=("displacement (m)",),
        sampling_time=SAMPLING_TIME,
    )
