"""The four difference equations on which neural identification was first demonstrated."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin

import numpy as np

from fastlstm.datasets.base import Dataset, FloatArray, Record
from fastlstm.datasets.simulated._signals import add_noise, check_sizes, streams

CITATION = (
    'K. S. Narendra, K. Parthasarathy, "Identification and control of dynamical systems using '
    'neural networks", IEEE Transactions on Neural Networks 1(1), 4-27, 1990, models I to IV'
)
# Next output from y(k), y(k-1), y(k-2), u(k), u(k-1).
Plant = Callable[[float, float, float, float, float], float]


def _plant_1(y0: float, y1: float, y2: float, u0: float, u1: float) -> float:
    f = 0.6 * sin(pi * u0) + 0.3 * sin(3.0 * pi * u0) + 0.1 * sin(5.0 * pi * u0)
    return 0.3 * y0 + 0.6 * y1 + f


def _plant_2(y0: float, y1: float, y2: float, u0: float, u1: float) -> float:
    return y0 * y1 * (y0 + 2.5) / (1.0 + y0 * y0 + y1 * y1) + u0


def _plant_3(y0: float, y1: float, y2: float, u0: float, u1: float) -> float:
    return y0 / (1.0 + y0 * y0) + u0 * u0 * u0


def _plant_4(y0: float, y1: float, y2: float, u0: float, u1: float) -> float:
    return (y0 * y1 * y2 * u1 * (y2 - 1.0) + u0) / (1.0 + y2 * y2 + y1 * y1)


PLANTS: dict[int, Plant] = {1: _plant_1, 2: _plant_2, 3: _plant_3, 4: _plant_4}
# Training inputs are uniform in [-level, level], which covers the test input.
LEVELS = {1: 2.0, 2: 2.0, 3: 2.0, 4: 1.0}


def published_input(plant: int, n_timesteps: int) -> FloatArray:
    """Sinusoids of the published simulation of a plant, shape (n_timesteps,)."""
    k = np.arange(n_timesteps)
    slow, medium, fast = (np.sin(2.0 * np.pi * k / period) for period in (250, 25, 10))
    if plant == 1:
        return slow + np.where(k < 500, 0.0, medium)
    if plant == 2:
        return medium
    if plant == 3:
        return medium + fast
    return np.where(k < 500, slow, 0.8 * slow + 0.2 * medium)


def narendra_parthasarathy_response(u: FloatArray, plant: int) -> FloatArray:
    """Output of a plant from rest: ``y[0] = 0`` and ``y[k + 1]`` is the first to see ``u[k]``.

    Parameters
    ----------
    u : array of shape (n_timesteps,)
        Input.
    plant : {1, 2, 3, 4}
        Which difference equation.

    Returns
    -------
    y : array of shape (n_timesteps,)
    """
    if plant not in PLANTS:
        raise ValueError(
            f"plant must be one of {list(PLANTS)}; got {plant!r}. Pass the number of the model."
        )
    following = PLANTS[plant]
    outputs = [0.0] * len(u)
    y0 = y1 = y2 = u_before = 0.0
    for k, u_now in enumerate(u.tolist()):
        outputs[k] = y0
        y0, y1, y2 = following(y0, y1, y2, u_now, u_before), y0, y1
        u_before = u_now
    return np.array(outputs)


def narendra_parthasarathy(
    plant: int = 1,
    n_train: int = 10000,
    n_test: int = 1000,
    noise: float = 0.001,
    random_state: int | np.random.Generator | None = 0,
) -> Dataset:
    r"""Plant I, II, III or IV of Narendra and Parthasarathy.

    1. :math:`y_{k+1} = 0.3 y_k + 0.6 y_{k-1} + 0.6 \sin \pi u_k + 0.3 \sin 3 \pi u_k
       + 0.1 \sin 5 \pi u_k`
    2. :math:`y_{k+1} = \frac{y_k y_{k-1} (y_k + 2.5)}{1 + y_k^2 + y_{k-1}^2} + u_k`
    3. :math:`y_{k+1} = \frac{y_k}{1 + y_k^2} + u_k^3`
    4. :math:`y_{k+1} = \frac{y_k y_{k-1} y_{k-2} u_{k-1} (y_{k-2} - 1) + u_k}
       {1 + y_{k-2}^2 + y_{k-1}^2}`

    Parameters
    ----------
    plant : {1, 2, 3, 4}
        Which difference equation.
    n_train, n_test : int
        Samples of the training record (uniform random input in [-2, 2], [-1, 1] for plant 4) and
        of the test record "test" (the sinusoids of the paper, mixed from step 500 on for plants 1
        and 4).
    noise : float
        Standard deviation of the noise on the training output, relative to that of the output.
        The test output is noise free.
    random_state : int, Generator or None
        Same integer, same bits.

    Returns
    -------
    dataset : Dataset
        Dimensionless, from rest; the score is the RMSE over all samples.

    Notes
    -----
    The training input covers the values of the test input. Its white spectrum does not cover the
    output of plant 1, which the slow test sinusoid drives to 1.6 times the training range.

    References
    ----------
    K. S. Narendra, K. Parthasarathy, "Identification and control of dynamical systems using neural
    networks", IEEE Transactions on Neural Networks 1(1), 1990, models I to IV.

    Examples
    --------
    >>> narendra_parthasarathy(plant=3, n_train=100, n_test=4).tests["test"].y[:2].ravel()
    array([0., 0.])
    """
    check_sizes(noise, n_train=n_train, n_test=n_test)
    for_train, for_noise = streams(random_state, 2)
    level = LEVELS.get(plant, 1.0)
    u = for_train.uniform(-level, level, n_train)
    y = add_noise(narendra_parthasarathy_response(u, plant), noise, for_noise)
    u_test = published_input(plant, n_test)
    y_test = narendra_parthasarathy_response(u_test, plant)
    return Dataset(
        name="narendra_parthasarathy",
        train=(Record(u[:, None], y[:, None], "train"),),
        tests={"test": Record(u_test[:, None], y_test[:, None], "test")},
        citation=CITATION,
    )
