"""A Wiener-Hammerstein circuit like the one of the SYSID 2009 benchmark, simulated."""

from __future__ import annotations

import numpy as np

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.simulated._signals import add_noise, check_sizes, filtered_noise, streams

CITATION = (
    'After J. Schoukens, J. Suykens, L. Ljung, "Wiener-Hammerstein benchmark", SYSID 2009; '
    "simulated, element values ours"
)
SAMPLING_RATE = 51200.0
INPUT_RMS = 0.68
INPUT_CUTOFF = 8000.0
# Resistance times saturation current (V) and emission coefficient times thermal voltage (V) of a
# small silicon diode behind 1 kOhm: it takes over near 0.6 V.
SATURATION_DROP = 4e-6
THERMAL_VOLTAGE = 0.05
SETTLING = 512


def diode_clipper(voltage: FloatArray) -> FloatArray:
    r"""Voltage over a diode that is fed through a resistor: a one-sided saturation.

    Solves :math:`x = v + R I_s (e^{v / V_T} - 1)` for v, exactly, by the Wright omega function.

    Parameters
    ----------
    voltage : array
        x, in V.

    Returns
    -------
    voltage : array of the same shape
        v, in V: close to x below 0.4 V and nearly constant above 0.6 V.
    """
    from scipy.special import wrightomega

    shifted = voltage + SATURATION_DROP
    ratio = np.log(SATURATION_DROP / THERMAL_VOLTAGE)
    return shifted - THERMAL_VOLTAGE * wrightomega(ratio + shifted / THERMAL_VOLTAGE)


def wiener_hammerstein_response(u: FloatArray) -> FloatArray:
    """Output voltage of the circuit from rest.

    Filter 1 is a third-order Chebyshev low pass (0.5 dB ripple up to 4.4 kHz), filter 2 a
    third-order inverse Chebyshev low pass (40 dB down from 5 kHz), both at 51.2 kHz.

    Parameters
    ----------
    u : array of shape (n_timesteps,)
        Input voltage, in V.

    Returns
    -------
    y : array of shape (n_timesteps,)
        Output voltage, in V.
    """
    from scipy.signal import cheby1, cheby2, sosfilt

    first = cheby1(3, 0.5, 4400.0, fs=SAMPLING_RATE, output="sos")
    second = cheby2(3, 40.0, 5000.0, fs=SAMPLING_RATE, output="sos")
    return np.asarray(sosfilt(second, diode_clipper(np.asarray(sosfilt(first, u)))))


def wiener_hammerstein(
    n_train: int = 20000,
    n_test: int = 10000,
    noise: float = 0.001,
    random_state: int | np.random.Generator | None = 0,
) -> Dataset:
    """Diode circuit between two filters, driven by Gaussian noise below 8 kHz.

    Parameters
    ----------
    n_train, n_test : int
        Samples of the training record and of the test record "test".
    noise : float
        Standard deviation of the noise on the training output, relative to that of the output.
        The test output is noise free.
    random_state : int, Generator or None
        Same integer, same bits.

    Returns
    -------
    dataset : Dataset
        In V at 51.2 kHz, settled before the first sample; score in mV after the first 50 samples.

    Notes
    -----
    Orders, cut-off frequencies and sampling rate are those of the SYSID 2009 circuit; the diode
    and the input level are chosen so that the output resembles the measured one.

    References
    ----------
    J. Schoukens, J. Suykens, L. Ljung, "Wiener-Hammerstein benchmark", SYSID 2009.

    Examples
    --------
    >>> data = wiener_hammerstein(n_train=1000, n_test=500)
    >>> data.X[0].shape, data.tests["test"].y.shape
    ((1000, 1), (500, 1))
    """
    check_sizes(noise, n_train=n_train, n_test=n_test)
    for_train, for_test, for_noise = streams(random_state, 3)

    def record(name: str, n_timesteps: int, rng: np.random.Generator) -> Record:
        u = INPUT_RMS * filtered_noise(n_timesteps + SETTLING, INPUT_CUTOFF, SAMPLING_RATE, rng)
        y = wiener_hammerstein_response(u)
        if name == "train":
            y[SETTLING:] = add_noise(y[SETTLING:], noise, for_noise)
        return Record(u[SETTLING:, None], y[SETTLING:, None], name, 1.0 / SAMPLING_RATE)

    return Dataset(
        name="wiener_hammerstein",
        train=(record("train", n_train, for_train),),
        tests={"test": record("test", n_test, for_test)},
        citation=CITATION,
        init_window=min(50, n_test - 1),
        unit="mV",
        scale=1000.0,
        input_names=("input voltage (V)",),
        output_names=("output voltage (V)",),
        sampling_time=1.0 / SAMPLING_RATE,
    )


def default_plant() -> Dataset:
    """Plant of ``fastlstm demo``: a Wiener-Hammerstein circuit, always the same bits.

    Returns
    -------
    dataset : Dataset
        8000 training samples with 0.1 % noise and 4000 noise-free test samples.
    """
    return wiener_hammerstein(n_train=8000, n_test=4000, noise=0.001, random_state=0)
