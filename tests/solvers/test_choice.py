"""Which average is best on held-out rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastlstm.solvers.choice import Choice, Entry, choose, pooled_rmse
from fastlstm.solvers.folds import mean_square
from fastlstm.solvers.ridge_path import Point


def entry(name, misfits):
    """Make a kind of start with one strength and the given misfit on each of two folds."""
    points = [[Point(np.zeros(1), 0.0, np.asarray(m)[:, None])] for m in misfits]
    return Entry(name, [None, None], points)


def folds(misfit):
    misfit = np.asarray(misfit)[:, None]
    fold = SimpleNamespace(linear_misfit=misfit, held_square=mean_square)
    return [fold, fold]


def test_kinds_whose_errors_cancel_are_averaged():
    """Each alone is as bad as the other; their mean is perfect."""
    up, down = entry("up", [[0.5, 0.5]] * 2), entry("down", [[-0.5, -0.5]] * 2)
    bad = entry("bad", [[3.0, 1.0]] * 2)
    choice = choose([up, bad, down], folds([1.0, -1.0]), averaging=True)
    assert {kind.name for kind in choice.entries} == {"up", "down"}
    assert not choice.with_linear


def test_linear_model_joins_where_that_is_better():
    """Its error cancels that of the network."""
    choice = choose([entry("net", [[0.5, -0.5]] * 2)], folds([-0.6, 0.6]), averaging=True)
    assert [kind.name for kind in choice.entries] == ["net"]
    assert choice.with_linear
    assert choice.rmse == pytest.approx(0.05)


def test_single_network_is_chosen_when_the_structure_is_fixed():
    """An average would have other widths than the user asked for."""
    up, down = entry("up", [[0.5, 0.5]] * 2), entry("down", [[-0.4, -0.4]] * 2)
    choice = choose([up, down], folds([1.0, -1.0]), averaging=False)
    assert [kind.name for kind in choice.entries] == ["down"]
    assert not choice.with_linear


def test_linear_model_is_chosen_unless_something_is_clearly_better():
    """A gain of one percent on held-out rows comes by chance."""
    choice = choose([entry("net", [[0.99, 0.99]] * 2)], folds([1.0, 1.0]), averaging=False)
    assert choice.entries == ()
    assert choice.with_linear


def test_strength_is_chosen_over_all_folds():
    """Strength 0 is best on fold 1 alone, strength 1 on both together."""
    kind = entry("net", [[0.1], [0.9]])
    kind.points[0].append(Point(np.zeros(1), 0.0, np.array([[0.2]])))
    kind.points[1].append(Point(np.zeros(1), 0.0, np.array([[0.2]])))
    assert kind.best == 1


def test_stronger_ridge_is_taken_when_it_is_about_as_good():
    """Held-out rows lie inside the record; what comes later is safer near the linear model."""
    kind = entry("net", [[0.103], [0.103]])
    for points in kind.points:
        points.append(Point(np.zeros(1), 0.0, np.array([[0.1]])))
    assert kind.best == 0


def test_linear_model_is_chosen_before_a_network_is_fitted():
    """A fit that is stopped at once has a usable answer."""
    choice = choose([Entry("net", [None], [[]])], folds([1.0]), averaging=True)
    assert choice.entries == ()
    assert choice.with_linear


def test_error_of_an_average_of_choices_is_that_of_their_mean_output():
    """Errors of two rounds that cancel leave what the linear model of a third adds."""
    up, down = entry("up", [[0.6, 0.6]] * 2), entry("down", [[-0.6, -0.6]] * 2)
    rounds = [Choice((up,), False, 0.6), Choice((down,), False, 0.6), Choice((), True, 0.9)]
    assert pooled_rmse(rounds[:2], folds([0.9, 0.9])) == pytest.approx(1e-4)  # the floor
    assert pooled_rmse(rounds, folds([0.9, 0.9])) == pytest.approx(0.3)
