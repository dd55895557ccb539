"""Exported C: compiles without a warning, computes what the library computes, is small."""

import shutil
import subprocess

import numpy as np
import pytest
from c_compiler import COMPILERS, STRICT, Plant, compile_c, compiler, self_test
from export_models import STRUCTURES, deviation, make_inputs, make_model, make_scaling, predict

from fastlstm.exceptions import ExportWarning
from fastlstm.export import export_c
from fastlstm.scaling import Scaling

TYPES = [(np.float32, 1e-6), (np.float64, 1e-12)]


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("float32", [True, False], ids=["float32", "float64"])
def test_self_test_passes_without_a_warning_of_the_compiler(cc, float32, tmp_path):
    """The files stand alone: the strictest switches, no further header, exit code 0."""
    export_c(make_model(3, 2, (4, 6), (4, 3)), tmp_path, float32=float32)
    for level in ("-O0", "-Os", "-O3"):
        assert self_test(tmp_path, "plant", cc, level) == 0


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
@pytest.mark.parametrize(("dtype", "bound"), TYPES, ids=["float32", "float64"])
def test_c_computes_what_predict_computes(structure, dtype, bound, tmp_path):
    """Every shape of network over a long free run; rounding does not pile up in a stable model.

    The bound in float32 is a dozen roundings of a value near one, plus that of the output itself.
    """
    model = make_model(*structure)
    export_c(model, tmp_path, float32=dtype is np.float32)
    u = make_inputs(model, 3000, dtype)
    expected = predict(model, u)
    rounding = np.finfo(dtype).eps * np.max(np.abs(expected) / model.scaling_.y_std)
    assert deviation(model, Plant(tmp_path, model, dtype).run(u), expected) < bound + rounding


def test_float32_free_run_stays_below_1e_5_when_model_begins_as_a_linear_one(tmp_path):
    """A linear start has small hidden values and a large readout: the hardest case for float32."""
    from fastlstm import LSTMRegressor

    rng = np.random.default_rng(0)
    u = rng.normal(size=(800, 1))
    y = np.convolve(u[:, 0], 0.95 ** np.arange(200))[:800]
    with pytest.warns(UserWarning):
        model = LSTMRegressor((8, 8), (), max_iter=1, random_state=0).fit(u, y)
    export_c(model, tmp_path)
    u = make_inputs(model, 3000, np.float32)
    y_c = Plant(tmp_path, model, np.float32).run(u)
    assert deviation(model, y_c, predict(model, u)) < 1e-5


def test_large_mean_does_not_shift_the_operating_point_in_float32(tmp_path):
    """A signal varies by 1 around 100000.3037, which float32 cannot hold; what is lost is kept."""
    scaling = Scaling(np.array([100000.3037]), np.ones(1), np.zeros(1), np.ones(1))
    model = make_model(scaling=scaling)
    export_c(model, tmp_path)
    u = make_inputs(model, 500, np.float32)
    assert deviation(model, Plant(tmp_path, model, np.float32).run(u), predict(model, u)) < 1e-6


def test_tanh_of_the_c_library_can_be_taken_instead(tmp_path):
    """Where a chip has a fast tanhf, one switch uses it."""
    model = make_model()
    export_c(model, tmp_path)
    u = make_inputs(model, 500, np.float32)
    y = Plant(tmp_path, model, np.float32, "-DPLANT_TANH=tanhf").run(u)
    assert deviation(model, y, predict(model, u)) < 2e-6


def test_states_are_independent_and_init_starts_anew(tmp_path):
    """The caller owns the state: two plants do not disturb each other."""
    model = make_model()
    export_c(model, tmp_path)
    u = make_inputs(model, 50, np.float32)
    one = Plant(tmp_path, model, np.float32)
    alone = one.run(u)
    one.init()
    other = Plant(tmp_path, model, np.float32)
    interleaved = []
    for u_t in u:
        interleaved.append(one.run(u_t[None]))
        other.run(-u_t[None])
    np.testing.assert_array_equal(np.concatenate(interleaved), alone)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plant.c", "c[unit] = sigmoid(z[1])", "c[unit] = sigmoid(z[2])"),
        ("plant.c", "state->c[unit] = 0;", "(void)0;"),
        ("plant.c", "x * p / q", "x"),
        ("plant_test.c", "test_y[step][k]", "test_y[step][k] * 1.001f"),
    ],
    ids=["wrong gate", "init forgets c", "wrong tanh", "wrong output"],
)
def test_self_test_fails_when_something_is_wrong(file, old, new, tmp_path):
    """A self-test that cannot fail proves nothing about the compiler of the target."""
    export_c(make_model(), tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    sources = ["plant.c", "plant_test.c"]
    compile_c([compiler(), "-std=c99", "-w", *sources, "-o", "t", "-lm"], tmp_path)
    assert subprocess.run([tmp_path / "t"]).returncode == 1


def test_two_layers_of_32_take_less_than_60_kb_and_no_heap(tmp_path):
    """The figure that the docs state; no data that changes, nothing but memory moves from libc."""
    if shutil.which("size") is None or shutil.which("nm") is None:
        pytest.skip("needs binutils")
    export_c(make_model(1, 1, (32, 32), (16,)), tmp_path)
    compile_c([compiler(), *STRICT, "-Os", "-c", "plant.c", "-o", "plant.o"], tmp_path)
    size = subprocess.run(["size", "plant.o"], cwd=tmp_path, capture_output=True, text=True)
    text, data, bss = map(int, size.stdout.splitlines()[1].split()[:3])
    assert text < 60_000 and data == 0 and bss == 0
    nm = subprocess.run(["nm", "-u", "plant.o"], cwd=tmp_path, capture_output=True, text=True)
    assert set(nm.stdout.split()) <= {"U", "memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}


def test_hostile_channel_names_stay_inside_comments(tmp_path):
    """Names of columns come from files of others; they must not become code."""
    names = ["*/ int x; /*", "a\nint y;", "??/", "line \\", '"quoted"', "// Grüße 温度"]
    model = make_model(len(names), 1)
    model.feature_names_in_ = np.array(names, dtype=object)
    model.output_names_ = np.array(["*/ #error \\\n"], dtype=object)
    export_c(model, tmp_path)
    assert self_test(tmp_path) == 0
    text = (tmp_path / "plant.h").read_text()
    assert text.isascii() and "int x;" not in text and "\nint y" not in text and "??/" not in text


def test_hostile_name_becomes_an_identifier_in_the_folder_asked_for(tmp_path):
    """A name with a path, code or a standard header in it must do no harm."""
    for name, expected in [
        ("../../etc; int main(", "etc_int_main"),
        ("math", "m_math"),
        ("2nd tank", "m_2nd_tank"),
    ]:
        folder = tmp_path / expected
        files = export_c(make_model(), folder, name)
        assert [file.parent for file in files] == [folder] * 3
        assert self_test(folder, expected) == 0


def test_path_with_a_c_suffix_gives_the_name(tmp_path):
    """`--out firmware/pump.c` says both folder and name."""
    files = export_c(make_model(), tmp_path / "pump.c")
    assert [file.name for file in files] == ["pump.c", "pump.h", "pump_test.c"]
    assert self_test(tmp_path, "pump") == 0


def test_header_is_fit_for_cpp(tmp_path):
    """Firmware is often C++ around C."""
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    export_c(make_model(), tmp_path)
    main = '#include "plant.h"\nint main() { plant_state s; plant_init(&s); }\n'
    (tmp_path / "main.cpp").write_text(main)
    compile_c([compiler(), "-std=c99", "-c", "plant.c", "-o", "plant.o"], tmp_path)
    compile_c(["g++", "-Wall", "-Werror", "main.cpp", "plant.o", "-o", "main"], tmp_path)


@pytest.mark.parametrize("constant", ["u", "y"])
def test_constant_channels_behave_as_in_predict(constant, tmp_path):
    """A constant input is not passed on; a constant output is its mean."""
    scaling = make_scaling(2, 2)
    getattr(scaling, f"{constant}_std")[0] = 0.0
    model = make_model(2, 2, scaling=scaling)
    export_c(model, tmp_path, float32=False)
    u = make_inputs(model, 100)
    y = Plant(tmp_path, model, np.float64).run(u)
    np.testing.assert_allclose(y, predict(model, u), rtol=1e-12)


def test_export_warns_when_the_model_amplifies_rounding(tmp_path):
    """A chaotic network cannot be run in float32; the self-test says what is left of it."""
    model = make_model(hidden=(30,), head=(), gain=40.0)
    with pytest.warns(ExportWarning, match="amplify rounding"):
        export_c(model, tmp_path)


def test_export_raises_when_scaling_does_not_fit_float32(tmp_path):
    """Silently losing a channel would be worse; double still works."""
    scaling = Scaling(np.zeros(1), np.array([1e-60]), np.zeros(1), np.ones(1))
    model = make_model(scaling=scaling)
    with pytest.raises(ValueError, match="must fit float32"):
        export_c(model, tmp_path)
    export_c(model, tmp_path, float32=False)
    assert self_test(tmp_path) == 0


def test_export_raises_when_the_folder_cannot_be(tmp_path):
    """One message that names the path, before anything is written."""
    with pytest.raises(NotADirectoryError, match="must be a folder"):
        export_c(make_model(), tmp_path / "a" / "b")
    with pytest.raises(ValueError, match="must contain a letter"):
        export_c(make_model(), tmp_path, name="***")
    assert list(tmp_path.iterdir()) == []
