"""The package surface."""

import subprocess
import sys

import pytest

import fastlstm


def test_import_fastlstm_does_not_import_scikit_learn_or_scipy():
    """They take longer than a user waits for `--help`; they come with the first use."""
    code = (
        "import sys, fastlstm; "
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'safetensors')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_public_names_exist_and_are_listed():
    """Lazy names must be found by completion as well."""
    for name in fastlstm.__all__:
        assert getattr(fastlstm, name) is not None
        assert name in dir(fastlstm)


def test_unknown_name_raises_attribute_error():
    """`hasattr` and `from fastlstm import` rely on it."""
    with pytest.raises(AttributeError, match="no attribute 'LSTMRegresor'"):
        _ = fastlstm.LSTMRegresor
