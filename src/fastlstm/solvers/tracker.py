"""The best model so far on free-run validation, the budget, the history and the reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastlstm import _core
from fastlstm.network import Network
from fastlstm.records import Records
from fastlstm.solvers.locking import risk
from fastlstm.solvers.problem import Callback, Clock, HistoryRow, Problem, Progress, Status

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Iterate:
    """Weights that a method has arrived at.

    Parameters
    ----------
    params : array of shape (n_params,)
    rmse_train : float
        Free-run RMSE on the rows that were trained on, in standardised units; NaN if not known.
    phase : str
        What the method is doing.
    damping : float
        Of a second-order method.
    n_rows : int
        Rows that entered the cost.
    fraction : float
        Part of the method's own work that is done, where it knows.
    rmse_validation : float or None
        Where the method has its own held-out rows; the tracker scores the weights when None.
    network : Network or None
        Where it is not that of the problem.
    strayed : float
        What the validation error is multiplied by where it is compared, see `Straying`.
    """

    params: FloatArray
    rmse_train: float
    phase: str
    damping: float = np.nan
    n_rows: int = 0
    fraction: float = 0.0
    rmse_validation: float | None = None
    network: Network | None = None
    strayed: float = 1.0


def free_run_rmse(
    problem: Problem, records: Records, params: FloatArray, network: Network | None = None
) -> float:
    """RMSE of the free run in standardised units, without the washout of each judged record."""
    y, _ = _core.simulate(
        problem.network if network is None else network,
        params,
        records.u,
        records.offsets,
        float32=problem.float32,
        n_threads=problem.n_threads,
    )
    return rmse_of(problem, records, y)


def rmse_of(problem: Problem, records: Records, y: FloatArray) -> float:
    """RMSE of simulated outputs in standardised units, as judged; infinite where not finite."""
    assert records.y is not None
    with np.errstate(over="ignore", invalid="ignore"):
        scored = records.scored(problem.judged_washout)
        square = problem.loss.mean_square((y - records.y)[scored], records.weights_of(scored))
        rmse = float(np.sqrt(square))
    return rmse if np.isfinite(rmse) else np.inf


@dataclass
class Budget:
    """Iterations and wall time that one method of a chain may use."""

    clock: Clock
    max_iter: int
    first_iter: int
    time_limit: float | None
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock.wall

    @property
    def wall(self) -> float:
        """Wall seconds used."""
        return self.clock.wall - self._started

    @property
    def time_left(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return None if self.time_limit is None else max(self.time_limit - self.wall, 0.0)

    @property
    def time_used(self) -> float:
        """Part of the time that is used; 0 without a limit, 1 where nothing was left."""
        if self.time_limit is None:
            return 0.0
        return self.wall / self.time_limit if self.time_limit > 0.0 else 1.0


@dataclass
class Tracker:
    """Judges every iterate on `judge` records and remembers the best.

    `judge` may be exchanged for more records as the fit tightens; the best is then judged anew.
    Once all validation records judge, the error of a network that does not forget wild states
    counts `locking.RISK` times in the choice.
    """

    problem: Problem
    clock: Clock
    callback: Callback | None = None
    n_solvers: int = 1
    cautious: bool = True  # with a start, nothing that is worse on validation may replace it
    judge: Records = field(init=False)
    budget: Budget = field(init=False)
    best: FloatArray | None = None
    best_network: Network | None = None
    best_rmse: float = np.inf
    best_rmse_train: float = np.inf
    best_phase: str = ""
    best_iter: int = 0
    best_risk: float = 1.0
    decided: bool = False
    n_iter: int = 0
    history: list[HistoryRow] = field(default_factory=list)
    _n_begun: int = 0

    def __post_init__(self) -> None:
        self.judge = self.problem.judged

    def begin(self, max_iter: int) -> None:
        """Give the next method its share of what is left, and all validation data."""
        share = None
        if self.clock.time_limit is not None:
            left = max(self.clock.time_limit - self.clock.wall, 0.0)
            share = left / (self.n_solvers - self._n_begun)
        self._n_begun += 1
        self.decided = False
        self.budget = Budget(self.clock, max_iter, self.n_iter, share)
        self.judge_by(self.problem.judged)

    @property
    def used(self) -> float:
        """Part of the budget of the running method that is used, in [0, 1]."""
        iterations = (self.n_iter - self.budget.first_iter) / self.budget.max_iter
        return min(max(iterations, self.budget.time_used), 1.0)

    @property
    def iterations_left(self) -> int:
        """Iterations that the running method may still use, at least 1."""
        return max(1, self.budget.max_iter - (self.n_iter - self.budget.first_iter))

    @property
    def exhausted(self) -> bool:
        """Whether the iterations or the time of the running method have run out."""
        return self._out_of_iterations or self.budget.time_used >= 1.0

    @property
    def limit_reached(self) -> Status:
        """Which of the limits it was."""
        return Status.MAX_ITER if self._out_of_iterations else Status.TIME_LIMIT

    @property
    def _out_of_iterations(self) -> bool:
        return self.n_iter - self.budget.first_iter >= self.budget.max_iter

    def score(self, params: FloatArray, network: Network | None = None) -> float:
        """Return the validation RMSE of any parameters, without remembering them."""
        return free_run_rmse(self.problem, self.judge, params, network)

    def judge_by(self, records: Records) -> None:
        """Exchange the validation records and judge the best anew."""
        self.judge = records
        if self.best is not None:
            self.best_rmse = self.score(self.best, self.best_network)
            if not self.decided:
                self.best_risk = self._risk(self.best, self.best_network)

    def _risk(self, params: FloatArray, network: Network | None) -> float:
        """Of a network that is about to be remembered."""
        if not self.cautious or self.judge.n_total < self.problem.judged.n_total:
            return 1.0
        return risk(self.problem.network if network is None else network, params, self.judge.u)

    def decide(
        self, network: Network, params: FloatArray, phase: str, rmse_train: float, rmse: float
    ) -> None:
        """Take these weights as the answer of the running method, whatever was better before."""
        self.best, self.best_network, self.best_phase = params, network, phase
        self.best_rmse_train, self.best_rmse, self.decided = rmse_train, rmse, True
        self.best_risk = 1.0

    def consider(
        self,
        params: FloatArray,
        phase: str,
        rmse_train: float = np.nan,
        rmse: float | None = None,
        network: Network | None = None,
        factor: float = 1.0,
    ) -> float:
        """Return the validation RMSE of parameters, and remember them if they are the best.

        Parameters that violate the constraint of the problem are judged, and remembered, as what
        they become when they are made to satisfy it. A method with held-out rows of its own gives
        the error itself. For the comparison it is multiplied by `factor`.
        """
        if not np.isfinite(params).all():
            return np.inf
        best = self.best_rmse * self.best_risk
        if rmse is None:
            params = self.problem.admissible(params)
            rmse = self.score(params, network)
            factor *= self._risk(params, network) if rmse * factor < best else 1.0
        if rmse * factor < best:
            self.best_risk = factor
            self.best, self.best_rmse, self.best_network = params, rmse, network
            self.best_rmse_train, self.best_phase = rmse_train, phase
            self.best_iter = self.n_iter
        return rmse

    def offer(self, iterate: Iterate) -> float:
        """Record an iterate, report it, and return its validation RMSE as it is compared."""
        self.n_iter += 1
        rmse = self.consider(
            iterate.params,
            iterate.phase,
            iterate.rmse_train,
            iterate.rmse_validation,
            iterate.network,
            iterate.strayed,
        )
        row = HistoryRow(
            self.n_iter,
            iterate.rmse_train,
            rmse,
            self.clock.cpu,
            self.clock.wall,
            iterate.damping,
            iterate.n_rows,
            iterate.phase,
        )
        self.history.append(row)
        if self.callback is not None and self.best is not None:
            self.clock.call(self.callback, self._progress(row, self.best, iterate.fraction))
        return rmse * iterate.strayed

    def _progress(self, row: HistoryRow, best: FloatArray, fraction: float) -> Progress:
        return Progress(
            row.iteration,
            row.rmse_train,
            self.best_rmse,
            row.cpu_time,
            row.wall_time,
            row.phase,
            (self._n_begun - 1 + max(self.used, min(fraction, 1.0))) / self.n_solvers,
            best,
            self.best_network,
        )
