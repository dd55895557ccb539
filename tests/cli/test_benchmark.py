"""benchmark: the table, the numbers, missing files, mistakes."""

import json

import numpy as np
import pytest

from fastlstm.datasets import DAISY_SETS, LOADERS, Dataset, Record


def load_small(folder=None):
    """Load a delay of one step as a set."""
    u = np.random.default_rng(0).uniform(-1, 1, (300, 1))
    y = np.concatenate([np.zeros((1, 1)), u[:-1]])
    whole = Record(u, y, "small")
    tests = {"late": whole.part(200, 300, "late")}
    return Dataset("small", (whole.part(0, 200, "train"),), tests, "nobody", 5, unit="mm")


@pytest.fixture
def benchmark(run, monkeypatch):
    """Call the command where the small set is the only one at hand."""
    monkeypatch.delenv("FASTLSTM_DATA", raising=False)
    monkeypatch.setitem(LOADERS, "small", load_small)

    def call(*arguments):
        return run("benchmark", *arguments)

    return call


def test_benchmark_prints_the_table_and_saves_the_numbers(benchmark, tmp_path):
    """Table on stdout, paths on stderr, and both agree."""
    result = benchmark("small", "--seeds", 2, "--time-limit", 0.2, "--save", "out.json", "--quiet")
    assert result.exit_code == 0, result.stderr
    line = next(line for line in result.stdout.splitlines() if line.startswith("small, late"))
    (found,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["sets"]
    assert f"{found['median']['late']:.4g}" in line and "mm" in line
    assert [run["seed"] for run in found["runs"]] == [0, 1]
    assert "out.json" in result.stderr and "2 trainings on 1 set, 0.2 s each" in result.stderr


def test_benchmark_without_names_leaves_out_what_is_missing(benchmark):
    """One line per missing set: its files, where they are published, whom to cite."""
    result = benchmark("--seeds", 1, "--time-limit", 0.1, "--quiet")
    assert result.exit_code == 0, result.stderr
    assert "small, late" in result.stdout
    left_out = [line for line in result.stderr.splitlines() if line.startswith("Left out: ")]
    assert len(left_out) == len(LOADERS) - len(DAISY_SETS) - 1
    assert all("FASTLSTM_DATA" in line and "Cite: " in line for line in left_out)


def test_benchmark_shows_set_seed_and_eta_in_plain_lines(benchmark):
    """For logs."""
    result = benchmark("small", "--seeds", 1, "--time-limit", 0.2)
    assert all(word in result.stderr for word in ("small (seed 0)", "fit", "ETA"))
    assert "\x1b" not in result.stderr + result.stdout


MISTAKES = {
    "unknown set": (["smal"], "must be one of"),
    "no files": (["wh2009"], "WienerHammerBenchMark.mat"),
    "no files in folder": (["wh2009", "--data", "."], "nonlinearbenchmark.org"),
    "json name": (["small", "--save", "out.html"], "must end in"),
    "no time": (["small", "--time-limit", "0"], "time_limit"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_gives_one_message_and_exit_code_2(benchmark, case):
    """Before anything is trained."""
    arguments, message = MISTAKES[case]
    result = benchmark(*arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert result.stderr.startswith("Error: ") and "Traceback" not in result.stderr


def test_benchmark_tells_how_to_get_the_files_when_there_are_none(run, monkeypatch):
    """The first thing a newcomer meets."""
    monkeypatch.delenv("FASTLSTM_DATA", raising=False)
    result = run("benchmark")
    assert result.exit_code == 2
    official = [name for name in LOADERS if name not in DAISY_SETS]
    for word in ("--data FOLDER", "FASTLSTM_DATA", "nonlinearbenchmark.org", *official):
        assert word in result.stderr


def test_benchmark_daisy_means_thirteen_sets(run, monkeypatch):
    """One word for all of them; each says which file it needs."""
    monkeypatch.delenv("FASTLSTM_DATA", raising=False)
    result = run("benchmark", "daisy")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert all(any(f"{name}.mat" in line for line in lines) for name in DAISY_SETS)
    assert "wh2009" not in result.stderr and "De Moor" in result.stderr


def test_benchmark_tells_which_training_warned(run, monkeypatch):
    """A model that did not learn is named, not hidden in a median."""

    def load_noise(folder=None):
        u, y = np.random.default_rng(1).normal(size=(2, 200, 1))
        record = Record(u, y, "noise")
        return Dataset("noise", (record,), {"again": record}, "nobody", 5)

    monkeypatch.setitem(LOADERS, "noise", load_noise)
    result = run("benchmark", "noise", "--seeds", 1, "--time-limit", 0.2, "--quiet")
    assert result.exit_code == 0
    assert "Warning: noise (seed 0): " in result.stderr and "must follow X" in result.stderr


def test_ctrl_c_keeps_what_is_done_and_exits_with_130(benchmark, monkeypatch, tmp_path):
    """Table and numbers of the finished trainings, and the exit code of an interrupt."""
    from fastlstm import LSTMRegressor

    finished = LSTMRegressor.fit

    def fit(self, *arguments, **options):
        if self.random_state == 1:
            raise KeyboardInterrupt
        return finished(self, *arguments, **options)

    monkeypatch.setattr(LSTMRegressor, "fit", fit)
    result = benchmark("small", "--time-limit", 0.1, "--save", "out.json", "--quiet")
    assert result.exit_code == 130 and "Interrupted" in result.stderr
    assert "small, late" in result.stdout
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["interrupted"] is True
