"""``gpunet help``: help on commands, settings and topics, made from the code's own tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gpunet.cli.help import Row, heading, page_help, paged, table
from gpunet.cli.setting_options import option
from gpunet.cli.sources import user_path, variable
from gpunet.config import (
    DEFAULT_LOSSES,
    LOSS_FACTS,
    OPTIMIZER_FACTS,
    SETTINGS,
    USES,
    Kind,
    TrainConfig,
    canonical,
    panels,
)
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.config.setting import suggestion
from gpunet.config.settings import DATA, SCHEDULE
from gpunet.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["TOPICS", "help_on"]

Section = tuple[str, Sequence[Row]]
"""A heading and the rows below it."""


class Topic(NamedTuple):
    """A topic of ``gpunet help``, beside the commands."""

    says: str  # its line in the list of topics
    sections: Callable[[], Iterator[Section]]


def _known(context: typer.Context) -> list[str]:
    """All that ``gpunet help`` knows: topics, commands and settings."""
    root: Any = context.find_root().command
    return [*TOPICS, *root.commands, *SETTINGS]


def help_on(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]...",
            help="A command, a topic, or a setting of training.",
            autocompletion=_known,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Tell of a command, a topic or a setting; without one, list the topics.

    Examples:
        gpunet help schedules
        gpunet help train
        gpunet help dropout
    """
    if not words:
        topics = [(name, topic.says) for name, topic in TOPICS.items()]
        _print("`gpunet help` tells of a command, a setting, or a topic", [("Topics", topics)])
    elif words[0] in TOPICS and len(words) == 1:
        topic = TOPICS[words[0]]
        _print(topic.says, topic.sections())
    elif (name := canonical(words[0].lstrip("-"))) in SETTINGS and len(words) == 1:
        _print(f"The setting {name}", _setting(name))
    else:
        page_help(_context_of(context.find_root(), words))


def _context_of(root: Any, words: list[str]) -> Any:
    """The context of the command that the words name.

    Raises:
        UsageError: the words name no command, topic or setting.
    """
    for word in words:
        commands = getattr(root.command, "commands", {})
        if word not in commands:
            known = [*commands, *(TOPICS if root.parent is None else ())]
            advice = suggestion(word, [*known, *SETTINGS]) or "; `gpunet help` lists the topics"
            raise UsageError(f"{word!r} is neither a command nor a topic{advice}")
        root = typer.Context(commands[word], info_name=word, parent=root)
    return root


def _print(title: str, sections: Iterable[Section]) -> None:
    def content(console: Any) -> Iterator[RenderableType]:
        yield title + "."
        for head, rows in sections:
            yield heading(head)
            yield table(rows, console)

    paged(content)


def _setting(name: str) -> Iterator[Section]:
    row = SETTINGS[name]
    default = row.default_in_words or ("" if row.default is None else str(row.default))
    facts = {
        "what it is": row.help,
        "default": default,
        "values": ", ".join(row.choices) or str(row.bounds or ""),
        "option": ", ".join(option(one) for one in (name, *row.aliases)),
        "in Python, in files": f"{name}, as a keyword and as a key",
        "environment": variable(name),
        "in a search": f"not searched: {row.fixed}" if row.fixed else "can be searched",
    }
    yield row.panel, [(fact, told) for fact, told in facts.items() if told]


def _schedules() -> Iterator[Section]:
    from gpunet.training.schedules import epoch_learning_rates

    told = inspect.getdoc(epoch_learning_rates) or ""
    formulas = re.findall(r"^- ``([\w-]+)``: (.+(?:\n  .+)*)", told, re.MULTILINE)
    yield (
        _paragraphs(epoch_learning_rates)[1].rstrip(":"),
        [(n, _plain(one)) for n, one in formulas],
    )
    yield "Settings", _rows(name for name, row in SETTINGS.items() if row.panel == SCHEDULE)


def _optimizers() -> Iterator[Section]:
    from gpunet.engine.population import update_rule
    from gpunet.engine.reference.optimizers import RULES

    rows: list[Row] = []
    for name, facts in OPTIMIZER_FACTS.items():
        rule = _first_paragraph(RULES[update_rule([TrainConfig(optimizer=name)])])
        decay = f", weight decay {facts.weight_decay:g}" if facts.weight_decay else ""
        rows.append(
            (name, f"{rule} By default the learning rate is {facts.learning_rate:g}{decay}.")
        )
    yield "Optimizers", rows
    yield "Settings that some of them use", _used("optimizer")
    yield "Settings of all", _rows(["learning_rate", "weight_decay", "clip_norm", "clip_value"])


def _losses() -> Iterator[Section]:
    from gpunet.engine.reference import kernels

    told = [(name, _first_paragraph(kernels.loss(name))) for name in LOSS_FACTS]
    for kind, head in KINDS.items():
        rows: list[Row] = [(name, text) for name, text in told if LOSS_FACTS[name].kind == kind]
        yield f"{head}, by default {DEFAULT_LOSSES[kind]}", rows
    yield "Settings that some of them use", _used("loss")


def _activations() -> Iterator[Section]:
    from gpunet.engine.reference import activations

    names = SETTINGS["activation"].choices
    yield "Activations", [(name, _first_paragraph(getattr(activations, name))) for name in names]
    yield "Settings", _rows(["activation", "leaky_slope", "layer_norm", "initialization"])


def _data() -> Iterator[Section]:
    from gpunet.datasets.catalog import AUTO, entries
    from gpunet.datasets.readers.path import KINDS as PATHS

    yield (
        "Names",
        [*((one.name, one.description) for one in entries()), (AUTO, "mnist, else strokes")],
    )
    yield "Paths", [("a file or a folder", PATHS)]
    yield "Settings", _rows(name for name, row in SETTINGS.items() if row.panel == DATA)


def _devices() -> Iterator[Section]:
    from gpunet.engine.factory import KINDS as WORDS

    rows = [("auto", "a hardware GPU, else the faster one of numpy and a software adapter")]
    rows += [("cpu", "the numpy engine, on the processor")]
    rows += [(word, kind.wanted) for word, kind in WORDS.items()]
    rows += [
        ("0, 1, ...", "the adapter of that index"),
        ("radeon", "an adapter by a part of its name"),
    ]
    yield f"Values of {option('device')}", rows
    commands = [
        ("gpunet devices", "what there is here"),
        ("gpunet devices --check", "is it right?"),
    ]
    yield "Commands", commands


def _recipes() -> Iterator[Section]:
    recipes = map(open_recipe, recipe_names())
    yield f"Values of {option('recipe')}", [(one.name, one.description) for one in recipes]


def _keys() -> Iterator[Section]:
    from gpunet.terminal.views.keys import RUN_KEYS
    from gpunet.terminal.views.view import KEYS

    own = [(key, meaning) for key, (meaning, _) in RUN_KEYS.items()]
    shown = [(key, one.meaning) for key, one in KEYS.items()]
    yield "While a training is shown", [*own, *shown]


def _files() -> Iterator[Section]:
    from gpunet.artifacts import run_folder
    from gpunet.files.cache import VARIABLE, cache_folder

    yield "In a run's folder", [("runs/NAME", _paragraphs(run_folder)[1])]
    yield (
        "Of the user",
        [
            (str(cache_folder()), f"data and measurements; {VARIABLE} moves it"),
            (
                str(user_path()),
                "settings of your own, if you write it; GPUNET_CONFIG names another",
            ),
        ],
    )


def _settings() -> Iterator[Section]:
    yield (
        "Where a value comes from: the first of these that gives one",
        [
            ("command line", "--batch-size 32"),
            ("environment", f"{variable('batch_size')}=32, in every command that has the option"),
            (
                "--config, --recipe",
                "batch_size = 32, in a TOML file such as `gpunet config` prints",
            ),
            (str(user_path()), "the same in a file of yours; GPUNET_CONFIG names another one"),
            (
                "default",
                "as below; `gpunet config` prints what is in effect, and where it comes from",
            ),
        ],
    )
    for panel, names in panels().items():
        yield panel, _rows(names)


def _first_paragraph(documented: object) -> str:
    return _paragraphs(documented)[0]


def _paragraphs(documented: object) -> list[str]:
    """The paragraphs of a docstring."""
    parts = (inspect.getdoc(documented) or "").split("\n\n")
    return [_plain(part) for part in parts]


def _plain(text: str) -> str:
    """A docstring's text without backquotes and shapes; a capital X at the start becomes small."""
    text = re.sub(r" \([A-Z](, [A-Z])*\)|``", "", " ".join(text.split()))
    return re.sub(r"^X ", "x ", text)


def _used(chooser: str) -> list[Row]:
    """The settings that only some choices of ``chooser`` use, each with those choices."""
    takers: dict[str, list[str]] = {}
    for choice, names in USES[chooser].items():
        for name in names:
            takers.setdefault(name, []).append(choice)
    return [
        (option(name), f"{SETTINGS[name].help} ({', '.join(by)})") for name, by in takers.items()
    ]


def _rows(names: Iterable[str]) -> list[Row]:
    """Settings as options with their meanings."""
    return [(option(name), SETTINGS[name].help) for name in names]


KINDS: Mapping[Kind, str] = {
    "classes": "For one class of several",
    "labels": "For any number of labels",
    "measured": "For measured targets",
}

TOPICS: Mapping[str, Topic] = {
    "settings": Topic("Settings of training, and where they come from", _settings),
    "data": Topic("What can be trained on", _data),
    "schedules": Topic("How the learning rate changes", _schedules),
    "optimizers": Topic("Update rules, and what they use", _optimizers),
    "activations": Topic("Activations of the hidden layers", _activations),
    "losses": Topic("What is minimized", _losses),
    "devices": Topic("What computes", _devices),
    "recipes": Topic("Settings that others published", _recipes),
    "keys": Topic("Keys of the live screen", _keys),
    "files": Topic("What is written, and where", _files),
}
