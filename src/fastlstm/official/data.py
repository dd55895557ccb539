"""Which of the published sets are at hand, and how to get the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from fastlstm.datasets import GROUPS, LOADERS, Dataset


def find_sets(
    names: Sequence[str] | None = None, folder: str | os.PathLike[str] | None = None
) -> tuple[list[Dataset], dict[str, str]]:
    """Load the sets whose files are there.

    Parameters
    ----------
    names : sequence of str, optional
        Keys of `fastlstm.datasets.LOADERS`, or of `GROUPS` for several at once; None for all that
        are in no group.
    folder : path, optional
        Folder with the files, or with one subfolder per set; None for the environment variable
        FASTLSTM_DATA.

    Returns
    -------
    found : list of Dataset
        In the order of `names`.
    missing : dict of str to str
        For each set without files: where they are published, and whom to cite.

    Raises
    ------
    ValueError
        If a name is unknown.
    DataFileError
        If a file is there and is not the published one.
    """
    wanted = _ungrouped() if names is None else _expanded(names)
    unknown = [name for name in wanted if name not in LOADERS]
    if unknown:
        raise ValueError(
            f"NAME must be one of {', '.join([*LOADERS, *GROUPS])}; got {', '.join(unknown)}. "
            "Pass one of these names, or none for all sets that are in no group."
        )
    found, missing = [], {}
    for name in wanted:
        try:
            found.append(LOADERS[name](folder))
        except FileNotFoundError as error:
            missing[name] = f"{name}: {error}{_citation(LOADERS[name])}"
    return found, missing


def _ungrouped() -> list[str]:
    grouped = {name for members in GROUPS.values() for name in members}
    return [name for name in LOADERS if name not in grouped]


def _expanded(names: Sequence[str]) -> list[str]:
    """Put the members for the name of a group; every set once."""
    members = (GROUPS.get(name, (name,)) for name in names)
    return list(dict.fromkeys(name for group in members for name in group))


def _citation(loader: Callable[..., Dataset]) -> str:
    citation = getattr(sys.modules[loader.__module__], "CITATION", None)
    return "" if citation is None else f" Cite: {citation}."
