"""Reading and writing files of settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpunet.config import LARGEST_NUMBER, TrainConfig
from gpunet.config.settings_file import SettingsFile, read_settings, write_settings
from gpunet.errors import SettingError, UsageError


def settings(folder: Path, text: str) -> SettingsFile:
    path = folder / "run.toml"
    path.write_text(text, "utf-8")
    return read_settings(path)


def test_the_fields_of_a_configuration_are_read(tmp_path: Path) -> None:
    text = 'hidden = [32, 8]\noptimizer = "sgd"\nmomentum = 0.9\nnesterov = true\nvalidation = 0'
    wanted = TrainConfig(hidden=(32, 8), optimizer="sgd", momentum=0.9, nesterov=True, validation=0)
    assert wanted == settings(tmp_path, text).train_config()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("learning-rate = 0.5", "learning_rate", 0.5),
        ("lr = 1", "learning_rate", 1),
        ('init = "he"', "initialization", "he"),
        ('initialisation = "he"', "initialization", "he"),
        ('hidden = "32,8"', "hidden", (32, 8)),
        ('hidden = "none"', "hidden", ()),
        ('dropout = "0.1,0.2"', "dropout", (0.1, 0.2)),
        ("dropout = [0.1, 0.2]", "dropout", (0.1, 0.2)),
        ('activation = ["relu", "tanh"]', "activation", ("relu", "tanh")),
        ("class_weights = [1, 5]", "class_weights", (1, 5)),
        ('max-time = "1m30s"', "max_time", 90.0),
        ("max_time = 90", "max_time", 90),
        ('data = "digits.npz"', "data", "digits.npz"),
    ],
)
def test_settings_may_be_spelled_as_on_the_command_line(
    tmp_path: Path, line: str, name: str, value: object
) -> None:
    assert {name: value} == settings(tmp_path, line).settings


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("epochs = 3\nhiden = [3]", "line 2: 'hiden' is no setting of training; did you mean 'hi"),
        ("[training]\nepochs = 3", "'training' is no setting of training"),
        ('\nepochs = "3"', 'line 2: epochs is "3", wanted a whole number'),
        ("epochs = 3.5", "line 1: epochs is 3.5, wanted a whole number"),
        ("epochs = true", "line 1: epochs is true, wanted a whole number"),
        ("l2 = true", "line 1: l2 is true, wanted a number"),
        ("nesterov = 1", "line 1: nesterov is 1, wanted true or false"),
        ("output = 1", "line 1: output is 1, wanted a text"),
        ("hidden = 16", "line 1: hidden is 16, wanted a list of whole numbers such as (16, 16)"),
        ("hidden = [[1]]", "line 1: hidden is [1], wanted a whole number"),
        ("epochs = 2020-01-01", "line 1: epochs is datetime.date(2020, 1, 1), wanted a whole"),
        ('optimizer = "adan"', 'optimizer is "adan", wanted one of adam, adamw, nadam, sgd, rmsp'),
        ('schedule = "cosin"', "; did you mean 'cosine'?"),
        ('hidden = "a"', "line 1: hidden a: part 1 is 'a', wanted a whole number of units"),
        ("lr = 1\nlearning_rate = 1", "sets learning_rate twice, under two spellings"),
        ("epochs = ", "is no valid TOML: invalid value (at end of document)"),
        ("epochs = 3\nseed = 0x", "is no valid TOML: "),
        (f"epsilon = {'9' * 400}", "holds a whole number of more than 64 bits"),
        (f"epochs = 0x{'9' * 9000}", "holds a whole number of more than 64 bits"),
        (f"hidden = [1, 0b1{'0' * 64}]", "holds a whole number of more than 64 bits"),
        ("a = " + "[" * 5000, "is no valid TOML: "),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_its_place(
    tmp_path: Path, text: str, wanted: str
) -> None:
    with pytest.raises(UsageError) as raised:
        settings(tmp_path, text)
    assert str(raised.value).startswith(str(tmp_path / "run.toml"))
    assert wanted in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_value_that_cannot_be_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"run\.toml, line 2: batch_size is 0, wanted from 1"):
        settings(tmp_path, "seed = 1\nbatch-size = 0")
    file = settings(tmp_path, "seed = 1\nwarmup = 99")
    with pytest.raises(SettingError, match=r"run\.toml, line 2: warmup is 99, wanted from 0 to 15"):
        file.train_config()


@pytest.mark.parametrize("text", ["epsilon = 1e39", "l1 = inf", "min-delta = 1e39"])
def test_a_number_that_float32_cannot_hold_is_refused_with_its_place(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    name = text.partition(" ")[0].replace("-", "_")
    with pytest.raises(UsageError, match=f"line 1: {name} is "):
        read_settings(path).train_config()


@pytest.mark.parametrize(
    ("content", "wanted"), [(b"\xff", "is no UTF-8 text"), (b"#" * (1 << 20 | 1), "larger than")]
)
def test_a_file_that_is_no_text_of_settings_is_refused(
    tmp_path: Path, content: bytes, wanted: str
) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=wanted):
        read_settings(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml does not exist, wanted a TOML file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="is no ordinary file"):
        read_settings(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(b"\xef\xbb\xbfepochs = 3\n")
    assert read_settings(path).settings == {"epochs": 3}


def test_every_configuration_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    plain = TrainConfig()
    for config in (
        plain,
        replace(plain, hidden=(), learning_rate=1e-5, beta2=0.5, weight_decay=0.0),
        replace(plain, hidden=(4, 4), dropout=(0.1, 0.2), activation="relu,tanh"),
        replace(plain, max_time=90.5, target_accuracy=0.97, class_weights="1,5", validation=0.1),
    ):
        assert config == settings(tmp_path, write_settings(config.to_dict())).train_config()


@given(text=st.text(st.characters(codec="utf-8")))
def test_every_text_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    written = write_settings({"output": text})
    assert {"output": text} == settings(tmp_path_factory.mktemp("text"), written).settings


@given(value=st.floats(0, LARGEST_NUMBER))
def test_every_number_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, value: float
) -> None:
    written = write_settings({"l2": value})
    assert {"l2": value} == settings(tmp_path_factory.mktemp("number"), written).settings


def test_a_text_that_utf8_cannot_hold_is_refused() -> None:
    with pytest.raises(UsageError, match=r"output is '.+', which UTF-8 cannot hold"):
        write_settings({"output": "\udcff"})


def test_a_table_about_the_recipe_is_kept_apart(tmp_path: Path) -> None:
    file = settings(tmp_path, 'epochs = 3\n[recipe]\nsource = "a book"')
    assert file.settings == {"epochs": 3}
    assert file.about == {"source": "a book"}
