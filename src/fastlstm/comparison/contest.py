"""`compare`: train every method on the same records and budget, then score them all."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from threadpoolctl import threadpool_limits

from fastlstm.comparison.contestants import LINEAR, Budget, Job, linear_job, solver_job
from fastlstm.comparison.exam import Exam
from fastlstm.comparison.progress import CompareCallback, Watch
from fastlstm.comparison.result import Comparison
from fastlstm.comparison.runs import Trained, choose_and_score
from fastlstm.exceptions import ConvergenceWarning
from fastlstm.machine import describe
from fastlstm.regressor import LSTMRegressor
from fastlstm.settings import Settings
from fastlstm.solvers import SOLVERS, AbstractSolver
from fastlstm.solvers.registry import make_solvers, name_of

TORCH = "torch"
BASELINES = (TORCH, "bptt", LINEAR)
Contestant = str | AbstractSolver | Sequence[str | AbstractSolver]


def compare(
    X: Any,
    y: Any,
    X_test: Any = None,
    y_test: Any = None,
    *,
    solvers: Sequence[Contestant] | None = None,
    time_limit: float = 10.0,
    hidden_sizes: Sequence[int] = (6, 6),
    head_sizes: Sequence[int] = (8,),
    washout: int | str = "auto",
    seeds: Sequence[int] = (0,),
    n_jobs: int | None = 1,
    torch: bool | str = "auto",
    callback: CompareCallback | None = None,
) -> Comparison:
    """Train several methods on the same records, and score them on records none has seen.

    Every method gets the same training part, washout, structure and time. The test part is opened
    once, when all trainings are over; then the weights that each method had in hand at every moment
    are scored too, so that error can be seen against time. A linear model is always there as the
    yardstick.

    Parameters
    ----------
    X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        Inputs, as in `LSTMRegressor.fit`.
    y : array of shape (n_timesteps,) or (n_timesteps, n_outputs), or one per record
        Measured outputs.
    X_test, y_test : optional
        Records to be judged by. Without them the last quarter of every record is set aside, or
        every fourth record from five on.
    solvers : sequence, optional
        Names in `fastlstm.solvers.SOLVERS` and "torch", instances, or lists of these that run one
        after the other. By default all solvers, and torch where it is installed.
    time_limit : float, default=10.0
        Wall seconds of each training. Each setting that is tried for torch gets as much.
    hidden_sizes, head_sizes : sequence of int, default=(6, 6) and (8,)
        Structure that is trained. torch takes the widest layer for all, without the head, and is
        also tried with one layer of 32.
    washout : int or "auto", default="auto"
        As in `LSTMRegressor`, the same for all methods; such steps are not scored either.
    seeds : sequence of int, default=(0,)
        Every method is trained once per seed; the table shows medians.
    n_jobs : int, default=1
        Threads of every method, -1 for all cores.
    torch : bool or "auto", default="auto"
        Whether the torch baseline takes part; "auto" means where `solvers` names it, or where
        `solvers` is None and torch is installed.
    callback : callable, optional
        Called with a `MethodProgress` now and then; its time counts for no method.

    Returns
    -------
    Comparison
        After Ctrl-C, with the methods that were done so far.

    Raises
    ------
    ValueError, TypeError
        If an argument or the data cannot be used.
    ImportError
        If torch is asked for and not installed.

    Warns
    -----
    DataWarning
        Once for everything that `fit` has to say about the training part.

    Examples
    --------
    >>> import numpy as np
    >>> u = np.sin(np.arange(600.0) ** 1.3)[:, None]
    >>> y = np.convolve(np.tanh(u[:, 0]), [0.5, 0.3, 0.2])[:600]
    >>> result = compare(u, y, solvers=["lm"], hidden_sizes=(3,), head_sizes=(), time_limit=1.0)
    >>> result.best
    'lm'
    """
    budget, seeds = _checked(hidden_sizes, head_sizes, time_limit, n_jobs, seeds)
    named, with_torch = _contestants(solvers, torch)
    exam = Exam.of(X, y, X_test, y_test, washout)
    jobs = [linear_job(exam)]
    jobs += [
        solver_job(exam, budget, name, solver, seed)
        for name, solver in named.items()
        for seed in seeds
    ]
    if with_torch:
        from fastlstm.comparison.torch_baseline import torch_jobs

        jobs += [job for seed in seeds for job in torch_jobs(exam, budget, seed)]
    trained, interrupted, notes = _train_all(jobs, budget.n_threads, callback)
    groups = groupby(trained, key=lambda part: (part.method, part.seed))
    runs = tuple(choose_and_score(exam, list(group)) for _, group in groups)
    methods = {run.method for run in runs}
    return Comparison(
        exam=exam,
        runs=runs,
        baseline=next(name for name in BASELINES if name in methods),
        settings={
            "methods": [LINEAR, *named, *([TORCH] if with_torch else [])],
            "time_limit": budget.time_limit,
            "hidden_sizes": list(budget.hidden_sizes),
            "head_sizes": list(budget.head_sizes),
            "seeds": seeds,
            "n_threads": budget.n_threads,
        },
        machine=describe(),
        notes=notes,
        interrupted=interrupted,
    )


def _train_all(
    jobs: Sequence[Job], n_threads: int, callback: CompareCallback | None
) -> tuple[list[Trained], bool, tuple[str, ...]]:
    """Train one after the other until done or interrupted; warnings come once, at the end."""
    trained: list[Trained] = []
    interrupted = False
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(n_threads):
        warnings.simplefilter("always")
        try:
            for number, job in enumerate(jobs, start=1):
                watch = Watch(job.method, job.label, number, len(jobs), callback)
                trained.append(job.train(watch))
                if trained[-1].interrupted:
                    interrupted = True
                    break
        except KeyboardInterrupt:
            if not trained:
                raise
            interrupted = True
    serious = [w for w in caught if not issubclass(w.category, ConvergenceWarning)]
    unique = {str(w.message): w.category for w in serious}
    for message, category in unique.items():
        warnings.warn(message, category, stacklevel=3)
    return trained, interrupted, tuple(unique)


def _checked(
    hidden_sizes: Any, head_sizes: Any, time_limit: Any, n_jobs: Any, seeds: Any
) -> tuple[Budget, list[int]]:
    if isinstance(seeds, int | str) or len(seeds) == 0:
        raise ValueError(
            f"seeds must be a sequence of at least one integer; got {seeds!r}. Pass (0,)."
        )
    if time_limit is None:
        raise ValueError("time_limit must be positive seconds; got None. Pass e.g. 10.0.")
    arguments = {
        "hidden_sizes": hidden_sizes,
        "head_sizes": head_sizes,
        "time_limit": time_limit,
        "n_jobs": n_jobs,
    }
    model = LSTMRegressor(**arguments).get_params(deep=False)
    checked = [Settings.of({**model, "random_state": seed}) for seed in seeds]
    if any(settings.seed is None for settings in checked):
        raise ValueError(f"seeds must be integers >= 0; got {seeds!r}. Pass e.g. (0, 1, 2).")
    first = checked[0]
    sizes = first.network(n_inputs=1, n_outputs=1)  # "auto" as numbers, the same for all methods
    budget = Budget(sizes.hidden_sizes, sizes.head_sizes, float(time_limit), first.n_threads)
    return budget, [int(settings.seed) for settings in checked if settings.seed is not None]


def _contestants(
    solvers: Sequence[Contestant] | None, torch: bool | str
) -> tuple[dict[str, Contestant], bool]:
    """Solvers by the name they get in the table, and whether torch takes part."""
    if not isinstance(torch, bool) and torch != "auto":
        raise ValueError(f'torch must be True, False or "auto"; got {torch!r}. Use "auto".')
    if isinstance(solvers, str | AbstractSolver):
        solvers = [solvers]
    listed = list(SOLVERS) if solvers is None else [part for part in solvers if part != TORCH]
    installed = importlib.util.find_spec(TORCH) is not None
    asked = torch is True or (solvers is not None and TORCH in solvers and torch is not False)
    if asked and not installed:
        raise ImportError(
            "the torch baseline needs torch, which is not installed. "
            "Run pip install 'fastlstm[torch]', or leave it out."
        )
    named: dict[str, Contestant] = {}
    for solver in listed:
        parts = make_solvers(solver, max_iter=1, tol=0.0)
        named[_free_name("+".join(map(name_of, parts)), named)] = solver
    return named, asked or (solvers is None and torch == "auto" and installed)


def _free_name(name: str, taken: dict[str, Contestant]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
