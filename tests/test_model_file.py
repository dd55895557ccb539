"""Model files: whole or old at any moment, and refused with a reason when they are not ours."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors.numpy

import fastlstm
from fastlstm.exceptions import ModelFileError
from fastlstm.initial_state import InitialState
from fastlstm.model_file import ModelContent, extra_shapes, read_model, write_model
from fastlstm.network import Network
from plants import small_model

NETWORK = Network(2, 1, (3,), (2,))
pytestmark = pytest.mark.usefixtures("readout_solver")


def make_content(value=1.0, n_curve=5):
    lengths = {"error_model.coef": (1, 2), "training.loss_curve": (n_curve,)}
    shapes = {**NETWORK.shapes, **extra_shapes(NETWORK), **lengths}
    arrays = {name: np.full(shape, value) for name, shape in shapes.items()}
    return ModelContent(NETWORK, arrays, {"note": "µ"})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "plant.safetensors"
    write_model(path, make_content())
    return path


def rewrite(path, change):
    """Apply `change` to the header (a dict) of a model file and write it back."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    description = json.loads(header["__metadata__"]["fastlstm"])
    change(header, description)
    if "__metadata__" in header:
        header["__metadata__"]["fastlstm"] = json.dumps(description)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def test_file_survives_round_trip(path):
    """What was written is what is read, and other safetensors readers agree."""
    content = read_model(path)
    assert (content.network, content.description) == (NETWORK, {"note": "µ"})
    for name, array in safetensors.numpy.load_file(path).items():
        np.testing.assert_array_equal(content.arrays[name], array)


def test_file_holds_fortran_ordered_arrays_correctly(tmp_path):
    """SciPy solvers return Fortran order, which safetensors would write transposed."""
    content = make_content()
    name = "lstm.0.weight_ih"
    content.arrays[name] = np.asfortranarray(np.arange(24.0).reshape(12, 2))
    write_model(tmp_path / "a", content)
    np.testing.assert_array_equal(read_model(tmp_path / "a").arrays[name], content.arrays[name])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "has only 0 bytes"),
        (b"abc", "has only 3 bytes"),
        (b"PK\x03\x04" + bytes(100), "zip archive"),
        (b"\x80\x05\x95" + bytes(100), "pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (b"u,y\n0.1,0.2\n" * 100, "truncated or was not written"),
        (bytes(1000), "no readable header"),
        (struct.pack("<Q", 2**63) + bytes(100), "truncated or was not written"),
        (struct.pack("<Q", 4) + b"[1] ", "no readable header"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "no readable header"),
        (safetensors.numpy.save({"w": np.ones(3)}), "safetensors file of another program"),
    ],
)
def test_load_refuses_foreign_file(tmp_path, data, reason):
    """The message says what the file looks like, and nothing in it is executed."""
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=reason):
        fastlstm.load(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h, d: d.update(format_version=6), "Update fastlstm"),
        (lambda h, d: d.update(format_version="1"), "format_version '1'"),
        (lambda h, d: d.pop("structure"), "does not describe its network"),
        (lambda h, d: d["structure"].update(hidden_sizes=[10**12]), "impossible size"),
        (lambda h, d: d["structure"].update(hidden_sizes=[4]), "of shape"),
        (lambda h, d: d["structure"].update(hidden_sizes=[True]), "impossible size"),
        (lambda h, d: d["structure"].update(hidden_sizes=[]), "without LSTM layer"),
        (lambda h, d: d["structure"].update(input_lags=[3]), "not those of its network"),
        (lambda h, d: d["structure"].update(input_lags=[1]), "of shape"),
        (lambda h, d: d["structure"].update(input_lags=[10**9, 0]), "not those of its network"),
        (lambda h, d: h.pop("readout.bias"), "readout.bias"),
        (lambda h, d: h.update(extra=h["readout.bias"]), "extra"),
        (lambda h, d: h["readout.bias"].update(dtype="F32"), "not float64"),
        (lambda h, d: h["readout.bias"].update(data_offsets=[0, 8]), "overlap"),
        (lambda h, d: h["readout.bias"].update(data_offsets=[0, -8]), "without shape or place"),
        (lambda h, d: h["training.loss_curve"].update(shape=[10**15]), "overlap"),
        (lambda h, d: h.pop("__metadata__"), "another program"),
    ],
)
def test_load_refuses_damaged_header(path, change, reason):
    """Every number of the header is checked before an array is made from it."""
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=reason):
        read_model(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_load_refuses_weights_that_are_not_finite(tmp_path, value):
    """A NaN weight would make every prediction NaN without a word."""
    write_model(tmp_path / "a", make_content(value))
    with pytest.raises(ModelFileError, match="NaN or infinity"):
        read_model(tmp_path / "a")


def test_load_refuses_every_truncation(path):
    """A copy that stopped half-way must never load."""
    data = path.read_bytes()
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(ModelFileError):
            read_model(path)


def test_load_of_mutated_file_gives_model_file_error_or_a_model(model, tmp_path):
    """Flipped bytes may be another valid number, anything else has one kind of error."""
    path, random = tmp_path / "m", np.random.default_rng(0)
    model.save(path)
    data = np.frombuffer(path.read_bytes(), np.uint8)
    n_header = 8 + int(data[:8].view("<u8")[0])
    n_refused = 0
    for trial in range(400):
        mutated = data.copy()
        where = random.integers(0, n_header if trial % 2 else len(data), 1 + trial % 4)
        mutated[where] = random.integers(0, 256, len(where))
        path.write_bytes(mutated.tobytes())
        try:
            fastlstm.load(path)
        except ModelFileError:
            n_refused += 1
    assert n_refused > 100


def test_load_refuses_named_pipe_without_waiting(tmp_path):
    """Opening a pipe for reading would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        read_model(tmp_path / "pipe")


def test_load_refuses_folder(tmp_path):
    """A folder is opened like a file on Linux and fails only when read."""
    with pytest.raises(ModelFileError, match="not a regular file"):
        read_model(tmp_path)


def test_load_raises_file_not_found_when_there_is_no_file(tmp_path):
    """The standard exception, so that callers can tell "missing" from "broken"."""
    with pytest.raises(FileNotFoundError, match="path must name a model file"):
        fastlstm.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("place", ["missing/plant.safetensors", "."])
def test_save_raises_when_folder_is_missing_or_path_is_a_folder(model, tmp_path, place):
    """Said before anything is written."""
    with pytest.raises(FileNotFoundError, match="path must name a file in an existing folder"):
        model.save(tmp_path / place)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_save_keeps_old_file_when_disk_is_full(path, monkeypatch, call):
    """A failed save leaves the old model and no debris."""
    old = path.read_bytes()

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_model(path, make_content(2.0))
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_save_keeps_old_file_when_it_hits_the_file_size_limit(path):
    """The operating system itself refuses the write half-way through."""
    old = path.read_bytes()
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from fastlstm.replacing import replace_file\n"
        "try: replace_file(sys.argv[1], bytes(100_000))\n"
        "except OSError: sys.exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 7
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_save_follows_symbolic_link(path):
    """The link stays a link and its target gets the new model."""
    link = path.parent / "link"
    link.symlink_to(path)
    write_model(link, make_content(2.0))
    assert link.is_symlink()
    assert read_model(path).arrays["readout.bias"][0] == 2.0


def test_save_respects_umask(path):
    """A model that only its author can read is a surprise in a shared folder."""
    old = os.umask(0o022)
    try:
        write_model(path, make_content())
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o644


SAVE_FOR_EVER = """
import sys
import numpy as np
from fastlstm.initial_state import InitialState
from fastlstm.model_file import ModelContent, read_model, write_model
network, old = read_model(sys.argv[1]).network, read_model(sys.argv[1]).arrays
old["training.loss_curve"] = np.ones(100_000)
contents = [
    ModelContent(network, {name: value * np.ones_like(a) for name, a in old.items()}, {})
    for value in (2.0, 3.0)
]
print("ready", flush=True)
while True:
    for content in contents:
        write_model(sys.argv[1], content)
"""


def test_file_is_whole_when_save_is_killed_at_any_moment(path):
    """Kill -9 in the middle of saves: the file is the old or the new one, never a mixture."""
    random, seen = np.random.default_rng(0), set()
    for _ in range(8):
        command = [sys.executable, "-c", SAVE_FOR_EVER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(random.uniform(0.0, 0.1))
            os.kill(process.pid, signal.SIGKILL)
        arrays = read_model(path).arrays
        value = arrays["readout.bias"][0]
        assert all(np.all(array == value) for array in arrays.values())
        seen.add(value)
        write_model(path, make_content())
    assert {2.0, 3.0} & seen


def test_loaded_model_predicts_the_same_bits(model, record, tmp_path):
    """Nothing is lost on the way through the file, constructor arguments included."""
    u, y = record
    model.save(tmp_path / "m")
    loaded = fastlstm.load(tmp_path / "m")
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.predict(u), model.predict(u))
    np.testing.assert_array_equal(loaded.predict_ahead(u, y, 3), model.predict_ahead(u, y, 3))
    np.testing.assert_array_equal(loaded.simulate(u, y[:20]), model.simulate(u, y[:20]))
    assert not model.initial_state_.is_rest
    for name in ("offset", "slope"):
        expected = getattr(model.initial_state_, name)
        np.testing.assert_array_equal(getattr(loaded.initial_state_, name), expected)
    not_compared_whole = ("history_", "params_", "scaling_", "error_model_", "initial_state_")
    for name in vars(model):
        if name.endswith("_") and name not in not_compared_whole:
            np.testing.assert_equal(getattr(loaded, name), getattr(model, name), name)


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    """Files can be compared and kept under version control."""
    model.save(tmp_path / "a")
    fastlstm.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_save_raises_when_model_is_not_fitted(tmp_path):
    """scikit-learn's own error, which users know."""
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        small_model().save(tmp_path / "m")


def older_file(path, version, target):
    """Rewrite a file as an earlier version of the library would have written it."""
    arrays = safetensors.numpy.load_file(path)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    description = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["fastlstm"])
    description["format_version"] = version
    clock = description.pop("clock")
    for name in ("sampling_time", "training_record", "input_units", "output_units"):
        del description[name]
    for name in ("missing_target", "loss", "output_weights"):
        del description["parameters"][name]
    del arrays["initial.offset"], arrays["initial.slope"]
    description["numbers"].update({name: clock[name] for name in ("fit_time_", "cpu_time_")})
    if version == 1:
        del arrays["input.range"], arrays["frame.gains"], arrays["frame.levels"]
        del description["parameters"]["stability"], description["hold"]
    metadata = {"fastlstm": json.dumps(description)}
    safetensors.numpy.save_file(arrays, target, metadata=metadata)


@pytest.mark.parametrize(
    ("version", "unknown"), [(3, ("input_lags", "samples_per_step")), (4, ("samples_per_step",))]
)
def test_files_of_formats_3_and_4_are_still_read(record, tmp_path, version, unknown):
    """They lack arguments that came later; nothing else is different."""
    model = small_model().fit(*record)
    model.save(tmp_path / "m")

    def older(header, description):
        description["format_version"] = version
        for name in unknown:
            del description["parameters"][name]

    rewrite(tmp_path / "m", older)
    old = fastlstm.load(tmp_path / "m")
    np.testing.assert_array_equal(old.predict(record[0]), model.predict(record[0]))
    assert old.get_params() == model.get_params()
    assert old.training_record_ == model.training_record_
    assert old.input_lags_ == (0,)


@pytest.mark.parametrize("version", [1, 2])
def test_files_of_older_formats_are_still_read(record, tmp_path, version):
    """They lack what came later: their models begin at rest, and predict the same from there."""
    model = small_model().fit(*record)
    model.save(tmp_path / "new")
    older_file(tmp_path / "new", version, tmp_path / "old")
    old = fastlstm.load(tmp_path / "old")
    assert old.initial_state_.is_rest
    model.initial_state_ = InitialState.rest(model.network_)
    np.testing.assert_array_equal(old.predict(record[0]), model.predict(record[0]))
    assert old.get_params() == model.get_params()
    assert (old.fit_time_, old.cpu_time_) == (model.fit_time_, model.cpu_time_)
    assert old.training_record_ is None and old.sampling_time_ is None
    assert old.frame_.is_plain
    old.save(tmp_path / "again")
    again = fastlstm.load(tmp_path / "again")
    assert str(again.stability_report()) == str(old.stability_report())
    assert again.training_record_ is None


def test_files_of_format_1_take_the_range_of_the_inputs_from_the_scaling(record, tmp_path):
    """Three standard deviations: the file does not know better."""
    small_model().fit(*record).save(tmp_path / "new")
    older_file(tmp_path / "new", 1, tmp_path / "old")
    old = fastlstm.load(tmp_path / "old")
    np.testing.assert_allclose(old.input_range_, 3.0 * np.array([[-1], [1]]), rtol=0.2)
