"""Help, exit codes and what is told of failures."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gpunet import __version__
from gpunet.cli import app
from gpunet.config.recipes import recipe_names
from gpunet.terminal.live import console

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

COMMANDS = ("train", "tune", "runs", "evaluate", "predict", "showcase", "devices", "datasets")


def test_the_version_is_printed(gpunet: RunCommand) -> None:
    assert (0, f"gpunet {__version__}\n", "") == gpunet("--version")


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_names_every_command(gpunet: RunCommand, arguments: tuple[str, ...]) -> None:
    ran = gpunet(*arguments)
    assert (ran.code, ran.err) == (0, "")
    for command in COMMANDS:
        assert command in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(gpunet: RunCommand, command: str) -> None:
    ran = gpunet(command, "-h")
    assert (ran.code, ran.err) == (0, "")
    assert f"Usage: gpunet {command}" in ran.out


@pytest.mark.parametrize(
    "command", ["train", "tune", "predict", "devices", "datasets preview", "runs list"]
)
def test_every_command_takes_a_theme(gpunet: RunCommand, command: str) -> None:
    assert "--theme" in gpunet(*command.split(), "--help").out


def test_the_theme_may_come_from_the_environment_and_must_be_one(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = gpunet("recipes", "--theme", "drak")
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == (
        "--theme is 'drak', wanted one of auto, dark, light, mono; did you mean 'dark'?"
    )
    wished: list[str] = []
    monkeypatch.setattr(console, "prefer_theme", wished.append)
    assert gpunet("recipes", "--theme", "light").code == 0
    assert gpunet("recipes").code == 0
    monkeypatch.setenv("GPUNET_THEME", "mono")
    assert gpunet("recipes").code == 0
    assert gpunet("recipes", "--theme", "dark").code == 0
    assert wished == ["light", "auto", "mono", "dark"]


def test_the_options_of_training_are_grouped(gpunet: RunCommand) -> None:
    out = gpunet("train", "--help").out
    panels = ("Data", "Network", "Optimizer", "Regularization", "Stopping", "Device", "Output")
    positions = [out.find(f"\n{panel}:\n") for panel in panels]
    assert -1 not in positions
    assert sorted(positions) == positions


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["trian"], "'trian' is no command of `gpunet`; did you mean 'train'?"),
        (["runs", "shwo"], "'shwo' is no command of `gpunet runs`; did you mean 'show'?"),
        (["runs", "show", "nowhere"], "there is no run nowhere; `gpunet runs` lists all"),
        (["watch", "nowhere"], "there is no run nowhere; `gpunet runs` lists all"),
        (["train", "--loss", "mse"], "did you mean 'squared-error'?"),
        (["train", "--monitor", "acc"], "did you mean 'val_accuracy'?"),
        (["train", "--activation", "swish"], "did you mean 'silu'?"),
        (["train", "--max-iter", "3"], "did you mean '--epochs'?"),
        (["predict", "nowhere.csv"], "nowhere.csv does not exist; check how the path is spelled"),
        (["predict", "nowhere", "new.csv"], "new.csv does not exist"),
        (["export", "page"], "page is no name for a page, which is what a model is exported as"),
        (["train", "--optimzer", "adam"], "--optimizer"),
        (["train", "--optimizer", "adma"], "--optimizer is 'adma', wanted one of adam, adamw"),
        (["train", "--epochs", "many"], "--epochs"),
        (["train", "--hidden", "16,,x"], "part 2 is ''"),
        (["train", "--hidden", "16,-4"], "part 2 is '-4'"),
        (["train", "--hidden", "9" * 5000], "part 1 is '9"),
        (["train", "--epochs", "0"], "--epochs is 0"),
        (["train", "--dropout", "1"], "--dropout is 1, wanted"),
        (["train", "--validation", "inf"], "--validation"),
        (["train", "--learning-rate", "nan"], "--learning-rate is nan"),
        (["train", "--learning-rate", "1e39"], "--learning-rate is 1e+39"),
        (["train", "--weight-decay", "inf"], "--weight-decay is inf"),
        (
            ["train", "--class-weights", "1,1e39"],
            "--class-weights is 1e+39, wanted at most 3.4",
        ),
        (["train", "--seed", "-1"], "--seed is -1"),
        (["datasets", "dwnload"], "did you mean 'download'?"),
    ],
)
def test_a_command_line_that_cannot_be_exits_with_2_and_says_what_is_wrong(
    gpunet: RunCommand, arguments: list[str], hint: str
) -> None:
    ran = gpunet(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.failure
    assert "Value error" not in ran.failure


@pytest.mark.parametrize(("command", "missing"), [("export", "PAGE"), ("predict", "DATA")])
def test_only_what_must_be_given_is_told_as_missing(
    gpunet: RunCommand, command: str, missing: str
) -> None:
    ran = gpunet(command)
    assert (ran.code, ran.failure) == (2, f"{missing} is missing; see `gpunet {command} -h`")


def test_control_characters_in_a_name_do_not_reach_the_terminal(gpunet: RunCommand) -> None:
    ran = gpunet("evaluate", "model\x1b[2J\nnew line")
    assert ran.code == 2
    assert "\\x1b[2J new line" in ran.failure


def test_an_interrupt_exits_with_130_and_without_a_word(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gpunet.engine.factory.list_adapters", interrupted)
    assert gpunet("devices") == (130, "", "")


def test_exhausted_memory_is_told_in_one_sentence(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise MemoryError

    monkeypatch.setattr("gpunet.engine.factory.list_adapters", exhausted)
    ran = gpunet("devices")
    assert ran.code == 1
    assert "memory is exhausted" in ran.failure


def test_the_module_can_be_run_and_leaves_with_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpunet", "evaluate", "missing"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the model missing cannot be read")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_standard_output_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gpunet", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (
        done.returncode,
        done.stderr,
    ) == (1, "error: the output cannot be written: no space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_command_that_a_signal_ended_says_so_though_its_terminal_takes_no_output() -> None:
    ending = """
from gpunet.cli import app

def ended(*arguments, **options):
    print("the last frame")
    return 129

tree = app.command_line()
tree.main = ended
app.command_line = lambda: tree
app.main()
"""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", ending],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # the frame is written at the end
        )
    assert (done.returncode, done.stderr) == (129, "")


def in_shell(script: str) -> subprocess.CompletedProcess[str]:
    """What a short training, ``"$@"`` in a line of the shell, says on its standard error."""
    training = ["train", "strokes:60+20", "--epochs", "1", "--hidden", "4", "--device", "cpu"]
    words = [sys.executable, "-m", "gpunet", *training, "--no-keep", "--quiet"]
    return subprocess.run(
        ["sh", "-c", script, "sh", *words], stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_standard_streams_may_be_closed(closed: str, tmp_path: Path) -> None:
    done = in_shell(f'cd {tmp_path} && exec "$@" {closed}')
    assert (done.returncode, done.stderr.count("error")) == (0, 0)
    assert (tmp_path / "model.safetensors").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a folder cannot be removed")
def test_a_current_folder_that_was_removed_is_told(tmp_path: Path) -> None:
    done = in_shell(f'mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && "$@"')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: the current folder is no longer there; change to another one"
    )


def test_a_reader_that_goes_away_is_no_reason_to_complain() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "gpunet", "--help"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "other", ["--run-dir=s", "--name=s", "--config=run.toml", f"--recipe={recipe_names()[0]}"]
)
def test_what_a_resumed_run_cannot_be_given_is_to_be_left_out(
    gpunet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text("epochs = 3\n")
    ran = gpunet("train", "--resume=r", other)
    two = other.partition("=")[0]
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == f"--resume and {two} cannot go together; leave out {two}"
    assert [path.name for path in tmp_path.iterdir()] == ["run.toml"]


@pytest.mark.parametrize(
    ("option", "command"),
    [
        ("--find-lr", "find-lr"),
        ("--explain-plan", "explain"),
        ("--show-shader", "explain --shader PASS"),
        ("--profile", "profile"),
        ("--print-config", "config"),
    ],
)
def test_an_option_that_has_become_a_command_names_it(
    gpunet: RunCommand, option: str, command: str
) -> None:
    ran = gpunet("train", option)
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == f"this option is a command of its own now: `gpunet {command}`"


def test_no_cycle_is_looked_for_between_the_last_line_and_the_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "run", lambda: 3)
    try:
        with pytest.raises(SystemExit) as left:
            app.main()
        assert left.value.code == 3
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
