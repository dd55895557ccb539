"""Bouc-Wen hysteretic oscillator from its published equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.simulated._signals import add_noise, band, check_sizes, multisine, streams

CITATION = (
    'J.-P. Noel, M. Schoukens, "Hysteretic benchmark with a dynamic nonlinearity", Workshop on '
    "Nonlinear System Identification Benchmarks, Brussels, 2016; simulated by us"
)
SAMPLING_RATE = 750.0
OVERSAMPLING = 20
INPUT_RMS = 50.0
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 5.0, 150.0
# After 5.6 s the start has decayed by exp(-14) by the viscous damper alone.
SETTLING = 4200


@dataclass(frozen=True)
class BoucWenConstants:
    """Constants of the mass on a hysteretic spring, in SI units; the defaults are published."""

    m: float = 2.0
    c: float = 10.0
    k: float = 5e4
    alpha: float = 5e4
    beta: float = 1e3
    gamma: float = 0.8
    delta: float = -1.1


def bouc_wen_response(
    force: FloatArray,
    constants: BoucWenConstants | None = None,
    integration_time: float = 1.0 / (OVERSAMPLING * SAMPLING_RATE),
) -> FloatArray:
    r"""Motion from rest under a force that is sampled finely.

    .. math::

        m \ddot y + c \dot y + k y + z = u, \qquad
        \dot z = \alpha \dot y - \beta (\gamma |\dot y| |z|^{\nu-1} z + \delta \dot y |z|^\nu)

    with :math:`\nu = 1`. Every Runge-Kutta step of fourth order spans two samples of the force and
    uses the one between as its midpoint.

    Parameters
    ----------
    force : array of shape (n_samples,)
        In N; an odd number of samples, so that steps end on the last one.
    constants : BoucWenConstants, optional
        The published ones if not given.
    integration_time : float
        Seconds between samples of the force.

    Returns
    -------
    states : array of shape ((n_samples + 1) // 2, 3)
        Displacement (m), velocity (m/s) and hysteretic force z (N) at samples 0, 2, 4, ...
    """
    p = constants or BoucWenConstants()
    m, c, k, alpha = p.m, p.c, p.k, p.alpha
    beta_gamma, beta_delta = p.beta * p.gamma, p.beta * p.delta
    h = 2.0 * integration_time
    half, sixth = h / 2.0, h / 6.0
    f = force.tolist()
    y = v = z = 0.0
    states = [(0.0, 0.0, 0.0)] * ((len(f) + 1) // 2)
    for step in range(1, len(states)):
        start, middle, end = f[2 * step - 2 : 2 * step + 1]
        a1 = (start - k * y - c * v - z) / m
        z1 = alpha * v - beta_gamma * abs(v) * z - beta_delta * v * abs(z)
        v2, zz = v + half * a1, z + half * z1
        a2 = (middle - k * (y + half * v) - c * v2 - zz) / m
        z2 = alpha * v2 - beta_gamma * abs(v2) * zz - beta_delta * v2 * abs(zz)
        v3, zz = v + half * a2, z + half * z2
        a3 = (middle - k * (y + half * v2) - c * v3 - zz) / m
        z3 = alpha * v3 - beta_gamma * abs(v3) * zz - beta_delta * v3 * abs(zz)
        v4, zz = v + h * a3, z + h * z3
        a4 = (end - k * (y + h * v3) - c * v4 - zz) / m
        z4 = alpha * v4 - beta_gamma * abs(v4) * zz - beta_delta * v4 * abs(zz)
        y += sixth * (v + 2.0 * (v2 + v3) + v4)
        v += sixth * (a1 + 2.0 * (a2 + a3) + a4)
        z += sixth * (z1 + 2.0 * (z2 + z3) + z4)
        states[step] = (y, v, z)
    return np.array(states)


def steady_state(
    period: FloatArray, n_timesteps: int, constants: BoucWenConstants | None = None
) -> FloatArray:
    """Displacement over the last of enough periods of a force, sampled at 750 Hz.

    Parameters
    ----------
    period : array of shape (20 * n_timesteps,)
        One period of the force at 15 kHz, in N.
    n_timesteps : int
        Its length at 750 Hz.
    constants : BoucWenConstants, optional
        The published ones if not given.

    Returns
    -------
    y : array of shape (n_timesteps,)
        In m. Its content above 375 Hz is negligible, so it is sampled without a filter.
    """
    run_in = -(-SETTLING // n_timesteps)
    force = np.append(np.tile(period, run_in + 1), period[0])
    y = bouc_wen_response(force, constants)[:-1, 0]
    return y[run_in * len(period) // 2 :: OVERSAMPLING // 2]


def bouc_wen_simulated(
    n_train: int = 8192,
    n_test: int = 8192,
    noise: float = 0.012,
    random_state: int | np.random.Generator | None = 0,
    constants: BoucWenConstants | None = None,
) -> Dataset:
    """Bouc-Wen system under random-phase multisines of 5 to 150 Hz and 50 N root mean square.

    Parameters
    ----------
    n_train, n_test : int
        Samples of the training record and of the test "multisine": each is one steady-state
        period with its own phases.
    noise : float
        Standard deviation of the noise on the training output, relative to that of the output;
        0.012 is the published 8e-6 m. The test output is noise free.
    random_state : int, Generator or None
        Same integer, same bits.
    constants : BoucWenConstants, optional
        The published ones if not given.

    Returns
    -------
    dataset : Dataset
        N to m at 750 Hz; the score is the RMSE in m over the whole period.

    Notes
    -----
    Integrated at 15 kHz as published, by Runge-Kutta in place of Newmark. On the published
    multisine validation signal the two differ by 2.4e-7 m (0.04 % of the output).

    References
    ----------
    J.-P. Noel, M. Schoukens, "Hysteretic benchmark with a dynamic nonlinearity", 2016.

    Examples
    --------
    >>> data = bouc_wen_simulated(n_train=750, n_test=750)
    >>> data.tests["multisine"].periodic
    True
    """
    check_sizes(noise, n_train=n_train, n_test=n_test)
    for_train, for_test, for_noise = streams(random_state, 3)

    def record(name: str, n_timesteps: int, rng: np.random.Generator) -> Record:
        lines = band(LOWEST_FREQUENCY, HIGHEST_FREQUENCY, n_timesteps, SAMPLING_RATE)
        force = INPUT_RMS * multisine(lines, n_timesteps, rng, OVERSAMPLING)
        y = steady_state(force, n_timesteps, constants)
        y = add_noise(y, noise, for_noise) if name == "train" else y
        u = np.ascontiguousarray(force[::OVERSAMPLING])
        return Record(u[:, None], y[:, None], name, 1.0 / SAMPLING_RATE, periodic=True)

    return Dataset(
        name="bouc_wen_simulated",
        train=(record("train", n_train, for_train),),
        tests={"multisine": record("multisine", n_test, for_test)},
        citation=CITATION,
        unit="m",
        input_names=("force (N)",),
        output_names=("displacement (m)",),
        sampling_time=1.0 / SAMPLING_RATE,
    )
