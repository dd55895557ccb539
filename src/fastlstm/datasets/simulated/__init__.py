"""Plants that are simulated from their equations; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable

from fastlstm.datasets.base import Dataset
from fastlstm.datasets.simulated.bouc_wen import bouc_wen_simulated
from fastlstm.datasets.simulated.duffing import duffing
from fastlstm.datasets.simulated.narendra_parthasarathy import narendra_parthasarathy
from fastlstm.datasets.simulated.two_tanks import two_tanks
from fastlstm.datasets.simulated.wiener_hammerstein import default_plant, wiener_hammerstein

SIMULATORS: dict[str, Callable[..., Dataset]] = {
    "wiener_hammerstein": wiener_hammerstein,
    "duffing": duffing,
    "narendra_parthasarathy": narendra_parthasarathy,
    "bouc_wen_simulated": bouc_wen_simulated,
    "two_tanks": two_tanks,
}

__all__ = [
    "SIMULATORS",
    "bouc_wen_simulated",
    "default_plant",
    "duffing",
    "narendra_parthasarathy",
    "two_tanks",
    "wiener_hammerstein",
]
