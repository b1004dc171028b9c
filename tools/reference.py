"""Writes ``docs/reference``: commands, settings and the Python API, from the code itself.

The pages are made of the commands' own options, ``TrainConfig`` and the docstrings of all public
names. A test holds that they are up to date::

    python tools/reference.py
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from rich.text import Text

import gpunet
from gpunet.cli.app import command_line
from gpunet.cli.help import HELP, SHARED, spellings
from gpunet.config import TrainConfig
from gpunet.errors import GpunetError

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py; change the code instead. -->"
SECTIONS = {"Args:": "Parameters", "Returns:": "Returns", "Raises:": "Raises"}

KINDS = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}

Row = tuple[str, ...]

SETTINGS = {field.name: field for field in dataclasses.fields(TrainConfig) if field.metadata}


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    found = {
        "commands.md": ("Commands", commands()),
        "settings.md": ("Settings", settings()),
        "api.md": ("Python API", api()),
    }
    return {
        name: "\n".join([f"# {title}", "", NOTE, "", *lines]).rstrip() + "\n"
        for name, (title, lines) in found.items()
    }


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield "`gpunet COMMAND --help` shows the same. Options that are settings of training stand on"
    yield "the page [Settings](settings.md)."
    yield ""
    for path, command in sorted(_leaves("gpunet", command_line())):
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option"]
        options = [one for one in options if one.rich_help_panel not in (HELP, SHARED)]
        own = [one for one in options if one.name not in SETTINGS and one.help and not one.hidden]
        usage = " ".join([path, *(one.metavar for one in arguments), "[OPTIONS]"])
        examples = (command.epilog or "").splitlines()
        yield from [f"## {path}", "", "```", usage, "```", "", *_prose(command.help), ""]
        yield from ["```sh", *examples, "```", ""]
        if len(options) - len(own) > len(SETTINGS) // 2:
            yield from ["Takes all [settings](settings.md) as options.", ""]
        else:
            own = [one for one in options if one.help and not one.hidden]
        yield from _table(
            ("argument or option", "default", "meaning"),
            [(_spelled(one), _default(one), one.help or "") for one in (*arguments, *own)],
        )


def settings() -> Iterator[str]:
    """Every setting of training: in Python, on the command line, in files."""
    yield "Every setting is an option of `gpunet train`, a keyword of `gpunet.train`, a field of"
    yield "`gpunet.TrainConfig`, and a key of a settings file. The keyword is the option with"
    yield "underscores."
    yield ""
    options: dict[str, Any] = {
        str(one.name): one for one in command_line().commands["train"].params
    }
    panels: dict[str, list[Row]] = defaultdict(list)
    for name, field in SETTINGS.items():
        option = options[name]
        default = f"`{field.default!r}`"
        if isinstance(option.show_default, str):
            default = option.show_default
        row = (f"`{name}`", _spelled(option), default, option.help or "")
        panels[option.rich_help_panel or "Other"].append(row)
    for panel, rows in panels.items():
        yield from [f"## {panel}", ""]
        yield from _table(("keyword", "option", "default", "meaning"), rows)


def api() -> Iterator[str]:
    """Every public name with its docstring."""
    public = {name: getattr(gpunet, name) for name in dir(gpunet) if name[0] != "_"}
    functions = {name: one for name, one in public.items() if inspect.isfunction(one)}
    errors = {n: one for n, one in public.items() if inspect.isclass(one) and _is_error(one)}
    classes = {n: one for n, one in public.items() if inspect.isclass(one) and n not in errors}
    yield from ["## Functions", ""]
    for name, function in functions.items():
        yield from _entry(f"gpunet.{name}", function, 3)
    yield from ["## Classes", ""]
    for name, one in classes.items():
        yield from _entry(f"gpunet.{name}", one, 3)
        for member_name, member in _members(one):
            yield from _entry(f"{name}.{member_name}", member, 4)
    yield from ["## Errors", ""]
    rows: list[Row] = []
    for name, one in errors.items():
        parents = ", ".join(f"`{base.__name__}`" for base in one.__bases__)
        rows.append((f"`{name}`", parents, " ".join(_paragraph(inspect.getdoc(one) or ""))))
    yield from _table(("error", "is a", "raised when"), rows)


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The commands without subcommands, by how they are typed."""
    below = getattr(command, "commands", {})
    for name, one in below.items():
        yield from _leaves(f"{path} {name}", one)
    if not below:
        yield path, command


def _spelled(parameter: Any) -> str:
    """An argument or an option with what it takes."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    names = ", ".join(f"`{one}`" for one in (*spellings(parameter), *parameter.secondary_opts))
    annotation = parameter.type_descriptor.annotation
    if parameter.is_flag:
        return names
    if get_origin(annotation) is Literal and parameter.metavar is None:
        return f"{names} " + ", ".join(f"`{choice}`" for choice in get_args(annotation))
    kind = KINDS.get(annotation, "VALUE")
    return f"{names} `{parameter.metavar or kind}`"


def _default(parameter: Any) -> str:
    if isinstance(getattr(parameter, "show_default", None), str):
        return str(parameter.show_default)
    if parameter.default is None or parameter.default is False or callable(parameter.default):
        return ""
    return f"`{'on' if parameter.default is True else parameter.default}`"


def _table(titles: Row, rows: list[Row]) -> Iterator[str]:
    if rows:
        yield f"| {' | '.join(titles)} |"
        yield f"|{' --- |' * len(titles)}"
        for row in rows:
            yield f"| {' | '.join(_cell(text) for text in row)} |"
        yield ""


def _cell(text: str) -> str:
    """A text on one line, with what Markdown would take for a column or a tag escaped."""
    code = re.split(r"(`[^`]*`)", " ".join(_plain(text).split()).replace("|", "\\|"))
    return "".join(part if part[:1] == "`" else part.replace("<", "&lt;") for part in code)


def _plain(text: str) -> str:
    """A docstring or a help text with Markdown's marks: ``name`` becomes `name`."""
    return re.sub(r"``([^`]*)``", r"`\1`", Text.from_markup(text or "").plain)


def _prose(text: str | None) -> list[str]:
    return _plain(inspect.cleandoc(text or "")).splitlines()


def _paragraph(text: str) -> list[str]:
    """The lines up to the first empty one."""
    return text.split("\n\n")[0].splitlines()


def _members(one: type) -> list[tuple[str, Any]]:
    """The public methods and properties that this package defines in a class, in order."""
    bases = [base for base in one.__mro__ if base.__module__.startswith("gpunet.")]
    found = {name: value for base in reversed(bases) for name, value in vars(base).items()}
    own = [(name, value) for name, value in found.items() if name[0] != "_"]
    return [(name, value) for name, value in own if inspect.getdoc(value) and _has_code(value)]


def _has_code(member: Any) -> bool:
    return inspect.isfunction(_function(member))


def _function(member: Any) -> Any:
    """The function behind a method, a property or a class method."""
    for name in ("fget", "func", "__func__", "fn"):
        member = getattr(member, name, None) or member
    return member


def _is_error(one: type) -> bool:
    return issubclass(one, GpunetError)


def _entry(name: str, member: Any, level: int) -> Iterator[str]:
    """A heading, the signature and the docstring, whose sections become lists."""
    yield from [f"{'#' * level} {name}", ""]
    if (callable(member) or hasattr(member, "__func__")) and member is not TrainConfig:
        yield from ["```", *_signature(name, _function(member)), "```", ""]
    for block in re.split(r"\n\n(?=\S)", inspect.getdoc(member) or ""):
        head, _, body = block.partition("\n")
        if head == "Example:":
            example = inspect.cleandoc(body)
            yield from ["```pycon", *example.splitlines(), "```", ""]
        elif head in SECTIONS:
            yield from [f"**{SECTIONS[head]}**", "", *_items(textwrap.dedent(body)), ""]
        else:
            yield from [*_plain(block).splitlines(), ""]


def _items(body: str) -> Iterator[str]:
    """The entries ``name: what it is`` of a section as a list."""
    for entry in re.split(r"\n(?=\S)", body):
        name, colon, meaning = " ".join(entry.split()).partition(": ")
        if colon and re.fullmatch(r"[\w*.]+(, [\w*.]+)*", name):
            yield f"- `{name}`: {_plain(meaning)}"
        else:
            yield f"- {_plain(' '.join(entry.split()))}"


def _signature(name: str, function: Any) -> list[str]:
    """The call, with all settings of training told as one; a long one has a line a parameter."""
    given = inspect.signature(function).parameters
    takes_settings = given.keys() > SETTINGS.keys()
    parameters: list[str] = []
    for parameter in given.values():
        if parameter.name == "self" or (takes_settings and parameter.name in SETTINGS):
            continue
        is_keyword = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        parameters += ["*"] if is_keyword and "*" not in parameters else []
        parameters.append(str(parameter.replace(annotation=inspect.Parameter.empty)))
    parameters += ["**settings"] if takes_settings else []
    line = f"{name}({', '.join(parameters)})"
    if len(line) <= 88:
        return [line]
    return [f"{name}(", *(f"    {one}," for one in parameters), ")"]


if __name__ == "__main__":
    main()
