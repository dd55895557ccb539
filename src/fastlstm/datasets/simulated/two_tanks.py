"""Two cascaded water tanks that overflow, simulated."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.simulated._signals import add_noise, band, check_sizes, multisine, streams

CITATION = (
    'After M. Schoukens, P. Mattsson, T. Wigren, J.-P. Noel, "Cascaded tanks benchmark combining '
    'soft and hard nonlinearities", 2016; simulated, constants fitted by us'
)
SAMPLING_TIME = 4.0
SUBSTEPS = 4
FULL = 10.0
INPUT_MEAN, INPUT_RMS = 2.8, 1.0


@dataclass(frozen=True)
class TankConstants:
    """Constants of the two tanks, levels and pump in V, time in s.

    k1, k2, k3, k4 are those of the benchmark; k5 and k6 take the losses in the two outlets into
    account. The defaults were fitted to the measured estimation record, where they leave 0.25 V
    RMSE.
    """

    k1: float = 0.0563
    k2: float = 0.0786
    k3: float = 0.0829
    k4: float = 0.0390
    k5: float = 0.0050
    k6: float = 0.0074


def two_tanks_response(
    u: FloatArray,
    levels: tuple[float, float] = (5.0, 5.0),
    constants: TankConstants | None = None,
) -> FloatArray:
    r"""Water levels under a pump voltage that is held between samples.

    .. math::

        \dot x_1 &= k_4 u - q_1, & q_1 &= k_1 \sqrt{x_1} - k_5 x_1 \\
        \dot x_2 &= (k_2 / k_1) (q_1 + w) - q_2, & q_2 &= k_3 \sqrt{x_2} - k_6 x_2

    Both levels stop at 10. While the upper tank is full, its overflow
    :math:`w = \max(k_4 u - q_1, 0)` falls into the lower tank; otherwise w = 0. What overflows the
    lower tank is lost.

    Parameters
    ----------
    u : array of shape (n_timesteps,)
        Pump voltage, >= 0.
    levels : tuple of two floats
        x1 and x2 at the first sample, within [0, 10].
    constants : TankConstants, optional
        Those of the measured tanks if not given.

    Returns
    -------
    x : array of shape (n_timesteps, 2)
        Upper and lower level. Integrated by the midpoint rule in steps of 1 s.
    """
    k = constants or TankConstants()
    ratio = k.k2 / k.k1

    def rates(x1: float, x2: float, inflow: float) -> tuple[float, float]:
        x1, x2 = min(max(x1, 0.0), FULL), min(max(x2, 0.0), FULL)
        q1 = k.k1 * sqrt(x1) - k.k5 * x1
        q2 = k.k3 * sqrt(x2) - k.k6 * x2
        overflow = max(inflow - q1, 0.0) if x1 >= FULL else 0.0
        return inflow - q1 - overflow, ratio * (q1 + overflow) - q2

    h = SAMPLING_TIME / SUBSTEPS
    x1, x2 = levels
    outputs = np.empty((len(u), 2))
    for step, voltage in enumerate(u.tolist()):
        outputs[step] = x1, x2
        inflow = k.k4 * voltage
        for _ in range(SUBSTEPS):
            r1, r2 = rates(x1, x2, inflow)
            r1, r2 = rates(x1 + 0.5 * h * r1, x2 + 0.5 * h * r2, inflow)
            x1 = min(max(x1 + h * r1, 0.0), FULL)
            x2 = min(max(x2 + h * r2, 0.0), FULL)
    return outputs


def two_tanks(
    n_train: int = 1024,
    n_test: int = 1024,
    noise: float = 0.01,
    random_state: int | np.random.Generator | None = 0,
    constants: TankConstants | None = None,
) -> Dataset:
    """Pump voltage to the level of the lower of two tanks, both of which may overflow.

    The input is a random-phase multisine as in the benchmark: mean 2.8 V, 1 V root mean square,
    full amplitude below 4.7 mHz and a tenth of it up to 14.4 mHz, never below 0 V.

    Parameters
    ----------
    n_train, n_test : int
        Samples of the training record and of the test record "test", at least 54: one
        period of the multisine.
    noise : float
        Standard deviation of the noise on the training output, relative to that of the output.
        The test output is noise free.
    random_state : int, Generator or None
        Same integer, same bits. It also draws the two levels at the start of each record from
        [2, 8]; they are not told.
    constants : TankConstants, optional
        Those of the measured tanks if not given.

    Returns
    -------
    dataset : Dataset
        In V, every 4 s; score in V after the first 50 samples.

    References
    ----------
    M. Schoukens, P. Mattsson, T. Wigren, J.-P. Noel, "Cascaded tanks benchmark combining soft and
    hard nonlinearities", 2016 (k1 to k4).

    Examples
    --------
    >>> bool(two_tanks().tests["test"].y.max() <= 10.0)
    True
    """
    check_sizes(noise, n_train=n_train, n_test=n_test)
    for_train, for_test, for_noise = streams(random_state, 3)

    def record(name: str, n_timesteps: int, rng: np.random.Generator) -> Record:
        rate = 1.0 / SAMPLING_TIME
        lines = (
            band(0.0, 0.0047, n_timesteps, rate) * 0.9 + band(0.0, 0.0144, n_timesteps, rate) * 0.1
        )
        u = np.maximum(INPUT_MEAN + INPUT_RMS * multisine(lines, n_timesteps, rng), 0.0)
        upper, lower = rng.uniform(2.0, 8.0, 2).tolist()
        y = two_tanks_response(u, (upper, lower), constants)[:, 1].copy()
        y = add_noise(y, noise, for_noise) if name == "train" else y
        return Record(u[:, None], y[:, None], name, SAMPLING_TIME)

    return Dataset(
        name="two_tanks",
        train=(record("train", n_train, for_train),),
        tests={"test": record("test", n_test, for_test)},
        citation=CITATION,
        init_window=min(50, n_test - 1),
        unit="V",
        input_names=("pump voltage (V)",),
        output_names=("level of the lower tank (V)",),
        sampling_time=SAMPLING_TIME,
    )
