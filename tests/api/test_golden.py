"""Files that the first release's ancestor wrote are read, and mean what they meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import gpunet

GOLDEN = Path(__file__).parents[1] / "golden"
"""Written once, by the program that knew format 1 alone; never written again."""


def test_a_model_of_format_1_answers_as_it_did() -> None:
    model = gpunet.load(GOLDEN / "table.safetensors")
    told = model.evaluate(str(GOLDEN / "flowers.csv"))
    assert model.config.seed == 3
    assert model.classes == ("long", "wide")
    assert told.accuracy == 0.75
    assert told.loss == pytest.approx(0.515504216)


def test_an_ensemble_of_format_1_answers_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path))
    model = gpunet.load(GOLDEN / "digits.safetensors")
    assert len(model.parameters) == 2
    assert model.config.layer_norm
    assert model.config.optimizer == "adamw"
    told = model.evaluate()
    assert told.accuracy == 0.3
    assert told.loss == pytest.approx(2.2136134, rel=1e-6)  # its sums were rounded otherwise


@pytest.mark.filterwarnings("ignore:flowers.csv is one file")
def test_a_run_of_format_1_is_gone_on_with_to_the_same_weights(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(GOLDEN / "run", folder)
    resumed = gpunet.resume(folder, str(GOLDEN / "flowers.csv"), epochs=5, verbose=False)
    expected = gpunet.load(GOLDEN / "resumed.safetensors")
    assert (resumed.model.parameters == expected.parameters).all()
    assert len(resumed.history) == 5


def test_a_model_of_classes_is_written_as_before_there_were_measured_targets(
    tmp_path: Path,
) -> None:
    golden = GOLDEN / "classes.safetensors"
    again = gpunet.load(golden).save(tmp_path / "again.safetensors")
    (before, weights), (now, same_weights) = (_parts(path.read_bytes()) for path in (golden, again))
    new_settings = set(now["config"]) - set(before["config"])
    assert "scale_targets" in new_settings
    for name in new_settings:
        del now["config"][name]
    assert now == before | {"gpunet": gpunet.__version__}
    assert same_weights == weights


def _parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """What a model file says of the model, and its tensors."""
    end = 8 + int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8:end])["__metadata__"]
    return json.loads(metadata["gpunet"]), content[end:]
