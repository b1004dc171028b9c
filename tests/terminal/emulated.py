"""As much of a terminal as it takes to see what the codes of live screens draw on it."""

from __future__ import annotations

import re

from rich.cells import cell_len

__all__ = ["UNKNOWN", "Terminal"]

CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.DOTALL)
"""An order with its parameters, a title or the like, or a character."""

UNKNOWN = "\0"
"""What stands in a cell that nothing was written to."""


COLOR = re.compile(r"(?:[34]8;(?:5;\d+|2;\d+;\d+;\d+)|(?:[349]|10)[0-79])(?=;|\Z)|\d+")
"""A color, or one of the other codes of a style."""


class Terminal:
    """A terminal of a fixed size.

    Attributes:
        cells: row by row, each cell's character and the codes of its style.
    """

    def __init__(self, width: int, height: int) -> None:
        self.cells = [[(UNKNOWN, "")] * width for _ in range(height)]

    def obey(self, text: str) -> None:
        """Show what was written."""
        row = column = 0
        pen = ("", "", "")
        for parameters, order, character in CODE.findall(text):
            if order == "H":
                row, column = (int(part) - 1 for part in parameters.split(";"))
            elif order == "G":
                column = int(parameters) - 1
            elif order == "m":
                pen = _turned(pen, parameters)
            elif character and (size := cell_len(character)):
                self.cells[row][column : column + size] = [
                    (character, ";".join(filter(None, pen))),
                    ("", ""),
                ][:size]
                column += size

    @property
    def lines(self) -> list[str]:
        """What stands there, row by row."""
        return ["".join(character for character, _ in row) for row in self.cells]


def _turned(pen: tuple[str, str, str], parameters: str) -> tuple[str, str, str]:
    """What is bold and the like, the color and that behind it, after such codes."""
    bare, fore, back = pen
    for code in COLOR.findall(parameters):
        if code in ("0", ""):
            bare, fore, back = "", "", ""
        elif code in ("39", "49"):
            fore, back = ("", back) if code == "39" else (fore, "")
        elif code[0] in "39" and len(code) > 1:
            fore = code
        elif code[0] in "41" and len(code) > 1:
            back = code
        else:
            bare = f"{bare};{code}".strip(";")
    return bare, fore, back
