"""As much of a terminal as it takes to see what the codes of live screens draw on it."""

from __future__ import annotations

import re

from rich.cells import cell_len

__all__ = ["UNKNOWN", "Terminal"]

CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.DOTALL)
"""An order with its parameters, a title or the like, or a character."""

UNKNOWN = "\0"
"""What stands in a cell that nothing was written to."""


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
        pen = ""
        for parameters, order, character in CODE.findall(text):
            if order == "H":
                row, column = (int(part) - 1 for part in parameters.split(";"))
            elif order == "G":
                column = int(parameters) - 1
            elif order == "m":
                pen = parameters.removeprefix("0").removeprefix(";")
            elif character and (size := cell_len(character)):
                self.cells[row][column : column + size] = [(character, pen), ("", pen)][:size]
                column += size

    @property
    def lines(self) -> list[str]:
        """What stands there, row by row."""
        return ["".join(character for character, _ in row) for row in self.cells]
