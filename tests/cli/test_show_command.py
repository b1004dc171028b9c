"""``gpunet show``: what a model is."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from gpunet.config import SETTINGS, panels

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_show_tells_layers_settings_and_figures(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("show", trained)
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    for words in (
        "hidden 1 64 → 4 relu 260",
        "optimizer adam",
        "learning rate 0.02",
        "batch size 8",
        "epochs 8",
        "image 8 by 8 pixels",
        "accuracy 100.00 %",
    ):
        assert words in text


def test_show_gives_the_same_as_json(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("show", trained, "--json")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["network"]["hidden"] == [4]
    assert content["config"]["batch_size"] == 8
    assert content["networks"] == 1
    first = {"inputs": 64, "outputs": 4, "activation": "relu", "parameters": 260}
    assert first == content["layers"][0]


def test_every_setting_of_training_stands_in_one_panel() -> None:
    assert sorted(SETTINGS) == sorted(chain(*panels().values()))
    assert "hidden" in panels()["Network"]
    assert "dropout" in panels()["Regularization"]


def test_a_file_that_is_no_model_is_not_shown(gpunet: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"no model")
    ran = gpunet("show", tmp_path / "model")
    assert (ran.code, ran.out) == (1, "")
    assert "is no sound model file" in ran.failure
