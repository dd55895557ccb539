"""Pictures of a fitted model, on matplotlib; nothing touches pyplot or its global state."""

from fastlstm.plots.fit import plot_fit
from fastlstm.plots.frequency import plot_frequency
from fastlstm.plots.residuals import plot_residuals
from fastlstm.plots.training import plot_training

__all__ = ["plot_fit", "plot_frequency", "plot_residuals", "plot_training"]
