"""The drawing board, beside a network's answer to the drawing.

Owns where the board lies, and so which of its points belongs to a cell of the terminal. What is on
the board belongs to ``draw.canvas``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from gpunet.config.choices import Kind
from gpunet.datasets.images import resized
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.block import Block, Line, beside, padded, stack, text_block
from gpunet.terminal.draw.canvas import Canvas, Point
from gpunet.terminal.draw.digits import half_blocks, picture
from gpunet.terminal.draw.dots import dotted, written_large
from gpunet.terminal.draw.style import GREYS, Ink, bar, glyphs
from gpunet.terminal.live.console import shows_greys
from gpunet.terminal.views.frame import with_keys
from gpunet.terminal.views.verdict import predictions
from gpunet.workflows.drawing import DrawingAnswers

if TYPE_CHECKING:
    from gpunet.terminal.views.view import View
    from gpunet.training.events import RunInfo

__all__ = [
    "Area",
    "Drawn",
    "Reply",
    "board_block",
    "draw_screen",
    "key_hints",
    "label_hints",
    "point_at",
]

LEAST_LARGE, LARGEST = 4, 12
"""Fewest and most rows of a verdict in large letters."""

SURE = 0.6
"""An answer is unsure if its most probable class is less probable than this, as on the page."""

HOW = "drag the mouse, or press space and arrows"

LEAST_ROWS = 6
"""Fewest rows of a board that can be drawn on."""

PAPER = 4
"""Index of the empty board's grey, whose border is visible on black."""

GAP = 2
"""Cells between the board, the picture and the bars."""

SEEN = 28
"""Columns of the picture as the network sees it, if there is room: one per pixel of MNIST."""

LEAST_SEEN = 14
"""Fewest columns of that picture; it is left out if there is less room."""

SHORT, WIDE_BAR, MOST_BARS = 4, 24, 48
"""Cells of a bar: the fewest, those beyond which a larger picture is worth more, and the most,
including its name and share."""

SHARE = 6
"""Cells of a percentage and the blank before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """A network's answer to a drawing.

    Args:
        names: names of the classes, labels or measured targets.
        kind: which of these the network predicts.
        answers: the answers to the digits of the drawing; ``None`` if there are none.
        chosen: index of the selected digit.
        problem: why there is no answer.
        of: which weights gave the answer, in words.
    """

    names: Sequence[str]
    kind: Kind = "classes"
    answers: DrawingAnswers | None = None
    chosen: int = 0
    problem: str = ""
    of: str = ""


class Drawn(NamedTuple):
    """A drawing and the network's answer to it."""

    canvas: Canvas
    reply: Reply


class Area(NamedTuple):
    """Where the board and the answer are on the screen, in cells counted from 0."""

    left: int
    top: int
    width: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Cells of the board without its frame, and the frame's width; 0 rows if it does not fit."""

    columns: int
    rows: int
    frame: int


def draw_screen(console: Console, view: View, run: RunInfo, width: int, rows: int) -> Block:
    """A dashboard's drawing board, the answer of the network in training, and the keys."""
    if view.drawn is None:
        why = "drawing takes images, but the samples of this run are rows of a table"
        if run.dataset.image_shape is not None:
            why = (
                "only the run's own terminal can draw; `gpunet draw` asks the model that a run "
                "has kept"
            )
        lines = [Text(line, Ink.MUTED) for line in wrap(why, width)]
        return text_block(console, lines, width).shaped(width, rows)
    canvas, reply = view.drawn
    board = board_block(console, canvas, reply, width, rows - 1)
    hints = text_block(console, [key_hints(canvas, ("Esc", "back"), width)], width)
    return stack([board, hints], width)


def board_block(console: Console, canvas: Canvas, reply: Reply, width: int, rows: int) -> Block:
    """The board and the answer in ``width`` x ``rows`` cells, or a sentence if they do not fit."""
    place = _place(console, canvas, width, rows)
    if not place.rows:
        words = ["too small to draw on", "make the terminal larger"]
        return text_block(console, [Text(one, Ink.WARNING) for one in words], width).shaped(
            width, rows
        )
    board = _board(console, canvas, place)
    right = width - board.width - GAP
    return beside([board, _answer(console, canvas, reply, right, rows)], GAP).shaped(width, rows)


def point_at(console: Console, canvas: Canvas, area: Area, column: int, row: int) -> Point | None:
    """The point of the board at the middle of a cell of the screen; cells count from 0.

    The point may lie outside the board. ``None`` if the area has no room for a board.
    """
    place = _place(console, canvas, area.width, area.rows)
    if not place.rows:
        return None
    across, down = canvas.size
    x = (column - area.left - place.frame + 0.5) / place.columns * across
    y = (row - area.top - place.frame + 0.5) / place.rows * down
    return x, y


def key_hints(canvas: Canvas, leave: tuple[str, str], width: int, *, keeps: bool = False) -> Text:
    """As many of the board's keys as fit.

    Args:
        canvas: the drawing; it says, for example, whether the pen is down.
        leave: the key that leaves the board, and what it does.
        width: room for the keys, in cells.
        keeps: whether drawings can be kept.
    """
    return with_keys(
        Text(),
        [
            leave,
            ("space", "pen up" if canvas.is_down else "pen down"),
            ("arrows", "move"),
            ("c", "clear"),
            ("u", "undo"),
            ("e", "pen" if canvas.erases else "eraser"),
            *([("w", "keep")] if keeps else []),
            ("+ -", "width"),
            ("r", "redo"),
        ],
        width,
    )


def label_hints(label: str, width: int) -> Text:
    """The keys while the user chooses the label under which a drawing is kept."""
    keys = [("Enter", f"keep as {label}"), ("arrows", "another"), ("Esc", "back")]
    return with_keys(Text(), keys, width)


# ---- The board


def _place(console: Console, canvas: Canvas, width: int, rows: int) -> _Place:
    """Place the largest board that leaves room for an answer; a cell is twice as high as wide."""
    frame = 0 if _in_greys(console) else 1
    across, down = canvas.size
    bars = 1 + 1 + SHORT + SHARE
    room = width - 2 * frame - GAP - bars
    if room - SEEN - GAP >= SEEN:  # the picture in full is worth more than a larger board
        room -= SEEN + GAP
    high = min(rows - 2 * frame, int(room * down / across / 2))
    columns = round(2 * high * across / down)
    return _Place(columns, high if high >= LEAST_ROWS else 0, frame)


def _in_greys(console: Console) -> bool:
    """Whether the board is drawn in greys; if so, it needs no frame."""
    return shows_greys(console) and not console.options.ascii_only


def _board(console: Console, canvas: Canvas, place: _Place) -> Block:
    lines = _with_pen(console, canvas, place, _cells(console, canvas, place))
    if not place.frame:
        return Block(place.columns, lines)
    edges = box.ASCII if console.options.ascii_only else box.SQUARE
    style = console.get_style(Ink.LINE)
    across = edges.top * place.columns
    side = Segment(edges.mid_left if console.options.ascii_only else "│", style)
    framed = [[side, *line, side] for line in lines]
    top = [Segment(f"{edges.top_left}{across}{edges.top_right}", style)]
    bottom = [Segment(f"{edges.bottom_left}{across}{edges.bottom_right}", style)]
    return Block(place.columns + 2, [top, *framed, bottom])


def _cells(console: Console, canvas: Canvas, place: _Place) -> list[Line]:
    """The board's pixels, as fine as the terminal can show them."""
    columns, rows = place.columns, place.rows
    if _in_greys(console):
        ink = _scaled(canvas, 2 * rows, columns)
        levels = PAPER + np.rint(ink * (len(GREYS) - 1 - PAPER)).astype(np.int64)
        return half_blocks(levels, GREYS)
    if console.options.ascii_only:
        shades = glyphs(True).shades
        shaded = np.rint(_scaled(canvas, rows, columns) * (len(shades) - 1)).astype(int)
        return [[Segment("".join(shades[level] for level in row))] for row in shaded.tolist()]
    dots = _scaled(canvas, 4 * rows, 2 * columns) > 0.5
    return [[Segment(line)] for line in dotted(dots)]


def _scaled(canvas: Canvas, height: int, width: int) -> NDArray[np.float64]:
    """The ink of the board, 0 to 1, resized to (height, width) pixels."""
    image = resized(Image.fromarray(canvas.image()), width, height)
    return np.asarray(image, np.float64) / 255


def _with_pen(console: Console, canvas: Canvas, place: _Place, lines: list[Line]) -> list[Line]:
    """The lines, with a mark at the pen if it is moved by keys."""
    if not canvas.by_keys:
        return lines
    (x, y), (across, down) = canvas.pen, canvas.size
    column = min(int(x / across * place.columns), place.columns - 1)
    row = min(int(y / down * place.rows), place.rows - 1)
    before, cell, after = Segment.divide(lines[row], [column, column + 1, place.columns])
    under = cell[0].style if cell and cell[0].style else Style()
    style = under + Style(bold=True) + console.get_style(Ink.PEN)
    mark = Segment("#" if canvas.is_down else "+", style)
    return [*lines[:row], [*before, mark, *after], *lines[row + 1 :]]


# ---- The answer


def _answer(console: Console, canvas: Canvas, reply: Reply, width: int, rows: int) -> Block:
    """The verdict, the picture as the network sees it, and the bars of the classes."""
    head, detail = _verdict(canvas, reply)
    told = text_block(console, [head, detail], width)
    answers = None if canvas.is_empty else reply.answers
    longest = max((Text(name).cell_len for name in reply.names), default=1)
    label = min(longest, max(4, width // 3))
    columns, high = _seen_size(canvas, width, rows - told.height - 1, label)
    seen = Block(columns, []).shaped(columns, high)
    if answers is None and _in_greys(console):
        seen = Block(columns, half_blocks(np.full((2 * high, columns), PAPER), GREYS))
    elif answers is not None:
        seen = picture(console, answers.pictures[reply.chosen], columns, high, whole=True)
    words = "as the network sees it" if columns >= SEEN else "as it is seen"
    caption = text_block(console, [Text(words, Ink.MUTED)], columns)
    parts = [stack([seen, caption], columns)] if columns else []
    room = min(MOST_BARS, width - columns - (GAP if columns else 0))
    values = None if answers is None else answers.values[reply.chosen]
    bars = _bars(console, reply, values, label, room, rows - told.height)
    large = _large(console, head, room, rows - told.height - bars.height - 1)
    parts.append(stack([bars, *([] if answers is None else [large])], room))
    return stack([told, beside(parts, GAP)], width)


def _large(console: Console, verdict: Text, width: int, rows: int) -> Block:
    """The verdict in large letters, if there is room."""
    doubtful = verdict.style != Ink.BEST
    word = "?" if doubtful else verdict.plain
    rows = min(rows, LARGEST)
    fits = rows >= LEAST_LARGE and not console.options.ascii_only
    lines = written_large(word, width, rows) if fits else ()
    if len(lines) < LEAST_LARGE:
        return Block(width, [])
    return text_block(console, [Text(), *(Text(line, verdict.style) for line in lines)], width)


def _verdict(canvas: Canvas, reply: Reply) -> tuple[Text, Text]:
    """The network's answer in words, and how sure it is."""
    if canvas.is_empty:
        return Text("nothing drawn yet", Ink.STRONG), Text(HOW, Ink.MUTED)
    if reply.answers is None:
        head, _, detail = reply.problem.partition("? ")
        return Text(head + "?" * bool(detail), Ink.WARNING), Text(detail or reply.of, Ink.MUTED)
    values = reply.answers.values
    if not np.isfinite(values).all():
        return Text("no answer: the network has diverged", Ink.WRONG), Text(reply.of, Ink.MUTED)
    if reply.kind == "classes" and float(values[reply.chosen].max()) < SURE:
        first, second = np.argsort(-values[reply.chosen], kind="stable")[:2].tolist()
        doubt = f"unsure: {reply.names[first]} or {reply.names[second]}?"
        return Text(doubt, Ink.WARNING), Text(_detail(reply), Ink.MUTED)
    said = predictions(values, reply.names, reply.kind)
    words = " ".join(word for word, _ in said)
    return Text(words, Ink.BEST), Text(_detail(reply), Ink.MUTED)


def _detail(reply: Reply) -> str:
    """How sure the networks are of the selected digit, and which weights they have."""
    assert reply.answers is not None
    each = reply.answers.networks[:, reply.chosen]  # (P, C)
    told = []
    if reply.kind != "measured":
        best = int(each.mean(axis=0).argmax())
        told.append(f"{100 * each[:, best].mean():.1f} %")
        if len(each) > 1:
            low, high = 100 * each[:, best].min(), 100 * each[:, best].max()
            told.append(f"mean of {len(each)} from {low:.0f} to {high:.0f} %")
    return ", ".join([*told, *([reply.of] if reply.of else [])])


def _seen_size(canvas: Canvas, width: int, rows: int, label: int) -> tuple[int, int]:
    """Columns and rows of the picture as the network sees it; 0 if it is left out."""
    across, down = canvas.size
    most = min(width - GAP - label - 1 - SHORT - SHARE, int(2 * rows * across / down))
    spare = min(most, width - GAP - label - 1 - WIDE_BAR - SHARE)
    columns = min(most, max(SEEN, spare // SEEN * SEEN))
    return (columns, round(columns * down / across / 2)) if columns >= LEAST_SEEN else (0, 0)


def _bars(
    console: Console,
    reply: Reply,
    values: NDArray[np.floating[Any]] | None,
    label: int,
    width: int,
    rows: int,
) -> Block:
    """A line per class, label or target; if there are too many, the most probable."""
    known = np.zeros(len(reply.names)) if values is None else np.nan_to_num(values, nan=0.0)
    order = list(range(len(known)))
    if len(order) > rows and reply.kind != "measured":
        order = sorted(np.argsort(-known, kind="stable")[: max(0, rows)].tolist())
    ascii_only = console.options.ascii_only
    best = -1 if values is None else int(known.argmax())
    lines = []
    for index in order[: max(0, rows)]:
        line = padded(Text(reply.names[index]), label, ascii_only).append(" ")
        if reply.kind == "measured":
            line.append("" if values is None else formats.measured(float(known[index])))
        else:
            share, style = float(known[index]), Ink.LABEL if index == best else Ink.MUTED
            length = max(0, width - label - 1 - SHARE)
            line.append_text(bar(share, length, style, ascii_only))
            line.append("" if values is None else f" {100 * share:3.0f} %")
        line.stylize(Ink.STRONG if index == best else Ink.MUTED)
        lines.append(line)
    return text_block(console, lines, width)
