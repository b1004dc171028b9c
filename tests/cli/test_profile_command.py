"""``gpunet profile``: where the time of a training step goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gpunet.engine.wgpu.adapters import list_adapters

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


@pytest.mark.parametrize("networks", [1, 3])
@pytest.mark.parametrize("device", [*(str(one.index) for one in list_adapters()), "cpu"])
def test_the_time_of_every_kernel_is_printed_and_nothing_is_written(
    gpunet: RunCommand,
    halves: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    networks: int,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    options = ("--hidden", "4", "--epochs", "2", "--dropout", "0.2", "--ensemble", networks)
    ran = gpunet("profile", "--data", halves, "--device", device, *options)
    assert (ran.code, ran.err) == (0, "")
    assert "us a step" in ran.out
    assert "all kernels" in ran.out
    assert "wall clock  " in ran.out
    assert list(Path().iterdir()) == []
