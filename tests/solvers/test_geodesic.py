"""Steps bent along the curvature of the residuals."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm._linalg import NormalEquations, damped_step
from fastlstm.solvers.damped_descent import DescentState, descend
from fastlstm.solvers.geodesic import PROBE, bent_step


class Valley:
    """Rosenbrock's two residuals: a parabola as valley, whose floor falls slowly."""

    keeps_rows = True

    def residuals(self, x):
        return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])

    def cost(self, x):
        return float(np.sum(self.residuals(x) ** 2))

    def normal_equations(self, x):
        rows, residual = np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]]), self.residuals(x)
        equations = NormalEquations.zeros(2)
        equations.add(rows, residual)
        if self.keeps_rows:
            equations.keep(rows, residual)
            equations.probe = self.residuals
        return equations


class StraightValley(Valley):
    """The same without the rows, so that no step can be bent."""

    keeps_rows = False


def steps_at(x, damping):
    """Straight and bent step of the valley."""
    valley = Valley()
    equations = valley.normal_equations(x)
    scale = equations.gram.diagonal()
    solved = damped_step(equations, damping, scale)
    probed = valley.residuals(x + PROBE * solved.step)
    return solved.step, bent_step(equations, solved, probed, scale)


def test_bent_step_follows_the_valley():
    """The residuals are quadratic, so without damping the parabola is hit exactly."""
    x = np.array([0.8, 0.5])
    straight, bent = steps_at(x, 1e-12)
    valley = Valley()
    assert valley.cost(x + straight) > 0.1
    assert valley.cost(x + bent) < 1e-12


@pytest.mark.parametrize("damping", [0.01, 0.1, 1.0])
def test_bent_step_is_better_than_the_straight_one(damping):
    """Also where damping shortens both."""
    x = np.array([0.8, 0.5])
    straight, bent = steps_at(x, damping)
    assert Valley().cost(x + bent) < Valley().cost(x + straight)


def test_step_stays_straight_when_the_acceleration_is_too_large():
    """From the usual start the full step leads far from where the curvature was measured."""
    straight, bent = steps_at(np.array([-1.2, 1.0]), 1e-12)
    np.testing.assert_array_equal(bent, straight)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_step_stays_straight_when_the_probe_is_not_finite(value):
    """A free run that diverges tells no curvature."""
    equations = Valley().normal_equations(np.array([0.8, 0.5]))
    scale = equations.gram.diagonal()
    solved = damped_step(equations, 0.1, scale)
    bent = bent_step(equations, solved, np.array([value, 0.0]), scale)
    np.testing.assert_array_equal(bent, solved.step)


def test_bent_steps_need_fewer_iterations_along_the_valley():
    """The reason for them: the floor is followed, not the wall climbed."""
    counts = []
    for valley in (Valley(), StraightValley()):
        state, count = DescentState(np.array([-1.2, 1.0]), valley.cost([-1.2, 1.0])), 0
        while state.cost > 1e-12 and count < 200:
            state, count = descend(valley, state), count + 1
        counts.append(count)
    assert counts[0] < counts[1] < 200


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_with_kept_rows_are_those_with_the_stacked_matrix(rng, dtype):
    """Blocks of unequal length, in their order."""
    J, r = rng.normal(size=(50, 6)), rng.normal(size=50)
    equations = NormalEquations.zeros(6)
    for rows in (slice(0, 7), slice(7, 40), slice(40, 50)):
        equations.keep(J[rows].astype(dtype), r[rows])
    step, values = rng.normal(size=6), rng.normal(size=50)
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(equations.times(step), J @ step, atol=tolerance)
    np.testing.assert_allclose(equations.transposed_times(values), J.T @ values, atol=tolerance)


def test_descent_stops_where_nothing_is_wrong():
    """At a cost of zero the linear model promises nothing, which is no division by zero."""
    state = descend(Valley(), DescentState(np.ones(2), 0.0))
    assert state.stalled and state.cost == 0.0
