"""What the sections about outputs look at: measured records, and one or several simulations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastlstm.records import Records
from fastlstm.report.markup import style_of

if TYPE_CHECKING:
    from fastlstm.comparison.result import Comparison
    from fastlstm.model_run import ModelRun

FloatArray = NDArray[np.float64]
MODEL = "simulated"  # name of the only method where there is one model


@dataclass(frozen=True)
class View:
    """Records and their simulations.

    Parameters
    ----------
    records : Records
        With measured outputs, in the units of the data.
    washout : int
        First steps of every record that are not scored.
    input_names, output_names : tuple of str
    y_sim : dict of str to array of shape (n_total, n_outputs)
        By method, in the order of their colours.
    shown : list of str
        Methods that are looked at closely, the best first.
    part : str
        What the records are, for titles.
    """

    records: Records
    washout: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    y_sim: dict[str, FloatArray]
    shown: list[str]
    part: str

    @classmethod
    def of_comparison(cls, comparison: Comparison) -> View:
        """Test part and all methods; the best and the baseline are looked at closely."""
        exam = comparison.exam
        return cls(
            exam.test,
            exam.test_washout,
            exam.input_names,
            exam.output_names,
            {name: comparison.typical(name).y_sim for name in comparison.methods},
            list(dict.fromkeys([comparison.best, comparison.baseline])),
            "test part",
        )

    @classmethod
    def of_model(cls, run: ModelRun) -> View:
        """One model in free run."""
        part = "record" if run.records.n_records == 1 else "records"
        y_sim = {MODEL: run.y_sim}
        names = run.input_names, run.output_names
        return cls(run.records, run.washout, *names, y_sim, [MODEL], part)

    @property
    def methods(self) -> list[str]:
        """All methods."""
        return list(self.y_sim)

    @property
    def best(self) -> str:
        """Method that chooses what is shown in detail."""
        return self.shown[0]

    @property
    def y(self) -> FloatArray:
        """Measured outputs, shape (n_total, n_outputs)."""
        assert self.records.y is not None
        return self.records.y

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Mask of the steps that are scored, shape (n_total,)."""
        return self.records.scored(self.washout)

    def style(self, method: str) -> str:
        """CSS class of a method, which its checkbox hides where the page has one."""
        return f"{style_of(self.methods.index(method))} optional"

    def whose(self, method: str, output: str) -> str:
        """Name of an output of a method; just that of the output where there is one method."""
        return output if len(self.y_sim) == 1 else f"{method}, {output}"
