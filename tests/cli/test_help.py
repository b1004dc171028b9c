"""The two screens of help: -h fits on a terminal, --help tells everything."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gpunet.cli.app import command_line
from gpunet.cli.command_tree import walk
from gpunet.cli.help import COMMANDS, OPTIONS, split_examples

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

TREE = dict(walk("gpunet", command_line()))


def words_of(path: str) -> list[str]:
    return path.split()[1:]


@pytest.mark.parametrize("path", TREE)
def test_the_short_help_of_every_command_fits_on_a_screen(gpunet: RunCommand, path: str) -> None:
    ran = gpunet(*words_of(path), "-h")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"Usage: {path}")
    assert f"All options: {path} --help" in lines[-1]


@pytest.mark.parametrize("path", TREE)
def test_every_command_shows_three_examples_whose_options_there_are(path: str) -> None:
    examples = TREE[path].epilog.splitlines()
    assert len(examples) == 3
    for example in examples:
        words = shlex.split(example.partition("  #")[0].partition(" > ")[0])
        command: Any = command_line()
        assert words.pop(0) == "gpunet"
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        context = command.make_context("gpunet", words, resilient_parsing=True)
        assert context.args == []


@pytest.mark.parametrize("path", TREE)
def test_the_long_help_tells_every_option_and_nothing_of_the_library(
    gpunet: RunCommand, path: str
) -> None:
    out = gpunet(*words_of(path), "--help").out
    for one in TREE[path].params:
        if one.param_type_name == "option" and not one.hidden:
            assert all(name in out.replace("[no-]", "") for name in one.opts)
    assert not any(words in out for words in ("<bool>", "RANGE", "x>=", "[bold]", "╭"))


@pytest.mark.parametrize("path", TREE)
def test_brackets_stand_around_what_may_be_left_out(gpunet: RunCommand, path: str) -> None:
    usage = gpunet(*words_of(path), "-h").out.splitlines()[0]
    for word in usage.removeprefix(f"Usage: {path} ").split():
        assert re.fullmatch(r"[A-Z]+(\.\.\.)?|\[[A-Z]+\](\.\.\.)?", word), usage
    arguments = [one for one in TREE[path].params if one.param_type_name == "argument"]
    assert [one.metavar for one in arguments if not one.required and one.metavar[0] != "["] == []


@pytest.mark.parametrize("path", ["gpunet", "gpunet runs", "gpunet datasets"])
def test_a_list_of_commands_says_of_each_in_a_whole_sentence_what_it_does(
    gpunet: RunCommand, path: str
) -> None:
    listed = gpunet(*words_of(path), "-h").out.partition("Commands:\n")[2].splitlines()
    told = {line.split()[0]: line for line in listed if line.startswith("  ")}
    assert len(told) >= 4
    assert [line for line in told.values() if line.endswith("...")] == []


def test_the_short_help_leaves_out_what_all_commands_have(gpunet: RunCommand) -> None:
    assert "--log-file" not in gpunet("evaluate", "-h").out
    told = gpunet("evaluate", "--help").out
    assert told.index("In every command:") < told.index("--log-file")


def test_a_setting_may_be_asked_for_as_it_is_typed(gpunet: RunCommand) -> None:
    assert gpunet("help", "--lr") == gpunet("help", "learning_rate")


def test_what_matters_is_marked_by_names_that_there_are() -> None:
    names = {one.name for command in TREE.values() for one in command.params}
    assert set(OPTIONS) <= names
    assert set(COMMANDS) <= set(TREE["gpunet"].commands) | {"watch", "help"}


def test_a_narrow_terminal_has_what_an_option_is_for_below_it(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = gpunet("train", "-h").out.splitlines()
    assert max(map(len, lines)) <= 40
    at = lines.index("  -b, --batch-size INT")
    assert lines[at + 1] == "          Samples per step [64]"


def test_a_docstring_is_parted_into_paragraphs_and_examples() -> None:
    told = "Do it\nwell.\n\nOr not.\n\nExamples:\n    gpunet do\n    gpunet do --well\n"
    assert split_examples(told) == ("Do it well.\n\nOr not.", "gpunet do\ngpunet do --well")


def test_the_version_has_a_short_option(gpunet: RunCommand) -> None:
    assert gpunet("-V") == gpunet("--version")


def on_a_terminal(arguments: str, **environment: str) -> str:
    """What a command prints on a terminal of 80 columns and 24 rows."""
    screen, inner = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "LINES": "24", **environment}
    environ.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "gpunet", *arguments.split()]
    with subprocess.Popen(command, stdin=inner, stdout=inner, env=environ) as process:
        os.close(inner)
        shown = b""
        while True:
            try:
                if not (read := os.read(screen, 65536)):
                    break
            except OSError:  # the other end is closed
                break
            shown += read
    os.close(screen)
    assert process.returncode == 0
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_on_a_terminal_the_long_help_goes_through_the_pager_of_its_user() -> None:
    assert on_a_terminal("train --help", PAGER="sed s/Usage/Paged/").startswith("\x1b[1mPaged: ")
    assert "Usage: " in on_a_terminal("train -h", PAGER="sed s/Usage/Paged/")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_on_a_terminal_the_list_of_runs_goes_through_the_pager_of_its_user(
    gpunet: RunCommand, halves: Path
) -> None:
    assert (
        gpunet("train", halves, "--device", "cpu", "--epochs", 1, "--name", "one", "-q").code == 0
    )
    assert "paged of one" in on_a_terminal("runs", PAGER="sed 's/tells more/paged/'")
