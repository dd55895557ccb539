"""What parts of "lm" bring, each against the same fits without it; no test record is opened.

python -m benchmarks.choices
python -m benchmarks.choices --quick
python -m benchmarks.choices --only rounds

Bent steps and the ridge: Wiener-Hammerstein, first 70 % of the training record, error on the rest
of it. Initial state, wild states and the ridge: RLC with 8 units, error on the validation record.
Rounds of the search on short records, and weights of their average: first 70 % of their training
records, error on the rest relative to the linear model; the weights on simulated plants,
too. Limits count CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.changes import constant, fit
from benchmarks.closed_form import run_linear
from benchmarks.sets import CASES, inner, score
from benchmarks.timing import count_cpu_time
from benchmarks.ways_trials import signals
from fastlstm.datasets import LOADERS
from fastlstm.initial_state import InitialState
from fastlstm.solvers import committee, joined, locking, objective

BENT_SEEDS, RLC_SEEDS = 5, 12
BENT_LIMIT, RLC_LIMIT = 10.0, 4.0  # CPU seconds
MARKS = (1.0, 2.0, 4.0, 8.0)  # CPU seconds at which validation errors are noted
FIXED_ALPHA = 1e-4  # the ridge that "auto" is compared with
SHORT_SEEDS, DRAWS = 3, 6
SHORT = (
    *("cascaded_tanks", "ced", "gas_furnace", "ballbeam", "hairdryer", "flutter"),
    *("pHdata", "winding", "dryer2", "heating", "thermic", "powplant", "destill", "lakeErie"),
)
SIMULATED = ("np2", "np3", "duffing", "wiener_hammerstein", "bouc_wen_simulated", "two_tanks")
STRETCH, TESTED, SKIPPED = 400, 4000, 200  # steps of a record, of the test, and those not scored
NOISE, ITERATIONS = 0.02, 600  # of the output's standard deviation; of each fit
PARTS = ("bent_steps", "beginnings", "rounds", "agreement")
EQUAL = 10**6  # networks, more than any average has, from which they are weighed
AFTER = 200  # steps of the validation record after which nothing is left of its beginning


def bent_steps(n_seeds: int, limit: float) -> list[dict[str, Any]]:
    """Wiener-Hammerstein with bent and with straight steps, and with a fixed ridge."""
    dataset, runs = inner(CASES["wh2009"].load()), []
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for bent, alpha in ((True, "auto"), (False, "auto"), (True, FIXED_ALPHA)):
        kept = objective._KEPT_BLOCKS if bent else 0
        for seed in range(n_seeds):
            with constant(objective, "_KEPT_BLOCKS", kept):
                model = fit(dataset, seed, time_limit=limit, alpha=alpha, **sizes)
            curve = [
                min(row.rmse_validation for row in model.history_ if row.cpu_time <= mark)
                for mark in MARKS
            ]
            error = next(iter(score(dataset, model).values()))
            found = {"bent": bent, "alpha": alpha, "seed": seed}
            runs.append({**found, "rmse_mv": error, "validation": curve})
            report.console.print(f"  bent {bent}, alpha {alpha}, seed {seed}: {error:.4g} mV")
    return runs


def beginnings(n_seeds: int, limit: float) -> list[dict[str, Any]]:
    """RLC without the risk of wild states, or with a fixed ridge; in the guess and at rest."""
    dataset, runs = LOADERS["rlc"](), []
    record = dataset.validation[0]
    spread = np.std(dataset.train[0].y, axis=0)
    for risk, alpha in ((locking.RISK, "auto"), (1.0, "auto"), (locking.RISK, FIXED_ALPHA)):
        for seed in range(n_seeds):
            with constant(locking, "RISK", risk):
                sizes = {"hidden_sizes": (8,), "head_sizes": (), "alpha": alpha}
                model = fit(dataset, seed, time_limit=limit, **sizes)
            guess = ((model.predict(record.u) - record.y) / spread) ** 2
            scaled = model.scaling_.scale_inputs(record.u)
            share = locking.locked_share(model.network_, model.params_, scaled)
            model.initial_state_ = InitialState.rest(model.network_)
            rest = ((model.predict(record.u) - record.y) / spread) ** 2
            found = {
                "begun": 100.0 * float(np.mean(guess)),
                "rest": 100.0 * float(np.mean(rest)),
                "after": 100.0 * float(np.mean(guess[AFTER:])),
                "locked_share": share,
                "held_out": 100.0 * model.rmse_validation_**2,
            }
            runs.append({"risk": risk, "alpha": alpha, "seed": seed, **found})
            shown = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
            report.console.print(f"  risk {risk}, alpha {alpha}, seed {seed}: {shown}")
    return runs


def rounds(names: Sequence[str], n_seeds: int) -> list[dict[str, Any]]:
    """Short records with up to four rounds of the search, with equal weights, with one round."""
    runs, by_agreement = [], joined.FEW
    ways = (committee.ROUNDS, by_agreement), (committee.ROUNDS, EQUAL), (1, by_agreement)
    for name in names:
        dataset, limit = inner(CASES[name].load()), CASES[name].time_limit
        linear = geometric_mean(run_linear(dataset).points[-1].test.values())
        for most, few in ways:
            weights = "equal" if few == EQUAL else "by agreement"
            for seed in range(n_seeds):
                with constant(committee, "ROUNDS", most), constant(joined, "FEW", few):
                    model = fit(dataset, seed, time_limit=limit)
                ratio = geometric_mean(score(dataset, model).values()) / linear
                way = {"rounds": most, "weights": weights}
                runs.append({"set": name, **way, "seed": seed, "ratio": ratio})
                report.console.print(f"  {name}, rounds {most}, {weights}, {seed}: {ratio:.3g}")
    return runs


def agreement(names: Sequence[str], n_seeds: int) -> list[dict[str, Any]]:
    """Weights by agreement, as a part of the error of the same fits with equal weights."""
    runs = []
    for name in names:
        u, y = signals(name, STRETCH * n_seeds + TESTED)
        u_test, y_test, spread = u[-TESTED:], y[-TESTED:], y.std()
        for seed in range(n_seeds):
            rows = slice(STRETCH * seed, STRETCH * (seed + 1))
            noise = NOISE * spread * np.random.default_rng(seed).normal(size=y[rows].shape)
            data, errors = SimpleNamespace(X=u[rows], y=y[rows] + noise), []
            for few in (joined.FEW, EQUAL):
                with constant(joined, "FEW", few):
                    model = fit(data, seed, time_limit=None, max_iter=ITERATIONS)
                error = (model.simulate(u_test) - y_test)[SKIPPED:]
                errors.append(float(np.sqrt(np.mean(error**2)) / spread))
            runs.append({"plant": name, "seed": seed, "nrmse": errors})
            report.console.print(f"  {name}, {seed}: {errors[0]:.3g}, equal {errors[1]:.3g}")
    return runs


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers."""
    return float(np.exp(np.mean(np.log(list(values)))))


def tables(results: dict[str, Any]) -> None:
    """Medians and ranges."""
    rows = []
    for (bent, alpha), runs in grouped(results["bent_steps"], "bent", "alpha"):
        errors, curves = [run["rmse_mv"] for run in runs], [run["validation"] for run in runs]
        marks = [report.number(1e3 * median(column)) for column in zip(*curves, strict=True)]
        steps = f"{'bent' if bent else 'straight'}, {alpha}"
        rows.append([steps, report.number(median(errors)), _range(errors), *marks])
    titles = ["steps, ridge", "mV", "range", *(f"1000 x val., {mark:.0f} s" for mark in MARKS)]
    report.table("Wiener-Hammerstein", titles, rows)
    rows = []
    for (risk, alpha), runs in grouped(results["beginnings"], "risk", "alpha"):
        for name in ("rest", "begun", "after"):
            errors = [run[name] for run in runs]
            row = [f"{risk}, {alpha}", name, report.number(median(errors)), _range(errors)]
            rows.append(row)
    titles = ["risk, ridge", "begun", "median", "range"]
    report.table("RLC, 100 x MSE on validation", titles, rows)
    rows = []
    for (most, weights), runs in grouped(results["rounds"], "rounds", "weights"):
        medians = [median(run["ratio"] for run in part) for _, part in grouped(runs, "set")]
        worst = [max(run["ratio"] for run in part) for _, part in grouped(runs, "set")]
        means = [report.number(geometric_mean(ratios)) for ratios in (medians, worst)]
        rows.append([f"{most}, weights {weights}", *means])
    titles = ["rounds", "median seed", "worst seed"]
    report.table("Short records, relative to linear, geometric means", titles, rows)
    rows = []
    for (name,), runs in grouped(results["agreement"], "plant"):
        ratios = [run["nrmse"][0] / run["nrmse"][1] for run in runs]
        errors = [100.0 * median(run["nrmse"][way] for run in runs) for way in (0, 1)]
        shown = [report.number(number) for number in (*errors, geometric_mean(ratios))]
        rows.append([name, *shown, _range(ratios)])
    titles = ["plant", "by agreement, %", "equal, %", "ratio", "range"]
    report.table(f"Simulated plants, {STRETCH} steps", titles, rows)
    every = [run["nrmse"][0] / run["nrmse"][1] for run in results["agreement"]]
    report.console.print(f"Geometric mean of all ratios: {geometric_mean(every):.3g}")


def grouped(
    runs: Sequence[dict[str, Any]], *names: str
) -> Iterator[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    """Yield runs that share the values of some entries, in the order of the first of each."""
    keys = dict.fromkeys(tuple(run[name] for name in names) for run in runs)
    for key in keys:
        yield key, [run for run in runs if tuple(run[name] for name in names) == key]


def _range(errors: Sequence[float]) -> str:
    return f"{report.number(min(errors))} to {report.number(max(errors))}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choices", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one second, not saved")
    parser.add_argument("--only", choices=PARTS, help="one part; the file keeps the others")
    options = parser.parse_args(arguments)
    count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    few, path = options.quick, report.RESULTS / "choices.json"
    measure = {
        "bent_steps": lambda: bent_steps(1 if few else BENT_SEEDS, 1.0 if few else BENT_LIMIT),
        "beginnings": lambda: beginnings(1 if few else RLC_SEEDS, 1.0 if few else RLC_LIMIT),
        "rounds": lambda: rounds(SHORT[:1] if few else SHORT, 1 if few else SHORT_SEEDS),
        "agreement": lambda: agreement(SIMULATED[:1] if few else SIMULATED, 1 if few else DRAWS),
    }
    wanted, kept = [options.only] if options.only else PARTS, report.load_json(path)
    results = {part: measure[part]() if part in wanted else kept[part] for part in PARTS}
    tables(results)
    if not few:
        report.save_json(path, {"benchmark": "choices", "machine": machine.describe(), **results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
