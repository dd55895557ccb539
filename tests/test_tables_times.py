"""Time columns of data files, and what the command line makes of them."""

import numpy as np
import pytest

import fastlstm
from fastlstm.exceptions import DataFileError
from fastlstm.tables import read_records, write_table
from plants import make_record

U, Y = make_record(100)
COLUMNS = {"valve [%]": U[:, 0], "level (m)": Y}


def write(folder, name="a.csv", **more):
    path = folder / name
    write_table(path, {**COLUMNS, **more})
    return path


def read(path, **keywords):
    return read_records([path], ["valve [%]"], ["level (m)"], **keywords)


@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
def test_column_called_time_gives_the_sampling_time(tmp_path, suffix):
    """Without being asked for, in every format that keeps the name."""
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = write(tmp_path, f"a.{suffix}", **{"Time [ms]": 20.0 * np.arange(100)})
    records = read(path)
    assert records.sampling_time == pytest.approx(0.02)
    assert [signals.units for signals in records.inputs] == [("%",)]
    assert [signals.units for signals in records.outputs or []] == [("m",)]


def test_time_column_may_hold_dates(tmp_path):
    """As loggers and databases write them."""
    lines = [f"2026-03-29 01:{k // 60 + 50}:{k % 60:02},{k},{k}" for k in range(0, 400, 5)]
    path = tmp_path / "a.csv"
    path.write_text("time,u,y\n" + "\n".join(lines) + "\n")
    assert read_records([path], ["u"], ["y"]).sampling_time == 5.0
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    stamps = np.datetime64("2026-01-01", "us") + 5_000_000 * np.arange(30)
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"time": stamps, "u": U[:30, 0], "y": Y[:30]}), path)
    assert read_records([path], ["u"], ["y"]).sampling_time == 5.0


def test_time_column_of_another_name_is_named(tmp_path):
    """`t` may be a temperature: it is not taken unasked."""
    path = write(tmp_path, t=0.1 * np.arange(100))
    assert read(path).sampling_time is None
    assert read(path, time_column="t").sampling_time == pytest.approx(0.1)


def test_time_as_a_channel_is_no_time_column(tmp_path):
    """Whoever asks for it as an input gets it as an input."""
    path = write(tmp_path, time=np.arange(100.0) ** 2)
    records = read_records([path], ["time"], ["level (m)"])
    assert records.sampling_time is None and records.input_names == ("time",)


def test_text_that_is_no_time_is_passed_over_unless_it_was_asked_for(tmp_path):
    """A column called time may say anything."""
    path = tmp_path / "a.csv"
    path.write_text("time,u,y\nnoon,1,2\nlater,3,4\n")
    assert read_records([path], ["u"], ["y"]).sampling_time is None
    with pytest.raises(DataFileError, match=r"'time' of .* must hold numbers or ISO 8601 dates"):
        read_records([path], ["u"], ["y"], time_column="time")


def test_times_of_another_length_are_passed_over_unless_they_were_asked_for(tmp_path):
    """Arrays of all lengths stand side by side in an NPZ file."""
    path = tmp_path / "a.npz"
    np.savez(path, u=U[:, 0], y=Y, time=np.arange(7.0))
    assert read_records([path], ["u"], ["y"]).sampling_time is None
    with pytest.raises(DataFileError, match=r"one entry per step; it has 7 for \[100, 100\] steps"):
        read_records([path], ["u"], ["y"], time_column="time")


def test_hole_in_a_file_is_refused_unless_the_times_do_not_matter(tmp_path):
    """With the way out in the message."""
    times = np.delete(np.arange(101.0), 40)
    path = write(tmp_path, time=times)
    with pytest.raises(DataFileError, match=r"step 39 to 40 of a.csv lasts 2 s.*--time none"):
        read(path)
    assert read(path, time_column=None).sampling_time is None


def test_every_record_of_a_file_has_its_own_times(tmp_path):
    """Each experiment begins at its own time."""
    run = np.repeat([0.0, 1.0], 50)
    times = np.concatenate([np.arange(50.0), 1e6 + np.arange(50.0)])
    path = write(tmp_path, run=run, time=times)
    assert read(path, record_column="run").sampling_time == 1.0
    path = write(tmp_path, run=run, time=times * (1.0 + run))
    with pytest.raises(DataFileError, match=r"same sampling time; a.csv\[1.0\] has 2 s"):
        read(path, record_column="run")


def test_files_must_agree_in_sampling_time(tmp_path):
    """One of them may not know it."""
    paths = [
        write(tmp_path, "a.csv", time=np.arange(100.0)),
        write(tmp_path, "b.csv"),
        write(tmp_path, "c.csv", time=2.0 * np.arange(100)),
    ]
    assert read_records(paths[:2], ["valve [%]"], ["level (m)"]).sampling_time == 1.0
    with pytest.raises(DataFileError, match=r"c.csv must have the sampling time of the first"):
        read_records(paths, ["valve [%]"], ["level (m)"])


def test_command_line_keeps_and_checks_what_the_files_tell(tmp_path, monkeypatch, readout_solver):
    """Names, units and sampling time go into the model, and another sampling time is refused."""
    from typer.testing import CliRunner

    from fastlstm.cli import app

    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a.csv", time=0.5 * np.arange(100))
    write(tmp_path, "b.csv", time=0.1 * np.arange(100))

    def run(*arguments):
        return CliRunner().invoke(app, list(arguments))

    names = ["-u", "valve [%]", "-y", "level (m)"]
    result = run("fit", "a.csv", *names, "--solver", "readout", "--quiet")
    assert result.exit_code == 0, result.output
    model = fastlstm.load("model.safetensors")
    assert model.sampling_time_ == 0.5
    assert (list(model.input_units_), list(model.output_units_)) == (["%"], ["m"])
    assert run("simulate", "model.safetensors", "a.csv").exit_code == 0
    assert run("evaluate", "model.safetensors", "a.csv", "--no-plot").exit_code == 0
    for command in ("simulate", "evaluate"):
        result = run(command, "model.safetensors", "b.csv")
        assert result.exit_code == 2
        assert "sampling time of fit, 0.5 s; got 0.1 s" in result.stderr
        assert run(command, "model.safetensors", "b.csv", "--time", "none").exit_code == 0


def test_command_line_finds_u_and_y_beside_a_time_column(tmp_path, monkeypatch, readout_solver):
    """Time is no channel, so nothing has to be named."""
    from typer.testing import CliRunner

    from fastlstm.cli import app

    monkeypatch.chdir(tmp_path)
    write_table("a.csv", {"time": 0.5 * np.arange(100), "u": U[:, 0], "y": Y})
    result = CliRunner().invoke(app, ["fit", "a.csv", "--solver", "readout", "--quiet"])
    assert result.exit_code == 0, result.output
    assert fastlstm.load("model.safetensors").sampling_time_ == 0.5
