"""Options drawn together do what they do alone: no command line that may be typed fails."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.combinations import command_lines, save_data, search_lines

from gpunet.engine.reference import numpy_engine
from gpunet.engine.wgpu.adapters import list_adapters

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

CASES = [
    *(("cpu", seed) for seed in range(24)),
    *((str(adapter.index), seed) for adapter in list_adapters() for seed in range(100, 104)),
]


@pytest.mark.parametrize(("device", "seed"), CASES)
def test_every_command_line_that_may_be_typed_ends_well(
    gpunet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, seed: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(numpy_engine, "CACHE", 1)  # small networks in groups, as large ones are
    lines = search_lines if seed % 3 == 0 else command_lines
    for words in lines(random.Random(seed), device, save_data(tmp_path)):
        ran = gpunet(*words)
        told = [line for line in ran.err.splitlines() if not line.startswith("note: ")]
        assert (ran.code, told) == (0, []), " ".join(words)
