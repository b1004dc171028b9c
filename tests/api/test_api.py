"""``import gpunet``: what a script can do, and that it is what the command line does."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gpunet
from gpunet.cli.app import run as run_command

SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 2, "device": "cpu", "verbose": False}


def flowers(count: int = 90) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Rows (n, 3) that their largest feature tells apart."""
    features = np.random.default_rng(0).normal(size=(count, 3))
    return features, np.array(["blue", "green", "red"])[features.argmax(axis=1)]


def test_importing_it_is_light_and_loads_nothing_heavy() -> None:
    script = "import sys, gpunet; print([m for m in ('numpy', 'wgpu', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_training_without_an_adapter_loads_nothing_that_only_adapters_need() -> None:
    script = """
import sys, gpunet
gpunet.train(([[0.0], [1.0]] * 40, [0, 1] * 40), hidden=(2,), epochs=1, device="cpu")
needed = ("adapter_check", "twins", "wgpu.wgpu_engine", "wgpu.compiled", "wgpu.tile_trials")
print([one for one in needed if f"gpunet.engine.{one}" in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_everything_that_is_public_is_there_and_documented() -> None:
    for name in dir(gpunet):
        assert getattr(gpunet, name).__doc__
    assert set(gpunet.__all__) <= set(dir(gpunet))


def test_what_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = gpunet.trian


def test_a_script_writes_the_bytes_that_the_command_line_writes(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"hidden": (32,), "epochs": 2, "seed": 1, "device": "cpu"}
    run = gpunet.train("strokes:300+100", **settings, verbose=False)
    run.model.save("script.safetensors")
    command = "train --data strokes:300+100 --hidden 32 --epochs 2 --seed 1 --device cpu -q"
    assert run_command([*command.split(), "--output", "command.safetensors"]) == 0
    assert Path("script.safetensors").read_bytes() == Path("command.safetensors").read_bytes()


@pytest.mark.parametrize(
    "convert",
    [
        np.array,
        np.asfortranarray,
        lambda rows: rows[::1].astype(object),
        lambda rows: rows.tolist(),
        lambda rows: np.lib.stride_tricks.as_strided(rows, writeable=False),
    ],
)
def test_features_of_any_layout_give_the_same_answers(convert: Any) -> None:
    features, labels = flowers()
    expected = gpunet.train((features, labels), **SMALL).model.predict_proba(features)
    own = gpunet.train((convert(features), labels), **SMALL).model
    assert np.allclose(own.predict_proba(convert(features)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([0, 1, 2], np.int64), np.int64),
        (np.array(["a", "b", "c"]), np.str_),
        (np.array(["a", "b", "c"], dtype=object), np.str_),
        (np.array([3, 5, 8], dtype=object), np.int64),
        (np.array([-1, 1, 7], np.int8), np.int64),
    ],
)
def test_the_answers_are_the_labels_that_were_given(labels: Any, expected: Any) -> None:
    features, _ = flowers(120)
    y = labels[features.argmax(axis=1)]
    model = gpunet.train((features, y), hidden=(16,), device="cpu", verbose=False).model
    answers = model.predict(features)
    assert np.issubdtype(answers.dtype, expected)
    assert (answers == y).mean() > 0.9


def test_booleans_are_two_classes() -> None:
    features, _ = flowers(120)
    y = features[:, 0] > 0
    model = gpunet.train((features, y), hidden=(16,), device="cpu", verbose=False).model
    assert (model.predict(features).astype(bool) == y).mean() > 0.9


def test_a_test_set_is_tested_and_without_one_nothing_is() -> None:
    features, labels = flowers()
    alone = gpunet.train((features, labels), **SMALL)
    assert (alone.test.loss, alone.test.accuracy) == (None, None)
    tested = gpunet.train((features, labels, features[:20], labels[:20]), **SMALL)
    own = tested.model.predict(features[:20]) == labels[:20]
    assert tested.test.accuracy == pytest.approx(own.mean())


def test_evaluating_arrays_compares_all_of_them() -> None:
    features, labels = flowers()
    model = gpunet.train((features, labels), **SMALL).model
    told = model.evaluate((features, labels))
    assert told.accuracy == pytest.approx((model.predict(features) == labels).mean())
    assert told.matrix.sum() == len(labels)
    scores = f"loss {told.loss:.4g}, accuracy {told.accuracy:.4g}"
    assert repr(told) == f"<gpunet.Evaluation of 90 samples: {scores}>"


def test_grey_levels_of_any_type_are_one_kind_of_image() -> None:
    data = gpunet.load_dataset("strokes:300+100", verbose=False)
    images, labels = data.train.features, data.train.labels
    expected = gpunet.train((images, labels), **SMALL).model.predict_proba(images)
    for other in (images.astype(np.int64), images.astype(np.float64), images / 255):
        model = gpunet.train((other, labels), **SMALL).model
        assert np.allclose(model.predict_proba(other), expected, atol=1e-5)
    square = images.reshape(-1, 28, 28)
    assert np.allclose(
        gpunet.train((square, labels), **SMALL).model.predict_proba(square), expected, atol=1e-5
    )


def test_a_run_tells_its_history_and_its_result() -> None:
    run = gpunet.train("strokes:300+100", **SMALL)
    assert [record["epoch"] for record in run.history] == [1, 2]
    assert {"train_loss", "val_loss", "val_accuracy", "seconds"} <= set(run.history[0])
    assert run.config.hidden == (8,)
    assert run.device.backend == "numpy"
    assert "784-8-10 on strokes: test accuracy" in repr(run)
    html = run._repr_html_()
    assert html.count("<polyline") == 4
    assert "<svg" in html


def test_a_saved_model_is_loaded_with_the_same_answers() -> None:
    run = gpunet.train("strokes:300+100", **SMALL)
    run.model.save("model.safetensors")
    loaded = gpunet.load("model.safetensors")
    images = run.dataset.test.features
    assert (loaded.predict_proba(images) == run.model.predict_proba(images)).all()
    assert loaded.evaluate().accuracy == run.test.accuracy
    (weights, biases), _ = loaded.layers
    assert (weights.shape, biases.shape) == ((1, 784, 8), (1, 8))
    assert "layer 1: 784 -> 8, relu" in loaded.summary()


def test_no_file_is_replaced_without_a_word() -> None:
    model = gpunet.train("strokes:300+100", **SMALL).model
    model.save("model.safetensors")
    with pytest.raises(gpunet.OutputError, match="is there already; give another name, or force"):
        model.save("model.safetensors")
    assert model.save("model.safetensors", force=True) == Path("model.safetensors")


def test_a_run_in_a_folder_is_gone_on_with_bit_for_bit() -> None:
    whole = gpunet.train("strokes:300+100", **{**SMALL, "epochs": 4}, schedule="constant")
    gpunet.train("strokes:300+100", **SMALL, schedule="constant", run_dir="run")
    resumed = gpunet.resume("run", epochs=4, verbose=False)
    assert len(resumed.history) == 4
    assert (resumed.model.parameters == whole.model.parameters).all()
    assert Path("run/report.json").is_file()


def test_the_data_of_a_run_of_arrays_are_given_again() -> None:
    data = flowers()
    gpunet.train(data, **SMALL, run_dir="run")
    with pytest.raises(gpunet.DataError, match="'arrays'"):
        gpunet.resume("run", epochs=3, verbose=False)
    assert len(gpunet.resume("run", data, epochs=3, verbose=False).history) == 3


def test_a_callback_is_told_of_every_epoch_and_stops_the_run() -> None:
    class Watching(gpunet.Callback):
        def __init__(self) -> None:
            self.told: list[Any] = []

        def on_train_begin(self, run: Any) -> None:
            self.told.append(run.train_count)

        def on_epoch_end(self, record: Any) -> bool:
            self.told.append(record.epoch)
            return bool(record.epoch == 3)

        def on_train_end(self, reason: Any, best_epoch: int) -> None:
            self.told.append(reason)

    watching = Watching()
    run = gpunet.train("strokes:300+100", **{**SMALL, "epochs": 9}, callbacks=[watching])
    assert watching.told == [250, 1, 2, 3, "stopped by user"]
    assert len(run.history) == 3


def test_a_quiet_training_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    gpunet.train("strokes:300+100", **SMALL)
    assert capsys.readouterr() == ("", "")


def test_a_training_prints_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gpunet.train("strokes:300+100", **{**SMALL, "verbose": True})
    out = capsys.readouterr().out
    assert "data:   strokes" in out
    assert "epoch 2/2" in out


def test_a_setting_goes_by_its_short_name_as_on_the_command_line() -> None:
    run = gpunet.train(flowers(), **SMALL, lr=0.03, init="he", callbacks=None)
    assert (run.config.learning_rate, run.config.initialization) == (0.03, "he")


def test_a_setting_that_is_none_is_told_with_what_was_meant() -> None:
    with pytest.raises(gpunet.UsageError, match=r"'droput' is no setting.*did you mean 'dropout'"):
        gpunet.train("strokes:300+100", droput=0.1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (7, "the data are int, wanted a name, a path"),
        (([[1.0], [2.0]], [0, 1], [[1.0]], None), "y_test is missing"),
        (([[1.0, "1/2/2020"], [2.0, "5/2/2020"]], [0, 1]), "row 1, column 2 of X is '1/2/2020'"),
        (([[1.0], [np.inf]], [0, 1]), "row 2, value 1 of X is inf"),
        (([[1.0], [2.0]], [0, 1, 1]), "y holds 3 rows but X 2"),
        (([1.0, 2.0], [0, 1]), "X is of shape"),
        (([[1.0], [2.0]], [None, None]), "the label in row 1 is missing"),
        (({"a": [1.0, 2.0]}, [0, 1]), "X is a dict, wanted numbers"),
    ],
)
def test_data_that_cannot_be_are_refused_in_one_sentence(data: Any, told: str) -> None:
    with pytest.raises(gpunet.DataError, match=told):
        gpunet.train(data, **SMALL)


def test_rows_that_do_not_fit_the_model_are_refused() -> None:
    model = gpunet.train(flowers(), **SMALL).model
    with pytest.raises(gpunet.ModelError, match="have 2 features but the model takes 3"):
        model.predict([[1.0, 2.0]])
    with pytest.raises(gpunet.DataError, match=r"for one sample give \[X\]"):
        model.predict([1.0, 2.0, 3.0])
    with pytest.raises(gpunet.DataError, match="no samples"):
        model.predict(np.empty((0, 3)))
    with pytest.raises(gpunet.DataError, match="X is a dict"):
        model.predict({"a": [1.0]})
    with pytest.raises(gpunet.DataError, match=r"the data are 3 arrays, wanted \(X, y\)"):
        model.evaluate(([[1.0, 2.0, 3.0]], [0], [0]))
    with pytest.raises(gpunet.DataError, match="the data are dict, wanted a name, a path"):
        model.evaluate({"a": [1.0]})


def test_a_model_that_never_learned_is_not_there() -> None:
    with pytest.warns(UserWarning, match="diverged"):
        run = gpunet.train(
            flowers(), **SMALL, optimizer="sgd", learning_rate=1e30, standardize=False
        )
    with pytest.raises(gpunet.ModelError, match="smaller learning rate"):
        _ = run.model


def test_errors_survive_pickling() -> None:
    for error in (gpunet.UsageError("a"), gpunet.DataError("b")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))


def test_devices_end_with_numpy() -> None:
    assert gpunet.devices()[-1].backend == "numpy"


def test_an_image_file_is_read_as_the_command_line_reads_it(tmp_path: Path) -> None:
    from PIL import Image

    run = gpunet.train("strokes:3000+100", hidden=(32,), epochs=6, device="cpu", verbose=False)
    Image.fromarray(run.dataset.test.features[3].reshape(28, 28)).save("digit.png")
    answer = run.model.predict("digit.png")
    assert answer.tolist() == [int(run.dataset.test.labels[3])]
    assert run.model.predict(["digit.png"] * 2).tolist() == answer.tolist() * 2


def test_a_search_tries_the_space_and_tests_its_best_network() -> None:
    found = gpunet.tune(
        "strokes:300+100",
        {"hidden": [(8,), (16,)], "learning_rate": {"low": 0.001, "high": 0.1, "log": True}},
        trials=4,
        epochs=2,
        pruner="none",
        device="cpu",
        verbose=False,
    )
    assert len(found.trials) == 4
    assert set(found.best) == {"hidden", "learning_rate"}
    assert found.model is not None
    assert found.model.config == found.config
    again = gpunet.train("strokes:300+100", config=found.config, device="cpu", verbose=False)
    assert (again.model.parameters == found.model.parameters).all()
    assert found.model.test.accuracy == again.test.accuracy


def test_a_space_that_cannot_be_is_refused() -> None:
    with pytest.raises(gpunet.UsageError, match="did you mean 'hidden'"):
        gpunet.tune("strokes:300+100", {"hiden": [(8,)]}, verbose=False)
    with pytest.raises(gpunet.UsageError, match="'epoch' is no setting"):
        gpunet.tune("strokes:300+100", epoch=3, verbose=False)
    with pytest.raises(gpunet.UsageError, match=r"\[hidden\] choices: is 5, wanted a list"):
        gpunet.tune("strokes:300+100", {"hidden": 5}, verbose=False)
    with pytest.raises(
        gpunet.UsageError, match=r"\[activation\] choices: is 'relu', wanted a list"
    ):
        gpunet.tune("strokes:300+100", {"activation": "relu"}, verbose=False)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ({"trials": 0}, "trials is 0, wanted from 1 to 2,147,483,648"),
        ({"trials": 2.5}, "trials is 2.5, wanted a whole number"),
        ({"population": 0}, "population is 0, wanted from 1 to"),
        ({"timeout": -1}, "timeout is -1, wanted a number above 0"),
        ({"sampler": "grd"}, "sampler is 'grd', wanted one of tpe, random, grid; did you mean"),
        ({"pruner": "no"}, "pruner is 'no', wanted one of halving, median, none"),
    ],
)
def test_how_much_is_searched_is_checked_before_the_data_are_read(argument: Any, told: str) -> None:
    with pytest.raises(gpunet.UsageError) as caught:
        gpunet.tune("nowhere", **argument, verbose=False)
    assert told in str(caught.value)


@pytest.mark.parametrize("every", [0, "x", 1.5])
def test_checkpoints_that_cannot_be_are_refused_before_a_folder_is_made(
    tmp_path: Path, every: Any
) -> None:
    for begin in (gpunet.train, gpunet.resume):
        with pytest.raises(gpunet.UsageError, match=f"checkpoint_every is {every!r}, wanted"):
            begin(tmp_path / "run", checkpoint_every=every)
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_a_search_need_no_gpu_and_print_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gpunet.tune(flowers(), {"hidden": [(8,)]}, trials=1, epochs=1, device="cpu", verbose=False)
    assert capsys.readouterr() == ("", "")
