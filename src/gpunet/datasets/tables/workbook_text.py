"""Prints the cells of a workbook's first sheet that holds some, as text with tabs between them.

``workbooks`` runs this script in a process of its own: what reads workbooks makes room for all
cells up to the farthest one, and ends its process where there is none. The first line that it
prints is JSON: the names of all sheets that hold cells, or what is wrong.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import fastexcel
import polars as pl

__all__ = ["main"]

MOST_MEMORY = 8 << 30
"""Bytes that reading may take, at most, where the system can be told."""


def main() -> None:
    """Print the workbook that the command line names, with so many bytes of memory."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])  # of the imports
        memory = pages * resource.getpagesize() + min(int(sys.argv[2]), MOST_MEMORY)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        names, text = _read(sys.argv[1])
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        print(json.dumps({"error": " ".join(str(error).split())}))
        return
    sys.stdout.buffer.write(json.dumps({"sheets": names}).encode() + b"\n" + text.encode())


def _read(path: str) -> tuple[list[str], str]:
    """The names of the sheets that hold cells, and the text of the first of them."""
    workbook = fastexcel.read_excel(path)
    sheets = {name: _cells(workbook, name, "string") for name in workbook.sheet_names}
    filled = [
        name
        for name, cells in sheets.items()
        if any(column.null_count() < len(cells) for column in cells)
    ]
    if not filled:
        return [], ""
    words = sheets[filled[0]]
    numbers = _cells(workbook, filled[0], "float")  # as text, they are rounded to nine decimals
    merged = [_merged(words[name], numbers[name]) for name in words.columns]
    return filled, pl.DataFrame(merged).write_csv(include_header=False, separator="\t")


def _cells(workbook: fastexcel.ExcelReader, name: str, kind: fastexcel.DType) -> pl.DataFrame:
    return workbook.load_sheet(name, header_row=None, dtypes=kind).to_polars()


def _merged(words: pl.Series, numbers: pl.Series) -> pl.Series:
    """A column's cells as text, each number in full, each in one line."""
    rounded = words.cast(pl.Float64, strict=False)
    exact = pl.when(numbers.is_not_null() & (rounded != numbers)).then(numbers.cast(pl.String))
    frame = pl.select(exact.otherwise(words.str.replace_all(r"[\r\n]+", " ")).alias(words.name))
    return frame.to_series()


if __name__ == "__main__":
    main()
