"""What the user should hear about a fit; each is called by the method that the user called."""

from __future__ import annotations

import warnings

import numpy as np

from fastlstm.exceptions import ConvergenceWarning, DataWarning
from fastlstm.scaling import Scaling
from fastlstm.solvers.problem import Status
from fastlstm.trained import Trained

UNEXCITED_FIT = 5.0  # percent; below it the output does not visibly follow the input
WORTH_A_WARNING = (Status.MAX_ITER, Status.DIVERGED, Status.INTERRUPTED, Status.FALLBACK)


def warn_about_channels(scaling: Scaling) -> None:
    """Name the channels that do not vary."""
    for name, channels, effect in (
        ("X", scaling.constant_inputs, "the model ignores them"),
        ("y", scaling.constant_outputs, "the model predicts that constant"),
    ):
        if channels:
            warnings.warn(
                f"{name} should vary in every channel; channels {channels} are constant, so "
                f"{effect}. Drop them, or record data in which they move.",
                DataWarning,
                stacklevel=3,
            )


def warn_about_solution(trained: Trained) -> None:
    """Pass on a solver that stopped for a reason the user may want to remove."""
    solution = trained.solution
    if solution.status in WORTH_A_WARNING:
        warnings.warn(
            f"solver={trained.task.settings.solver_name!r} ended with status "
            f"{solution.status.value!r} after {solution.n_iter} iterations: {solution.message}",
            ConvergenceWarning,
            stacklevel=3,
        )


def warn_about_excitation(trained: Trained) -> None:
    """Name the outputs that the finished model hardly explains on the judged records."""
    fits = trained.fits()
    weak = [f"{k}: {fits[k]:.1f} %" for k in np.flatnonzero(fits < UNEXCITED_FIT)]
    if weak:
        kind = "training" if trained.task.problem.validation is None else "held-out"
        kind = "measured" if trained.solution.decided else kind
        warnings.warn(
            f"y must follow X; on the {kind} steps the model explains too little of the output "
            f"channels (fit of channel {', '.join(weak)}). Check that X holds the signals that "
            "drive y, in time with it and moving enough, and that y has no drift of its own.",
            DataWarning,
            stacklevel=3,
        )
