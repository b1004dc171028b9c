"""What a script is told: the words of a run, of its warnings and of its errors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpunet
from gpunet import api
from gpunet.artifacts.run_folder import RunFolder
from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.engine.timing import begin_random_epoch
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter
from gpunet.engine.wgpu.device import open_device
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import DeviceLostError, GpunetError, OutputError
from gpunet.search import session
from gpunet.workflows import devices, run_folders, training
from gpunet.workflows.data import found_again, reference
from gpunet.workflows.messages import Messages, Update

SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 2, "device": "cpu", "verbose": False}
STROKES = "strokes:300+100"


def rows(count: int = 60) -> tuple[Any, Any]:
    """Rows (n, 2) of two classes."""
    labels = np.arange(count) % 2
    return np.random.default_rng(0).normal(labels[:, None], 1, (count, 2)), labels


class Told(Messages):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.measured: list[int] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def note(self, message: object) -> None:
        self.notes.append(str(message))

    def tiles(self, count: int, seconds: float) -> None:
        assert seconds >= 0
        self.measured.append(count)


def test_a_run_is_told_in_a_line() -> None:
    run = gpunet.train(STROKES, **SMALL)
    end = f"best epoch {run.best_epoch} of 2"
    accuracy, loss = run.test.accuracy, run.test.loss
    assert accuracy is not None
    assert loss is not None
    told = f"test accuracy {accuracy:.4g}, test loss {loss:.4g}"
    assert repr(run) == f"<gpunet.Run 784-8-10 on strokes: {told}, {end}>"
    html = run._repr_html_()
    assert html.startswith(f"<div><p>784-8-10 on strokes: {told}, {end}; {run.device}</p><svg")
    untested = gpunet.train(rows(), **SMALL)
    best = untested.history[untested.best_epoch - 1]
    told = f"val accuracy {best['val_accuracy']:.4g}, val loss {best['val_loss']:.4g}"
    end = f"best epoch {untested.best_epoch} of 2"
    assert repr(untested) == f"<gpunet.Run 2-8-2 on arrays: {told}, {end}>"


def test_a_plot_of_a_run_is_titled_by_its_data_network_and_optimizer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[Any, ...]] = []
    monkeypatch.setattr(training, "plot_curves", lambda *given: drawn.append(given))
    run = gpunet.train(STROKES, **SMALL, optimizer="nadam")
    run.plot("curves.svg")
    ((curves, title, path),) = drawn
    assert (title, path) == ("strokes, 784-8-10, nadam", Path("curves.svg"))
    assert list(curves.train_loss) == [one["train_loss"] for one in run.history]


def test_a_run_that_diverged_is_warned_of_with_a_smaller_rate() -> None:
    wild: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e30, "standardize": False}
    with pytest.warns(UserWarning, match="diverged") as told:
        run = gpunet.train(rows(), **SMALL, **wild)
    assert [str(one.message) for one in told if "diverged" in str(one.message)] == [
        "training diverged: its loss is no longer finite in epoch 1, so there is no model; try "
        "learning_rate=1e+29"
    ]
    with pytest.raises(gpunet.ModelError) as raised:
        _ = run.model
    assert str(raised.value) == (
        "no epoch of the training had a finite loss (diverged), so there is no model; train with a "
        "smaller learning rate, or for longer"
    )


def test_few_samples_are_told_with_the_epochs_that_they_get() -> None:
    told = Told()
    dataset = gpunet.load_dataset("strokes:40+10", verbose=False)
    config = training.settle_epochs(TrainConfig(), dataset, told)
    assert told.lines == [
        f"epochs: {config.epochs} by default, as one has few steps; at least "
        f"{config.effective_patience} without an improvement end the training"
    ]
    assert (config.epochs or 0) > 15
    told = Told()
    assert training.settle_epochs(TrainConfig(epochs=3), dataset, told).epochs == 3
    assert told.lines == []


def test_data_that_cannot_be_are_told_with_what_can() -> None:
    for data in (7, (1, 2, 3)):
        with pytest.raises(gpunet.DataError) as raised:
            gpunet.train(data, **SMALL)
        assert str(raised.value) == (
            f"the data are {type(data).__name__}, wanted a name, a path, (X, y), "
            "(X, y, X_test, y_test), a data frame or a gpunet.Dataset"
        )


def test_a_callback_that_is_none_is_refused_before_the_training() -> None:
    with pytest.raises(gpunet.UsageError, match="hold <built-in function print>, wanted instances"):
        gpunet.train(rows(), **SMALL, callbacks=[print])  # type: ignore[list-item]


def test_a_warning_names_the_line_that_called_gpunet() -> None:
    words = [["red", 1.5], ["blue", 2.0]] * 10
    with pytest.warns(UserWarning, match="becomes one feature per word") as told:
        model = gpunet.train((words, [0, 1] * 10), **SMALL).model
    with pytest.warns(UserWarning, match="not trained on") as told_of_rows:
        model.predict([["green", 1.0]])
    assert {one.filename for one in (*told, *told_of_rows)} == {__file__}


def test_data_are_found_again_by_their_name_or_an_absolute_path() -> None:
    dataset = gpunet.load_dataset(STROKES, verbose=False)
    assert reference("auto", dataset) == "strokes"
    assert reference(STROKES, dataset) == STROKES
    assert reference("here.csv", dataset) == str(Path("here.csv").absolute())
    Path("here.csv").touch()
    assert found_again("here", str(Path("here.csv").absolute())) == str(Path("here.csv").absolute())
    for place, told in (
        (None, "the model does not tell where the data 'here' are that it was trained on"),
        ("here.csv", "the data 'here' that the model was trained on are not at here.csv"),
    ):
        with pytest.raises(gpunet.DataError) as raised:
            found_again("here", place)
        assert str(raised.value) == f"{told}; give them as data"


def test_labels_and_rows_of_arrays_must_be_as_many() -> None:
    model = gpunet.train(rows(), **SMALL).model
    features, labels = rows()
    with pytest.raises(gpunet.DataError) as raised:
        model.evaluate((features, labels[:9]))
    assert str(raised.value) == "y holds 9 labels but X 60 rows"


def test_a_run_that_another_folder_holds_is_gone_on_with_by_what_may_change() -> None:
    gpunet.train(rows(), **SMALL, run_dir="run")
    with pytest.raises(gpunet.UsageError) as raised:
        gpunet.resume("run", rows(), epochs=3, learning_rate=0.5, verbose=False)
    assert str(raised.value) == (
        "learning_rate is 0.5 but the run in run was begun with 0.005; leave it out, or train again"
    )
    with pytest.raises(gpunet.UsageError) as raised:
        gpunet.resume("run", rows(), epochs=1, verbose=False)
    assert str(raised.value) == (
        "epochs is 1 but the run in run was begun with 2; give a larger number"
    )
    with pytest.raises(gpunet.DataError) as mismatch:
        gpunet.resume("run", rows(40), epochs=3, verbose=False)
    assert str(mismatch.value) == (
        "arrays does not hold the data that the run in run was begun with, arrays; give data with "
        "a path to those"
    )


def test_a_run_is_kept_as_often_as_a_script_says(monkeypatch: pytest.MonkeyPatch) -> None:
    epochs: list[int] = []
    keep = RunFolder.write_checkpoint

    def noting(self: Any, model: Any, state: Any) -> None:
        epochs.append(len(state.history))
        keep(self, model, state)

    monkeypatch.setattr(RunFolder, "write_checkpoint", noting)
    options: dict[str, Any] = {**SMALL, "epochs": 5, "patience": 0}
    gpunet.train(rows(), **options, run_dir="run", checkpoint_every=2)
    assert epochs == [2, 4, 5]
    gpunet.resume("run", rows(), epochs=8, checkpoint_every=3, device="cpu", verbose=False)
    assert epochs == [2, 4, 5, 6, 8]


def test_a_folder_that_cannot_be_written_is_noted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(run_folders, "save", full)
    monkeypatch.setattr(run_folders, "write_report", full)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gpunet.train(rows(), **SMALL, run_dir="full")
    assert [str(one.message) for one in told].count("the disk is full") == 1


@pytest.mark.parametrize(("seconds", "measured"), [(59.9, 0), (60.0, 1), (None, 1)])
def test_a_training_below_a_minute_measures_no_tiles(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, measured: int
) -> None:
    asked: list[Any] = []

    class Device:
        adapter = "an adapter"

    def choose(
        config: Any, adapter: Any, dataset: Any, tiles: Any, messages: Any, steps: Any
    ) -> Any:
        asked.append((adapter, tiles, steps))
        return ["one"]

    monkeypatch.setattr(devices, "choose_tiles", choose)
    monkeypatch.setattr(TileCache, "of", lambda adapter: "the tiles")
    dataset = gpunet.load_dataset("strokes:300+10", verbose=False)
    config = TrainConfig(epochs=3, batch_size=64, max_time=seconds)
    device: Any = Device()
    told = Told()
    assert str(devices.measured_tiles(device, config, dataset, told)) == "the tiles"
    assert told.measured == [1] * measured
    assert asked == [("an adapter", "the tiles", 15)] * measured


def test_shaders_are_compiled_before_a_training_and_counted(adapter: Adapter) -> None:
    dataset = gpunet.load_dataset("strokes:300+10", verbose=False)
    config = TrainConfig(epochs=1, hidden=(7, 5), batch_size=24)
    told: list[tuple[str, int, int]] = []

    class Counting(Messages):
        @contextmanager
        def stage(self, what: str, name: str = "") -> Iterator[Update]:
            def tell(what: str, done: int = 0, total: int = 0, unit: str = "") -> None:
                told.append((what, done, total))

            yield tell

    choice = Device(adapter, adapter.info, "as asked for")
    devices.compile_shaders(choice, config, dataset, None, Counting())
    assert told == [("compiling shaders", done, len(told)) for done in range(len(told))]
    assert len(told) > 1
    compiled = len(open_device(adapter)._pipelines)
    with devices.training_engine(choice, config, dataset) as engine:
        begin_random_epoch(engine, 2)
        engine.train(2)
        engine.metrics()
    assert len(open_device(adapter)._pipelines) == compiled


def test_the_devices_are_those_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def made_up(name: str, usable: bool) -> Adapter:
        info = DeviceInfo(name, "discrete GPU", "Vulkan", "driver")
        return Adapter(0, info, dict(DEFAULT_LIMITS), True, usable, "" if usable else "old", None)

    monkeypatch.setattr(api, "list_adapters", lambda: (made_up("A", True), made_up("B", False)))
    assert [one.name for one in gpunet.devices()] == ["A", numpy_device().name]


def test_a_search_without_a_result_or_a_test_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    few: dict[str, Any] = {"trials": 1, "epochs": 1, "device": "cpu", "verbose": False}
    with pytest.raises(gpunet.StudyError) as raised:
        gpunet.tune(rows(), {"learning_rate": [1e38]}, **few)
    assert str(raised.value) == (
        "no trial has come to an end with a finite metric, so there is no model; try lower "
        "learning rates"
    )
    assert isinstance(raised.value, GpunetError)

    def lost(*_: object) -> None:
        raise DeviceLostError("the device is lost")

    monkeypatch.setattr(session, "evaluate_model", lost)
    with pytest.warns(UserWarning, match="^the device is lost; the best network is kept, "):
        gpunet.tune((*rows(), *rows()), {"hidden": [(4,)]}, **few, study="two")


def test_a_search_is_one_of_the_space_the_trials_and_the_terms_that_are_asked_for() -> None:
    found = gpunet.tune(
        rows(),
        {"hidden": [(4,), (6, 3)], "dropout": {"low": 0.0, "high": 0.2, "step": 0.1}},
        sampler="grid",
        pruner="none",
        population=2,
        study="mine",
        storage="sqlite:///s.db",
        device="cpu",
        verbose=False,
        epochs=1,
        seed=4,
    )
    assert len(found.trials) == 6
    assert {one["values"]["hidden"] for one in found.trials} == {"4", "6,3"}
    spec = found.study.spec
    assert (spec.sampler, spec.pruner, spec.config.seed) == ("grid", "none", 4)
    assert (found.study.name, str(found.study.storage)) == ("mine", "sqlite:///s.db")
    assert isinstance(gpunet.load_dataset(STROKES, verbose=False), Dataset)


def test_what_is_special_about_data_is_a_warning() -> None:
    Path("points.csv").write_text("a,b,kind\n" + "1,2,x\n3,4,y\n" * 30)
    with pytest.warns(UserWarning, match="points.csv"):
        gpunet.load_dataset("points.csv", verbose=False)


def test_a_verbose_dataset_is_told_and_a_quiet_one_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gpunet.load_dataset(STROKES)
    assert "data:   strokes" in capsys.readouterr().out
    gpunet.load_dataset(STROKES, verbose=False)
    assert capsys.readouterr() == ("", "")


def test_a_verbose_search_prints_lines(capsys: pytest.CaptureFixture[str]) -> None:
    gpunet.tune(rows(), {"hidden": [(4,)]}, trials=1, epochs=1, device="cpu", study="s")
    out = capsys.readouterr().out
    assert "study:  s in tune/s/journal.log" in out
    assert "trials  1/1: 1 done" in out


def test_a_model_of_arrays_asks_for_its_columns() -> None:
    model = gpunet.train(rows(), **SMALL).model
    with pytest.raises(gpunet.ModelError) as raised:
        model.predict("image.png")
    assert str(raised.value) == (
        "the model was trained on 'arrays', whose samples are no images, but image.png is no table "
        "of rows; give an array of rows, or a table such as rows.csv"
    )
    with pytest.raises(gpunet.DataError) as shape:
        model.predict(np.zeros(2))
    assert str(shape.value) == (
        "X is of shape (2,), wanted (samples, features); for one sample give [X]"
    )
