from __future__ import annotations

import sys

import pytest
from tests.faults.leaks import engines_growth, epochs_growth, models_growth

from gpunet.engine.wgpu.adapters import Adapter

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads the memory as Linux tells it"
)

NOISE = 1024
"""KiB that an allocator may keep for itself; one array of parameters lost each time is more."""


def test_epochs_do_not_add_up_in_memory(adapter: Adapter) -> None:
    assert epochs_growth(str(adapter.index), 300).kibibytes < NOISE


def test_epochs_of_numpy_do_not_add_up_in_memory() -> None:
    assert epochs_growth("cpu", 300).kibibytes < NOISE


def test_engines_give_back_what_they_held(adapter: Adapter) -> None:
    assert engines_growth(str(adapter.index), 60).kibibytes < NOISE


def test_models_that_are_dropped_are_gone() -> None:
    assert models_growth(500).kibibytes < NOISE
