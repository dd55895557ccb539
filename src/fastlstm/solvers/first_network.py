"""The structure that "auto" begins with on long records and on increments."""

from __future__ import annotations

from collections.abc import Iterable

from threadpoolctl import threadpool_limits

from fastlstm.network import Network
from fastlstm.solvers.problem import Problem, Whole
from fastlstm.solvers.room import clipped

USUAL_HIDDEN, USUAL_HEAD = (6, 6), (8,)  # that free sizes stand for where nothing else is known
FEW_STATES = 3  # of the linear model per output: half as many as the units that come first
SMALL_HIDDEN, SMALL_HEAD = (6,), (6,)
SMALLER_HIDDEN, SMALLER_HEAD = (4,), (4,)  # where records are short for the others
SMALLEST_HIDDEN, SMALLEST_HEAD = 2, 4  # per output


def begin_small(problem: Problem) -> Problem:
    """Exchange the network by a small one where the linear model has few states.

    An iteration costs the square of the weights, and the error that noise leaves grows with their
    root, so the smallest network that can follow the plant is the best within a given time; where
    it cannot, it is widened. A plant of high order needs more units from the beginning. The network
    that was there becomes the alternative.

    Parameters
    ----------
    problem : Problem
        Of long records, with free sizes.

    Returns
    -------
    problem : Problem
    """
    with threadpool_limits(limits=1, user_api="blas"):
        n_states = problem.linear.model.order
    if n_states > FEW_STATES * problem.network.n_outputs:
        return problem
    channels = problem.network.n_inputs, problem.network.n_outputs
    small = Network(*channels, SMALL_HIDDEN, SMALL_HEAD)
    if problem.room is not None:
        small = clipped(small, problem.room)
    return problem.with_network(small, alternative=problem.network)


def begin_in_room(problem: Problem) -> Problem | None:
    """Free the sizes within those of the network of a problem, and begin as with free sizes.

    Parameters
    ----------
    problem : Problem
        Of records that are short or of medium length for its network.

    Returns
    -------
    problem : Problem or None
        With records that are long, or of medium length, for the network that comes first. None
        where they are short for a very small one, and where they are long for the usual one and
        there is one layer: that gets further as `LargeNetwork`, or by itself.
    """
    room, whole = problem.network, problem.whole
    assert whole is not None
    usual, *smaller = (
        Network(room.n_inputs, room.n_outputs, *sizes)
        for sizes in (
            (USUAL_HIDDEN, USUAL_HEAD),
            (SMALL_HIDDEN, SMALL_HEAD),
            (SMALLER_HIDDEN, SMALLER_HEAD),
        )
    )
    if room.num_layers == 1 and whole.for_weights(usual.n_params) is None:
        return None
    usual = clipped(usual, room)
    first = begin_small(problem.changed(may_widen=True, room=room, network=usual))
    within = (first.with_network(clipped(one, room), usual) for one in smaller)
    return _first_not_short(whole, (first, *within))


def begin_free(problem: Problem) -> Problem | None:
    """Exchange the network by a small one for which short records are of medium length.

    Parameters
    ----------
    problem : Problem
        Of short records, with free sizes.

    Returns
    -------
    problem : Problem or None
        None where they are short for a very small network as well.
    """
    whole, channels = problem.whole, (problem.network.n_inputs, problem.network.n_outputs)
    assert whole is not None
    sizes = (SMALL_HIDDEN, SMALL_HEAD), (SMALLER_HIDDEN, SMALLER_HEAD)
    small = (Network(*channels, *one) for one in sizes)
    return _first_not_short(whole, [problem.with_network(one, problem.network) for one in small])


def _first_not_short(whole: Whole, problems: Iterable[Problem]) -> Problem | None:
    """Return the first problem for whose network records are not short, and how long they are."""
    for problem in problems:
        judged = whole.for_weights(problem.network.n_params)
        if judged is None or judged.is_medium:
            return problem.changed(whole=judged)
    return None


def begin_smallest(problem: Problem) -> Problem:
    """Exchange the network of a plant that integrates by a very small one, which then grows.

    Sums of small errors drift, and in regions that the records hardly show a network with more
    units than the plant has states says anything. The order of the linear model tells less here.

    Parameters
    ----------
    problem : Problem
        Whose outputs are increments, with free sizes.

    Returns
    -------
    problem : Problem
    """
    n_outputs = problem.network.n_outputs
    width = min(SMALLEST_HIDDEN * n_outputs, problem.network.hidden_sizes[0])
    head = SMALLEST_HEAD * n_outputs
    small = Network(problem.network.n_inputs, n_outputs, (width,), (head,))
    return problem.with_network(small, alternative=problem.network)
