"""Wiener-Hammerstein 2009: ours, torch nn.LSTM + Adam, a linear model and polynomial NARX.

python -m benchmarks.wh2009
python -m benchmarks.wh2009 --quick
python -m benchmarks.wh2009 --only ours --seeds 3
"""

from __future__ import annotations

import sys

from benchmarks.narx import Structure, grid
from benchmarks.suite import Benchmark, main
from benchmarks.torch_settings import Settings
from fastlstm.datasets import load_wh2009

BENCHMARK = Benchmark(
    name="wh2009",
    title="Wiener-Hammerstein 2009, official split, free run, first 50 test samples not scored",
    load=load_wh2009,
    n_validation=20_000,
    headline="test",
    targets=(3.3, 1.0, 0.45),
    times=(0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 15.0),
    ours={"hidden_sizes": (5, 5), "head_sizes": (8,), "time_limit": 15.0},
    narx_reference=Structure(10, 3, (2, 3)),
    narx_grid=grid([(10, 3), (20, 4), (15, 6), (20, 7)], [(2, 3)]),
    torch=(
        Settings(hidden=40, lr=3e-3),
        Settings(hidden=40, lr=1e-2),
        Settings(hidden=40, lr=3e-3, loss="l1", schedule="flat-cosine"),
        Settings(hidden=40, lr=1e-2, window=400, batch=32),
        Settings(hidden=40, lr=1e-2, batch=16, steps=10_000),
        Settings(hidden=32, lr=1e-2, steps=5000),
        Settings(hidden=16, lr=1e-2, steps=9000),
        Settings(hidden=20, layers=2, lr=1e-2),
    ),
)

if __name__ == "__main__":
    sys.exit(main(BENCHMARK))
