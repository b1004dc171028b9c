from __future__ import annotations

import inspect
import json
import pickle
from typing import Any

import numpy as np
import pytest

from gpunet import errors
from gpunet.cli.setting_options import option
from gpunet.config import SETTINGS, TrainConfig
from gpunet.errors import (
    DataError,
    GpunetError,
    MissingExtraError,
    ModelError,
    SettingError,
    UsageError,
    spelled,
    spelling,
)


def test_numbers_of_numpy_and_lists_are_taken_and_become_pythons_own() -> None:
    given = TrainConfig(
        epochs=np.int64(3),  # type: ignore[arg-type]
        learning_rate=np.float32(0.5),  # type: ignore[arg-type]
        layer_norm=np.bool_(True),  # type: ignore[arg-type]
        hidden=[np.int32(8), 4],  # type: ignore[arg-type]
        activation=["relu", "tanh"],  # type: ignore[arg-type]
        dropout=np.array([0.25, 0.5]),  # type: ignore[arg-type]
        class_weights=[1, 2.5],  # type: ignore[arg-type]
    )
    same = TrainConfig(
        epochs=3,
        learning_rate=0.5,
        layer_norm=True,
        hidden=(8, 4),
        activation="relu,tanh",
        dropout=(0.25, 0.5),
        class_weights="1,2.5",
    )
    assert given == same
    assert hash(given) == hash(same)
    assert TrainConfig.from_dict(json.loads(json.dumps(given.to_dict()))) == same


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 1.5}, "epochs is 1.5, wanted a whole number"),
        ({"epochs": True}, "epochs is True, wanted a whole number"),
        ({"seed": "1"}, "seed is '1', wanted a whole number"),
        ({"batch_size": None}, "batch_size is None, wanted a whole number"),
        ({"learning_rate": True}, "learning_rate is True, wanted a number"),
        ({"validation": "0.1"}, "validation is '0.1', wanted a number"),
        ({"layer_norm": 1}, "layer_norm is 1, wanted true or false"),
        ({"hidden": 32}, r"hidden is 32, wanted a list of whole numbers such as \(16, 16\)"),
        ({"hidden": "16"}, "hidden is '16', wanted a list of whole numbers"),
        ({"hidden": (16.5,)}, "hidden is 16.5, wanted a whole number"),
        ({"hidden": (True,)}, "hidden is True, wanted a whole number"),
        ({"activation": ("relu", 1)}, "activation is"),
        ({"activation": 3}, "activation is 3, wanted a text"),
        ({"dropout": ("0.1",)}, "dropout is '0.1', wanted a number"),
        ({"dropout": {"a": 1}}, "dropout is"),
        ({"epochs": [3]}, r"epochs is \[3\], wanted a single value"),
        ({"epochs": np.array(2.5)}, "epochs is"),
        ({"optimizer": 5}, "optimizer is 5, wanted a text"),
        ({"initialization": ["he"]}, "initialization is"),
    ],
)
def test_another_type_is_refused_in_one_sentence(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)


def test_every_error_can_be_sent_to_another_process() -> None:
    kinds: list[Any] = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    kinds = [kind for kind in kinds if issubclass(kind, GpunetError)]
    own = (MissingExtraError, SettingError)
    made = [kind("what is wrong") for kind in kinds if kind not in own]
    made.append(SettingError("epochs", 0, "1 or more").at("run.toml, line 3"))
    made.append(MissingExtraError("drawing a plot", "Matplotlib", "plots"))
    assert len(made) >= 10
    for error in made:
        assert isinstance(error, GpunetError)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
    assert str(made[-2]) == "run.toml, line 3: epochs is 0, wanted 1 or more"
    assert str(made[-1]).startswith("drawing a plot needs Matplotlib, which is not installed; run")


def test_settings_of_earlier_versions_are_read_under_their_names() -> None:
    stored = {**TrainConfig(initialization="he").to_dict(), "class_weights": "1,2.5"}
    stored["initialisation"] = stored.pop("initialization")
    assert TrainConfig.from_dict(stored) == TrainConfig(initialization="he", class_weights=(1, 2.5))


def test_an_error_tells_what_it_is_about_as_data() -> None:
    with pytest.raises(ValueError, match="batch_size is 0, wanted from 1 to") as raised:
        TrainConfig(batch_size=0)
    error = raised.value
    assert isinstance(error, SettingError)
    assert (error.setting, error.value) == ("batch_size", 0)
    assert error.wanted == "from 1 to 16,777,216"
    with pytest.raises(SettingError) as raised:
        TrainConfig(restart_lr=0.1)
    assert raised.value.advice == "add restart_every=EPOCHS"


@pytest.mark.parametrize("kind", [DataError, ModelError])
def test_errors_about_data_and_models_are_value_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, ValueError)


def test_messages_spell_settings_as_they_are_written_where_they_are_read() -> None:
    error = SettingError("learning_rate", -1, "a number above 0")
    assert str(error) == "learning_rate is -1, wanted a number above 0"
    assert spelled("optimizer", "sgd") == 'optimizer="sgd"'
    with spelling(option):
        assert str(error) == "--learning-rate is -1, wanted a number above 0"
        assert spelled("optimizer", "sgd") == "--optimizer sgd"
        assert str(error.at("run.toml, line 3")).startswith("run.toml, line 3: learning_rate is -1")


def test_the_docstring_tells_every_setting() -> None:
    told = inspect.getdoc(TrainConfig) or ""
    assert [name for name in SETTINGS if f"\n    {name}: " not in told] == []
