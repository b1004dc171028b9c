"""Prints the cells of a workbook's first non-empty sheet as tab-separated text.

``workbooks`` runs this script in a separate process, because the library for workbooks allocates
memory for all cells up to the farthest one and ends the process if there is not enough. The first
printed line is JSON: the names of all non-empty sheets, or an error.
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
"""Most bytes of memory for reading, on systems that support a limit."""


def main() -> None:
    """Print the workbook named on the command line, within the memory limit given there."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])  # memory of the imports
        memory = pages * resource.getpagesize() + min(int(sys.argv[2]), MOST_MEMORY)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        names, text = _read(sys.argv[1])
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        print(json.dumps({"error": " ".join(str(error).split())}))
        return
    sys.stdout.buffer.write(json.dumps({"sheets": names}).encode() + b"\n" + text.encode())


def _read(path: str) -> tuple[list[str], str]:
    """The names of the non-empty sheets, and the text of the first one."""
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
    """A column's cells as text, with numbers in full and without line ends."""
    rounded = words.cast(pl.Float64, strict=False)
    exact = pl.when(numbers.is_not_null() & (rounded != numbers)).then(numbers.cast(pl.String))
    frame = pl.select(exact.otherwise(words.str.replace_all(r"[\r\n]+", " ")).alias(words.name))
    return frame.to_series()


if __name__ == "__main__":
    main()
