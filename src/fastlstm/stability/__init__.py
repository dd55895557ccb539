"""Certificates of stability for the LSTM: a report, and a constraint for training."""

from fastlstm.stability.constraint import StabilityConstraint
from fastlstm.stability.report import StabilityReport, stability_report

__all__ = ["StabilityConstraint", "StabilityReport", "stability_report"]
