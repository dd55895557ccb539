"""Check the constructor arguments of the estimator, once, at the beginning of `fit`."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.frame import Frame
from fastlstm.loss import LOSSES, SQUARED, AbstractLoss
from fastlstm.network import Network
from fastlstm.records import Records, auto_washout
from fastlstm.solvers.base import AbstractSolver
from fastlstm.solvers.first_network import USUAL_HEAD, USUAL_HIDDEN
from fastlstm.solvers.registry import make_solvers, name_of
from fastlstm.stability.gains import Kind
from fastlstm.starting_point import begin_alike
from fastlstm.weights import check_missing_target, check_output_weights


@dataclass(frozen=True)
class Settings:
    """Checked arguments of `LSTMRegressor`; numbers are None where "auto"."""

    hidden_sizes: tuple[int, ...] | None
    head_sizes: tuple[int, ...] | None
    solvers: tuple[AbstractSolver, ...]
    alpha: float | None
    washout: int | None
    validation_fraction: float
    time_limit: float | None
    stability: Kind | None
    n_threads: int
    seed: int | None
    verbose: int
    masks_missing: bool = False
    loss: AbstractLoss = SQUARED
    output_weights: NDArray[np.float64] | None = None
    input_delays: tuple[int, ...] | None = None
    input_lags: tuple[int, ...] | int | None = ()
    samples_per_step: int | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Settings:
        """Check the arguments by name.

        Raises
        ------
        ValueError, TypeError
            If one has the wrong type or lies outside its range.
        """
        max_iter = check_count(params["max_iter"], "max_iter", minimum=1)
        tol = check_real(params["tol"], "tol", "must be >= 0", lambda x: x >= 0.0)
        washout = params["washout"]
        limit = params["time_limit"]
        return cls(
            hidden_sizes=_sizes(params["hidden_sizes"], "hidden_sizes", empty=False),
            head_sizes=_sizes(params["head_sizes"], "head_sizes", empty=True),
            solvers=make_solvers(params["solver"], max_iter, tol),
            alpha=None
            if isinstance(params["alpha"], str) and params["alpha"] == "auto"
            else check_real(params["alpha"], "alpha", "must be >= 0", lambda x: x >= 0.0),
            washout=None if _is_auto(washout) else check_count(washout, "washout", minimum=0),
            validation_fraction=check_real(
                params["validation_fraction"],
                "validation_fraction",
                "must be in [0, 1)",
                lambda x: 0.0 <= x < 1.0,
            ),
            time_limit=None
            if limit is None
            else check_real(limit, "time_limit", "must be positive seconds", lambda x: x > 0.0),
            stability=_stability(params["stability"]),
            n_threads=check_n_jobs(params["n_jobs"]),
            seed=_seed(params["random_state"]),
            verbose=check_count(params["verbose"], "verbose", minimum=0),
            masks_missing=check_missing_target(params["missing_target"]),
            loss=_loss(params["loss"]),
            output_weights=check_output_weights(params["output_weights"]),
            input_delays=_delays(params["input_delays"]),
            input_lags=_lags(params["input_lags"]),
            samples_per_step=_samples(params["samples_per_step"]),
        )

    @property
    def solver_name(self) -> str:
        """Names of the solvers, in the order in which they run."""
        return ", ".join(name_of(solver) for solver in self.solvers)

    @property
    def has_sizes(self) -> bool:
        """Whether a size is given."""
        return self.hidden_sizes is not None or self.head_sizes is not None

    @property
    def first_width(self) -> int:
        """Units of the first layer, as far as they are known before training."""
        return (USUAL_HIDDEN if self.hidden_sizes is None else self.hidden_sizes)[0]

    @property
    def fits_whole_records(self) -> bool:
        """Whether the solver holds out rows of whole records by itself."""
        alone = len(self.solvers) == 1 and self.solvers[0].fits_whole_records
        return alone and self.stability is None

    @property
    def may_widen(self) -> bool:
        """Whether sizes are free, so that several networks may be averaged into a wider one."""
        return not self.has_sizes and len(self.solvers) == 1 and self.stability is None

    @property
    def begins_small(self) -> bool:
        """Whether a small network may come first, to be widened by the solver."""
        return self.may_widen and self.solvers[0].widens

    def network(self, n_inputs: int, n_outputs: int) -> Network:
        """Structure for the channels at hand."""
        hidden = USUAL_HIDDEN if self.hidden_sizes is None else self.hidden_sizes
        head = USUAL_HEAD if self.head_sizes is None else self.head_sizes
        return Network(n_inputs, n_outputs, hidden, head)

    def begins_at_rest(self, records: Records) -> bool:
        """Whether every record begins in a state for which a network at rest can stand.

        Asked for with ``washout=0``, or seen in the records, see `begin_alike`.
        """
        return begin_alike(records) if self.washout is None else self.washout == 0

    def washout_for(self, lengths: NDArray[np.int64], from_rest: bool) -> int:
        """Resolve the washout for records of these lengths, which may begin at rest.

        Raises
        ------
        ValueError
            If a record is not longer than the washout asked for.
        """
        if self.washout is None:
            return 0 if from_rest else auto_washout(lengths)
        check_washout(self.washout, lengths)
        return self.washout

    def steps_of_washout(self, reduced: Records, frame: Frame, from_rest: bool) -> int:
        """Resolve it for records in steps of the network."""
        if self.washout is None:
            return self.washout_for(reduced.lengths, from_rest)
        return -(-self.washout // frame.hold)


def check_washout(washout: int, lengths: NDArray[np.int64]) -> None:
    """Raise ValueError unless every record is longer than the washout."""
    record = int(np.argmin(lengths))
    if washout >= lengths[record]:
        raise ValueError(
            f"washout must be shorter than every record; got washout={washout}, and record "
            f"{record} has {lengths[record]} steps. Use a smaller washout or drop that record."
        )


def check_count(value: Any, name: str, minimum: int) -> int:
    """Integer of at least `minimum`."""
    if not isinstance(value, numbers.Integral | np.bool_):
        raise TypeError(
            f"{name} must be an integer >= {minimum}; got {value!r}. Pass a whole number."
        )
    if int(value) < minimum:
        raise ValueError(f"{name} must be >= {minimum}; got {value}. Use {minimum} or more.")
    return int(value)


def check_real(value: Any, name: str, rule: str, holds: Callable[[float], bool]) -> float:
    """Finite float for which `holds` is true."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} {rule}; got {value!r}. Pass a number.")
    if not (math.isfinite(value) and holds(float(value))):
        raise ValueError(f"{name} {rule}; got {value}. Choose a finite value in that range.")
    return float(value)


def _loss(name: Any) -> AbstractLoss:
    if not isinstance(name, str) or name not in LOSSES:
        raise ValueError(
            f'loss must be one of {sorted(LOSSES)}; got {name!r}. Use "huber" where y has outliers.'
        )
    return LOSSES[name]


def _is_auto(value: Any) -> bool:
    if isinstance(value, str) and value != "auto":
        raise ValueError(
            f'washout must be "auto" or an integer >= 0; got {value!r}. Pass e.g. washout=50.'
        )
    return isinstance(value, str)


def _stability(kind: Any) -> Kind | None:
    if kind not in (None, "incremental", "iss"):
        raise ValueError(
            f'stability must be None, "incremental" or "iss"; got {kind!r}. Use "incremental" for '
            "a model that provably forgets its initial state."
        )
    return kind


def _sizes(sizes: Any, name: str, empty: bool) -> tuple[int, ...] | None:
    if isinstance(sizes, str) and sizes == "auto":
        return None
    listed = (sizes,) if isinstance(sizes, numbers.Integral) else sizes
    if not isinstance(listed, tuple | list | np.ndarray) or (len(listed) == 0 and not empty):
        raise ValueError(
            f'{name} must be "auto" or a tuple of widths, bottom layer first; got {sizes!r}. '
            "Pass e.g. (6, 6)."
        )
    return tuple(check_count(size, name, minimum=1) for size in listed)


def _delays(delays: Any) -> tuple[int, ...] | None:
    if isinstance(delays, str) and delays == "auto":
        return None
    if isinstance(delays, numbers.Integral) and int(delays) == 0:
        return ()
    if not isinstance(delays, tuple | list | np.ndarray) or np.ndim(delays) != 1:
        raise ValueError(
            f'input_delays must be "auto", 0 or a tuple of steps, one per input; got {delays!r}. '
            "Pass e.g. (20,)."
        )
    return tuple(check_count(delay, "input_delays", minimum=0) for delay in delays)


def _lags(lags: Any) -> tuple[int, ...] | int | None:
    """One number for all inputs stays one until the inputs are known."""
    if isinstance(lags, str) and lags == "auto":
        return None
    if isinstance(lags, numbers.Integral) and not isinstance(lags, bool):
        return check_count(lags, "input_lags", minimum=0) or ()
    if not isinstance(lags, tuple | list | np.ndarray) or np.ndim(lags) != 1:
        raise ValueError(
            f'input_lags must be "auto", a number >= 0 or a tuple of them, one per input; got '
            f"{lags!r}. Pass e.g. 2."
        )
    return tuple(check_count(count, "input_lags", minimum=0) for count in lags)


def _samples(samples: Any) -> int | None:
    if isinstance(samples, str) and samples == "auto":
        return None
    if not isinstance(samples, numbers.Integral) or isinstance(samples, bool):
        raise ValueError(
            f'samples_per_step must be "auto" or an integer >= 1; got {samples!r}. Pass 1 for a '
            "step of the network at every sample."
        )
    return check_count(samples, "samples_per_step", minimum=1)


def check_n_jobs(n_jobs: Any) -> int:
    """Resolve `n_jobs` to a number of threads, at most one per core."""
    if n_jobs is None:
        return 1
    if not isinstance(n_jobs, numbers.Integral) or int(n_jobs) == 0:
        raise ValueError(
            f"n_jobs must be a non-zero integer or None; got {n_jobs!r}. "
            "Use 1 for one thread, -1 for all cores."
        )
    n_cores = os.cpu_count() or 1
    n_threads = int(n_jobs)
    return min(n_threads, n_cores) if n_threads > 0 else max(1, n_cores + 1 + n_threads)


def _seed(random_state: Any) -> int | None:
    if random_state is None:
        return None
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, numbers.Integral) and int(random_state) >= 0:
        return int(random_state)
    raise ValueError(
        f"random_state must be None, an integer >= 0 or a RandomState; got {random_state!r}. "
        "Pass e.g. random_state=0."
    )
