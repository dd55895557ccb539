"""A page as its reader meets it: blocks to run, and what the page says that they print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Step:
    """One block of a page.

    Parameters
    ----------
    language : str
        "python", "console" for the shell, "sh" for the installation, "c".
    text : str
    shown : str
        What the page shows as its output; empty if nothing.
    """

    language: str
    text: str
    shown: str


class Page:
    """Blocks and statements of a page of the repository.

    Parameters
    ----------
    name : str
        Path from the root of the repository.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = (ROOT / name).read_text(encoding="utf-8")
        blocks = FENCE.findall(self.text)
        self.steps = [
            Step(language, text, after if then == "output" else "")
            for (language, text), (then, after) in pairwise([*blocks, ("", "")])
            if language != "output"
        ]

    def steps_in(self, *languages: str) -> list[Step]:
        """Blocks of some languages, in order."""
        return [step for step in self.steps if step.language in languages]

    def step_with(self, words: str) -> Step:
        """Find the only block that has these words."""
        (found,) = (step for step in self.steps if words in step.text)
        return found

    def says(self, pattern: str) -> float:
        """Give the number that the page states in one place; spaces stand for line ends, too."""
        (found,) = re.findall(pattern.replace(" ", r"\s+"), self.text)
        return float(found)

    def tolerance(self) -> float:
        """Part by which numbers may be off, in the words of the page; 0 where it is silent."""
        words = "shown agree with yours to"
        return self.says(words + r" (\S+) %") / 100.0 if words in self.text else 0.0


def same_output(printed: str, shown: str, tolerance: float) -> bool:
    """Whether lines shown were printed, in this order: same words, numbers within a tolerance.

    Spaces do not count, and further lines may have been printed between them.
    """
    lines = iter(printed.splitlines())
    return all(
        any(_same_line(line, wanted, tolerance) for line in lines) for wanted in shown.splitlines()
    )


def _same_line(printed: str, shown: str, tolerance: float) -> bool:
    words = ["".join(NUMBER.sub("#", line).split()) for line in (printed, shown)]
    if words[0] != words[1]:
        return False
    pairs = zip(numbers_in(printed), numbers_in(shown), strict=True)
    return all(abs(one - two) <= tolerance * abs(two) for one, two in pairs)


def numbers_in(text: str) -> list[float]:
    """Numbers of a text, in order."""
    return [float(number) for number in NUMBER.findall(text)]
