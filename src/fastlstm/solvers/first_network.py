"""The structure that "auto" begins with on long records and on increments."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from fastlstm.network import Network
from fastlstm.solvers.problem import Problem

FEW_STATES = 3  # of the linear model per output: half as many as the units that come first
SMALL_HIDDEN, SMALL_HEAD = (6,), (6,)
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
    return problem.with_network(small, alternative=problem.network)


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
