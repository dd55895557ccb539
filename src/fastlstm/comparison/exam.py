"""The records that every method trains on, and those that judge it when training is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastlstm.checks import check_inputs, check_outputs, check_records, output_labels
from fastlstm.model_run import numbered
from fastlstm.records import Records, auto_washout, hold_out
from fastlstm.scaling import Scaling
from fastlstm.settings import check_count, check_washout
from fastlstm.slowness import longest_washout, steps_to_forget
from fastlstm.starting_point import washout_of
from fastlstm.starts.linear import identify
from fastlstm.tables import Frame

FloatArray = NDArray[np.float64]
TEST_FRACTION = 0.25


@dataclass(frozen=True)
class Exam:
    """Training and test part of the records, in the units of the data.

    Parameters
    ----------
    train, test : Records
        With outputs. A test part cut from the end of a record begins `test_washout` steps early.
    washout, test_washout : int
        First steps of every record that are not scored.
    input_names, output_names : tuple of str
    """

    train: Records
    test: Records
    washout: int
    test_washout: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

    @classmethod
    def of(cls, X: Any, y: Any, X_test: Any, y_test: Any, washout: int | str) -> Exam:
        """Check the data; without test data, a quarter of it is set aside.

        Raises
        ------
        ValueError, TypeError
            If the data cannot be used, the test data have other channels, or the records are too
            short to be split.
        """
        records, layout, _ = check_records(X, y)
        names = layout.names or numbered("u", records.u.shape[1])
        chosen = _washout(washout, records)
        if washout == "auto" and chosen > 0:
            chosen = _long_enough(records, chosen)
        if X_test is None and y_test is None:
            train, test, test_washout = hold_out(records, TEST_FRACTION, chosen)
            if test is None:
                raise ValueError(
                    f"X must be long enough to set a quarter aside as test part; got records of "
                    f"{records.lengths.tolist()} steps with washout={chosen}. Pass X_test and "
                    "y_test, or longer records."
                )
        else:
            train, test = records, _test_records(X_test, y_test, records)
            longest = auto_washout(test.lengths)
            if washout == "auto" and chosen > washout_of(records):
                longest = longest_washout(test)
            test_washout = min(chosen, longest)
        _check_varying(train)
        return cls(train, test, chosen, test_washout, names, _output_names(y, records))

    @property
    def frames(self) -> tuple[list[Frame], list[Frame]]:
        """Training inputs and outputs, one named matrix per record."""
        assert self.train.y is not None
        return (
            [Frame(part, self.input_names) for part in self.train.split(self.train.u)],
            [Frame(part, self.output_names) for part in self.train.split(self.train.y)],
        )

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Mask of the test steps that are scored, shape (n_total,)."""
        return self.test.scored(self.test_washout)

    @property
    def spread(self) -> FloatArray:
        """Standard deviation of every test output over the scored steps; NaN if constant."""
        assert self.test.y is not None
        y = self.test.y[self.scored]
        return np.where(np.ptp(y, axis=0) > 0.0, np.std(y, axis=0), np.nan)

    def rmse(self, y_sim: FloatArray) -> FloatArray:
        """RMSE per output on the scored test steps, shape (n_outputs,); inf if not finite."""
        assert self.test.y is not None
        with np.errstate(over="ignore", invalid="ignore"):
            error = (self.test.y - y_sim)[self.scored]
            rmse = np.sqrt(np.mean(error**2, axis=0))
        return np.where(np.isfinite(rmse), rmse, np.inf)

    def nrmse(self, rmse: FloatArray) -> float:
        """Mean over the varying outputs of RMSE by standard deviation; NaN if none varies."""
        relative = rmse / self.spread
        varying = ~np.isnan(relative)
        return float(np.mean(relative[varying])) if np.any(varying) else float("nan")


def _washout(washout: int | str, records: Records) -> int:
    if isinstance(washout, str):
        if washout != "auto":
            raise ValueError(
                f'washout must be "auto" or an integer >= 0; got {washout!r}. Pass washout=50.'
            )
        return washout_of(records)
    chosen = check_count(washout, "washout", minimum=0)
    check_washout(chosen, records.lengths)
    return chosen


def _long_enough(records: Records, washout: int) -> int:
    """Wait until a linear model has forgotten how records began, if it does so in good time.

    Else all methods would be judged by states that none of them can know.
    """
    train = hold_out(records, TEST_FRACTION, washout)[0]
    _check_varying(train)
    linear = identify(Scaling.of(train).scale(train), washout=washout)
    steps = steps_to_forget(linear, train)
    return steps if washout < steps < longest_washout(train) else washout


def _test_records(X_test: Any, y_test: Any, records: Records) -> Records:
    if X_test is None or y_test is None:
        missing = "X_test" if X_test is None else "y_test"
        raise ValueError(f"X_test and y_test belong together; {missing} is None. Pass both.")
    assert records.y is not None
    u_list, layout = check_inputs(X_test)
    y_list, _ = check_outputs(y_test, u_list, layout, "y_test")
    for name, found, expected in (
        ("X_test", u_list, records.u.shape[1]),
        ("y_test", y_list, records.y.shape[1]),
    ):
        if any(part.shape[1] != expected for part in found):
            raise ValueError(
                f"{name} must have the {expected} channels of the training data; got "
                f"{[part.shape[1] for part in found]}. Pass the same channels in the same order."
            )
    return Records.from_lists(u_list, y_list)


def _check_varying(train: Records) -> None:
    assert train.y is not None
    for name, values in (("X", train.u), ("y", train.y)):
        if not np.any(np.ptp(values, axis=0) > 0.0):
            raise ValueError(
                f"{name} must vary in at least one channel of the training part; all are constant. "
                "Pass records in which the plant moves."
            )


def _output_names(y: Any, records: Records) -> tuple[str, ...]:
    assert records.y is not None
    return output_labels(y).names or numbered("y", records.y.shape[1])
