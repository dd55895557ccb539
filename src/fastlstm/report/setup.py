"""How the comparison was made: data, budget, methods, machine, versions."""

from __future__ import annotations

from collections.abc import Sequence

from fastlstm.comparison.contestants import describe_sizes
from fastlstm.comparison.result import Comparison
from fastlstm.machine import one_line
from fastlstm.report.markup import facts, number, section
from fastlstm.text import count

BUSY = 0.8  # CPU time by wall time below which another program took part of the processor


def setup(comparison: Comparison) -> str:
    """Section with everything that is needed to repeat the comparison."""
    exam, settings = comparison.exam, comparison.settings
    pairs = [
        ("Inputs", ", ".join(exam.input_names)),
        ("Outputs", ", ".join(exam.output_names)),
        ("Training part", _steps(exam.train.lengths.tolist(), exam.washout)),
        ("Test part", _steps(exam.test.lengths.tolist(), exam.test_washout)),
        ("Structure", describe_sizes(settings["hidden_sizes"], settings["head_sizes"])),
        ("Time limit", f"{settings['time_limit']:g} s of wall time for each training"),
        ("Threads", str(settings["n_threads"])),
        ("Seeds", ", ".join(map(str, settings["seeds"]))),
        (
            "Timing",
            "everything from data preparation to the finished model; loading libraries and "
            "scoring are left out",
        ),
        ("Machine", one_line(comparison.machine)),
    ]
    pairs += [("Load", text) for text in _busy(comparison)]
    pairs += [("Note", note) for note in comparison.notes]
    if comparison.interrupted:
        missing = [name for name in settings["methods"] if name not in comparison.methods]
        absent = f" Not trained: {', '.join(missing)}." if missing else ""
        pairs.append(("Interrupted", f"Ctrl-C cut the comparison short.{absent}"))
    pairs += [
        (f"{run.method}{'' if run.seed is None else f', seed {run.seed}'}", _training(run))
        for run in comparison.runs
    ]
    return section("How it was done", facts(pairs))


def _training(run: object) -> str:
    label, status, message = (getattr(run, name) for name in ("label", "status", "message"))
    return "; ".join(part for part in (label, status, message) if part)


def _steps(lengths: Sequence[int], washout: int) -> str:
    total, records = count(sum(lengths), "step"), count(len(lengths), "record")
    skipped = f"; the first {count(washout, 'step')} of each not scored" if washout else ""
    return f"{total} in {records}{skipped}"


def _busy(comparison: Comparison) -> list[str]:
    """Say so where the methods got only a part of the processor."""
    cpu = sum(run.cpu_time for run in comparison.runs)
    wall = sum(run.wall_time for run in comparison.runs)
    if wall <= 0.0 or cpu >= BUSY * wall:
        return []
    return [
        f"the machine was busy: the methods got {number(100.0 * cpu / wall, 2)} % of their wall "
        "time as CPU time, so each could train less than the time limit promises"
    ]
