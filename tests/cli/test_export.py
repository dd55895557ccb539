"""`fastlstm export`."""

from __future__ import annotations

import numpy as np
import pytest

from fastlstm import load


@pytest.mark.parametrize(
    ("format", "out", "files"),
    [
        ("c", "firmware", ["plant.c", "plant.h", "plant_test.c"]),
        ("c-double", "firmware/pump.c", ["pump.c", "pump.h", "pump_test.c"]),
        ("torch", "firmware/plant.safetensors", ["plant.safetensors"]),
        ("keras", "firmware/plant.npz", ["plant.npz"]),
    ],
)
def test_export_writes_the_files_and_names_them(run, model_file, tmp_path, format, out, files):
    """Scripts read the paths from standard output."""
    if format != "c":
        (tmp_path / "firmware").mkdir()
    result = run("export", model_file, "--format", format, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split() == [f"firmware/{file}" for file in files]
    assert sorted(path.name for path in (tmp_path / "firmware").iterdir()) == files


def test_channel_names_reach_the_header(run, model_file, tmp_path):
    """The engineer who wires the call needs to know which channel is which."""
    assert run("export", model_file, "--format", "c", "--out", tmp_path).exit_code == 0
    header = (tmp_path / "plant.h").read_text()
    assert "u[1]  u2" in header and "y[0]  level" in header


def test_exported_weights_predict_as_the_model_file(run, model_file, tmp_path):
    """From file to file nothing changes but the format."""
    from safetensors.numpy import load_file

    from fastlstm.export import from_state_dict
    from fastlstm.export.exportable import free_run

    out = tmp_path / "state.safetensors"
    assert run("export", model_file, "-f", "torch", "-o", out).exit_code == 0
    u = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2))
    back = from_state_dict(load_file(out))
    np.testing.assert_array_equal(free_run(back, u), free_run(load(model_file), u))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "tflite", "--out", "x"), "format must be one of"),
        (("--format", "keras", "--out", "plant.h5"), "path must end in .npz"),
        (("--format", "c", "--out", "no/such/folder"), "must be a folder"),
        (("--format", "c", "--out", "no/such/plant.c"), "must be a folder"),
        (("--format", "torch", "--out", "plant.safetensors"), "must name another file"),
    ],
)
def test_export_says_what_is_wrong(run, model_file, arguments, message):
    """Exit code 2 and one message, no traceback."""
    result = run("export", model_file, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr
