"""Every build variant that runs on this machine, and the choice restored afterwards."""

import pytest

from fastlstm._core import _kernels


@pytest.fixture(params=_kernels.variants())
def variant(request):
    before = _kernels.variant()
    _kernels.set_variant(request.param)
    yield request.param
    _kernels.set_variant(before)
