"""Fit and score models inside other people's benchmark harnesses, without depending on them.

Their objects are recognised by their attributes, so neither `nonlinear_benchmarks` nor
`identibench` is imported here.
"""

from __future__ import annotations

from fastlstm.adapters.harness import identibench_model
from fastlstm.adapters.objects import fit_benchmark, score_benchmark

__all__ = ["fit_benchmark", "identibench_model", "score_benchmark"]
