"""`load`: a saved model back as an estimator."""

from __future__ import annotations

import os

from fastlstm.persistence import load_into
from fastlstm.regressor import LSTMRegressor


def load(path: str | os.PathLike[str]) -> LSTMRegressor:
    """Read an estimator that `LSTMRegressor.save` wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    LSTMRegressor
        Fitted, with the constructor arguments it had; predictions have the same bits.

    Raises
    ------
    ModelFileError
        If the file is unreadable, truncated, foreign, damaged, or from a newer version.
    FileNotFoundError
        If there is no such file.
    """
    return load_into(LSTMRegressor(), path)
