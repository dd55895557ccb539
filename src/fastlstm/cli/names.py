"""Names that options take, written down so that help and completion need no import.

The tests compare them with the tables of the library.
"""

from __future__ import annotations

SOLVER_NAMES = ("auto", "lm", "split", "ridge", "greedy", "bptt")
CONTESTANT_NAMES = ("all", *SOLVER_NAMES[1:], "torch")
FORMAT_NAMES = ("c", "c-double", "onnx", "onnx-sequence", "torch", "keras")
SET_NAMES = (
    "wh2009",
    "silverbox",
    "cascaded_tanks",
    "emps",
    "ced",
    "gas_furnace",
    "bouc_wen",
    "rlc",
    "ballbeam",
    "hairdryer",
    "flutter",
    "cdplayer",
    "pHdata",
    "steamgen",
    "winding",
    "dryer2",
    "heating",
    "thermic",
    "powplant",
    "destill",
    "lakeErie",
    "daisy",
)
