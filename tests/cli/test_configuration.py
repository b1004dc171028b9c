"""Settings from files and recipes: who wins, and what is printed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from gpunet.cli.app import app
from gpunet.config import TrainConfig, canonical
from gpunet.config.recipes import recipe_names
from gpunet.config.settings_file import RUN_SETTINGS
from gpunet.files.resources import data_file

if TYPE_CHECKING:
    from tests.cli.conftest import Ran, RunCommand


def printed(ran: Ran) -> dict[str, object]:
    assert (ran.code, ran.err) == (0, "")
    return tomllib.loads(ran.out)


def test_what_is_typed_wins_over_the_file_and_the_file_over_the_defaults(
    gpunet: RunCommand,
) -> None:
    Path("run.toml").write_text("epochs = 3\nlr = 0.5\nplain = true\nhidden = [8]\n")
    ran = gpunet("config", "--config", "run.toml", "--epochs", "4")
    settings = printed(ran)
    assert settings["epochs"] == 4
    assert settings["learning_rate"] == 0.5
    assert settings["plain"] is True
    assert settings["hidden"] == [8]
    assert TrainConfig().batch_size == settings["batch_size"]


def test_typing_the_default_wins_over_the_file(gpunet: RunCommand) -> None:
    Path("run.toml").write_text("batch_size = 3\nstandardize = false\n")
    default = TrainConfig().batch_size
    typed = ("--batch-size", default, "--standardize")
    settings = printed(gpunet("config", *typed, "--config", "run.toml"))
    assert default == settings["batch_size"]
    assert settings["standardize"] is True


def test_no_digit_of_a_number_is_lost_on_its_way_from_a_file(gpunet: RunCommand) -> None:
    Path("run.toml").write_text("learning_rate = 0.0123456789012\nl2 = 1.23456789e-7\n")
    settings = printed(gpunet("config", "--config", "run.toml"))
    assert (settings["learning_rate"], settings["l2"]) == (0.0123456789012, 1.23456789e-7)


def test_what_is_printed_is_read_back_to_the_same(gpunet: RunCommand) -> None:
    options = {
        "--hidden": "8,4",
        "--dropout": "0.1,0.25",
        "--activation": "relu,tanh",
        "--optimizer": "rmsprop",
        "--lr": "1e-7",
        "--max-time": "1h30m",
        "--class-weights": "1,5",
        "--validation": "0.25",
        "--label": "3",
        "--target-accuracy": "0.5",
        "--data": 'a "file".csv',
        "--report": "report.json",
        "--name": "seven",
        "--checkpoint-every": "3",
        "--showcase": "0",
    }
    typed = [part for option in options.items() for part in option]
    flags = ("--quiet", "--no-standardize", "--shuffle-split")
    first = gpunet("config", *typed, *flags)
    Path("run.toml").write_text(first.out, "utf-8")
    second = gpunet("config", "--config", "run.toml")
    assert (second.code, second.err) == (0, "")
    settings = printed(second)
    assert tomllib.loads(first.out) == settings
    assert settings["hidden"] == [8, 4]
    assert settings["learning_rate"] == 1e-7
    assert settings["max_time"] == 5400
    assert settings["name"] == "seven"


def test_defaults_that_follow_from_others_are_printed_as_comments(gpunet: RunCommand) -> None:
    ran = gpunet("config", "--optimizer", "lion")
    assert "# learning_rate = 0.0005\n" in ran.out
    assert "# beta2 = 0.99\n" in ran.out


def test_a_run_with_a_file_is_trained_as_it_says(gpunet: RunCommand, halves: Path) -> None:
    Path("run.toml").write_text(
        f"data = {json.dumps(str(halves))}\nlr = 0.01\ndevice = 'cpu'\nhidden = [4]\n"
        "batch_size = 8\nepochs = 2\nquiet = true\noutput = 'small.safetensors'\n"
        "report = 'run.json'\n"
    )
    ran = gpunet("train", "--config", "run.toml")
    assert (ran.code, ran.err) == (0, "")
    assert Path("small.safetensors").is_file()
    config = json.loads(Path("run.json").read_text("utf-8"))["config"]
    asked = TrainConfig(hidden=(4,), learning_rate=0.01, batch_size=8, epochs=2)
    assert config == {**asked.values_in_effect(), "patience": config["patience"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("epoch = 3", "run.toml, line 1: 'epoch' is no setting of training; did you mean 'epochs'"),
        ("seed = 1\nepochs = 0", "run.toml, line 2: epochs is 0, wanted from 1"),
        ("seed = 1\nepochs", "run.toml is no valid TOML: "),
        (
            "seed = 1\ninit = 'hee'",
            'run.toml, line 2: initialization is "hee", wanted one of auto, he',
        ),
        ("restart_lr = 0.1", "run.toml, line 1: restart_lr says where restarts begin"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_one_sentence(
    gpunet: RunCommand, text: str, wanted: str
) -> None:
    Path("run.toml").write_text(text)
    ran = gpunet("train", "--config", "run.toml")
    assert ran.code == 2
    assert ran.failure.startswith(wanted)


def test_settings_for_measured_targets_are_printed_and_read_back_but_for_those_typed(
    gpunet: RunCommand,
) -> None:
    ran = gpunet("config", "--recipe", "tabular", "--lr", "0.01")
    table = {"activation": "mish", "label_smoothing": 0.0, "monitor": "val_loss"}
    assert tomllib.loads(ran.out)["measured"] == table
    Path("run.toml").write_text(ran.out)
    again = gpunet("config", "--config", "run.toml", "--activation", "relu")
    del table["activation"]
    assert tomllib.loads(again.out)["measured"] == table


def test_a_mistake_on_the_command_line_does_not_blame_the_file(gpunet: RunCommand) -> None:
    Path("run.toml").write_text("epochs = 3")
    ran = gpunet("train", "--config", "run.toml", "--epochs", "0")
    assert ran.failure.startswith("--epochs is 0")


def test_settings_that_go_together_may_come_from_both(gpunet: RunCommand) -> None:
    Path("run.toml").write_text("restart_lr = 0.001")
    ran = gpunet("config", "--config", "run.toml", "--restart-every", "5")
    assert printed(ran)["restart_lr"] == 0.001


def test_only_one_source_of_settings_is_taken(gpunet: RunCommand) -> None:
    Path("run.toml").write_text("epochs = 3")
    ran = gpunet("train", "--config", "run.toml", "--recipe", "nielsen")
    assert ran.code == 2
    assert ran.failure.startswith("--config and --recipe both give settings")
    ran = gpunet("train", "--resume", ".", "--recipe", "nielsen")
    assert ran.failure == "--resume and --recipe cannot go together; leave out --recipe"


def test_every_option_of_train_can_be_set_in_a_file() -> None:
    command = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    not_settings = {"config_file", "recipe", "resume", "help", "named"}
    names = {option.name for option in command.params} - not_settings
    assert names | {"log_file", "theme", "verbose"} == {*TrainConfig().to_dict(), *RUN_SETTINGS}
    for option in command.params:
        if option.name in names:
            spellings = [text for text in option.opts if text.startswith("--")]
            assert {option.name} == {canonical(text.removeprefix("--")) for text in spellings}


def test_a_recipe_is_taken_as_a_file_is(gpunet: RunCommand) -> None:
    settings = printed(gpunet("config", "--recipe", "nielsen", "--epochs", "2"))
    assert settings["hidden"] == [30]
    assert settings["data"] == "mnist"
    assert settings["epochs"] == 2


def test_the_recipes_are_listed_with_their_networks_and_figures(gpunet: RunCommand) -> None:
    ran = gpunet("recipes")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert [head.split()[0] for head in heads] == recipe_names()
    assert "nielsen     784-30-10, 95.00 % claimed" in heads
    assert "five-parts  784-16-10, no accuracy claimed" in heads


def test_a_recipe_is_printed_as_the_file_that_it_is(gpunet: RunCommand) -> None:
    ran = gpunet("recipes", "simard")
    assert data_file("recipes", "simard.toml").read_text("utf-8") == ran.out


def test_an_unknown_recipe_is_answered_with_the_closest_one(gpunet: RunCommand) -> None:
    for command in (("recipes", "simmard"), ("train", "--recipe", "simmard")):
        ran = gpunet(*command)
        assert ran.code == 2
        assert ran.failure.startswith("there is no recipe 'simmard', wanted one of 7ustin, ")
        assert ran.failure.endswith("; did you mean 'simard'?")


def test_lists_in_a_file_are_taken_as_they_would_be_typed(gpunet: RunCommand) -> None:
    for text, hidden in (("[]", []), ("[8]", [8]), ("[8, 4]", [8, 4])):
        Path("run.toml").write_text(f"hidden = {text}\n")
        ran = gpunet("config", "--config", "run.toml")
        assert printed(ran)["hidden"] == hidden
