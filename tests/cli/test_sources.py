"""Where options come from: typed, the environment, --config, the user's file, the defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gpunet.cli.app import command_line
from gpunet.cli.command_tree import walk
from gpunet.cli.sources import user_path

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

LEAVES = {
    path: command
    for path, command in walk("gpunet", command_line())
    if not hasattr(command, "commands")
}

ONE_CALL = {
    *("brief", "full", "config_file", "path", "everything", "check", "forget", "resume", "yes"),
}
"""Options that are about one call, and so come from no variable, in some commands at least."""


@pytest.fixture(autouse=True)
def _user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("user.toml").touch()
    monkeypatch.setenv("GPUNET_CONFIG", "user.toml")
    monkeypatch.delenv("GPUNET_NO_USER_CONFIG")


def printed(gpunet: RunCommand, *arguments: str) -> tuple[dict[str, Any], str]:
    ran = gpunet("config", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return tomllib.loads(ran.out), ran.out


def test_each_source_wins_over_the_next_and_is_told(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("user.toml").write_text("# mine\nepochs = 1\nseed = 1\npatience = 1\nbatch_size = 1\n")
    Path("run.toml").write_text("epochs = 2\nseed = 2\npatience = 2\n")
    monkeypatch.setenv("GPUNET_EPOCHS", "3")
    monkeypatch.setenv("GPUNET_SEED", "3")
    settings, text = printed(gpunet, "--config", "run.toml", "--epochs", "4")
    names = ("epochs", "seed", "patience", "batch_size", "hidden")
    assert [settings[name] for name in names] == [4, 3, 2, 1, [16, 16]]
    assert "epochs = 4  # typed\n" in text
    assert "seed = 3  # GPUNET_SEED\n" in text
    assert "patience = 2  # run.toml, line 3\n" in text
    assert "batch_size = 1  # user.toml, line 5\n" in text
    assert "hidden = [16, 16]\n" in text


@pytest.mark.parametrize(
    ("variable", "value", "name", "wanted"),
    [
        ("GPUNET_AUTOTUNE", "0", "autotune", False),
        ("GPUNET_NESTEROV", "no", "nesterov", False),
        ("GPUNET_LAYER_NORM", "yes", "layer_norm", True),
        ("GPUNET_QUIET", "1", "quiet", True),
        ("GPUNET_LEARNING_RATE", "0.25", "learning_rate", 0.25),
        ("GPUNET_HIDDEN", "8,4", "hidden", [8, 4]),
        ("GPUNET_DATA", "strokes", "data", "strokes"),
        ("GPUNET_EPOCHS", "", "batch_size", 64),
    ],
)
def test_a_variable_is_read_as_its_option_is_and_empty_as_if_it_were_not_there(
    gpunet: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    name: str,
    wanted: object,
) -> None:
    monkeypatch.setenv(variable, value)
    assert printed(gpunet)[0][name] == wanted


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("GPUNET_EPOCHS", "x", "GPUNET_EPOCHS is 'x', wanted a whole number from 1 to"),
        ("GPUNET_EPOCHS", "0", "GPUNET_EPOCHS: epochs is 0, wanted from 1 to"),
        ("GPUNET_OPTIMIZER", "adma", "GPUNET_OPTIMIZER is 'adma', wanted one of adam"),
        ("GPUNET_QUIET", "perhaps", "GPUNET_QUIET is 'perhaps', wanted true or false"),
    ],
)
def test_a_variable_that_cannot_be_is_named(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = gpunet("config")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure.startswith(told)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GPUNET_DEVISE", "GPUNET_DEVICE"),
        ("GPUNET_LR", "GPUNET_LEARNING_RATE"),
        ("GPUNET_GPU", "GPUNET_DEVICE"),
        ("GPUNET_CONFG", "GPUNET_CONFIG"),
    ],
)
def test_a_misspelled_variable_is_told_once_with_the_one_that_is_meant(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(name, "cpu")
    monkeypatch.setenv("GPUNET_SITE_FOLDER", "of another program")
    told = f"note: the environment variable {name} is unknown; did you mean {meant!r}?\n"
    assert gpunet("-V").err == told
    monkeypatch.setenv("GPUNET_CONFIG", "nosuch.toml")
    assert gpunet("runs").err.startswith(f"{told}error: GPUNET_CONFIG names nosuch.toml")


def test_a_device_that_is_none_is_told_as_it_was_given(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", tuple)
    command = ("train", "--data", "strokes:300+100", "--epochs", 1)
    Path("user.toml").write_text('seed = 1\ndevice = "rtx"\n')
    told = " names no adapter of this machine"
    assert gpunet(*command).failure.startswith(f"user.toml, line 2: device 'rtx'{told}")
    monkeypatch.setenv("GPUNET_DEVICE", "gtx")
    assert gpunet(*command).failure.startswith(f"GPUNET_DEVICE=gtx{told}")
    assert gpunet(*command, "--device", "arc").failure.startswith(f"--device arc{told}")


def test_every_option_has_a_variable_but_those_about_one_call() -> None:
    lacking = set()
    for command in LEAVES.values():
        for one in command.params:
            if one.param_type_name == "option" and not one.envvar:
                lacking.add(one.name)
    assert lacking <= ONE_CALL | {"data", "output", "device"}  # of commands on a model, or adapters
    train = {one.name: one.envvar for one in LEAVES["gpunet train"].params}
    assert (train["data"], train["output"]) == ("GPUNET_DATA", "GPUNET_OUTPUT")
    assert train["device"] == "GPUNET_DEVICE"
    variables = {one.envvar for command in LEAVES.values() for one in command.params}
    assert not variables & {"GPUNET_CACHE", "GPUNET_CACHE_LIMIT", "GPUNET_CONFIG"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "epoch = 3",
            "user.toml, line 1: 'epoch' is no setting of training; did you mean 'epochs'?",
        ),
        ("\nepochs = 0", "user.toml, line 2: epochs is 0, wanted from 1 to 2,147,483,648"),
        ("epochs = ", "user.toml is no valid TOML: "),
        ('theme = "drak"', 'user.toml, line 1: theme is "drak", wanted one of auto, dark'),
    ],
)
def test_a_mistake_in_the_users_file_is_told_with_its_line(
    gpunet: RunCommand, text: str, told: str
) -> None:
    Path("user.toml").write_text(text)
    ran = gpunet("config")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure.startswith(told)
    assert gpunet("config", "--path") == (0, "user.toml\n", "")
    assert gpunet("train", "-h").code == 0
    assert gpunet("config", "--no-user-config").code == 0


def test_a_file_that_is_named_and_not_there_is_an_error(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUNET_CONFIG", "none.toml")
    ran = gpunet("recipes")
    assert ran.code == 2
    assert ran.failure == "GPUNET_CONFIG names none.toml, which does not exist; unset it"


def test_other_commands_take_from_the_users_file_what_is_a_matter_of_taste(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("user.toml").write_text('theme = "mono"\ndata = "nowhere.npz"\noutput = "x"\nseed = 9\n')
    wished: list[str] = []
    monkeypatch.setattr("gpunet.terminal.live.console.prefer_theme", wished.append)
    ran = gpunet("datasets", "preview", "strokes:20+10", "-n", "1")
    assert (ran.code, ran.err) == (0, "")
    assert wished == ["mono"]


def test_measured_settings_of_the_users_file_yield_to_all_others(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("user.toml").write_text("[measured]\nbatch_size = 8\nl2 = 0.5\nseed = 8\nepochs = 8\n")
    Path("run.toml").write_text("l2 = 0.1\n[measured]\nseed = 7\n")
    monkeypatch.setenv("GPUNET_EPOCHS", "3")
    settings, _ = printed(gpunet, "--config", "run.toml")
    assert settings["measured"] == {"batch_size": 8, "seed": 7}


def test_a_recipe_of_the_environment_yields_to_a_file_that_is_typed(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("run.toml").write_text("epochs = 2\n")
    monkeypatch.setenv("GPUNET_RECIPE", "nielsen")
    assert printed(gpunet, "--config", "run.toml")[0]["optimizer"] == "adam"
    assert printed(gpunet)[0]["optimizer"] == "sgd"


def test_the_users_file_lies_where_the_system_keeps_such_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from platformdirs import user_config_path

    monkeypatch.setenv("GPUNET_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    wanted = user_config_path("gpunet", appauthor=False, roaming=True) / "config.toml"
    assert user_path() == wanted
    monkeypatch.setenv("GPUNET_CONFIG", "~/mine.toml")
    assert user_path() == Path.home() / "mine.toml"


@pytest.mark.parametrize("command", ["train", "tune", "find-lr"])
def test_every_command_names_the_variable_of_a_setting_that_cannot_be(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("GPUNET_BATCH_SIZE", "0")
    ran = gpunet(command, "--data", "strokes:20+10", "--device", "cpu")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == "GPUNET_BATCH_SIZE: batch_size is 0, wanted from 1 to 16,777,216"
