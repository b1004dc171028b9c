"""``gpunet train --profile``: where the time goes, without a change of what is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from gpunet.artifacts import model_file
from gpunet.engine.wgpu.adapters import list_adapters

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


@pytest.mark.parametrize("networks", [1, 3])
@pytest.mark.parametrize("device", [*(str(one.index) for one in list_adapters()), "cpu"])
def test_a_profile_is_printed_and_the_weights_are_the_same_without_it(
    gpunet: RunCommand, halves: Path, tmp_path: Path, device: str, networks: int
) -> None:
    weights: list[NDArray[np.float32]] = []
    for options in ((), ("--profile",)):
        model = tmp_path / f"{len(weights)}.safetensors"
        ran = gpunet(
            "train",
            "--data",
            halves,
            "--device",
            device,
            "--hidden",
            "4",
            "--epochs",
            "2",
            "--dropout",
            "0.2",
            "--ensemble",
            networks,
            "--output",
            model,
            *options,
        )
        assert (ran.code, ran.err) == (0, "")
        weights.append(model_file.load(model).parameters)
        assert bool(options) == ("us a step" in ran.out)
    assert "all kernels" in ran.out
    assert "wall clock: " in ran.out
    assert np.array_equal(weights[0], weights[1])


@pytest.mark.parametrize("other", ["--quiet", "--find-lr", "--explain-plan"])
def test_a_profile_is_refused_where_it_would_not_be_seen(
    gpunet: RunCommand, halves: Path, other: str
) -> None:
    ran = gpunet("train", "--data", halves, "--device", "cpu", "--profile", other)
    assert ran.code == 2
    assert other in ran.failure
    assert "--profile" in ran.failure
