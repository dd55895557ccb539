"""Benchmarks of nonlinear system identification: loaders for files, and simulated plants.

No data file comes with the library and nothing is downloaded. A loader reads the published files
from `folder`, or from the folder named by the environment variable FASTLSTM_DATA.
"""

from __future__ import annotations

from collections.abc import Callable

from fastlstm.datasets.base import Dataset, Record
from fastlstm.datasets.bouc_wen import load_bouc_wen
from fastlstm.datasets.cascaded_tanks import load_cascaded_tanks
from fastlstm.datasets.ced import load_ced
from fastlstm.datasets.daisy import DAISY_LOADERS, DAISY_SETS, load_daisy
from fastlstm.datasets.emps import load_emps
from fastlstm.datasets.gas_furnace import load_gas_furnace
from fastlstm.datasets.rlc import load_rlc
from fastlstm.datasets.silverbox import load_silverbox
from fastlstm.datasets.simulated import (
    SIMULATORS,
    bouc_wen_simulated,
    default_plant,
    duffing,
    narendra_parthasarathy,
    two_tanks,
    wiener_hammerstein,
)
from fastlstm.datasets.wh2009 import load_wh2009

LOADERS: dict[str, Callable[..., Dataset]] = {
    "wh2009": load_wh2009,
    "silverbox": load_silverbox,
    "cascaded_tanks": load_cascaded_tanks,
    "emps": load_emps,
    "ced": load_ced,
    "gas_furnace": load_gas_furnace,
    "bouc_wen": load_bouc_wen,
    "rlc": load_rlc,
    **DAISY_LOADERS,
}
# Names for several sets at once; these sets are loaded only where one or the other is asked for.
GROUPS: dict[str, tuple[str, ...]] = {"daisy": DAISY_SETS}

__all__ = [
    "DAISY_SETS",
    "GROUPS",
    "LOADERS",
    "SIMULATORS",
    "Dataset",
    "Record",
    "bouc_wen_simulated",
    "default_plant",
    "duffing",
    "load_bouc_wen",
    "load_cascaded_tanks",
    "load_ced",
    "load_daisy",
    "load_emps",
    "load_gas_furnace",
    "load_rlc",
    "load_silverbox",
    "load_wh2009",
    "narendra_parthasarathy",
    "two_tanks",
    "wiener_hammerstein",
]
