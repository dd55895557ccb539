"""Problems with known answers: data from a network, so zero error is reachable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers import Problem


@dataclass(frozen=True)
class KnownProblem:
    """A problem whose data come from a known network, and what each solver has to reach."""

    name: str
    problem: Problem
    reachable: dict[str, float]  # NRMSE on validation that the tests ask of each solver


def teacher_params(network: Network, seed: int) -> np.ndarray:
    """Weights of a stable, visibly nonlinear network."""
    rng = np.random.default_rng(seed)
    weights = {name: 0.8 * rng.normal(size=shape) for name, shape in network.shapes.items()}
    for layer, width in enumerate(network.hidden_sizes):
        weights[f"lstm.{layer}.weight_hh"] *= 0.4
        weights[f"lstm.{layer}.bias"][width : 2 * width] += 0.5
    return network.pack(weights)


def teacher_records(network: Network, lengths: list[int], seed: int) -> Records:
    """Free runs of the teacher on white inputs, output standardised."""
    u = np.random.default_rng(seed + 100).normal(size=(sum(lengths), network.n_inputs))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    y, _ = _core.simulate(network, teacher_params(network, seed), u, offsets, float32=False)
    return Records(u, (y - y.mean(axis=0)) / y.std(axis=0), offsets)


def known_problem(
    name: str, network: Network, lengths: list[int], reachable: dict[str, float], seed: int = 0
) -> KnownProblem:
    """Problem of the teacher's own structure; the last record is held out."""
    records = teacher_records(network, lengths, seed)
    cut = int(records.offsets[-2])
    assert records.y is not None
    train = Records(records.u[:cut], records.y[:cut], records.offsets[:-1])
    validation = Records(records.u[cut:], records.y[cut:], records.offsets[-2:] - cut)
    problem = Problem(network, train, validation, washout=30, alpha=1e-6)
    return KnownProblem(name, problem, reachable)


# Bounds are at most 1.5 times the worst of three seeds; the linear models reach 0.13, 0.54, 0.078
# and 0.13, the mean 1.
PROBLEMS = [
    known_problem(
        "one layer",
        Network(1, 1, (3,)),
        [1500, 600],
        {"lm": 0.016, "ridge": 0.11, "greedy": 0.016, "split": 0.07, "bptt": 0.045},
    ),
    known_problem(
        "two layers and head",
        Network(1, 1, (3, 2), (3,)),
        [2000, 600],
        {"lm": 0.046, "ridge": 0.4, "greedy": 0.08, "split": 0.13, "bptt": 0.11},
    ),
    known_problem(
        "two inputs, two outputs",
        Network(2, 2, (4,)),
        [1500, 600],
        {"lm": 0.035, "ridge": 0.075, "greedy": 0.035, "split": 0.037, "bptt": 0.087},
    ),
    known_problem(
        "many records",
        Network(1, 1, (3,)),
        [400, 90, 300, 250, 35, 500, 500],
        {"lm": 0.018, "ridge": 0.12, "greedy": 0.018, "split": 0.062, "bptt": 0.036},
    ),
]
