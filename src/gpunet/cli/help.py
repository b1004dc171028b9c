"""The two help screens of every command: ``-h`` shows what matters, ``--help`` everything.

Both are made from the command itself: its docstring, whose ``Examples:`` are split off, and its
arguments and options. Only the order of importance of options is defined here.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = [
    "HELP",
    "SHARED",
    "Row",
    "brief",
    "heading",
    "long_help",
    "page_help",
    "paged",
    "print_help",
    "short_help",
    "spellings",
    "split_examples",
    "table",
]

COMMANDS = (
    *("train", "evaluate", "predict", "runs", "watch", "draw", "tune", "datasets", "devices"),
    *("export", "recipes", "help"),
)
"""The commands that a newcomer needs, in this order."""

OPTIONS = (
    *("data", "trials", "space", "timeout", "hidden", "epochs", "batch_size", "optimizer"),
    *("learning_rate", "schedule", "dropout", "device", "output", "seed", "recipe", "resume"),
    *("validation", "quiet", "as_json", "plot"),
)
"""The options that ``-h`` shows first, in this order, if not all of them fit on a screen."""

SCREEN = 24
"""Rows of a usual terminal, which the output of ``-h`` must fit."""

NARROW = 64
"""With fewer columns than this, the meaning of an option is printed below it."""

HELP = "Help"
"""The heading above the options for help."""

SHARED = "In every command"
"""The heading above the options that all commands have, which ``-h`` leaves out."""

INDENT = 2

LEFT = 28
"""Most columns for names; the meaning of a longer name begins below it."""

Row = tuple[str, str]
"""A name and its meaning."""


def split_examples(text: str) -> tuple[str, str]:
    """A command's docstring without examples, one line per paragraph, and the examples."""
    told, _, examples = text.partition("\nExamples:\n")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    return re.sub(r"(?<!\n)\n(?!\n)", " ", told.strip()), "\n".join(lines)


def short_help(context: typer.Context, wanted: bool) -> None:
    """Print one screen: usage, what the command does, examples, and the options that matter."""
    if wanted and not context.resilient_parsing:
        print_help(context)
        raise typer.Exit


def long_help(context: typer.Context, wanted: bool) -> None:
    """Print everything, through a pager in a terminal."""
    if wanted and not context.resilient_parsing:
        page_help(context)
        raise typer.Exit


def print_help(context: typer.Context) -> None:
    """Print a command's one screen of help."""
    from gpunet.terminal.live.console import make_console

    console = make_console(ask=False)
    for part in _short(context, console):
        console.print(part)


def page_help(context: typer.Context) -> None:
    """Print everything about a command."""
    paged(lambda console: _long(context, console))


def paged(content: Callable[[Console], Iterable[RenderableType]], *, ask: bool = False) -> None:
    """Print content that may be longer than a screen, through the user's pager in a terminal.

    Args:
        content: returns the content for a console.
        ask: whether to ask the terminal for its background color.
    """
    from gpunet.terminal.live.console import make_console

    console = make_console(ask=ask)
    reading: AbstractContextManager[object] = nullcontext()
    if console.is_terminal and (os.environ.get("PAGER") or shutil.which("less")):
        # What git sets, too: show colors, and leave at once if all fits on the screen.
        os.environ.setdefault("LESS", "-FRX")
        reading = console.pager(styles=sys.platform != "win32")
    with reading:
        for part in content(console):
            console.print(part)


def table(rows: Sequence[Row], console: Console, *, one_line: bool = False) -> RenderableType:
    """Names on the left and meanings on the right, or below in a narrow terminal.

    Args:
        rows: the names and their meanings.
        console: the console that will print it.
        one_line: whether to cut each meaning to one line.
    """
    from rich.text import Text

    from gpunet.terminal.draw.style import Ink

    longest = max(len(name) for name, _ in rows)
    left = 4 * INDENT if console.width < NARROW else min(longest, LEFT) + INDENT
    room = max(console.width - INDENT - left, 10)
    lines = []
    for name, meaning in rows:
        told = [_first_words(meaning, room)] if one_line else textwrap.wrap(meaning, room)
        named = Text(" " * INDENT).append(name, Ink.LABEL)
        if told and len(name) + INDENT <= left and console.width >= NARROW:
            named.append(" " * (left - len(name)) + told.pop(0))
        lines += [named, *(Text(" " * (INDENT + left) + line) for line in told)]
    return Text("\n").join(lines)


def heading(text: str) -> RenderableType:
    """The heading of a table."""
    from rich.text import Text

    from gpunet.terminal.draw.style import Ink

    return Text(f"\n{text}:", Ink.STRONG)


def spellings(option: Any) -> list[str]:
    """The spellings of an option, the shortest first: ``-o``, ``--output``."""
    return sorted(option.opts, key=len)


def brief(text: str) -> str:
    """The first words of a help text that make sense alone."""
    return re.split(r"(?<!\.\w)[;:.](?:\s|$)", text, maxsplit=1)[0]


def _short(context: typer.Context, console: Console) -> Iterator[RenderableType]:
    command: Any = context.command
    told = (command.help or "").partition("\n")[0]
    yield _usage(context)
    yield f"\n{told}"
    examples = (command.epilog or "").splitlines()
    yield from _examples(examples)
    room = SCREEN - 7 - len(told) // console.width - (len(examples) + 2 if examples else 0)
    if commands := getattr(command, "commands", {}):
        shown = {name: one for name, one in commands.items() if not one.hidden}
        main = sorted(shown, key=lambda name: COMMANDS.index(name) if name in COMMANDS else 99)
        if len(main) > room:
            main = [name for name in main if name in COMMANDS][: room - 3]
        yield heading("Commands")
        yield table([(name, shown[name].short_help) for name in main], console, one_line=True)
        if others := sorted(shown.keys() - {*main}):
            yield f"\nMore commands: {', '.join(others)}"
    else:
        hidden = (HELP, SHARED)
        parameters = [one for one in _shown(command) if one.rich_help_panel not in hidden]
        chosen = sorted(parameters, key=_importance)[:room]
        if chosen:
            yield heading("Options" if len(chosen) == len(parameters) else "Options that matter")
            rows = [(_spelled(one, briefly=True), _told_briefly(one)) for one in chosen]
            yield table(rows, console, one_line=True)
    more = ", topics: gpunet help" if context.parent is None else ""
    yield f"\nAll options: {context.command_path} --help{more}"


def _long(context: typer.Context, console: Console) -> Iterator[RenderableType]:
    command: Any = context.command
    yield _usage(context)
    yield f"\n{command.help or ''}"
    yield from _examples((command.epilog or "").splitlines())
    if commands := getattr(command, "commands", {}):
        yield heading("Commands")
        yield table([(name, one.short_help) for name, one in commands.items()], console)
    panels: dict[str, list[Any]] = {}
    for one in sorted(_shown(command), key=lambda one: one.param_type_name):
        usual = "Arguments" if one.param_type_name == "argument" else "Options"
        panels.setdefault(one.rich_help_panel or usual, []).append(one)
    for title, parameters in panels.items():
        yield heading(title)
        yield table([(_spelled(one), _told(one)) for one in parameters], console)
    yield (
        "\nAn option may also come from an environment variable, such as GPUNET_BATCH_SIZE for "
        "--batch-size, or from a file; see `gpunet help settings`."
    )


def _usage(context: typer.Context) -> RenderableType:
    from rich.text import Text

    from gpunet.terminal.draw.style import Ink

    command: Any = context.command
    names = [one.metavar for one in command.params if one.param_type_name == "argument"]
    rest = ["COMMAND", "[ARGUMENTS]"] if hasattr(command, "commands") else [*names, "[OPTIONS]"]
    return Text.assemble(("Usage: ", Ink.STRONG), " ".join([context.command_path, *rest]))


def _examples(lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield heading("Examples")
        yield "\n".join(" " * INDENT + line for line in lines)


def _shown(command: Any) -> list[Any]:
    return [one for one in command.params if not one.hidden]


def _importance(parameter: Any) -> int:
    """Smaller is more important: arguments, then the command's own options, then others."""
    if parameter.param_type_name == "argument":
        return -2
    if parameter.rich_help_panel is None:
        return -1
    return OPTIONS.index(parameter.name) if parameter.name in OPTIONS else len(OPTIONS)


def _spelled(parameter: Any, *, briefly: bool = False) -> str:
    """An argument, or an option with its value; ``briefly`` gives the usual spelling only."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    short = [one for one in parameter.opts if len(one) == 2]
    long = [one for one in spellings(parameter) if one not in short]
    if briefly and parameter.secondary_opts:
        long = parameter.secondary_opts if parameter.default else long
    elif parameter.secondary_opts:
        long = [f"--[no-]{long[0].removeprefix('--')}"]
    names = [*short, *(long[:1] if briefly else long)]
    indent = "" if short else " " * len("-o, ")  # so that long names are aligned
    return f"{indent}{', '.join(names)} {parameter.metavar or ''}".rstrip()


def _told(parameter: Any) -> str:
    """The meaning of an option, its range, and its default."""
    from rich.text import Text

    facts = []
    if parameter.min is not None and parameter.max is None and not parameter.count:
        facts.append(f"{parameter.min} or more")
    if default := _default(parameter):
        facts.append(f"default: {default}")
    told = Text.from_markup(parameter.help or "").plain
    return f"{told} [{'; '.join(facts)}]" if facts else told


def _told_briefly(parameter: Any) -> str:
    """The meaning of an option in a few words, its choices and its default."""
    from rich.text import Text

    told = brief(Text.from_markup(parameter.help or "").plain)
    choices = parameter.type_descriptor.choices
    told += f": {', '.join(choices)}" if choices else ""
    default = _default(parameter)
    return f"{told} [{default}]" if default else told


def _default(parameter: Any) -> str:
    shown, value = parameter.show_default, parameter.default
    if isinstance(shown, str):
        return shown
    if not shown or value is None or value is False or value == "":
        return ""
    return "on" if value is True else str(value)


def _first_words(text: str, room: int) -> str:
    """As many words as fit in ``room`` columns, with dots in place of the rest."""
    if len(text) > room:
        text = re.sub(r" \[[^]]*\]$", "", text)  # drop the default first
    if len(text) <= room:
        return text
    return text[: room - 3].rpartition(" ")[0].rstrip(",:") + " ..."
