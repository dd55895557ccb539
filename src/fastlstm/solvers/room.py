"""Free sizes within those of a network that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastlstm.network import Network
from fastlstm.solvers.rival import Rival

Widths = tuple[int, ...]


def clipped(network: Network, room: Network) -> Network:
    """Make a network fit into another one; its head gets as many layers.

    Parameters
    ----------
    network : Network
    room : Network
        With the same channels.
    """
    hidden = network.hidden_sizes[: room.num_layers]
    limits = [*room.hidden_sizes[: len(hidden) - 1], min(room.hidden_sizes[len(hidden) - 1 :])]
    head = network.head_sizes + network.head_sizes[-1:] * len(room.head_sizes)
    return Network(
        network.n_inputs,
        network.n_outputs,
        _least(hidden, limits),
        _least(head[: len(room.head_sizes)], room.head_sizes),
    )


def that_fit(rivals: Sequence[Rival], room: Network | None) -> list[Rival]:
    """Leave out networks that do not fit side by side into another one, the worst first.

    Parameters
    ----------
    rivals : sequence of Rival
        Each of which fits alone.
    room : Network or None
        No limit when None.
    """
    if room is None:
        return list(rivals)
    chosen: list[int] = []
    for index in np.argsort([rival.rmse for rival in rivals], kind="stable").tolist():
        if _fits([rivals[k] for k in (*chosen, index)], room):
            chosen.append(index)
    return [rivals[k] for k in sorted(chosen)]


def _fits(rivals: Sequence[Rival], room: Network) -> bool:
    hidden = [_deep(rival.network.hidden_sizes, room.num_layers) for rival in rivals]
    heads = [rival.network.head_sizes for rival in rivals]
    return all(
        sum(widths) <= limit
        for widths, limit in (
            *zip(zip(*hidden, strict=True), room.hidden_sizes, strict=True),
            *zip(zip(*heads, strict=True), room.head_sizes, strict=True),
        )
    )


def _deep(widths: Widths, num_layers: int) -> Widths:
    return (*widths, *[widths[-1]] * (num_layers - len(widths)))


def _least(widths: Sequence[int], limits: Sequence[int]) -> Widths:
    return tuple(min(pair) for pair in zip(widths, limits, strict=True))
