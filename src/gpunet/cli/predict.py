"""``gpunet predict``: a model's predictions for images or rows of a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpunet.cli import options
from gpunet.cli.completion import models_and_files
from gpunet.config import AnswerFormat, FramingStyle
from gpunet.errors import DataError, UsageError
from gpunet.terminal.live.notes import complain, note, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from gpunet.artifacts.answer_file import Answers
    from gpunet.model import Model
    from gpunet.workflows.new_samples import Reading

__all__ = ["predict"]

PICTURES = 3
"""Most images that are drawn; more images get a line each."""

STANDARD = "-"
"""The name of the standard input and output."""


Given = Annotated[
    list[str],
    typer.Argument(
        metavar="[MODEL] DATA...",
        autocompletion=models_and_files,
        help="A model file or a run, by default the newest one; and new data: a table such as "
        "rows.csv, an .npy or .npz file, images, or a folder of images; - reads a table or an "
        "image from the standard input.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        envvar=options.NO_VARIABLE,
        metavar="FILE",
        help="Write the predictions into this file, compressed if its name ends in .gz.",
        rich_help_panel=options.OUTPUT,
    ),
]
Format = Annotated[
    AnswerFormat | None,
    typer.Option(
        help="Format of the predictions: jsonl has one object per line, submission the two columns "
        "of a Kaggle submission; by default as the file's name ends, else csv, and for "
        "images a line each, with pictures of up to three.",
        rich_help_panel=options.OUTPUT,
    ),
]
Id = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="The column of a table that names its rows: its title, its number counted from 1, or "
        "last; by default a first column such as id that is not a feature, else rows are numbered "
        "from 1.",
    ),
]
Framing = Annotated[
    FramingStyle,
    typer.Option(
        help="mnist crops the image to its ink and centers it, as-is only resizes it to the "
        "model's size; auto follows the framing of the training images.",
    ),
]


def predict(
    data: Given,
    output: Output = None,
    format: Format = None,
    id: Id = None,
    framing: Framing = "auto",
    as_json: options.AsJson = False,
    force: options.Force = False,
) -> None:
    """Predict the classes or the measured values of new rows and images.

    Rows of a table are read, predicted and written block by block, so that it may have any length;
    a column of labels is ignored. A model whose training images are framed like MNIST's reads
    digits of any size, dark on light or light on dark, and several digits in one image from left to
    right; other images are only resized. Images that cannot be read are skipped; then the exit code
    is 1.

    Examples:
        gpunet predict digit.png
        gpunet predict model.safetensors new.csv -o answers.csv
        gpunet predict 2 new.csv --format jsonl
    """
    from gpunet.artifacts.model_file import load
    from gpunet.workflows.new_samples import Reading

    if as_json and format not in (None, "json"):
        raise UsageError(f"--json and --format {format} cannot go together; leave out one of them")
    kind = "json" if as_json else format
    failed = []

    def pass_over(error: DataError) -> None:
        complain(error)
        failed.append(error)

    model, names = _model_and_data(data)
    given = [sys.stdin.buffer if name == STANDARD else name for name in names]
    reading = Reading(id=id, framing=framing, pass_over=pass_over, tell=note)
    if output is not None and str(output) != STANDARD:
        _require_apart(output, (str(model), *names))
        _write(load(model), given, output, kind, reading, force=force)
    else:
        _print(load(model), given, kind, reading)
    if failed:
        raise typer.Exit(1)


def _model_and_data(words: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The model, which the first word may name, and the names of the data.

    Raises:
        ModelError: there is no such model.
        UsageError: a model is named but no data, or a name does not exist.
    """
    from gpunet.artifacts.kept_runs import is_model
    from gpunet.files.home import expanded
    from gpunet.files.output import is_there

    first, *others = words
    *_, last = words
    if first == STANDARD or (is_there(first) and not is_model(first)):
        if others and is_there(last) and is_model(last):
            raise UsageError(f"{last} is a model, which stands before the data; name it first")
        return options.chosen_model(None), words
    is_alone = len(words) < 3 and (bool(others) or not is_model(last))
    if is_alone and last != STANDARD and not is_there(expanded(last)):
        raise UsageError(f"{last} does not exist; check how the path is spelled")
    if others:
        return options.chosen_model(first), others
    if is_model(first):
        raise UsageError(f"{first} names a model but no data; name new data behind it")
    return options.chosen_model(None), words


def _require_apart(output: Path, names: Sequence[str]) -> None:
    """Check that a file can be written, and does not replace the input."""
    from gpunet.files.home import expanded
    from gpunet.files.output import require_writable

    require_writable(output)
    for name in names:
        if output.resolve() == expanded(name).resolve():
            raise UsageError(f"--output {output} would replace what is read; give another name")


def _write(
    model: Model,
    data: Sequence[Any],
    output: Path,
    kind: AnswerFormat | None,
    reading: Reading,
    *,
    force: bool,
) -> None:
    """Write all predictions into a file, and say where it is."""
    from gpunet.artifacts.answer_file import format_of
    from gpunet.cli.saving import written_to
    from gpunet.terminal.live.console import make_console
    from gpunet.workflows.answers import answer_into

    answered = 0

    def write(path: Path) -> None:
        nonlocal answered
        with _counting() as count:
            answered = answer_into(path, model, data, kind or format_of(output), reading, count)

    place = written_to(write, output, force=force)
    make_console().print(f"answers: {answered:,} in {place}", soft_wrap=True)


@contextmanager
def _counting() -> Iterator[Callable[[int], None]]:
    """A line on the standard error that counts predictions, see ``Stages``."""
    from gpunet.terminal.draw import formats
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.stages import Stages

    stages = Stages(make_console(stream=sys.stderr))
    with stages.stage("reading what is to be answered") as tell:
        yield lambda done: tell(f"{formats.count(done)} answered")


def _print(model: Model, data: Sequence[Any], kind: AnswerFormat | None, reading: Reading) -> None:
    """Print all predictions block by block; for images with pictures, unless a format is given."""
    from dataclasses import replace

    from gpunet.workflows.answers import answers_to

    reading = replace(reading, by_image=kind is None, one_digit=kind == "submission")
    shown = nullcontext() if sys.stdout.isatty() else _counting()
    with shown as count:
        _print_blocks(model, answers_to(model, data, reading, count), kind)


def _print_blocks(model: Model, answers: Iterator[Answers], kind: AnswerFormat | None) -> None:
    from itertools import chain, islice

    from gpunet.artifacts.answer_file import answer_texts
    from gpunet.terminal.live.console import make_console

    first = list(islice(answers, PICTURES + 1))
    blocks = chain(first, answers)
    if kind is None and (not first or first[0].boxes is not None):
        console = make_console()
        for block in blocks:
            _print_image(console, model, block, drawn=len(first) <= PICTURES)
        return
    for text in answer_texts(model, blocks, kind or "csv", one_line):
        sys.stdout.write(text)
        sys.stdout.flush()


def _print_image(console: Console, model: Model, block: Answers, *, drawn: bool) -> None:
    """Print an image's predictions in a line, and each beside the picture that the model got."""
    from gpunet.terminal.views.showcase import prediction
    from gpunet.terminal.views.verdict import predictions

    kind, names = model.network.kind, model.output_names
    told = [
        found if share is None else f"{found} ({100 * share:.1f} %)"
        for found, share in predictions(block.values, names, kind)
    ]
    console.print(f"{one_line(str(block.names[0]))}: {' '.join(told)}", soft_wrap=True)
    for pixels, row in zip(block.features, block.values, strict=True) if drawn else ():
        shape = model.image_shape
        image = None if shape is None else pixels.reshape(shape)
        prediction(console, image, row, names, kind)
        console.print()
