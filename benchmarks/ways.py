"""Which way "lm" takes, and what the others would have given; simulated plants only.

python -m benchmarks.ways
python -m benchmarks.ways --quick

Errors are those of the free run on inputs that were drawn like those of the training, relative to
the standard deviation of the noise-free output. Limits count CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks import machine, report
from benchmarks.choices import grouped
from benchmarks.integrating_plants import PLANTS
from benchmarks.timing import count_cpu_time
from benchmarks.ways_trials import (
    USUAL,
    BegunTrial,
    BentTrial,
    MultisineTrial,
    SampledTrial,
    SlowNoiseTrial,
    SummedTrial,
    Trial,
)
from fastlstm import posing, slowness, starting_point, time_base
from fastlstm.records import Records
from fastlstm.solvers import (
    BPTT,
    bent_start,
    early_growth,
    first_network,
    free_trial,
    in_room,
    increments,
    innovations,
    levenberg_marquardt,
    problem,
    race,
    repeats,
    stages,
    sums,
)
from fastlstm.solvers.objective import Objective
from fastlstm.starts import delays

SEEDS = 3
MANY = 40_000  # steps of training, ninety per weight of 2x5 + 8
MEDIUM = 4000  # steps, seven per weight of the network of "auto"
TWICE = 8000  # steps, which count as long
LIMIT, LARGE_LIMIT, PATIENT = 4.0, 5.0, 20.0  # CPU seconds
SIZES = ((16,), (32,), (64,))
AT_ONCE = np.inf  # of a threshold that is never reached
ADAM = BPTT(max_iter=100_000)  # its rate falls with the time


def far_from_linear() -> Iterator[Trial]:
    """Adam's start where the others are poor, and without it; BPTT beside them."""
    for plant in ("np1", "np2", "np3", "np4"):
        common = plant, 10_000, 0.001
        yield Trial(*common, "as it is", {"time_limit": LIMIT})
        never = ((race, "POOR", AT_ONCE),)
        yield Trial(*common, "no start by Adam", {"time_limit": LIMIT}, never)
        sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
        yield Trial(*common, "bptt", {"time_limit": LIMIT, "solver": ADAM, **sizes})


def bent_inputs() -> Iterator[Trial]:
    """Bend inputs in front of the poles where outputs ask for it, or never; BPTT beside."""
    never = ((bent_start, "LEFT", 0.0),)
    sizes = {"hidden_sizes": (15, 6), "head_sizes": (8,)}
    for plant in ("three sines", "dead zone", "two valves"):
        for n_train in (1000, 3000, 10_000):
            common, settings = (f"{plant}, {n_train} steps", n_train, 0.03), {"time_limit": LIMIT}
            yield BentTrial(*common, "as it is", settings)
            yield BentTrial(*common, "no bends", settings, never)
            yield BentTrial(*common, "bptt", {**settings, "solver": ADAM, **sizes})


def large() -> Iterator[Trial]:
    """Train networks with many weights for five seconds."""
    for plant in ("np2", "np3", "duffing"):
        for sizes in SIZES:
            for name, solver in (("lm", "lm"), ("bptt", ADAM)):
                settings = {"hidden_sizes": sizes, "head_sizes": (), "time_limit": LARGE_LIMIT}
                way = f"{name}, 1x{sizes[0]}"
                yield Trial(plant, 10_000, 0.001, way, {**settings, "solver": solver})


def room() -> Iterator[Trial]:
    """Take sizes that are given for few data as a limit, or as an order; "auto" beside them."""
    never = ((in_room, "MUCH", AT_ONCE),)
    given = {"1x16": ((16,), ()), "2x16": ((16, 16), ()), "20 + 20": ((20,), (20,))}
    for n_train in (1000, MEDIUM):
        for plant in ("np2", "np4", "duffing", "wiener_hammerstein"):
            common = f"{plant}, {n_train:,} steps", n_train, 0.03
            yield Trial(*common, '"auto"', {"time_limit": LIMIT})
            for name, (hidden, head) in given.items():
                sizes = {"hidden_sizes": hidden, "head_sizes": head, "time_limit": LIMIT}
                yield Trial(*common, name, sizes)
                yield Trial(*common, f"{name} itself", sizes, never)


def medium() -> Iterator[Trial]:
    """Take records of medium length both ways, as short ones only, as long ones only."""
    for noise in (0.01, 0.1):
        for plant in ("np2", "np3", "np4", "duffing", "wiener_hammerstein", "bouc_wen_simulated"):
            common = plant, MEDIUM, noise
            yield Trial(*common, "as it is", {"time_limit": LIMIT})
            short = ((problem, "VERY_SHORT", AT_ONCE),)
            yield Trial(*common, "short", {"time_limit": LIMIT}, short)
            yield Trial(
                *common,
                "long",
                {"time_limit": LIMIT},
                ((problem, "SHORT", 0), (posing, "SHORT", 0)),
            )


def free() -> Iterator[Trial]:
    """Short records with and without the trial of a free network."""
    never = ((free_trial, "begin_free", lambda _: None),)
    for n_train in (500, 1000):
        for noise in (0.001, 0.03):
            for plant in ("np2", "np4", "duffing", "wiener_hammerstein", "bouc_wen_simulated"):
                common = f"{plant}, {n_train:,} steps", n_train, noise
                yield Trial(*common, "as it is", {})
                yield Trial(*common, "no trial", {}, never)


def repeats_averaged() -> Iterator[Trial]:
    """Several fits of medium and long records averaged, and one fit alone."""
    alone = ((repeats.Repeats, "run", lambda _: iter(())),)
    for n_train, noise in ((MEDIUM, 0.03), (MEDIUM, 0.1), (TWICE, 0.03)):
        for plant in ("np3", "np4", "duffing", "wiener_hammerstein"):
            common = f"{plant}, {n_train} steps", n_train, noise
            yield Trial(*common, "as it is", {"time_limit": LIMIT})
            yield Trial(*common, "one fit", {"time_limit": LIMIT}, alone)


def slow_noise() -> Iterator[Trial]:
    """Noise that is alike from step to step: with and without the fit to what is new in errors."""
    never = ((innovations, "WORTH", AT_ONCE),)
    given = {"hidden_sizes": (5, 5), "head_sizes": (8,)}
    for plant in ("np3", "np4", "duffing", "wiener_hammerstein", "bouc_wen_simulated"):
        for n_train in (MEDIUM, USUAL):
            for sizes, settings in (("auto", {}), ("given", given)):
                common = f"{plant}, {n_train:,} steps, {sizes}", n_train, 0.1
                settings = {**settings, "time_limit": LIMIT}
                yield SlowNoiseTrial(*common, "as it is", settings)
                yield SlowNoiseTrial(*common, "errors alone", settings, never)


def first() -> Iterator[Trial]:
    """Begin with a small network, without its early growth, and with two layers at once."""
    for noise in (0.001, 0.03):
        for plant in ("np2", "np3", "np4", "duffing", "wiener_hammerstein"):
            common = plant, 10_000, noise
            yield Trial(*common, "as it is", {"time_limit": LIMIT})
            late = ((early_growth, "SHARE", 0.0),)
            yield Trial(*common, "no early growth", {"time_limit": LIMIT}, late)
            deep = ((first_network, "FEW_STATES", -1),)
            yield Trial(*common, "(6, 6) + (8,) first", {"time_limit": LIMIT}, deep)


def curvature() -> Iterator[Trial]:
    """Fit all rows with the curvature of few, the same rows for both, all rows for both."""
    same = ((stages, "FullGradient", _part_alone),)
    more = (
        *same,
        (stages, "ROWS_PER_WEIGHT", (1.25, 2.5, 5.0, 10.0, 20.0, 80.0, 320.0)),
        (stages, "MEMORY_FACTOR", (1.0, 1.0, 1.5, *[2.0] * 4)),
    )
    for noise in (0.001, 0.05):
        for plant in ("np3", "np4", "duffing", "wiener_hammerstein"):
            common = plant, MANY, noise
            settings = {"hidden_sizes": (5, 5), "head_sizes": (8,), "time_limit": LIMIT}
            yield Trial(*common, "as it is", settings)
            yield Trial(*common, "14, then 60 per weight", settings, same)
            yield Trial(*common, "20, 80, 320 per weight", settings, more)


def _part_alone(part: Objective, _whole: Objective, _washout: int) -> Objective:
    return part


def integrating() -> Iterator[Trial]:
    """Fit increments first, once, or with free gates; forget nothing; search on sums alone."""
    for plant, noise in (
        ("axis", 0.0),
        ("motor", 0.001),
        ("motor", 0.01),
        ("slide", 0.01),
        ("valve", 0.003),
        ("tank", 0.01),
        ("trolley", 0.01),
        ("ship", 0.01),
    ):
        common = plant, PLANTS[plant].n_train, noise
        yield SummedTrial(*common, "as it is", {"time_limit": LIMIT})
        once = ((increments, "ROUNDS", 1),)
        yield SummedTrial(*common, "one fit", {"time_limit": LIMIT}, once)
        never = ((sums, "RECENT", ()),)
        yield SummedTrial(*common, "nothing forgotten", {"time_limit": LIMIT}, never)
        free = ((increments, "GATE_RIDGE", 1.0),)
        yield SummedTrial(*common, "gates free", {"time_limit": LIMIT}, free)
        alone = ((levenberg_marquardt, "FOR_BOTH", AT_ONCE),)
        yield SummedTrial(*common, "sums alone", {"time_limit": LIMIT}, alone)


def beginnings() -> Iterator[Trial]:
    """Let records begin as they do, or leave out a tenth of the shortest; BPTT beside them."""
    washed = ((slowness, "OUTLAST", np.inf), (starting_point, "ALIKE", 0.0))
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for plant, n_begun in (("fed_batch", 0), ("cooling", 20)):
        for n_records in (8, 25, 150):
            common = f"{plant}, {n_records} records", n_records, 0.02
            settings = {"time_limit": LIMIT}
            yield BegunTrial(*common, "as it is", settings, n_begun=n_begun)
            yield BegunTrial(*common, "washout of a tenth", settings, washed, n_begun)
            bptt = {**settings, "solver": ADAM, **sizes}
            yield BegunTrial(*common, "bptt", bptt, n_begun=n_begun)


def foretold() -> Iterator[Trial]:
    """Claim no delays, or all that are seen, of inputs that their past foretells; BPTT beside."""
    believed = ((delays, "NEWS", 0.0),)
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for plant in ("duffing", "damper", "filters"):
        common, settings = (plant, 5000, 0.01), {"time_limit": LIMIT}
        yield MultisineTrial(*common, "as it is", settings)
        yield MultisineTrial(*common, "delays claimed", settings, believed)
        yield MultisineTrial(*common, "bptt", {**settings, "solver": ADAM, **sizes})


def oversampled() -> Iterator[Trial]:
    """Let a step of the network span several samples, with means of outputs or without, or one."""
    every = ((time_base, "FEW_STEPS", np.inf),)
    last = ((time_base, "averaged", _as_measured),)
    sizes = {"hidden_sizes": (6, 6), "head_sizes": (8,)}
    for plant in ("tanks", "oven", "motor"):
        common, settings = (f"{plant}, 250 samples", 250, 0.01), {"time_limit": LARGE_LIMIT}
        yield SampledTrial(*common, "as it is", settings)
        yield SampledTrial(*common, "no means", settings, last)
        yield SampledTrial(*common, "every sample", settings, every)
        yield SampledTrial(*common, "every sample, 20 s", {"time_limit": PATIENT}, every)
        yield SampledTrial(*common, "bptt", {**settings, "solver": ADAM, **sizes}, every)


def _as_measured(records: Records, _hold: int) -> Records:
    return records


def washed_out() -> Iterator[Trial]:
    """Leave out what the plant remembers of how records begin, or a tenth of the shortest."""
    tenth = ((slowness, "MOST_WASHED_OUT", 0.0),)
    for n_records in (4, 20, 40):
        for plant in ("tanks", "oven", "motor"):
            common = f"{plant}, {n_records} records", 10, 0.01
            made = {"time_limit": LARGE_LIMIT}, (), 600.0, n_records
            yield SampledTrial(*common, "as it is", *made)
            yield SampledTrial(*common, "a tenth", made[0], tenth, *made[2:])


PARTS = {
    "far_from_linear": far_from_linear,
    "bent_inputs": bent_inputs,
    "large": large,
    "room": room,
    "medium": medium,
    "free": free,
    "repeats": repeats_averaged,
    "slow_noise": slow_noise,
    "first": first,
    "curvature": curvature,
    "integrating": integrating,
    "beginnings": beginnings,
    "foretold": foretold,
    "oversampled": oversampled,
    "washed_out": washed_out,
}


def table(title: str, runs: Sequence[dict[str, Any]]) -> None:
    """One line per plant and noise, one column per way: medians."""
    ways = list(dict.fromkeys(run["way"] for run in runs))
    rows = []
    for (plant, noise), part in grouped(runs, "plant", "noise"):
        by_way = {way[0]: [run["nrmse"] for run in some] for way, some in grouped(part, "way")}
        cells = [report.number(median(by_way[way])) for way in ways]
        rows.append([f"{plant}, noise {noise:g}", *cells])
    report.table(title, ["plant", *ways], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ways", description=__doc__)
    parser.add_argument("--only", default="", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="one trial of each part, not saved")
    options = parser.parse_args(arguments)
    count_cpu_time()
    report.console.print(machine.one_line(machine.describe()))
    path = report.RESULTS / "ways.json"
    results = report.load_json(path) if options.only else {}
    for name in options.only.split(",") if options.only else PARTS:
        trials = PARTS[name]
        chosen = list(trials())[: 1 if options.quick else None]
        seeds = range(1 if options.quick else SEEDS)
        results[name] = [trial.run(seed) for trial in chosen for seed in seeds]
        table(name.replace("_", " "), results[name])
    if not options.quick:
        report.save_json(path, {"benchmark": "ways", "machine": machine.describe()} | results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
