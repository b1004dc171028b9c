"""Reads workbooks of Excel and OpenDocument as text, with fastexcel."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gpunet.datasets.readers.files import open_file, shown
from gpunet.datasets.readers.packed import ZIP_ERRORS
from gpunet.datasets.tables.sheet import Pick, Sheet
from gpunet.datasets.tables.text_rows import open_text
from gpunet.errors import DataError, MissingExtraError

__all__ = ["open_workbook"]

SCRIPT = Path(__file__).with_name("workbook_text.py")

LONGEST = 600  # most seconds for reading

MEMORY, CELL_RATIO = 1 << 30, 64
"""Bytes of memory for reading a workbook, and the additional bytes for each of its unpacked bytes:
a cell takes about 20 in the file and 200 in memory."""

LARGEST = 1 << 30
"""Most bytes of a workbook's unpacked parts; cells take several times as much in memory."""


@contextmanager
def open_workbook(path: Path, pick: Pick) -> Iterator[Sheet]:
    """Open the table in a workbook's first non-empty sheet.

    Args:
        path: path of a file that ends in one of ``table_names.WORKBOOK_ENDS``.
        pick: chooses the columns to read once the columns are known.

    Raises:
        MissingExtraError: fastexcel or polars is not installed.
        DataError: the file is unreadable, or all sheets are empty; also while rows are read.
    """
    sheets, text = _read(path)
    notice = None
    if len(sheets) > 1:
        others = ", ".join(map(shown, sheets[1:]))
        notice = f"the sheet {shown(sheets[0])} is read, without {others}"
    with open_text(io.BytesIO(text), pick, str(path)) as sheet:
        yield replace(sheet, notice=notice)


def _read(path: Path) -> tuple[list[str], bytes]:
    """Read the names of the non-empty sheets, and the text of the first one."""
    try:
        import fastexcel  # noqa: F401
        import polars  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "fastexcel", "tables") from error
    with open_file(path) as file:
        memory = MEMORY + CELL_RATIO * _unpacked_size(path, file)
        command = [sys.executable, "-P", str(SCRIPT), str(path), str(memory)]
        alone = {**os.environ, "POLARS_MAX_THREADS": "1"}  # each thread takes address space
        try:
            done = subprocess.run(
                command, capture_output=True, check=True, timeout=LONGEST, env=alone
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise DataError(
                f"{path} cannot be read: it is damaged, or its cells lie too far apart; save the "
                "sheet again, or as CSV"
            ) from error
    first, _, text = done.stdout.partition(b"\n")
    answer = json.loads(first)
    if "error" in answer:
        raise DataError(
            f"{path} is no workbook, or it is damaged ({answer['error'][:80]}); save it again, or "
            "as CSV"
        )
    if not answer["sheets"]:
        raise DataError(f"{path} holds no cells; wanted a label and features in each row")
    return answer["sheets"], text


def _unpacked_size(path: Path, file: BinaryIO) -> int:
    """Size of a workbook in bytes, unpacked if it is a zip archive.

    Raises:
        DataError: it is too large.
    """
    size = path.stat().st_size
    with suppress(*ZIP_ERRORS, zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST:
        raise DataError(
            f"{path} would unpack to {size / (1 << 30):,.1f} GiB, at most {LARGEST >> 30} GiB are "
            "read; save the sheet as CSV"
        )
    return size
