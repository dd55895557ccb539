"""Files, columns and channels of the sets of DaISy."""

from __future__ import annotations

from dataclasses import dataclass

from fastlstm.datasets.files import DataFile


@dataclass(frozen=True)
class Layout:
    """Table of one set: a time column or none, then inputs, then outputs.

    Parameters
    ----------
    file : DataFile
        MATLAB file with one matrix, called like the set.
    shape : (int, int)
        Rows and columns of the matrix.
    first : int
        Column of the first input, counted from 0.
    inputs, outputs : tuple of str
        Channels of one record.
    sampling_time : float or None
        Seconds; None where it is not known.
    n_records : int
        Records side by side: inputs of all, then outputs of all.
    """

    file: DataFile
    shape: tuple[int, int]
    first: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sampling_time: float | None = None
    n_records: int = 1


def _numbered(label: str, count: int) -> tuple[str, ...]:
    return tuple(f"{label} {k + 1}" for k in range(count))


LAYOUTS = {
    "ballbeam": Layout(
        DataFile(
            "ballbeam.mat",
            8897,
            "947f70a45119edf5673ce8cb43e219c48e47439bb68cf2c63b3fd4e351879e38",
        ),
        (1000, 2), 0, ("beam angle",), ("ball position",), 0.1,
    ),
    "hairdryer": Layout(
        DataFile(
            "hairdryer.mat",
            5709,
            "7afafda4c6c027476c94429d7f8c08cbe95d5175ed7ccbff1d3b7c51e93d97d9",
        ),
        (1000, 2), 0, ("heater voltage",), ("air temperature",),
    ),
    "flutter": Layout(
        DataFile(
            "flutter.mat",
            12692,
            "90c81440c6770b1f9121b7047f0307717e090a1fe8873cb0795806af6576ac83",
        ),
        (1024, 2), 0, ("u",), ("y",),
    ),
    "cdplayer": Layout(
        DataFile(
            "cdplayer.mat",
            32586,
            "506d0357eb3fb1b0eeb1817593ac766eafa6764e208c97752be469c693104194",
        ),
        (2048, 4), 0, _numbered("actuator force", 2), _numbered("tracking error", 2),
    ),
    "pHdata": Layout(
        DataFile(
            "pHdata.mat",
            35056,
            "0810168e5e1afc0ba00a333bd926dbaa59f76dd6deaf51c1d4cb6eedbc322e54",
        ),
        (2001, 4), 1, ("acid flow", "base flow"), ("pH",), 10.0,
    ),
    "steamgen": Layout(
        DataFile(
            "steamgen.mat",
            602923,
            "2ad24bf4df4f917822b2b7ca682c39488984719924a3a9984bc291f91e3ddf68",
        ),
        (9600, 9), 1, ("fuel", "air", "level reference", "disturbance"),
        ("pressure", "oxygen", "level", "steam flow"), 3.0,
    ),
    "winding": Layout(
        DataFile(
            "winding.mat",
            134137,
            "addd57809d516393282ab59ad40b19c923a475c08df06476a602fc0bd35b6c23",
        ),
        (2500, 7), 0, _numbered("u", 5), _numbered("web tension", 2), 0.1,
    ),
    "dryer2": Layout(
        DataFile(
            "dryer2.mat",
            29061,
            "96bd4068be60b08503b12724b16ad6b34a710b354c8700cb581d86578649b45c",
        ),
        (867, 7), 1, _numbered("u", 3), _numbered("y", 3), 10.0,
    ),
    "heating": Layout(
        DataFile(
            "heating.mat",
            4135,
            "fb294f5c50e98bb61afd021fabcfc806aee64f00f7966472f421da6d0ef4968f",
        ),
        (801, 3), 1, ("drive",), ("temperature",), 2.0,
    ),
    "thermic": Layout(
        DataFile(
            "thermic.mat",
            14382,
            "b9efb009163cb3a162820b8cffd5c4a6317cf28c1535b70dd58f67809078cb30",
        ),
        (1680, 3), 0, _numbered("wall temperature", 2), ("heat flow",),
    ),
    "powplant": Layout(
        DataFile(
            "powplant.mat",
            6450,
            "6177bc182f610fac9c06a4bfc1b73dd271b5ab1b68c8cbf74ef43a7969814871",
        ),
        (200, 12), 1, _numbered("u", 5), _numbered("y", 3), 1228.8,
    ),
    "destill": Layout(
        DataFile(
            "destill.mat",
            17939,
            "bc7afd7372f1a4bb6fca7c31df8cb44a52637cced7fdc2163618c31ddd917bce",
        ),
        (90, 33), 1, _numbered("u", 5), _numbered("y", 3), 900.0, n_records=4,
    ),
    "lakeErie": Layout(
        DataFile(
            "lakeErie.mat",
            7798,
            "e16ba08e7f0c54749ca9899d5ca641a3d9378b424af0e74d4208d303a733a68c",
        ),
        (57, 29), 1, _numbered("u", 5), _numbered("y", 2), n_records=4,
    ),
}  # fmt: skip
