"""Sound and hostile states of runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from gpunet.artifacts import model_file
from gpunet.artifacts.checkpoint import load_state, save_state
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.origin import Origin
from gpunet.datasets.scaling import Scaling
from gpunet.errors import ModelError
from gpunet.model import Model, Scores
from gpunet.training.events import EpochRecord
from gpunet.training.state import RunState
from gpunet.workflows.run_folders import Recorder

NETWORK = NetworkSpec(inputs=4, hidden=(3,), outputs=2)
SHAPE = (1, NETWORK.parameter_count)


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


MODEL = Model(
    network=NETWORK,
    parameters=np.zeros(SHAPE, np.float32),
    config=TrainConfig(hidden=(3,), learning_rate=0.1),
    classes=("no", "yes"),
    image_shape=None,
    scaling=None,
    origin=Origin("points", "strokes", "0123abc", "a file"),
    best_epoch=0,
    test=Scores(None, None),
)
STATE = RunState(
    parameters=weights(1, *SHAPE),
    moments=weights(2, 2, *SHAPE),
    best=weights(3, *SHAPE),
    best_epochs=(1,),
    histories=(
        (
            EpochRecord(1, 0.1 + 0.2, 0.75, 1 / 3, 0.5, 0.002, 2.0, 1000.0),
            EpochRecord(2, 0.25, 0.75, None, None, 0.001, 2.0, 1e4 / 3),
        ),
    ),
    steps=20,
    seconds=4.5,
    scaling=Scaling(np.arange(4, dtype=np.float32), np.ones(4, dtype=np.float32)),
    device="llvmpipe (software adapter, Vulkan)",
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "last.safetensors"
    save_state(MODEL, STATE, path)
    return path


def rewrite(path: Path, tensors: dict[str, Any], entries: dict[str, Any]) -> None:
    """Replace the named tensors (``None`` leaves one out), entries of the run or its network."""
    content = safetensors.numpy.load_file(path) | tensors
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    run = json.loads(metadata["run"])
    own = {name: entries[name] for name in ("history", "best_epoch") if name in entries}
    metadata["run"] = json.dumps(run | {"networks": [run["networks"][0] | own]} | entries)
    kept = {name: tensor for name, tensor in content.items() if tensor is not None}
    path.write_bytes(safetensors.numpy.save(kept, metadata))


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_state(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_state_comes_back_bit_by_bit(saved: Path) -> None:
    model, state = load_state(saved)
    for name in ("parameters", "moments", "best"):
        np.testing.assert_array_equal(getattr(STATE, name), getattr(state, name))
    assert STATE.history == state.history
    assert (state.best_epoch, state.steps, state.seconds) == (1, 20, 4.5)
    assert state.device == STATE.device
    assert state.scaling is not None
    assert MODEL.config == model.config
    assert MODEL.origin == model.origin


def test_a_state_is_also_a_model_with_the_latest_weights(saved: Path) -> None:
    model = model_file.load(saved)
    np.testing.assert_array_equal(STATE.parameters, model.parameters)
    assert model.best_epoch == 2


@pytest.mark.parametrize("count", [0, 1])
def test_optimizers_with_fewer_moments_keep_fewer(tmp_path: Path, count: int) -> None:
    path = tmp_path / "last.safetensors"
    save_state(MODEL, dataclasses.replace(STATE, moments=weights(4, count, *SHAPE)), path)
    assert (count, *SHAPE) == load_state(path)[1].moments.shape


MEASURED = dataclasses.replace(
    MODEL,
    network=dataclasses.replace(NETWORK, loss="squared-error"),
    config=dataclasses.replace(MODEL.config, loss="squared-error"),
    classes=(),
    targets=("one", "other"),
)
"""A model that answers with measured targets."""


@pytest.mark.parametrize("val_loss", [None, 0.5])
def test_targets_that_are_all_alike_have_no_r2_in_a_run_that_is_read_again(
    tmp_path: Path, val_loss: float | None
) -> None:
    path = tmp_path / "last.safetensors"
    r2 = (float("nan"), None if val_loss is None else float("nan"))
    record = EpochRecord(1, 0.5, None, val_loss, None, 0.002, 2.0, 1000.0, *r2)
    save_state(MEASURED, dataclasses.replace(STATE, histories=((record,),)), path)
    assert repr(load_state(path)[1].histories) == repr(((record,),))


def test_a_run_whose_scores_are_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save_state(MEASURED, STATE, path)
    assert "entry 1 of its history is damaged" in refusal(path)


def test_a_model_alone_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model_file.save(MODEL, path)
    assert "it holds a model alone" in refusal(path)


RECORD = dataclasses.asdict(STATE.history[0])
BEGUN = {"samples": 64, "seconds": 1.5, "loss": [3.5], "correct": [40], "seen": [64]}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"history": []}, "its best epoch is none of its history"),
        ({"history": [], "best_epoch": 0}, "there is no epoch in its history"),
        ({"begun": BEGUN}, "what it says of the epoch that is begun cannot be"),
        ({"begun": BEGUN, "window": 48}, "what it says of the epoch that is begun cannot be"),
        ({"begun": {**BEGUN, "samples": 0}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "loss": []}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "seen": [-1]}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "seconds": -1}, "window": 64}, "of the epoch that is begun cannot"),
        (
            {"begun": {**BEGUN, "seen": [1 << 80]}, "window": 64},
            "of the epoch that is begun cannot",
        ),
        ({"begun": {**BEGUN, "seen": [63]}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "seen": [0]}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "correct": [-1]}, "window": 64}, "of the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "weight": [1, 2]}, "window": 64}, "the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "squared": [1, 2]}, "window": 64}, "the epoch that is begun cannot"),
        ({"begun": {**BEGUN, "correct": "12"}}, "begun.correct is '12', wanted array"),
        ({"window": 0}, "window is 0, wanted int >= 1"),
        ({"history": {}}, "networks[0].history is {}, wanted array"),
        ({"history": [[]]}, "networks[0].history[0] is [], wanted object"),
        ({"history": [{**RECORD, "epoch": 2}]}, "entry 1 of its history is damaged"),
        ({"history": [{**RECORD, "train_loss": None}]}, "train_loss is None, wanted float"),
        ({"history": [{**RECORD, "seconds": "2"}]}, "seconds is '2', wanted float"),
        ({"history": [{**RECORD, "val_loss": None}]}, "entry 1 of its history is damaged"),
        ({"history": [{**RECORD, "val_loss": 10**400}]}, "number out of range"),
        ({"history": [{**RECORD, "seconds": float("nan")}]}, "no JSON"),
        ({"best_epoch": 3}, "its best epoch is none of its history"),
        ({"best_epoch": True}, "best_epoch is True, wanted int"),
        ({"best_epoch": None}, "best_epoch is None, wanted int"),
        ({"networks": []}, "it does not tell how its 1 networks were trained"),
        ({"networks": [3]}, "networks[0] is 3, wanted object"),
        ({"steps": -1}, "steps is -1, wanted int >= 1"),
        ({"steps": 2.5}, "steps is 2.5, wanted int"),
        ({"seconds": "long"}, "seconds is 'long', wanted float"),
        ({"seconds": -1}, "seconds is -1, wanted float >= 0"),
        ({"device": 7}, "device is 7, wanted str"),
        ({"device": "x" * 1001}, "wanted str of length <= 1000"),
    ],
)
def test_entries_that_cannot_be_are_refused(
    saved: Path, entries: dict[str, Any], message: str
) -> None:
    rewrite(saved, {}, entries)
    assert message in refusal(saved)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"run.best": None}, "does not hold the moments and the best weights alone"),
        ({"run.more": weights(5, 2)}, "does not hold the moments and the best weights alone"),
        ({"run.best": weights(5, 1, 2)}, "its best weights have shape (1, 2)"),
        ({"run.moments": weights(5, 3, *SHAPE)}, "its moments have shape (3, 1, "),
        ({"run.moments": weights(5)}, "its moments have shape ()"),
        ({"run.best": np.full(SHAPE, np.nan, np.float32)}, "does not hold finite float32"),
        ({"run.best": np.zeros(SHAPE, np.float64)}, "does not hold finite float32"),
        ({"layers.0.weights": None}, "layers.0.weights is missing"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    saved: Path, tensors: dict[str, Any], message: str
) -> None:
    rewrite(saved, tensors, {})
    assert message in refusal(saved)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    assert "last.safetensors is no sound model file" in refusal(saved)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be read: no such file" in refusal(tmp_path / "last.safetensors")


def test_a_state_of_several_networks_tells_the_latest_of_their_best_epochs() -> None:
    history = STATE.histories[0]
    several = dataclasses.replace(STATE, best_epochs=(1, 2, 1), histories=(history,) * 3)
    assert several.best_epoch == 2


@pytest.mark.parametrize("name", ["parameters", "moments", "best"])
def test_a_state_is_finite_only_if_it_is_so_throughout(name: str) -> None:
    array = getattr(STATE, name).copy()
    array[..., -1] = np.inf
    assert STATE.finite
    assert not dataclasses.replace(STATE, **{name: array}).finite


def test_a_checkpoint_is_written_every_so_many_epochs_and_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []
    monkeypatch.setattr(RunFolder, "write_checkpoint", lambda *given: steps.append(given[2].steps))
    recorder = Recorder(RunFolder(Path("run")), every=2)
    monkeypatch.setattr(recorder, "_template", MODEL, raising=False)
    record = STATE.histories[0][0]
    for epoch in range(1, 6):
        history = (record,) * epoch
        recorder.on_checkpoint(dataclasses.replace(STATE, steps=epoch, histories=(history,)))
    assert steps == [2, 4]
    recorder.on_train_end("epochs", 5)
    recorder.on_train_end("epochs", 5)
    assert steps == [2, 4, 5]
