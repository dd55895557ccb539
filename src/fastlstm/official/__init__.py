"""The official protocol of the published benchmarks: one configuration, every set, every seed."""

from __future__ import annotations

from fastlstm.official.data import find_sets
from fastlstm.official.protocol import run_official, simulate_test
from fastlstm.official.result import OfficialResult, OfficialRun

__all__ = ["OfficialResult", "OfficialRun", "find_sets", "run_official", "simulate_test"]
