"""What the channels of records are called and measured in: learned by `fit`, checked later."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastlstm.sampling import same_sampling_time, show_seconds
from fastlstm.signals import Signals

Names = tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """Names, units and sampling time that all records share; None for what is unknown.

    Parameters
    ----------
    names : tuple of str or None
    units : tuple of str or None
    sampling_time : float or None
        Seconds.
    """

    names: Names | None = None
    units: Names | None = None
    sampling_time: float | None = None

    @classmethod
    def of(cls, parts: Sequence[Any], argument: str, single: bool = False) -> Labels:
        """Labels of one or many records.

        Parameters
        ----------
        parts : sequence of Signals or arrays
        argument : str
            X or y, for messages.
        single : bool
            Whether there is one record, so that its number would only confuse.

        Raises
        ------
        ValueError
            If records disagree, or one is not sampled in equal steps.
        """
        found = [_own(part, "" if single else f" of record {r}") for r, part in enumerate(parts)]
        first = found[0] if found else cls()
        for record, other in enumerate(found[1:], start=1):
            _check_alike(first, other, record, argument)
        return first

    def joined(self, other: Labels) -> float | None:
        """Join the sampling time of inputs with that of outputs.

        Raises
        ------
        ValueError
            If they differ.
        """
        if self.sampling_time is None or other.sampling_time is None:
            return other.sampling_time if self.sampling_time is None else self.sampling_time
        if not same_sampling_time(self.sampling_time, other.sampling_time):
            raise ValueError(
                "X and y must have the same sampling time; got "
                f"{show_seconds(self.sampling_time)} and {show_seconds(other.sampling_time)}. "
                "Resample one of them."
            )
        return self.sampling_time


def _own(part: Any, where: str) -> Labels:
    if not isinstance(part, Signals):
        return Labels()
    names = None if part.columns is None else tuple(part.columns)
    units = None if part.units is None else tuple(part.units)
    return Labels(names, units, part.step(where))


def _check_alike(first: Labels, other: Labels, record: int, argument: str) -> None:
    for what, one, two in (
        ("column names", first.names, other.names),
        ("units", first.units, other.units),
    ):
        if one != two:
            raise ValueError(
                f"{argument} must have the same {what} in every record; got {one} in "
                f"record 0 and {two} in record {record}. Rename or reorder them."
            )
    one, two = first.sampling_time, other.sampling_time
    if one is not None and two is not None and not same_sampling_time(one, two):
        raise ValueError(
            f"{argument} must have the same sampling time in every record; got {show_seconds(one)} "
            f"in record 0 and {show_seconds(two)} in record {record}. Resample one of them."
        )


LEARNED = ("feature_names_in_", "output_names_", "input_units_", "output_units_")


def learn(model: Any, inputs: Labels, outputs: Labels) -> None:
    """Set what is known as attributes of an estimator, and remove what an earlier fit knew."""
    parts = (inputs.names, outputs.names, inputs.units, outputs.units)
    for attribute, known in zip(LEARNED, parts, strict=True):
        model.__dict__.pop(attribute, None)
        if known is not None:
            setattr(model, attribute, np.array(known, dtype=object))
    model.sampling_time_ = inputs.joined(outputs)


def labels_of(model: Any) -> dict[str, Any]:
    """Everything that `learn` has set."""
    return {name: getattr(model, name, None) for name in (*LEARNED, "sampling_time_")}


def keep_labels(model: Any, before: dict[str, Any]) -> None:
    """Restore what an earlier fit knew and the records since then did not tell."""
    for name, known in before.items():
        if known is not None and getattr(model, name, None) is None:
            setattr(model, name, known)


def check_input_labels(model: Any, labels: Labels) -> None:
    """Compare the labels of inputs with those seen in `fit`."""
    check_names(labels.names, getattr(model, "feature_names_in_", None))
    _check_units(labels.units, getattr(model, "input_units_", None), "X")
    check_sampling_time(model, labels.sampling_time, "X")


def check_output_labels(model: Any, labels: Labels, argument: str) -> None:
    """Compare the labels of measured outputs with those seen in `fit`; names may be missing."""
    fitted = getattr(model, "output_names_", None)
    if labels.names is not None and fitted is not None and labels.names != tuple(fitted):
        raise ValueError(
            f"{argument} must have the output names of fit; got {labels.names} where "
            f"{tuple(fitted)} were fitted. Pass the same columns in the same order."
        )
    _check_units(labels.units, getattr(model, "output_units_", None), argument)
    check_sampling_time(model, labels.sampling_time, argument)


def _check_units(units: Names | None, fitted: Sequence[str] | None, argument: str) -> None:
    if units is None or fitted is None:
        return
    for channel, (now, then) in enumerate(zip(units, fitted, strict=False)):
        if now and then and now != then:
            raise ValueError(
                f"{argument} must have the units of fit; channel {channel} is in {now!r}, and the "
                f"model was fitted in {then!r}. Convert it."
            )


def check_sampling_time(model: Any, sampling_time: float | None, argument: str) -> None:
    """Refuse records with another sampling time than that of `fit`, where both are known.

    Raises
    ------
    ValueError
        If they differ by more than 1 %.
    """
    fitted = getattr(model, "sampling_time_", None)
    if sampling_time is None or fitted is None or same_sampling_time(sampling_time, fitted):
        return
    raise ValueError(
        f"{argument} must have the sampling time of fit, {show_seconds(fitted)}; got "
        f"{show_seconds(sampling_time)}. Resample the records, or fit a model to records with "
        "their sampling time."
    )


def check_names(names: Names | None, fitted: Sequence[str] | None) -> None:
    """Compare column names with those seen in `fit`, in the words of scikit-learn.

    Raises
    ------
    ValueError
        If names are missing, unknown or in another order.

    Warns
    -----
    UserWarning
        If only one of the two has names.
    """
    if (names is None) != (fitted is None):
        has = "has feature names" if fitted is None else "does not have valid feature names"
        was = "without" if fitted is None else "with"
        warnings.warn(
            f"X {has}, but LSTMRegressor was fitted {was} feature names", UserWarning, stacklevel=5
        )
        return
    if names is None or fitted is None or names == tuple(fitted):
        return
    lines = ["The feature names should match those that were passed during fit."]
    for title, odd in (
        ("Feature names unseen at fit time:", set(names) - set(fitted)),
        ("Feature names seen at fit time, yet now missing:", set(fitted) - set(names)),
    ):
        if odd:
            lines += [title, *(f"- {name}" for name in sorted(odd)[:5])]
    if len(lines) == 1:
        lines.append("Feature names must be in the same order as they were in fit.")
    raise ValueError("\n".join(lines) + "\n")
