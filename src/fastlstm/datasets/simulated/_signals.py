"""What the simulators share: arguments, excitation signals, measurement noise."""

from __future__ import annotations

import numpy as np

from fastlstm.datasets.base import FloatArray


def check_sizes(noise: float, **sizes: int) -> None:
    """Refuse a noise level below zero, and lengths that are no positive integers."""
    for name, size in sizes.items():
        if int(size) != size or size < 1:
            raise ValueError(
                f"{name} must be a positive integer; got {size}. Pass the number of samples."
            )
    if not 0.0 <= noise < np.inf:
        raise ValueError(
            f"noise must be a finite number >= 0; got {noise}. Pass the standard deviation of the "
            "noise relative to that of the output, e.g. 0.01."
        )


def streams(
    random_state: int | np.random.Generator | None, n_streams: int
) -> list[np.random.Generator]:
    """Independent random streams, so that one signal does not depend on the length of another."""
    return np.random.default_rng(random_state).spawn(n_streams)


def add_noise(y: FloatArray, noise: float, rng: np.random.Generator) -> FloatArray:
    """Add white Gaussian noise of standard deviation ``noise * y.std()``."""
    return y + noise * y.std() * rng.standard_normal(y.shape)


def filtered_noise(
    n_timesteps: int, cutoff: float, sampling_rate: float, rng: np.random.Generator
) -> FloatArray:
    """Gaussian noise of unit variance below `cutoff` (Hz): a sixth-order Butterworth low pass."""
    from scipy.signal import butter, sosfilt

    settling = int(np.ceil(20.0 * sampling_rate / cutoff))
    sos = butter(6, cutoff, fs=sampling_rate, output="sos")
    noise = np.asarray(sosfilt(sos, rng.standard_normal(n_timesteps + settling)))[settling:]
    # Divided by its expected, not its sample, deviation: a longer record starts the same way.
    impulse = np.zeros(4 * settling)
    impulse[0] = 1.0
    return noise / np.sqrt(np.sum(np.asarray(sosfilt(sos, impulse)) ** 2))


def multisine(
    amplitudes: FloatArray, n_timesteps: int, rng: np.random.Generator, factor: int = 1
) -> FloatArray:
    r"""One period of a random-phase multisine of unit root mean square.

    :math:`u_t = \sum_k a_k \cos(2 \pi k t / n + \varphi_k)`, phases uniform in [0, 2 pi).

    Parameters
    ----------
    amplitudes : array of shape (n_lines,)
        Relative amplitude of lines 0, 1, 2, ... of the period; line 0 must be 0.
    n_timesteps : int
        Length of the period, more than twice the number of lines.
    rng : Generator
        Draws the phases.
    factor : int
        Sample the same signal this many times finer.

    Returns
    -------
    u : array of shape (factor * n_timesteps,)
    """
    if not np.any(amplitudes):
        raise ValueError(
            f"n_train and n_test must be long enough for one period of the lowest excited "
            f"frequency; got {n_timesteps} samples. Use a longer record."
        )
    spectrum = np.zeros(factor * n_timesteps // 2 + 1, dtype=np.complex128)
    phases = rng.uniform(0.0, 2.0 * np.pi, len(amplitudes))
    spectrum[: len(amplitudes)] = amplitudes * np.exp(1j * phases)
    # irfft returns 2 / N times the sum of cosines, whose root mean square is |a| / sqrt(2).
    n_samples = factor * n_timesteps
    return np.fft.irfft(spectrum, n_samples) * n_samples / np.sqrt(2.0) / np.linalg.norm(amplitudes)


def band(lowest: float, highest: float, n_timesteps: int, sampling_rate: float) -> FloatArray:
    """Give amplitude 1 to the lines of a period inside a frequency band (Hz), and 0 to others."""
    frequencies = np.arange((n_timesteps - 1) // 2 + 1) * sampling_rate / n_timesteps
    inside = (frequencies >= lowest) & (frequencies <= highest) & (frequencies > 0.0)
    return inside.astype(np.float64)
