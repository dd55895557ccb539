"""Plants that integrate."""

from __future__ import annotations

import numpy as np

from fastlstm.records import Records


def slide(n_timesteps, seed, start=0.0, noise=0.0):
    """Position of a slide that stands still in a dead zone; its speed follows with a lag of 12."""
    rng = np.random.default_rng(seed)
    half = np.repeat(rng.uniform(-1.0, 1.0, n_timesteps // 200 + 1), 100)
    force = np.stack([half.reshape(-1, 100), -half.reshape(-1, 100)], axis=1).ravel()
    force = force[:n_timesteps]
    speed, position, y = 0.0, start, np.empty(n_timesteps)
    for t, push in enumerate(np.sign(force) * np.maximum(np.abs(force) - 0.2, 0.0)):
        speed += (push - speed) / 12.0
        position += 0.01 * speed
        y[t] = position
    return force[:, None], y + noise * rng.standard_normal(n_timesteps)


def valve(n_timesteps, seed, noise=0.0):
    """Level behind a valve that saturates, under an input that changes at every step."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(n_timesteps)
    flow, level, y = 0.0, 0.0, np.empty(n_timesteps)
    for t, drive in enumerate(np.tanh(1.5 * u)):
        flow = 0.7 * flow + 0.3 * drive
        level += 0.05 * flow
        y[t] = level
    return u[:, None], y + noise * rng.standard_normal(n_timesteps)


def trolley(n_timesteps, seed, noise):
    """Make a record: pushed to and fro against dry friction and drag; position, standardised."""
    rng, held = np.random.default_rng(seed), 20
    levels = rng.uniform(-1.0, 1.0, n_timesteps // (2 * held) + 1)
    u = np.stack([levels, -levels], axis=1).repeat(held, axis=1).ravel()[:n_timesteps]
    y, speed, position = np.empty(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        for _ in range(2):
            drag = 0.3 * speed + 0.8 * speed * abs(speed) + 0.1 * np.tanh(speed / 0.03)
            speed += 0.1 * (u[t] - drag)
            position += 0.1 * speed
        y[t] = position
    y = (y - y.mean()) / y.std() + noise * rng.standard_normal(n_timesteps)
    return Records.from_lists([u[:, None] / u.std()], [y[:, None]])
