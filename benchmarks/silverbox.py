"""Silverbox: ours, torch nn.LSTM + Adam, a linear model and polynomial NARX.

python -m benchmarks.silverbox
python -m benchmarks.silverbox --quick
python -m benchmarks.silverbox --skip-torch
"""

from __future__ import annotations

import sys

from benchmarks.narx import Structure, grid
from benchmarks.suite import Benchmark, main
from benchmarks.torch_settings import Settings
from fastlstm.datasets import load_silverbox

BENCHMARK = Benchmark(
    name="silverbox",
    title="Silverbox, official split, free run, first 50 test samples not scored",
    load=load_silverbox,
    n_validation=15_062,
    headline="multisine",
    targets=(1.11, 0.67, 0.32),
    times=(0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 6.0, 8.0, 15.0),
    ours={"hidden_sizes": (5, 5), "head_sizes": (8,), "time_limit": 15.0},
    narx_reference=Structure(3, 3, (3,)),
    narx_grid=grid([(2, 2), (3, 3), (4, 4), (5, 3), (10, 3)]),
    torch=(
        Settings(hidden=40, lr=3e-3),
        Settings(hidden=40, lr=1e-2),
        Settings(hidden=40, lr=1e-2, window=400, batch=32),
        Settings(hidden=16, lr=1e-2, steps=9000),
        Settings(hidden=20, layers=2, lr=1e-2),
    ),
)

if __name__ == "__main__":
    sys.exit(main(BENCHMARK))
