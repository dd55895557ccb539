"""Simulated plants that integrate, each with inputs for training and others to test with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, sqrt

import numpy as np

from fastlstm.datasets.base import FloatArray

Pair = tuple[FloatArray, FloatArray]  # u (n_timesteps, n_inputs) and noise-free y (n_timesteps,)


def axis(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Positioning axis with dry friction at 1 kHz, in closed loop; pulses are added to the drive.

    Drive in V, position in m; mass 95 kg, viscous friction 203 Ns/m, dry friction 20.4 N.
    """
    reference, dt = _moves(n_timesteps, 1e-3), 5e-4
    added = np.zeros(n_timesteps)
    for start in range(800, n_timesteps - 400, 2200):
        added[start : start + 60], added[start + 60 : start + 120] = pulses, -pulses
    u, y, position, speed = np.zeros(n_timesteps), np.zeros(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        drive = (60.0 * (reference[t] - position) - speed) * 6.0 + added[t]
        u[t], y[t] = min(max(drive, -10.0), 10.0), position
        for _ in range(2):
            force = 35.15 * u[t] - 203.0 * speed + 3.2
            sticks = abs(speed) < 1e-5
            if sticks and abs(force) < 20.4:
                speed = 0.0
                continue
            direction = copysign(1.0, force if sticks else speed)
            faster = speed + dt * (force - 20.4 * direction) / 95.0
            position, speed = position + dt * speed, 0.0 if faster * speed < 0.0 else faster
    return u[:, None], y


def motor(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Servo whose torque saturates, with viscous and dry friction; random voltages, position."""
    u = np.repeat(np.random.default_rng(seed).normal(size=n_timesteps // 25 + 1), 25)[:n_timesteps]
    u, y, speed, position = u - u.mean(), np.empty(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        for _ in range(2):
            speed += 0.05 * (1.5 * np.tanh(u[t]) - 0.4 * speed - 0.5 * np.tanh(speed / 0.05))
        position += 0.05 * speed
        y[t] = position
    return u[:, None], y


def slide(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Slide that stands still in a dead zone; its speed follows with a lag of 12 steps."""
    levels = np.random.default_rng(seed).uniform(-1.0, 1.0, n_timesteps // 200 + 1)
    u = np.stack([levels, -levels], axis=1).repeat(100, axis=1).ravel()[:n_timesteps]
    push = np.sign(u) * np.maximum(np.abs(u) - 0.2, 0.0)
    return u[:, None], 0.01 * np.cumsum(_lagged(push, 1.0 / 12.0))


def valve(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Level behind a valve that saturates, under an input that changes at every step."""
    u = np.random.default_rng(seed).standard_normal(n_timesteps)
    return u[:, None], 0.05 * np.cumsum(_lagged(np.tanh(1.5 * u), 0.3))


def tank(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Level between a pump that is stronger at full speed and an outflow that is measured."""
    rng, channels = np.random.default_rng(seed), []
    for held in (40, 60):
        levels = rng.uniform(-1.0, 1.0, n_timesteps // held + 1)
        channels.append(np.repeat(levels, held)[:n_timesteps])
    u = np.stack(channels, axis=1)
    u -= u.mean(axis=0)
    inflow = _lagged(u[:, 0] + 0.6 * u[:, 0] ** 3, 0.1)
    return u, 0.02 * np.cumsum(inflow - u[:, 1])


def trolley(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Trolley against dry friction and drag, pushed to and fro; position."""
    levels = np.random.default_rng(seed).uniform(-1.0, 1.0, n_timesteps // 80 + 1)
    u = np.stack([levels, -levels], axis=1).repeat(40, axis=1).ravel()[:n_timesteps]
    y, speed, position = np.empty(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        drag = 0.3 * speed + 0.8 * speed * abs(speed) + 0.1 * np.tanh(speed / 0.03)
        speed += 0.1 * (u[t] - drag)
        position += 0.1 * speed
        y[t] = position
    return u[:, None], y


def ship(n_timesteps: int, seed: int, pulses: float) -> Pair:
    """Heading of a ship; the rudder stops at its ends, and turning brakes more the faster it is."""
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, n_timesteps // 60 + 1)
    u = np.repeat(u, 60)[:n_timesteps]
    u, y, rate, heading = u - u.mean(), np.empty(n_timesteps), 0.0, 0.0
    for t in range(n_timesteps):
        rate += 0.05 * (min(max(u[t], -0.7), 0.7) - rate - 2.0 * rate**3)
        heading += 0.05 * rate
        y[t] = heading
    return u[:, None], y


@dataclass(frozen=True)
class Case:
    """A plant, the steps of its training record, and pulses in its test record."""

    simulate: Callable[[int, int, float], Pair]
    n_train: int
    pulses: float = 0.0
    n_test: int = 8000

    def train(self) -> Pair:
        """Return the record to train on."""
        return self.simulate(self.n_train, 1, 0.0)

    def test(self) -> Pair:
        """Return a record with other inputs."""
        return self.simulate(self.n_test, 101, self.pulses)


PLANTS = {
    "axis": Case(axis, 24_000, 1.5, 24_000),
    "motor": Case(motor, 8000),
    "slide": Case(slide, 6000),
    "valve": Case(valve, 20_000),
    "tank": Case(tank, 3000),
    "trolley": Case(trolley, 5000),
    "ship": Case(ship, 4000),
}


def _lagged(x: FloatArray, part: float) -> FloatArray:
    y, state = np.empty_like(x), 0.0
    for t, value in enumerate(x):
        state += part * (value - state)
        y[t] = state
    return y


def _moves(n_timesteps: int, dt: float) -> FloatArray:
    """Move to and fro by 22 cm at up to 0.15 m/s and 0.4 m/s², with rests of 0.3 s."""
    distance, top, acceleration, rest = 0.22, 0.15, 0.4, 0.3
    top = min(top, sqrt(distance * acceleration))
    rise = top / acceleration
    t = np.arange(0.0, rise + distance / top, dt)
    total = rise + distance / top
    there = np.where(
        t < rise,
        0.5 * acceleration * t**2,
        np.where(
            t < total - rise,
            0.5 * acceleration * rise**2 + top * (t - rise),
            distance - 0.5 * acceleration * (total - t) ** 2,
        ),
    )
    pause = np.ones(round(rest / dt))
    cycle = np.concatenate([there, distance * pause, distance - there, 0.0 * pause])
    return np.resize(cycle, n_timesteps)
