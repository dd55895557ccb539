"""Errors that others published on the benchmarks of `LOADERS`, each with its source.

All are free-run errors on the official test records. Papers before 2024 often score the first
steps of short records too, and none of these timings or budgets are alike: compare with care.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published error.

    Parameters
    ----------
    name : str
        Key of `LOADERS`.
    test : str
        Test record, a key of `Dataset.tests`.
    method : str
        What the source calls its model.
    value : float
        Error in `unit`; smaller is better.
    unit : str
        Unit of the dataset's score.
    source : str
        Where it is printed.
    """

    name: str
    test: str
    method: str
    value: float
    unit: str
    source: str


BASELINES = "Champneys et al., arXiv:2405.10779, with github.com/MDCHAMP/nonlinear_baselines"
SUBNET = "Beintema et al., arXiv:2012.07697"
TSFAST = "github.com/daniel-om-weber/tsfast, benchmark notebook"
DYNONET = "Forgione, Piga, arXiv:2006.02250"
IMPROVED_START = "Schoukens, arXiv:2103.14516"
BURN_IN = "Schiller et al., ICLR 2026, arXiv:2602.10911"

_SILVERBOX = ("multisine", "arrow", "arrow_no_extrapolation")


def _rows(
    name: str, tests: tuple[str, ...], unit: str, *lines: tuple[str, tuple[float, ...], str]
) -> tuple[Published, ...]:
    return tuple(
        Published(name, test, method, value, unit, source)
        for method, values, source in lines
        for test, value in zip(tests, values, strict=True)
    )


PUBLISHED: tuple[Published, ...] = (
    *_rows(
        "wh2009", ("test",), "mV",
        ("SUBNET", (0.241,), SUBNET),
        ("dynoNet", (1.2,), DYNONET),
        ("GRU 2x40", (2.30,), TSFAST),
        ("LSTM 1x40", (3.37,), TSFAST),
        ("GRU", (3.97,), BASELINES),
        ("LSTM", (4.41,), BASELINES),
        ("linear", (43.4,), BASELINES),
    ),
    *_rows(
        "silverbox", _SILVERBOX, "mV",
        ("GP-NARX", (0.301, 0.60, 0.259), BASELINES),
        ("SUBNET", (0.36, 1.4, 0.32), SUBNET),
        ("LSTM 1x40", (0.669, 3.28, 0.585), TSFAST),
        ("LSTM", (1.11, 2.68, 0.96), BASELINES),
    ),
    *_rows(
        "cascaded_tanks", ("test",), "V",
        ("grey box (Worden et al. 2018)", (0.191,), f"quoted in {BASELINES}"),
        ("GRU", (0.401,), BASELINES),
        ("polynomial NARX", (0.413,), BASELINES),
        ("LSTM", (0.493,), BASELINES),
        ("linear", (0.588,), BASELINES),
    ),
    *_rows(
        "emps", ("test",), "mm",
        ("dynoNet (Forgione, Piga 2021)", (0.452,), f"quoted in {BASELINES}"),
        ("dynoNet", (2.64,), f"{DYNONET}, whose mm are read as m, as its fit of 96.8 % requires"),
        ("polynomial NARX", (5.17,), BASELINES),
        ("linear", (5.53,), BASELINES),
        ("LSTM", (74.1,), BASELINES),
        ("GRU", (220.0,), BASELINES),
    ),
    *_rows(
        "ced", ("1", "2"), "ticks/s",
        ("GP-NARX", (0.102, 0.090), BASELINES),
        ("CT-SUBNET", (0.115, 0.074), f"quoted in {BASELINES}"),
        ("polynomial NARX", (0.100, 0.141), BASELINES),
        ("RNN", (0.096, 0.235), BASELINES),
        ("LSTM", (0.085, 0.145), BASELINES),
    ),
    *_rows(
        "bouc_wen", ("multisine",), "m",
        ("neural state space, linear start", (7.53e-6,), IMPROVED_START),
        ("dynoNet", (4.52e-5,), f"{DYNONET}, whose mm are read as m"),
    ),
    *_rows("rlc", ("test",), "100 x MSE", ("LSTM, 8 units", (0.176,), BURN_IN)),
)  # fmt: skip


def published_for(name: str, test: str) -> list[Published]:
    """List published errors on one test record, smallest first.

    Examples
    --------
    >>> [row.method for row in published_for("wh2009", "test")][:2]
    ['SUBNET', 'dynoNet']
    """
    rows = [row for row in PUBLISHED if (row.name, row.test) == (name, test)]
    return sorted(rows, key=lambda row: row.value)
