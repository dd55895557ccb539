"""Three people try the library for the first time: what they read, they do, and it works.

Each gets a new virtual environment with the wheel and what the pages tell them to install, and an
empty folder. Blocks are taken from the pages when the tests run, and so are the numbers.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import control_engineer
import embedded_engineer
import pytest
import scikit_learn_user
from newcomer import Newcomer
from page_steps import ROOT, numbers_in, same_output

USERS = [control_engineer, scikit_learn_user, embedded_engineer]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Find the wheel that this environment was made with (see the Makefile), or build one."""
    made = sorted(Path(sys.prefix).glob("wheels/fastlstm-*.whl"))
    if not made:
        folder = tmp_path_factory.mktemp("wheels")
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
        subprocess.run(command, check=True)
        made = sorted(folder.glob("fastlstm-*.whl"))
    return made[-1]


@pytest.mark.users
@pytest.mark.parametrize("user", USERS, ids=lambda user: user.__name__)
def test_ten_minutes_end_with_the_numbers_of_the_pages(user, wheel, tmp_path):
    """A page that cannot be followed word by word loses its reader in the first ten minutes."""
    if user is embedded_engineer and shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    user.ten_minutes(Newcomer(wheel, tmp_path))


def test_output_shown_is_compared_by_words_and_numbers():
    """The judge of the three must see a wrong word, a wrong number, a missing and a late line."""
    shown = "RMSE  0.050\nPicture: a.png\n"
    assert same_output("first\nRMSE 0.052\nnext\nPicture: a.png", shown, 0.1)
    assert not same_output("RMSE 0.056\nPicture: a.png", shown, 0.1)
    assert not same_output("MSE 0.050\nPicture: a.png", shown, 0.1)
    assert not same_output("RMSE 0.050", shown, 0.1)
    assert not same_output("Picture: a.png\nRMSE 0.050", shown, 0.1)
    assert numbers_in("fit [-1.5e-03] of a1 %") == [-1.5e-3, 1.0]
