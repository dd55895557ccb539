"""What a training method is given and what it gives back: problem, progress, solution, clock."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.loss import SQUARED, AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records, hold_out
from fastlstm.stability import StabilityConstraint
from fastlstm.starts.candidates import LinearStart
from fastlstm.starts.linear import LinearModel

FloatArray = NDArray[np.float64]

SHORT = 10  # residuals per weight up to which records count as short
VERY_SHORT = 2.5  # the same, up to which they are never fitted like long ones


class Status(enum.Enum):
    """Why a solver stopped."""

    CONVERGED = "converged"
    DONE = "done"
    EARLY_STOPPED = "early stopped on validation"
    MAX_ITER = "max_iter reached"
    TIME_LIMIT = "time_limit reached"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    FALLBACK = "fell back to the linear start"


@dataclass(frozen=True)
class Parts:
    """Records split as in `Problem`: one part to train on, one to validate on.

    Parameters
    ----------
    train : Records
    validation : Records or None
    washout, validation_washout : int
        First steps of each record whose states still know that it began at rest.
    """

    train: Records
    validation: Records | None
    washout: int
    validation_washout: int

    @classmethod
    def of(cls, records: Records, fraction: float, washout: int) -> Parts:
        """Hold out a part of records, see `hold_out`."""
        train, validation, lead_in = hold_out(records, fraction, washout)
        return cls(train, validation, washout, lead_in)

    @property
    def judged(self) -> Records:
        """Records that tell how good a model is: held out where there are any."""
        return self.train if self.validation is None else self.validation

    @property
    def judged_washout(self) -> int:
        """First steps of the judged records that are not scored."""
        return self.washout if self.validation is None else self.validation_washout


@dataclass(frozen=True)
class Whole:
    """All records uncut, as the network sees them.

    Parameters
    ----------
    records : Records
        Standardised, in steps of the network.
    linear : LinearModel
        Of all their outputs, or of the increments of those that integrate.
    gains : array of shape (n_outputs,)
        Of the integrators behind the network; zero where there is none.
    washout : int
        First steps of each that are left out; initial states may be fitted.
    is_plain : bool
        Whether the network works without integrators and in step with what was measured.
    is_slow : bool
        Whether the records show only a few memories of the plant.
    is_medium : bool
        Whether they may as well be fitted like long records, which is the better way where noise
        is small, or where several networks may be averaged.
    parts : Parts or None
        Of the records, where the plant integrates.
    from_rest : bool
        Whether no initial state is to be fitted.
    """

    records: Records
    linear: LinearModel
    gains: FloatArray
    washout: int = 0
    is_plain: bool = True
    is_slow: bool = False
    is_medium: bool = False
    parts: Parts | None = None
    from_rest: bool = False

    def for_weights(self, n_params: int) -> Whole | None:
        """Judge the length by the weights of a network; None where the records are long."""
        if self.is_slow or np.any(self.gains):
            return self
        if self.records.n_counted > SHORT * n_params:
            return None
        return replace(self, is_medium=self.records.n_counted > VERY_SHORT * n_params)


@dataclass(frozen=True)
class Problem:
    """What is to be fitted: a network to standardised records.

    Parameters
    ----------
    network : Network
    train : Records
        Standardised inputs and outputs; `train.y` is present.
    validation : Records or None
        Records (or tails of records) that choose among starts and stop the training.
    washout : int
        First steps of each record that drive the state and enter neither cost nor score.
    validation_washout : int or None
        The same for the validation records; as `washout` when None.
    alpha : float
        Ridge: the cost is the sum of squared errors ``+ alpha * ||params - anchor||^2``.
    adapts_alpha : bool
        Whether "lm" lets the ridge follow the squared validation error from stage to stage; then
        `alpha` is that of the first.
    n_threads : int
        Threads of the kernels; the result has the same bits for every value.
    float32 : bool
        Run the kernels in float32 (sums and factorisations stay float64).
    constraint : StabilityConstraint or None
        What every solution has to satisfy.
    whole : Whole or None
        Training and validation records uncut, where a method may hold out what it likes: where
        they are short or the plant integrates.
    may_widen : bool
        Whether a method may return a network of other widths, such as an average of several.
    loss : AbstractLoss
        What an error costs, in training and in judging.
    n_lagged : int
        Last inputs of the network that are earlier values of the others.
    room : Network or None
        What free sizes have to stay within; no limit when None.
    alternative : Network or None
        Another structure, which "lm" trains as well where time is left.
    gate_ridge : float
        How many times stronger the ridge is for weights from inputs to the gates i, f and o.
    """

    network: Network
    train: Records
    validation: Records | None = None
    washout: int = 0
    validation_washout: int | None = None
    alpha: float = 1e-4
    adapts_alpha: bool = False
    n_threads: int = 1
    float32: bool = True
    constraint: StabilityConstraint | None = None
    whole: Whole | None = None
    may_widen: bool = False
    loss: AbstractLoss = SQUARED
    n_lagged: int = 0
    room: Network | None = None
    alternative: Network | None = None
    gate_ridge: float = 1.0

    @property
    def judged(self) -> Records:
        """Records that tell how good a model is: held out where there are any."""
        return self.train if self.validation is None else self.validation

    @property
    def judged_washout(self) -> int:
        """First steps of the judged records that are not scored."""
        if self.validation is None or self.validation_washout is None:
            return self.washout
        return self.validation_washout

    def in_canonical_order(self) -> Problem:
        """Return the problem with its records sorted, see `Records.in_canonical_order`."""
        train = self.train.in_canonical_order()
        validation = None if self.validation is None else self.validation.in_canonical_order()
        if train is self.train and validation is self.validation:
            return self
        return replace(self, train=train, validation=validation)

    def admissible(self, params: FloatArray) -> FloatArray:
        """Return finite `params`, or near ones that satisfy the constraint."""
        return params if self.constraint is None else self.constraint.project(params)

    @cached_property
    def linear(self) -> LinearStart:
        """The linear model of the training records, identified when it is first asked for."""
        return LinearStart(self.train, self.washout, self.loss, self.n_lagged)

    def with_network(self, network: Network, alternative: Network | None = None) -> Problem:
        """Return the problem for another network; the linear model stays."""
        return self.changed(network=network, alternative=alternative)

    def changed(self, **fields: Any) -> Problem:
        """Exchange fields that the linear model does not depend on."""
        other = replace(self, **fields)
        vars(other)["linear"] = self.linear  # where cached_property keeps it
        return other


@dataclass(frozen=True)
class HistoryRow:
    """One accepted iteration: RMSE in units of the standardised output, times in seconds.

    `damping` and `n_rows` are NaN and 0 for methods that have none.
    """

    iteration: int
    rmse_train: float
    rmse_validation: float
    cpu_time: float
    wall_time: float
    damping: float
    n_rows: int
    phase: str


@dataclass(frozen=True)
class Progress:
    """What a callback sees after every accepted iteration.

    `params` are the best so far on free-run validation, so a callback that stores them has the
    model that a fit with this time limit would return. `fraction` is the part of the expected work
    that is done, in [0, 1].
    """

    iteration: int
    rmse_train: float
    rmse_validation: float
    cpu_time: float
    wall_time: float
    phase: str
    fraction: float
    params: FloatArray
    network: Network | None = None


Callback = Callable[[Progress], Any]


@dataclass(frozen=True)
class Solution:
    """What a solver returns: the best parameters on free-run validation, and how it went.

    `network` is theirs where it is not that of the problem. `decided` says that the method chose
    among its models on held-out rows of its own, and the errors are those it found.
    """

    params: FloatArray
    status: Status
    message: str
    n_iter: int
    rmse_train: float
    rmse_validation: float
    start: str
    history: tuple[HistoryRow, ...] = ()
    network: Network | None = None
    decided: bool = False


@dataclass
class Clock:
    """Wall and CPU time since the start, without the time spent inside callbacks."""

    time_limit: float | None = None
    _wall0: float = field(default_factory=time.perf_counter)
    _cpu0: float = field(default_factory=time.process_time)

    @property
    def wall(self) -> float:
        """Wall seconds used."""
        return time.perf_counter() - self._wall0

    @property
    def cpu(self) -> float:
        """Process CPU seconds used."""
        return time.process_time() - self._cpu0

    @property
    def expired(self) -> bool:
        """Whether the time limit is reached."""
        return self.time_limit is not None and self.wall >= self.time_limit

    def call(self, callback: Callback | None, progress: Progress) -> None:
        """Run a callback with the clock stopped."""
        if callback is None:
            return
        wall, cpu = time.perf_counter(), time.process_time()
        callback(progress)
        self._wall0 += time.perf_counter() - wall
        self._cpu0 += time.process_time() - cpu
