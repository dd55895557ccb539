"""The sets of DaISy: names, split, channels; hostile files."""

import dataclasses
import hashlib
import os

import numpy as np
import pytest
import scipy.io

from fastlstm.datasets import DAISY_SETS, LOADERS, daisy, load_daisy
from fastlstm.datasets.daisy_layouts import LAYOUTS
from fastlstm.exceptions import DataFileError

needs_files = pytest.mark.skipif(
    not os.environ.get("FASTLSTM_DATA"), reason="FASTLSTM_DATA does not name a folder with data"
)


@pytest.mark.parametrize("name", DAISY_SETS)
def test_layout_uses_columns_that_the_table_has(name):
    """Time, inputs and outputs of all records fit; only the power plant has columns to spare."""
    layout = LAYOUTS[name]
    width = len(layout.inputs) + len(layout.outputs)
    used = layout.first + layout.n_records * width
    assert layout.shape[1] - used == (3 if name == "powplant" else 0)
    assert layout.file.name == f"{name}.mat" and len(layout.file.sha256) == 64


@pytest.fixture
def numbered(tmp_path, monkeypatch):
    """Write a table of two records in which every cell says where it stands."""
    table = 100.0 * np.arange(7) + np.arange(40)[:, None]
    scipy.io.savemat(tmp_path / "twin.mat", {"twin": table})
    content = (tmp_path / "twin.mat").read_bytes()
    digest = daisy.LAYOUTS["ballbeam"].file
    file = dataclasses.replace(
        digest, name="twin.mat", n_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    layout = dataclasses.replace(
        LAYOUTS["destill"], file=file, shape=(40, 7), inputs=("a", "b"), outputs=("c",), n_records=2
    )
    monkeypatch.setitem(LAYOUTS, "twin", layout)
    return tmp_path


def test_records_are_cut_from_the_columns_of_the_layout(numbered):
    """Time is skipped, inputs of all records stand before their outputs; 70 % of the rows train."""
    data = load_daisy("twin", numbered)
    assert list(data.tests) == ["1", "2"] and [len(record) for record in data.train] == [28, 28]
    second = data.train[1]
    np.testing.assert_array_equal(second.u[0], [300.0, 400.0])
    np.testing.assert_array_equal(second.y[0], [600.0])
    np.testing.assert_array_equal(data.tests["1"].y[:, 0], 500.0 + np.arange(28, 40))
    assert data.init_window == 1


def test_file_of_another_content_is_refused(tmp_path):
    """A file of the right name and length is not parsed unless its checksum is the published."""
    (tmp_path / "heating.mat").write_bytes(bytes(4135))
    with pytest.raises(DataFileError, match="must have SHA-256 fb294f5c"):
        load_daisy("heating", tmp_path)
    (tmp_path / "heating.mat").write_bytes(bytes(4136))
    with pytest.raises(DataFileError, match="must have 4135 bytes"):
        load_daisy("heating", tmp_path)


def test_unknown_name_is_an_error_that_lists_the_known():
    """The name never becomes a path."""
    with pytest.raises(ValueError, match=r"name must be one of ballbeam.*got '\.\./emps'"):
        load_daisy("../emps")


@needs_files
@pytest.mark.parametrize("name", DAISY_SETS)
def test_set_says_that_the_split_is_ours(name):
    """Train and test are 70 and 30 % of every record, and the note tells the reader."""
    data = LOADERS[name]()
    n_rows = LAYOUTS[name].shape[0]
    cut = int(0.7 * n_rows)
    assert {len(record) for record in data.train} == {cut}
    assert {len(record) for record in data.tests.values()} == {n_rows - cut}
    assert data.init_window == min(50, (n_rows - cut) // 10)
    assert "no official split" in data.note
    for record in (*data.train, *data.tests.values()):
        assert record.u.shape[1] == len(data.input_names)
        assert record.y.shape[1] == len(data.output_names)
        assert np.ptp(record.u, axis=0).min() > 0.0 and np.ptp(record.y, axis=0).min() > 0.0


@needs_files
@pytest.mark.parametrize("name", ["destill", "lakeErie"])
def test_records_repeat_one_experiment_with_more_noise_each_time(name):
    """Columns of the four records are not mixed up: each follows the first, the later the less."""
    records = LOADERS[name]().train
    first = records[0]
    for signal in ("u", "y"):
        reference = getattr(first, signal)
        far = [
            np.linalg.norm((getattr(record, signal) - reference) / reference.std(axis=0))
            for record in records
        ]
        assert far == sorted(far) and far[0] == 0.0 < far[1]
        assert far[3] < np.sqrt(reference.size)


@needs_files
def test_channels_are_where_physics_puts_them():
    """More acid lowers the pH and more base raises it; a heater warms the air."""
    ph = LOADERS["pHdata"]()
    acid, base = ph.train[0].u.T
    later = ph.train[0].y[1:, 0]
    assert np.corrcoef(acid[:-1], later)[0, 1] < 0.0 < np.corrcoef(base[:-1], later)[0, 1]
    dryer = LOADERS["hairdryer"]().train[0]
    assert np.corrcoef(dryer.u[:-5, 0], dryer.y[5:, 0])[0, 1] > 0.3
