"""A recording as an asciicast, version 2, which ``asciinema play`` and web players show.

The first frame is written in full; later ones contain only the cells that have changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from gpunet.config import Theme
from gpunet.terminal.draw.style import PANEL
from gpunet.terminal.record.cells import RGB, Cell, Look, cells_of, hexadecimal
from gpunet.terminal.record.recording import Recording, backgrounds

__all__ = ["cast"]

BEGINNING = "\x1b[?25l\x1b[2J"
"""Hides the cursor and clears the screen."""


def cast(recording: Recording, theme: Theme = "auto") -> str:
    """The recording as the text of a ``.cast`` file.

    Args:
        recording: the recording to write.
        theme: the colors; ``auto`` means ``dark`` here, since a player's background is unknown.
    """
    background = backgrounds(theme)[0]
    foreground, ground = map(hexadecimal, PANEL[background])
    columns, rows = recording.size
    header = {
        "version": 2,
        "width": columns,
        "height": rows,
        "title": recording.title,
        "theme": {"fg": foreground, "bg": ground, "palette": ":".join([ground, *[foreground] * 7])},
    }
    lines: list[object] = [header]
    shown: list[list[Cell]] = [[] for _ in range(rows)]
    blocks = recording.blocks(background, colors=theme != "mono")
    for (seconds, _), block in zip(recording.frames, blocks, strict=True):
        cells = cells_of(block, background)
        changes = "".join(_changes(shown, cells, PANEL[background][0]))
        if changes:
            lines.append(
                [round(seconds, 3), "o", changes if len(lines) > 1 else BEGINNING + changes]
            )
        shown = cells
    lines.append([round(recording.seconds, 3), "o", ""])
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _changes(
    shown: Sequence[Sequence[Cell]], cells: Sequence[Sequence[Cell]], plain: RGB
) -> Iterator[str]:
    """The text that turns a terminal showing one frame into one showing the next."""
    cursor, look = (-1, -1), None
    for row, (before, now) in enumerate(zip(shown, cells, strict=True)):
        for column, cell in enumerate(now):
            if not cell.text or before[column : column + 1] == [cell]:
                continue
            if cursor != (row, column):
                yield f"\x1b[{row + 1};{column + 1}H"
            if look != cell.look:
                look = cell.look
                yield _sgr(look, plain)
            yield cell.text
            wide = now[column + 1 : column + 2] == [Cell("", cell.look)]
            cursor = row, column + 1 + wide


def _sgr(look: Look, plain: RGB) -> str:
    """The escape code that gives the following characters this look."""
    codes = ["0"] + ["1"] * look.bold + ["4"] * look.underline
    if look.color != plain:
        codes.append("38;2;{};{};{}".format(*look.color))
    if look.ground is not None:
        codes.append("48;2;{};{};{}".format(*look.ground))
    return f"\x1b[{';'.join(codes)}m"
