"""One table of measured values, gaps, words and flags, written in all formats."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl

ROWS = 60

COLUMNS = {
    "x": [(row * 37 % 101) / 7 for row in range(ROWS)],
    "count": [None if row % 7 == 0 else row for row in range(ROWS)],
    "city": ["Rome" if row % 2 else "Oslo, N" for row in range(ROWS)],
    "flag": [row % 3 == 0 for row in range(ROWS)],
    "species": [("a", "b", "c")[row % 3] for row in range(ROWS)],
}

FRAME = pl.DataFrame(COLUMNS)

FRAMES = ("data.parquet", "data.pq", "data.arrow", "data.feather", "data.ipc", "data.jsonl")


def write_frame(path: Path, frame: pl.DataFrame = FRAME) -> Path:
    """Write a table as the file's name says."""
    match path.suffix:
        case ".parquet" | ".pq":
            frame.write_parquet(path, row_group_size=7)
        case ".arrow":
            frame.write_ipc(path)
        case ".feather":
            frame.write_ipc(path, compression="lz4")
        case ".ipc":
            frame.write_ipc_stream(path)
        case ".jsonl" | ".ndjson":
            frame.write_ndjson(path)
        case ".xlsx":
            write_workbook(path, {"one": [frame.columns, *frame.rows()]})
        case ".ods":
            write_open_document(path, [frame.columns, *frame.rows()])
        case _:
            frame.write_csv(path)
    return path


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write an Excel workbook of the cells of some sheets; a date is a number in it."""
    kinds = "http://schemas.openxmlformats.org"
    office = f"{kinds}/officeDocument/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kinds}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{kinds}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{kinds}/spreadsheetml/2006/main" '
        f'xmlns:r="{office}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>'
            for number, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kinds}/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="r{number}" Type="{office}/worksheet" '
            f'Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        + "</Relationships>",
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        body = "".join(
            f'<row r="{row}">' + "".join(map(_cell, "ABCDEFGH", [row] * 8, cells)) + "</row>"
            for row, cells in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{kinds}/spreadsheetml/2006/main"><sheetData>{body}</sheetData>'
            "</worksheet>"
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _cell(letter: str, row: int, value: object) -> str:
    place = f"{letter}{row}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def write_open_document(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write an OpenDocument sheet, with the empty cells around it that LibreOffice writes."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{one}="{names}:{one}:1.0"' for one in ("office", "table", "text"))
    blank = '<table:table-cell table:number-columns-repeated="16000"/>'
    body = "".join(
        "<table:table-row>" + "".join(map(_open_cell, row)) + blank + "</table:table-row>"
        for row in rows
    )
    below = f'<table:table-row table:number-rows-repeated="1048000">{blank}</table:table-row>'
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="one">{body}{below}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"/>',
        )


def _open_cell(value: object) -> str:
    kind, shown = 'string"', escape(str(value))
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        kind = f'boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        kind, shown = f'float" office:value="{value!r}"', f"{value:.2f}"
    return (
        f'<table:table-cell office:value-type="{kind}><text:p>{shown}</text:p></table:table-cell>'
    )
