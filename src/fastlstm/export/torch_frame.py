"""What `fastlstm.frame.Frame` does to whole records, on torch tensors.

Tensors have the shape (n_records, n_timesteps, n_channels). torch is used through their methods
alone, so that this file can be imported without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastlstm.delaying import Taps

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]


def tap_inputs(
    u: torch.Tensor, taps: Taps, past: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give what the network sees at every sample, and the last inputs for the next call.

    Parameters
    ----------
    u : tensor of shape (n_records, n_timesteps, n_inputs)
    taps : tuple of (int, int)
        Input and samples late of every column.
    past : tensor of shape (n_records, longest * n_inputs), optional
        Inputs before; the first ones are held without it.

    Returns
    -------
    seen : tensor of shape (n_records, n_timesteps, n_columns)
    past : tensor of shape (n_records, longest * n_inputs)
    """
    longest, n_steps = max(late for _, late in taps), u.shape[1]
    if past is None:
        before = u[:, :1].expand(-1, longest, -1)
    else:
        before = past.unflatten(1, (longest, u.shape[2]))
    whole = u.new_empty(u.shape[0], longest + n_steps, u.shape[2])
    whole[:, :longest], whole[:, longest:] = before, u
    seen = u.new_empty(*u.shape[:2], len(taps))
    for k, (channel, late) in enumerate(taps):
        seen[:, :, k] = whole[:, longest - late : longest - late + n_steps, channel]
    return seen, whole[:, n_steps:].flatten(1)


def mean_inputs(u: torch.Tensor, hold: int) -> torch.Tensor:
    """Mean over every step of the network, (n_records, n_steps, n_inputs)."""
    if hold == 1:
        return u
    counts = _counts(u, hold)
    padded = u.new_zeros(u.shape[0], hold * len(counts), u.shape[2])
    padded[:, : u.shape[1]] = u
    return padded.unflatten(1, (len(counts), hold)).sum(dim=2) / counts[:, None]


def integrate(
    y: torch.Tensor, gains: torch.Tensor, levels: torch.Tensor, state: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum where the gain is not zero, from a state (n_records, 2, n_outputs) or from the level.

    Returns
    -------
    y : tensor of shape (n_records, n_steps, n_outputs)
    sums : tensor of shape (n_records, n_outputs)
        After the last step.
    """
    run = y.cumsum(dim=1)
    if state is not None:
        run = run + state[:, :1]
    return (levels + gains * run).where(gains != 0.0, y), run[:, -1]


def interpolate(y: torch.Tensor, first: torch.Tensor, u: torch.Tensor, hold: int) -> torch.Tensor:
    """Give the outputs at every sample of `u`, on straight lines between the ends of the steps.

    Parameters
    ----------
    y : tensor of shape (n_records, n_steps, n_outputs)
    first : tensor of shape (n_records, n_outputs)
        One sample before the first.
    u : tensor of shape (n_records, n_timesteps, n_inputs)
    hold : int
    """
    if hold == 1:
        return y
    before = y.roll(1, dims=1)
    before[:, 0] = first
    part = y.new_ones(hold).cumsum(dim=0) / hold  # of a step; the last one may end after u
    blocks = before[:, :, None] + (y - before)[:, :, None] * part[:, None]
    return blocks.flatten(1, 2)[:, : u.shape[1]]


def _counts(u: torch.Tensor, hold: int) -> torch.Tensor:
    """Count the samples of every step, (n_steps,); the last may have fewer."""
    n_steps = -(-u.shape[1] // hold)
    counts = u.new_full((n_steps,), float(hold))
    counts[-1] = u.shape[1] - hold * (n_steps - 1)
    return counts
