"""Someone who has a wheel and the pages, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from page_steps import Page, Step, same_output

END = "-- end of block --"
HIDDEN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONWARNINGS", "FASTLSTM_DATA")
SHELL = "__import__('subprocess').run(['bash', '-e', '-o', 'pipefail', '-c', {!r}], check=True)"


class Newcomer:
    """An empty folder and a new virtual environment.

    Parameters
    ----------
    wheel : Path
        The wheel to install.
    home : Path
        An empty folder.
    """

    def __init__(self, wheel: Path, home: Path) -> None:
        self.wheel, self.venv, self.folder = wheel.resolve(), home / "venv", home / "work"
        self.folder.mkdir()
        kept = {name: text for name, text in os.environ.items() if name not in HIDDEN}
        self.environment = {**kept, "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}"}

    def install(self, command: str) -> None:
        """Make the virtual environment and install as a page says, the wheel for the checkout."""
        subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        for source in ("'.[", "'fastlstm["):
            command = command.replace(source, f"'{self.wheel}[")
        command = command.replace("install .", f"install '{self.wheel}'")
        assert str(self.wheel) in command, f"{command} does not install the library"
        self.shell(command.replace("pip install", "pip install -q --disable-pip-version-check"))

    def shell(self, command: str, exit_code: int = 0) -> tuple[str, str]:
        """Run lines of a shell; the first that fails ends them."""
        return self._run(["bash", "-e", "-o", "pipefail", "-c", command], exit_code)

    def python(self, code: str) -> str:
        """Run a program; warnings are not what a newcomer wants to see."""
        printed, messages = self._run(["python", "-u", "-c", code])
        assert "Warning" not in messages, messages
        return printed

    def follow(self, steps: list[Step]) -> list[str]:
        """Run blocks in one session from top to bottom, and return what each printed."""
        program = [
            f"{step.text if step.language == 'python' else SHELL.format(step.text)}\nprint({END!r})"
            for step in steps
        ]
        return self.python("\n".join(program)).split(END + "\n")[:-1]

    def follow_page(self, page: Page, steps: list[Step]) -> list[str]:
        """Follow blocks of a page, and compare what they print with what the page shows."""
        printed = self.follow(steps)
        for step, output in zip(steps, printed, strict=True):
            if step.shown:
                found = f"{page.name}: {step.text}\nprinted\n{output}\ninstead of\n{step.shown}"
                assert same_output(output, step.shown, page.tolerance()), found
        return printed

    def has(self, *names: str) -> None:
        """Check that files are there, and that there is something in them."""
        for name in names:
            path = self.folder / name
            assert path.is_file() and path.stat().st_size > 0, f"{name} is not there"

    def _run(self, command: list[str], exit_code: int = 0) -> tuple[str, str]:
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        told = f"{command[-1]}\n{result.stdout}\n{result.stderr}"
        assert result.returncode == exit_code, told
        assert "Traceback" not in result.stderr, told
        return result.stdout, result.stderr


def main(ten_minutes: Callable[[Newcomer], None]) -> None:
    """Run a script by hand: the wheel is its only argument."""
    with tempfile.TemporaryDirectory() as home:
        ten_minutes(Newcomer(Path(sys.argv[1]), Path(home)))
    print("done")
