"""What a model was trained on, with what, and how well: kept in the model and in its file."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np

from fastlstm.records import Records

PACKAGES = ("fastlstm", "numpy", "scipy", "scikit-learn")
RECORD_IN_FILE = ("data", "seed", "settings", "versions", "metrics")  # the date lies beside it
KEYS = (*RECORD_IN_FILE, "date")
DATA_KEYS = ("sha256", "n_records", "n_steps")
METRICS = ("rmse", "fit_percent")
MAX_TEXT = 200  # characters of a version


@dataclass(frozen=True)
class DataFacts:
    """Which data a model was trained on.

    Parameters
    ----------
    sha256 : str
        Of the float64 samples of all records; their order does not matter.
    n_records, n_steps : int
    """

    sha256: str
    n_records: int
    n_steps: int

    @classmethod
    def of(cls, records: Records) -> DataFacts:
        """Hash records as they were measured, in the units of the data."""
        digests = []
        for rows in records.slices():
            digest = sha256()
            for part in (records.u[rows], None if records.y is None else records.y[rows]):
                if part is not None:
                    digest.update(f"{part.shape[0]} x {part.shape[1]};".encode())
                    digest.update(np.ascontiguousarray(part, dtype="<f8").tobytes())
            digests.append(digest.digest())
        return cls(
            sha256(b"".join(sorted(digests))).hexdigest(), records.n_records, records.n_total
        )


def data_hash(X: Any, y: Any = None) -> str:
    """SHA-256 of records, to compare with ``model.training_record_["data"]["sha256"]``.

    Parameters
    ----------
    X, y
        As `LSTMRegressor.fit` takes them. The order of the records and the container do not
        matter; every bit of every sample does.

    Examples
    --------
    >>> u, y = np.arange(4.0)[:, None], np.arange(4.0)
    >>> data_hash(u, y) == data_hash(u.astype(int), y[:, None]) != data_hash(u, y + 1e-9)
    True
    """
    from fastlstm.checks import check_records
    from fastlstm.containers import opened_pair

    return DataFacts.of(check_records(*opened_pair(X, y), nan=True)[0]).sha256


def training_record(
    data: DataFacts, seed: int | None, settings: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything as JSON values.

    Parameters
    ----------
    data : DataFacts
    seed : int or None
        The one used, also where `random_state` is a generator.
    settings : mapping
        Constructor arguments as JSON values.
    metrics : mapping of str to (mapping or None)
        `metrics_of` the fit.

    Returns
    -------
    record : dict
        With the keys "data", "seed", "settings", "versions", "metrics" and "date" (UTC). All but
        the date are the same for the same fit.
    """
    return {
        "data": {name: getattr(data, name) for name in DATA_KEYS},
        "seed": seed,
        "settings": dict(settings),
        "versions": {**_versions(), "python": platform.python_version()},
        "metrics": dict(metrics),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def is_training_record(value: Any, n_outputs: int) -> bool:
    """Whether a value from a file has the form of `training_record`."""
    if not _has_keys(value, KEYS) or not _has_keys(value["data"], DATA_KEYS):
        return False
    data, metrics = value["data"], value["metrics"]
    digest = data["sha256"]
    return (
        isinstance(digest, str)
        and re.fullmatch("[0-9a-f]{64}", digest) is not None
        and _is_count(data["n_records"])
        and _is_count(data["n_steps"])
        and (value["seed"] is None or _is_count(value["seed"]))
        and isinstance(value["settings"], dict)
        and _is_versions(value["versions"])
        and _has_keys(metrics, ("training", "validation"))
        and all(part is None or _is_scores(part, n_outputs) for part in metrics.values())
        and _is_date(value["date"])
    )


def _has_keys(value: Any, keys: Sequence[str]) -> bool:
    return isinstance(value, dict) and set(value) == set(keys)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_versions(value: Any) -> bool:
    return _has_keys(value, (*PACKAGES, "python")) and all(
        isinstance(text, str) and len(text) <= MAX_TEXT for text in value.values()
    )


def _is_scores(value: Any, n_outputs: int) -> bool:
    return _has_keys(value, METRICS) and all(
        isinstance(numbers, list)
        and len(numbers) == n_outputs
        and all(x is None or (type(x) is float and np.isfinite(x)) for x in numbers)
        for numbers in value.values()
    )


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
