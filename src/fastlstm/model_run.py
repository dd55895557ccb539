"""A fitted model in free run on measured records, in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.checks import check_records, output_labels
from fastlstm.containers import opened_pair
from fastlstm.records import Records, auto_washout
from fastlstm.settings import check_washout

if TYPE_CHECKING:
    from fastlstm.regressor import LSTMRegressor

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ModelRun:
    """Measured and simulated outputs of all records.

    Parameters
    ----------
    records : Records
        Inputs and measured outputs.
    y_sim : array of shape (n_total, n_outputs)
        Free run.
    washout : int
        First steps of every record that are not scored.
    input_names, output_names : tuple of str
    """

    records: Records
    y_sim: FloatArray
    washout: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

    @classmethod
    def of(
        cls, model: LSTMRegressor, X: Any, y: Any, n_init: int = 0, washout: int | None = None
    ) -> ModelRun:
        """Run a fitted model.

        Parameters
        ----------
        model : LSTMRegressor
        X : array of shape (n_timesteps, n_inputs), DataFrame, list of such, or 3-D array
        y : array or one per record
            Measured outputs of all steps of X.
        n_init : int, default=0
            First measured outputs of every record that set its initial state; 0 for none.
        washout : int, optional
            First steps that are not scored; by default `n_init`, or that of the model, at most a
            tenth of the shortest record.

        Raises
        ------
        ValueError, TypeError
            If the data cannot be used, or are not those of the model.
        """
        X, y = opened_pair(X, y)
        records, layout, _ = check_records(X, y)
        assert records.y is not None
        outputs = records.split(records.y)
        if n_init > 0:
            first = [part[:n_init] for part in outputs]
            y_sim = model.simulate(X, first[0] if layout.kind == "single" else first)
        else:
            y_sim = model.predict(X)
        parts = [y_sim] if layout.kind == "single" else y_sim
        stacked = np.concatenate([np.reshape(part, (len(part), -1)) for part in parts])
        if stacked.shape != records.y.shape:
            raise ValueError(
                f"y must have the {stacked.shape[1]} output channels of the model; got "
                f"{records.y.shape[1]}. Pass the channels used in fit, in the same order."
            )
        automatic = n_init or min(model.washout_, auto_washout(records.lengths))
        chosen = automatic if washout is None else max(washout, n_init)
        check_washout(chosen, records.lengths)
        fitted = getattr(model, "feature_names_in_", None), getattr(model, "output_names_", None)
        first = output_labels(y).names
        return cls(
            records,
            stacked,
            chosen,
            _names(layout.names, fitted[0], "u", records.u.shape[1]),
            _names(first, fitted[1], "y", records.y.shape[1]),
        )

    @property
    def residual(self) -> FloatArray:
        """Measured minus simulated, shape (n_total, n_outputs)."""
        assert self.records.y is not None
        return self.records.y - self.y_sim

    def scored(self, values: FloatArray) -> list[FloatArray]:
        """Scored steps of every record of an array with one row per step."""
        return [part[self.washout :] for part in self.records.split(values)]


def _names(given: Any, fitted: Any, stem: str, n_channels: int) -> tuple[str, ...]:
    """Names of the channels from the data, else from the fit, else numbers."""
    names = fitted if given is None else given
    return numbered(stem, n_channels) if names is None else tuple(map(str, names))


def numbered(stem: str, n_channels: int) -> tuple[str, ...]:
    """Names of channels that have none.

    Examples
    --------
    >>> numbered("u", 1), numbered("y", 2)
    (('u',), ('y_0', 'y_1'))
    """
    return (stem,) if n_channels == 1 else tuple(f"{stem}_{k}" for k in range(n_channels))
