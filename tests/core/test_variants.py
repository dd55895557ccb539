"""Builds of the kernels for several instruction sets, chosen at run time."""

import numpy as np
import pytest
from core_problems import PROBLEMS, relative_error

from fastlstm._core import _kernels, jacobian, plan_rows, simulate


def test_active_variant_is_the_widest_this_machine_runs():
    """Variants are listed from the plainest to the widest."""
    names = _kernels.variants()
    assert names[0] == "baseline"
    assert _kernels.variant() == names[-1]


def test_set_variant_refuses_a_name_that_does_not_run_here():
    """Running instructions the machine lacks would end the process."""
    before = _kernels.variant()
    for name in ("", "avx1024", "AVX2"):
        with pytest.raises(ValueError, match="does not run on this machine"):
            _kernels.set_variant(name)
    assert _kernels.variant() == before


def test_set_variant_changes_the_number_of_lanes(variant):
    """float32 has twice the lanes of float64 in every build."""
    assert _kernels.variant() == variant
    assert _kernels.lanes(True) == 2 * _kernels.lanes(False)
    assert _kernels.lanes(True) == {"baseline": 4, "avx2": 8, "avx512": 16}[variant]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_variants_agree(variant, problem):
    """A model gives the same numbers on another machine, up to rounding."""
    steps = np.arange(problem.offsets[-1])
    found = {}
    for name in (_kernels.variants()[-1], variant):
        _kernels.set_variant(name)
        plan = plan_rows(problem.offsets, float32=False)
        rows = jacobian(*problem.inputs(), plan, memory=6, float32=False).rows
        rows = rows.reshape(plan.step.size, -1)[plan.mask]
        order = np.argsort(plan.step.ravel()[plan.mask])
        np.testing.assert_array_equal(plan.step.ravel()[plan.mask][order], steps)
        found[name] = simulate(*problem.inputs(), float32=False)[0], rows[order]
    for one, other in zip(*found.values(), strict=True) if len(found) == 2 else ():
        assert relative_error(one, other) < 1e-13
