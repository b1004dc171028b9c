"""Reads ARFF, the format of Weka and OpenML: text that begins with a list of the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.packed import unpacked
from gpunet.datasets.tables.cells import Decimal
from gpunet.datasets.tables.first_lines import MOST_COLUMNS, Beginning
from gpunet.datasets.tables.sheet import Head, Pick, Sheet
from gpunet.datasets.tables.text_rows import TextRows, text_blocks
from gpunet.errors import DataError

__all__ = ["open_arff"]

_NAME = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+"
ATTRIBUTE = re.compile(rf"@attribute\s+(?P<name>{_NAME})\s*(?P<kind>.+)", re.IGNORECASE)
DATA = re.compile(r"@data\s*(?:%.*)?", re.IGNORECASE)


class _Attribute(NamedTuple):
    """A column declared in the file."""

    name: str
    levels: tuple[str, ...]  # the levels in order; empty unless nominal


@contextmanager
def open_arff(path: Path, pick: Pick) -> Iterator[Sheet]:
    """Open a file's table; its rows are read lazily.

    Args:
        path: path of the text, packed or not.
        pick: chooses the columns to read once the columns are known.

    Raises:
        DataError: the file is unreadable or not an ARFF file of dense rows; also while rows are
            read.
    """
    name = str(path)
    with unpacked(path) as (file, _):
        texts = text_blocks(file, name)
        attributes, lines, rest = _header(texts, name)
        titles = tuple(attribute.name for attribute in attributes)
        levels = {at: one.levels for at, one in enumerate(attributes) if one.levels}
        head = Head(name, len(titles), titles, levels=levels)
        picked, decimal = pick(head), Decimal(head)
        rows = TextRows(Beginning(head, ",", lines, rest), picked, decimal, lines + 1)
        plain = _plain_texts(rest, texts, head, lines + 1)
        yield Sheet(head, picked, rows.blocks(plain), decimal)


def _header(texts: Iterator[str], name: str) -> tuple[list[_Attribute], int, str]:
    """Read the declared columns, the number of lines before the rows, and the text after these.

    Raises:
        DataError: a line declares something unknown, or there are no rows.
    """
    attributes: list[_Attribute] = []
    number = 0
    for text in texts:
        position = 0
        while position < len(text):
            end = text.find("\n", position) + 1 or len(text)
            line = text[position:end].strip()
            position = end
            number += 1
            if DATA.fullmatch(line):
                if not attributes:
                    raise DataError(f"{name} declares no attributes before @data; write it again")
                return attributes, number, text[position:]
            if not line or line.startswith("%") or line.lower().startswith("@relation"):
                continue
            attributes.append(_attribute(line, number, name))
            if len(attributes) > MOST_COLUMNS:
                raise DataError(f"{name} declares more than {MOST_COLUMNS:,} attributes")
    raise DataError(f"{name} holds no line @data, wanted rows after it; it is cut short or no ARFF")


def _attribute(line: str, number: int, name: str) -> _Attribute:
    match = ATTRIBUTE.fullmatch(line)
    kind = match["kind"].strip() if match else ""
    if match is None or kind.lower().startswith("relational"):
        raise DataError(
            f"line {number:,} of {name} is {shown(line)}, wanted @attribute with a name and a type "
            "(numeric, string, date or levels in braces), or @data; fix it"
        )
    levels: tuple[str, ...] = ()
    if kind.startswith("{"):
        levels = tuple(_cells(kind.rpartition("}")[0].lstrip("{")))
    return _Attribute(_unquoted(match["name"]), levels)


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name


def _plain_texts(rest: str, texts: Iterator[str], head: Head, first: int) -> Iterator[str]:
    """Convert the texts of rows to CSV: without comments, and with double quotes.

    Raises:
        DataError: the rows are sparse.
    """
    number = first
    text: str | None = rest
    while text is not None:
        lines = text.split("\n")
        if any(mark in text for mark in "'%{\\"):
            lines = [_plain(line, number + at, head) for at, line in enumerate(lines)]
        yield "\n".join(lines)
        number += len(lines) - 1
        text = next(texts, None)


def _plain(line: str, number: int, head: Head) -> str:
    """Convert a row to CSV; a comment becomes an empty line."""
    line = line.strip()
    if line.startswith("%"):
        return ""
    if line.startswith("{"):
        raise DataError(
            f"line {number:,} of {head.name} is sparse ({shown(line)}), which is not read; write "
            "all values of a row, as Weka's filter SparseToNonSparse does"
        )
    if "'" not in line and "\\" not in line:
        return line
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(_cells(line))
    return out.getvalue()


def _cells(line: str) -> list[str]:
    """Split cells that may have single quotes."""
    quote = '"' if '"' in line and "'" not in line else "'"
    try:
        reader = csv.reader([line], quotechar=quote, escapechar="\\", skipinitialspace=True)
        return [cell.strip() for cell in next(reader, [])]
    except csv.Error:
        return []
