"""Compile exported C and call it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
STRICTER = ("-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Wstrict-prototypes")
COMPILERS = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name}"))
    for name in ("gcc", "clang")
]


def compiler():
    """Find a C compiler of this machine; the test skips without one."""
    found = next((name for name in ("gcc", "clang", "cc") if shutil.which(name)), None)
    if found is None:
        pytest.skip("needs a C compiler")
    return found


def compile_c(command, folder):
    """Run a compiler; its messages are the failure."""
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]


def self_test(folder, name="plant", cc=None, *flags):
    """Exit code of the self-test of an exported model."""
    sources = [f"{name}.c", f"{name}_test.c"]
    compile_c([cc or compiler(), *STRICT, *STRICTER, *flags, *sources, "-o", "t", "-lm"], folder)
    return subprocess.run([folder / "t"]).returncode


class Plant:
    """An exported model as a shared library, with its own state."""

    def __init__(self, folder, model, dtype, *flags):
        path = folder / f"plant_{np.dtype(dtype).name}_{len(flags)}.so"
        command = [compiler(), *STRICT, "-O2", *flags, "-shared", "-fPIC", "plant.c", "-o", path]
        compile_c([*command, "-lm"], folder)
        self._library = ctypes.CDLL(str(path))
        self._n_outputs, self.dtype = model.n_outputs_, dtype
        # more than any model has: h and c, and what integrators, steps of several samples, the
        # first step and past inputs add
        size = 2 * model.network_.n_units + 4 * model.n_outputs_ + model.network_.n_inputs + 3
        size += sum(late + 1 for _, late in model.frame_.taps) + 1
        self._state = np.full(size, np.nan, dtype)
        self.init()

    def init(self):
        self._library.plant_init(self._state.ctypes)

    def set_outputs(self, y):
        self._library.plant_set_outputs(self._state.ctypes, np.asarray(y, self.dtype).ctypes)

    def run(self, u):
        y = np.full((len(u), self._n_outputs), np.nan, self.dtype)
        for u_t, y_t in zip(np.ascontiguousarray(u, self.dtype), y, strict=True):
            self._library.plant_step(self._state.ctypes, u_t.ctypes, y_t.ctypes)
        return y
