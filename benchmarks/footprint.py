"""What the library costs around a fit: memory, import time, time to the first help text.

    python -m benchmarks.footprint
    python -m benchmarks.footprint --quick

Every figure comes from processes of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine, report

MEMORY_OF_FIT = """
import json, resource, sys
from benchmarks.wh2009 import BENCHMARK
from fastlstm import LSTMRegressor

def peak():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)

data = BENCHMARK.load()
before = peak()
settings = {**BENCHMARK.ours, "time_limit": float(sys.argv[1])}
model = LSTMRegressor(**settings, n_jobs=1, random_state=0).fit(data.X, data.y)
after = peak()
test = data.tests[BENCHMARK.headline]
error = data.score(BENCHMARK.headline, model.simulate(test.u, y_init=test.y[: data.init_window]))
print(json.dumps({"loaded_mib": before, "peak_mib": after, "test_rmse_mv": error}))
"""


def run(command: Sequence[str]) -> str:
    """Return the standard output of a process; raise with its error text if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command[:3])} ended with status {done.returncode}: {done.stderr.strip()}. "
            "Run it by hand to see why."
        )
    return done.stdout


def wall_of(command: Sequence[str], repeats: int) -> dict[str, float]:
    """Wall seconds of a process from start to end: median, smallest and largest, files cached."""
    run(command)
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        run(command)
        found.append(time.perf_counter() - start)
    return {"median": median(found), "low": min(found), "high": max(found)}


def measure_times(repeats: int) -> dict[str, dict[str, float]]:
    """Start-up times; the bare interpreter and NumPy stand beside them."""
    script = Path(sys.executable).parent / "fastlstm"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import numpy": [sys.executable, "-c", "import numpy"],
        "import fastlstm": [sys.executable, "-c", "import fastlstm"],
        "from fastlstm import LSTMRegressor": [
            sys.executable,
            "-c",
            "from fastlstm import LSTMRegressor",
        ],
        "fastlstm --help": [str(script), "--help"],
    }
    return {name: wall_of(command, repeats) for name, command in commands.items()}


def measure_memory(time_limit: float) -> dict[str, float]:
    """Peak resident memory in MiB of a process that loads the data, and then fits."""
    import json

    return json.loads(run([sys.executable, "-c", MEMORY_OF_FIT, str(time_limit)]))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of it; saves nothing")
    parser.add_argument("--skip-fit", action="store_true", help="only the start-up times")
    parser.add_argument("--output", type=Path, default=None, help="JSON file")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"machine": machine.describe()}
    report.console.print(machine.one_line(result["machine"]))
    result["seconds"] = measure_times(3 if options.quick else 11)
    report.table(
        "Wall time of a process, median [min, max]",
        ["", "ms"],
        [
            [name, f"{1e3 * t['median']:.0f} [{1e3 * t['low']:.0f}, {1e3 * t['high']:.0f}]"]
            for name, t in result["seconds"].items()
        ],
    )
    if not options.skip_fit:
        result["fit"] = measure_memory(1.0 if options.quick else 15.0)
        report.table(
            "Peak memory of a Wiener-Hammerstein 2009 fit, one process",
            ["", "value"],
            [[name, f"{value:.3g}"] for name, value in result["fit"].items()],
        )
    output = options.output or (None if options.quick else report.RESULTS / "footprint.json")
    if output is not None:
        report.save_json(output, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
