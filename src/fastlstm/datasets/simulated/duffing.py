"""A Duffing oscillator with the constants of the Silverbox, simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.simulated._signals import (
    add_noise,
    band,
    check_sizes,
    filtered_noise,
    multisine,
    streams,
)

CITATION = (
    'After T. Wigren, J. Schoukens, "Three free data sets for development and benchmarking in '
    'nonlinear system identification", ECC 2013; simulated, constants fitted by us'
)
SAMPLING_RATE = 1e7 / 2**14
HIGHEST_FREQUENCY = 200.0
TRAIN_RMS = 0.0223
ARROW_END_RMS = 0.0425
SUBSTEPS = 4
# After 0.7 s the start has decayed by exp(-14).
SETTLING = 427


@dataclass(frozen=True)
class DuffingConstants:
    """Constants of ``m y'' + d y' + k1 y + k3 y**3 = u``, u and y in V.

    The defaults were fitted to the training multisine of the measured Silverbox. Once its input
    offset of -5.4 mV is added, they reproduce it to about 1 mV RMSE (2 % of the output), the arrow
    record included.
    """

    m: float = 5.164e-6
    d: float = 2.158e-4
    k1: float = 0.9518
    k3: float = 3.779


def duffing_response(
    u: FloatArray,
    constants: DuffingConstants | None = None,
    sampling_time: float = 1.0 / SAMPLING_RATE,
    substeps: int = SUBSTEPS,
) -> FloatArray:
    """Displacement of the oscillator from rest, the input linear between its samples.

    Parameters
    ----------
    u : array of shape (n_timesteps,)
        Input; it is taken to rise from 0 at one step before the first sample.
    constants : DuffingConstants, optional
        Those of the Silverbox if not given.
    sampling_time : float
        Seconds between samples.
    substeps : int
        Runge-Kutta steps of fourth order per sample.

    Returns
    -------
    y : array of shape (n_timesteps,)
    """
    k = constants or DuffingConstants()
    m, d, k1, k3 = k.m, k.d, k.k1, k.k3
    h = sampling_time / substeps
    half, sixth = h / 2.0, h / 6.0
    # Force at the two ends and in the middle of every substep: 2 * substeps + 1 points per sample.
    grid = np.arange(2 * substeps * len(u) + 1) / (2 * substeps)
    force = np.interp(grid, np.arange(len(u) + 1), np.concatenate([[0.0], u])).tolist()
    y = v = 0.0
    states = [0.0] * (substeps * len(u))
    for step in range(substeps * len(u)):
        start, middle, end = force[2 * step : 2 * step + 3]
        a1 = (start - d * v - k1 * y - k3 * y * y * y) / m
        y2, v2 = y + half * v, v + half * a1
        a2 = (middle - d * v2 - k1 * y2 - k3 * y2 * y2 * y2) / m
        y3, v3 = y + half * v2, v + half * a2
        a3 = (middle - d * v3 - k1 * y3 - k3 * y3 * y3 * y3) / m
        y4, v4 = y + h * v3, v + h * a3
        a4 = (end - d * v4 - k1 * y4 - k3 * y4 * y4 * y4) / m
        y += sixth * (v + 2.0 * (v2 + v3) + v4)
        v += sixth * (a1 + 2.0 * (a2 + a3) + a4)
        states[step] = y
    return np.array(states[substeps - 1 :: substeps])


def duffing(
    n_train: int = 16000,
    n_test: int = 8000,
    noise: float = 0.001,
    random_state: int | np.random.Generator | None = 0,
    constants: DuffingConstants | None = None,
) -> Dataset:
    """Silverbox-like oscillator: a resonance at 68 Hz that stiffens with amplitude.

    Training record and test "multisine" are random-phase multisines up to 200 Hz of 22.3 mV root
    mean square; test "arrow" is Gaussian noise below 200 Hz whose level grows from 0 to 42.5 mV,
    so that its end lies outside the training range.

    Parameters
    ----------
    n_train, n_test : int
        Samples of the training record and of each test.
    noise : float
        Standard deviation of the noise on the training output, relative to that of the output.
        The test outputs are noise free.
    random_state : int, Generator or None
        Same integer, same bits.
    constants : DuffingConstants, optional
        Those of the Silverbox if not given.

    Returns
    -------
    dataset : Dataset
        In V at 610.35 Hz; score in mV after the first 50 samples.

    References
    ----------
    T. Wigren, J. Schoukens, "Three free data sets for development and benchmarking in nonlinear
    system identification", ECC 2013.

    Examples
    --------
    >>> list(duffing(n_train=500, n_test=500).tests)
    ['multisine', 'arrow']
    """
    check_sizes(noise, n_train=n_train, n_test=n_test)
    for_train, for_multisine, for_arrow, for_noise = streams(random_state, 4)

    def periodic(name: str, n_timesteps: int, rng: np.random.Generator) -> Record:
        lines = band(0.0, HIGHEST_FREQUENCY, n_timesteps, SAMPLING_RATE)
        u = TRAIN_RMS * multisine(lines, n_timesteps, rng)
        run_in = -(-SETTLING // n_timesteps)
        y = duffing_response(np.tile(u, run_in + 1), constants)[run_in * n_timesteps :]
        y = add_noise(y, noise, for_noise) if name == "train" else y
        return Record(u[:, None], y[:, None], name, 1.0 / SAMPLING_RATE, periodic=True)

    level = np.linspace(0.0, ARROW_END_RMS, n_test)
    u = level * filtered_noise(n_test, HIGHEST_FREQUENCY, SAMPLING_RATE, for_arrow)
    y = duffing_response(u, constants)
    return Dataset(
        name="duffing",
        train=(periodic("train", n_train, for_train),),
        tests={
            "multisine": periodic("multisine", n_test, for_multisine),
            "arrow": Record(u[:, None], y[:, None], "arrow", 1.0 / SAMPLING_RATE),
        },
        citation=CITATION,
        init_window=min(50, n_test - 1),
        unit="mV",
        scale=1000.0,
        input_names=("input voltage (V)",),
        output_names=("output voltage (V)",),
        sampling_time=1.0 / SAMPLING_RATE,
    )
