"""The options of every command: how they are spelled, what they are by default and at least."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from gpunet.cli.app import command_line
from gpunet.cli.setting_options import SHORT
from gpunet.config import SETTINGS, TrainConfig
from gpunet.config.recipes import recipe_names
from gpunet.search import session
from gpunet.search.space import default_space
from gpunet.search.study_spec import StudySpec

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

KINDS = ("TEXT", "PATH", "INT", "FLOAT", "NAME")
"""What the help says of an option's value where the option does not say more."""

SHARED = [
    "--no-user-config = False | In every command",
    "--verbose -v = 0 | In every command | from 0",
    "--log-file FILE = None | In every command",
    "--theme = auto | In every command",
]
HELP = ["-h = False | Help", "--help = False | Help"]
JSON = "--json = False | Output"
DEVICE = "--device = auto | Device"
MODEL = "[MODEL] = None"
FORCE = "--force = False | Output"
PLAIN = "--plain = False | Output"
QUIET = "--quiet -q = False | Output"
BELL = "--bell = False | Output"
OUTPUT = "--output -o FILE = None | Output"
PLOT = "--plot FILE = None | Output"
GRAPHICS = "--graphics = auto | Output"
LABEL = f"--label {SETTINGS['label'].metavar} = None | Data"
IGNORE = f"--ignore {SETTINGS['ignore'].metavar} = None | Data"
SOURCES = ["--config FILE.toml = None | Data", "--recipe = None | Data"]
TRAINING = [*SOURCES, "[DATA] = None", "--data -d = auto | Data", "SETTINGS"]
AUTOTUNE = "--autotune --no-autotune = True | Device"
KEEPING = [
    "--run-dir = None | Keeping the run",
    "--name = None | Keeping the run",
    "--no-keep = False | Keeping the run",
    "--checkpoint-every = None | Keeping the run | from 1",
]
REST = [
    *(DEVICE, AUTOTUNE, OUTPUT, "--report = None | Output", PLOT, FORCE),
    *("--showcase = None | Output | from 0", GRAPHICS, PLAIN, QUIET, BELL),
]
DRAW = ["--count -n = 10 | from 1", f"--seed = 0 | from 0 to {2**32 - 1}"]

OPTIONS = {
    "train": [
        *(*TRAINING, *KEEPING),
        *("--resume [RUN] = None | Keeping the run", *REST),
    ],
    "config": [*SOURCES, *TRAINING[3:], *KEEPING, *REST, "--path = False"],
    "find-lr": [*TRAINING, DEVICE, PLAIN, QUIET, JSON],
    "explain": [*TRAINING, DEVICE, AUTOTUNE, "--shader PASS = None | Output", PLAIN],
    "profile": [*TRAINING, DEVICE, AUTOTUNE, PLAIN],
    "recipes": ["[NAME] = None"],
    "watch": ["[RUN]... = None", PLAIN],
    "replay": [
        *("[RUN] = None", "--seconds = None | from 0.5 to 600"),
        "--speed = None | from 0.01 to 1000000.0",
        *(f"--{kind} FILE.{kind} = None | Output" for kind in ("svg", "gif", "cast")),
        *("--size COLUMNSxROWS = None | Output", "--screen = curves | Output", FORCE, PLAIN),
    ],
    "runs list": ["[DIR] = runs", "--sort = newest | Output", JSON],
    "runs show": ["RUN...", JSON],
    "runs plot": ["RUN...", PLOT, FORCE],
    "runs delete": ["RUN...", "--yes -y = False"],
    "evaluate": [MODEL, "--data -d = None | Data", DEVICE, JSON],
    "predict": [
        *("[MODEL] DATA...", "--output -o FILE = None | Output", "--format = None | Output"),
        *("--id COLUMN = None", "--framing = auto", JSON, FORCE),
    ],
    "draw": [MODEL, "--keep FOLDER = drawn | Output"],
    "plot": ["[RUN] = None", "--output -o = curves.png | Output", FORCE],
    "show": [MODEL, JSON],
    "showcase": [
        *(MODEL, DRAW[0], "--wrong = False", "--top-losses = False", "--index = None"),
        *("--weights = False", "--web = False", DRAW[1], "--data -d = None | Data", DEVICE, PLOT),
        *(FORCE, GRAPHICS),
    ],
    "export": [
        *("[MODEL] PAGE", "--samples = 4000 | from 0", "--weights = f32", "--license = None"),
        *("--data -d = None | Data", FORCE),
    ],
    "devices": [JSON, "--check = False", "--device = None", "--forget = False"],
    "bench": ["--device = ", "--quick = False", "--roofline = False", JSON],
    "tune-kernels": [*TRAINING, DEVICE, PLAIN],
    "tune": [
        *("[DATA] = None", "--data -d = None | Data", LABEL, "--missing = None | Data", IGNORE),
        *("--weight COLUMN = None | Data", "--loss = None | Data"),
        *("-e --epochs = None | Data", "-b --batch-size = None | Data"),
        *(f"--{name} = None | Data" for name in ("optimizer", "seed")),
        *("--monitor = None | Data", "--config FILE.toml = None | Data"),
        "--space FILE.toml = None | Search",
        *("--trials = None | Search | from 1", "--population = 16 | Search | from 1"),
        *("--timeout TIME = None | Search", "--sampler = None | Search"),
        *("--pruner = None | Search", "--study = None | Study"),
        *("--storage URL = None | Study", "--resume = None | Study"),
        *("--heartbeat = 10 | Study | from 1", "--device = None | Device"),
        "--output -o = model.safetensors | Output",
        *("--report = None | Output", FORCE, PLAIN, QUIET, BELL),
    ],
    "help": ["[TOPIC]... = None"],
    "datasets list": [],
    "datasets remove": ["[NAME] = None", "--all = False"],
    "datasets download": ["NAME", "--force = False"],
    "datasets preview": ["[NAME] = auto", *DRAW, LABEL, IGNORE, PLOT, FORCE, GRAPHICS],
}


def command_of(name: str) -> Any:
    found: Any = command_line()
    for word in name.split():
        found = found.commands[word]
    return found


def told(one: Any) -> str:
    """An option, or an argument, with its default, its panel and its bounds."""
    argument = one.param_type_name == "argument"
    words = [] if argument else [*one.opts, *one.secondary_opts]
    words += [one.metavar] if one.metavar and (argument or one.metavar not in KINDS) else []
    words += [] if one.required else ["=", str(one.default)]
    parts = [" ".join(words), *([one.rich_help_panel] if one.rich_help_panel else [])]
    if one.min is not None:
        parts.append(f"from {one.min}" + ("" if one.max is None else f" to {one.max}"))
    return " | ".join(parts)


def test_every_command_is_known() -> None:
    group: Any = command_line()
    names = [
        f"{name} {leaf}" if leaf else name
        for name, command in group.commands.items()
        for leaf in (getattr(command, "commands", None) or [""])
    ]
    assert sorted(names) == sorted(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_of_a_command_are_spelled_and_bounded_as_ever(name: str) -> None:
    found = []
    for one in command_of(name).params:
        line = "SETTINGS" if one.name in SETTINGS and "SETTINGS" in OPTIONS[name] else told(one)
        found += [] if line == "SETTINGS" and line in found else [line]
    assert found == [*OPTIONS[name], *SHARED, *HELP]


def test_a_setting_is_an_option_of_its_panel_with_its_default_and_its_other_names() -> None:
    options = {one.name: one for one in command_of("train").params}
    for name, row in SETTINGS.items():
        spelling = f"--{name.replace('_', '-')}"
        others = [f"--{alias}" for alias in row.aliases]
        if row.kind is bool:
            others = [f"--no-{name.replace('_', '-')}"]
        default = row.default
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        one = options[name]
        assert [*one.opts, *one.secondary_opts] == [*SHORT.get(name, []), spelling, *others]
        assert one.rich_help_panel == row.panel
        assert row.metavar in (None, one.metavar)
        assert one.help.startswith(row.help)
        assert all(choice in one.help for choice in row.choices)
        assert str(one.default) == str(default)
        assert bool(one.show_default) == bool(row.default_in_words or row.default is not None)


def test_the_defaults_that_the_help_of_a_search_tells_are_those_that_it_takes() -> None:
    spec = StudySpec(TrainConfig(), default_space(TrainConfig()), None, "", "", "")
    usual = session.new_spec({}, spec.space, "a test")
    expected = {
        "epochs": f"{TrainConfig().effective_epochs}, more for few samples",
        "batch_size": "64",
        "optimizer": "adam",
        "seed": "0",
        "monitor": "val_loss",
        "trials": str(session.TRIALS),
        "sampler": usual.sampler,
        "pruner": usual.pruner,
        "device": "auto",
        "data": "auto",
        "study": "date and time",
        "storage": "a journal in tune/NAME",
    }
    options = {one.name: one for one in command_of("tune").params}
    assert {name: options[name].show_default for name in expected} == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("showcase", "m", "-n", 0), "wanted a whole number of 1 or more"),
        (("export", "m", "page.html", "--samples", -1), "wanted a whole number of 0 or more"),
        (("showcase", "m", "--seed", -1), "wanted a whole number from 0 to 4,294,967,295"),
        (("showcase", "m", "--seed", 2**32), "wanted a whole number from 0 to 4,294,967,295"),
        (("datasets", "preview", "strokes", "-n", 0), "wanted a whole number of 1 or more"),
        (("train", "--checkpoint-every", 0), "wanted a whole number of 1 or more"),
        (("train", "--showcase", -1), "wanted a whole number of 0 or more"),
        (("tune", "--trials", 0), "wanted a whole number of 1 or more"),
        (("tune", "--population", 0), "wanted a whole number of 1 or more"),
        (("tune", "--heartbeat", 0), "wanted a whole number of 1 or more"),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_the_range(
    gpunet: RunCommand, arguments: tuple[object, ...], told: str
) -> None:
    ran = gpunet(*arguments)
    assert (ran.code, ran.out) == (2, "")
    option = str(arguments[-2]).replace("-n", "--count")
    assert ran.failure == f"{option} is {arguments[-1]}, {told}"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "train",
            {
                "data": "mnist, fashion-mnist, strokes",
                "run_dir": "new folder",
                "name": "runs/NAME",
                "no_keep": "write only the model",
                "checkpoint_every": "by default 1, or more",
                "resume": "may be raised and --max-time changed",
                "autotune": "measured to be the fastest",
                "output": "Write the model into this file, too",
                "report": "as JSON",
                "plot": ".png, .svg or .pdf",
                "force": "Replace existing files",
                "showcase": "0 for none, 10 by default",
                "graphics": "in half blocks",
                "plain": "lines instead of a live screen",
                "quiet": "in one line",
                "bell": "bell at the end",
                "theme": "dark or a light terminal",
                "config_file": "options that are typed win",
                "recipe": "`gpunet recipes` lists them",
            },
        ),
        (
            "tune",
            {
                "epochs": "Most passes",
                "batch_size": "Samples per step",
                "optimizer": "update rule",
                "seed": "Random seed",
                "monitor": "which epoch is the best",
                "space": "with low, high and perhaps log or step, or with choices",
                "trials": "over all workers; of a grid always all",
                "population": "side by side",
                "timeout": "10m, or 1h30m",
                "sampler": "chosen",
                "pruner": "best third at epochs 1, 3, 9, 27",
                "study": "tune/NAME",
                "storage": "sqlite:///FILE",
                "resume": "Resume a study",
                "heartbeat": "misses three",
                "output": "best network's model file",
                "report": "all trials",
            },
        ),
        (
            "showcase",
            {
                "wrong": "misclassified",
                "top_losses": "largest losses",
                "index": "counted from 0",
                "weights": "first layer's units",
                "data": "that the model was trained on",
            },
        ),
        ("predict", {"framing": "as-is only resizes it to the model's size", "as_json": "JSON"}),
        ("bench", {"quick": "smallest network", "roofline": "multiply-adds and at copies"}),
        ("devices", {"forget": "tries them again"}),
        ("datasets download", {"force": "if it is already there"}),
    ],
)
def test_the_help_of_an_option_says_what_it_is_for(command: str, words: dict[str, str]) -> None:
    helps = {one.name: one.help or "" for one in command_of(command).params}
    assert [name for name, told in words.items() if told not in helps[name]] == []


def test_the_help_tells_no_type_of_a_flag(gpunet: RunCommand) -> None:
    for command in ((), ("train",), ("datasets",), ("datasets", "preview")):
        assert "<bool>" not in gpunet(*command, "--help").out


@pytest.mark.parametrize("command", ["train", "tune", "explain", "predict", "devices", "bench"])
def test_the_help_spells_options_out_in_80_columns(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = gpunet(command, "--help").out
    assert 70 < max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    shown = shown.replace("[no-]", "")
    assert all(name in shown for one in command_of(command).params for name in one.opts)


def test_a_paragraph_of_the_help_breaks_where_the_screen_ends(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "is ignored. A model whose training" in " ".join(gpunet("predict", "--help").out.split())
    lines = gpunet("predict", "--help").out.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("Rows of a table"))
    assert min(map(len, lines[begin : begin + 4])) > 60


def completions(command: str, option: str) -> list[str]:
    """What a shell offers for an option's value."""
    one = next(one for one in command_of(command).params if option in one.opts)
    context = typer.Context(command_of(command), resilient_parsing=True)
    return [str(getattr(item, "value", item)) for item in one.shell_complete(context, "")]


def test_a_run_that_goes_on_is_no_matter_of_printing_settings(gpunet: RunCommand) -> None:
    ran = gpunet("config", "--resume", "runs/one")
    assert (ran.code, ran.out) == (2, "")
    assert "--resume" in ran.failure


def test_completing_a_command_line_reads_no_file(tmp_path: Path) -> None:
    for option, value in (("--config", str(tmp_path / "none.toml")), ("--recipe", "nothing")):
        command = command_of("train")
        context = command.make_context("train", [option, value], resilient_parsing=True)
        assert context.default_map is None


def test_recipes_and_choices_are_offered_to_who_completes() -> None:
    assert completions("train", "--recipe") == recipe_names()
    assert completions("train", "--activation") == list(SETTINGS["activation"].choices)
