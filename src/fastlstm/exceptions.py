"""Warnings and errors a user may want to catch."""


class FastLSTMError(Exception):
    """Base class of the errors that only this library raises."""


class ModelFileError(FastLSTMError, ValueError):
    """A model file is unreadable, truncated, foreign, or from a newer version."""


class DataFileError(FastLSTMError, ValueError):
    """A data file cannot be read as records, or lacks the columns asked for."""


class FastLSTMWarning(UserWarning):
    """Base class of the warnings of this library."""


class ConvergenceWarning(FastLSTMWarning):
    """A solver stopped before its tolerance was met, or fell back to a simpler model."""


class DataWarning(FastLSTMWarning):
    """The records can be used, but something in them makes the model doubtful."""


class ExportWarning(FastLSTMWarning):
    """The exported model will deviate from the model more than rounding explains."""
