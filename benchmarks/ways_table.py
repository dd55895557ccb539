"""Write the saved comparison of ways to train into the pages that explain them.

python -m benchmarks.ways_table
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks import report
from benchmarks.choices import grouped
from benchmarks.readme_table import ROOT, fill

PAGES = {
    "far_from_linear": "starts",
    "bent_inputs": "starts",
    "large": "structure",
    "room": "structure",
    "medium": "short-records",
    "free": "short-records",
    "repeats": "structure",
    "slow_noise": "slow-noise",
    "first": "structure",
    "curvature": "gauss-newton",
    "integrating": "integrators",
    "beginnings": "initial-state",
    "foretold": "starts",
    "oversampled": "time-base",
    "washed_out": "initial-state",
}
CAPTIONS = {
    "far_from_linear": 'Plants of Narendra and Parthasarathy, 10,000 steps, "auto" sizes, 4 CPU-s; '
    "bptt trains 2x6 + 8:",
    "bent_inputs": '"auto" sizes, 4 CPU-s; inputs behind sharp curves (bptt 2 layers, 15 and 6 '
    "units, + 8):",
    "large": "Sizes that were given, 10,000 steps, 5 CPU-s:",
    "room": "Sizes that were given, 4 CPU-s; as a limit, and trained as they are (itself):",
    "medium": '4,000 steps, "auto" sizes, 4 CPU-s; as short and as long records only beside it:',
    "free": '"auto" sizes, no limit; with and without the trial of a free network:',
    "repeats": '"auto" sizes, 4 CPU-s; averages of several fits, and one fit alone:',
    "slow_noise": "First-order noise with a pole at 0.9; given sizes are (5, 5) + (8,), 4 CPU-s:",
    "first": '10,000 steps, "auto" sizes, 4 CPU-s; what comes first:',
    "curvature": "2x5 + 8 units, 40,000 steps, 4 CPU-s; the rows that count in the end:",
    "integrating": '3,000 to 24,000 steps, "auto" sizes, 4 CPU-s; tests with other inputs, from 50 '
    "measured outputs:",
    "beginnings": 'Records of 80 to 200 steps, "auto" sizes, 4 CPU-s (bptt 2x6 + 8 units); fed '
    "batches simulated from inputs alone, cooling from 20 measured outputs:",
    "oversampled": 'Records of 120 units of time, steps of 0.3 to 2 units, "auto" sizes, 5 CPU-s '
    "or as said (bptt 2x6 + 8 units); second half of another record, from inputs alone:",
    "washed_out": "Records of 600 units of time together, 10 samples each, that begin anywhere; "
    '"auto" sizes, 5 CPU-s; second halves of as many others, from inputs alone:',
    "foretold": '5,000 steps behind band-limited multisines, "auto" sizes, 4 CPU-s (bptt 2x6 + 8 '
    "units):",
}
NOTE = (
    "Median NRMSE in % of three seeds on fresh noise-free data, `python -m benchmarks.ways`. These "
    "simulated plants also served to choose the settings."
)


def lines(part: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    """One line per plant and noise, one column per way."""
    ways = list(dict.fromkeys(run["way"] for run in runs))
    found = [CAPTIONS[part], "", "| plant | noise | " + " | ".join(ways) + " |"]
    found.append("|---|--:|" + "--:|" * len(ways))
    for (plant, noise), some in grouped(runs, "plant", "noise"):
        errors = {way[0]: [run["nrmse"] for run in those] for way, those in grouped(some, "way")}
        cells = [report.number(100.0 * median(errors[way])) for way in ways]
        found.append(f"| {plant} | {100 * noise:g} % | " + " | ".join(cells) + " |")
    return ["", *found, "", NOTE, ""]


def main() -> None:
    """Fill the pages."""
    saved = report.load_json(report.RESULTS / "ways.json")
    for part, page in PAGES.items():
        fill(ROOT / "docs" / "theory" / f"{page}.md", f"ways_{part}", lines(part, saved[part]))


if __name__ == "__main__":
    main()
