"""Names of table files."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from gpunet.datasets.readers.packed import ENDS as PACKED_ENDS
from gpunet.datasets.readers.packed import without_end

__all__ = [
    "ARFF_ENDS",
    "DATA_ENDS",
    "LIBSVM_ENDS",
    "TYPED_ENDS",
    "WORKBOOK_ENDS",
    "find_tables",
    "is_table_name",
    "is_text_name",
    "table_end",
    "table_stem",
]

TEXT_ENDS = (".csv", ".tsv", ".txt", ".data")
ARFF_ENDS = (".arff",)
LIBSVM_ENDS = (".svm", ".libsvm", ".svmlight")
PACKABLE_ENDS = (*TEXT_ENDS, *ARFF_ENDS, *LIBSVM_ENDS)
"""Endings of the names of tables, before ``packed.ENDS`` if packed."""

TYPED_ENDS = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".jsonl", ".ndjson")
WORKBOOK_ENDS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Endings of the names of tables that are never packed."""

ALSO_OTHERS = (".txt", ".data")

DATA_ENDS = (
    *(
        f"{end}{packed}"
        for end in PACKABLE_ENDS
        if end not in ALSO_OTHERS
        for packed in ("", *PACKED_ENDS)
    ),
    *TYPED_ENDS,
    *WORKBOOK_ENDS,
)
"""Endings of files in a folder that count as data; ``ALSO_OTHERS`` often hold other things."""

PREFIXES = ("", "X_", "mnist_", "fashion-mnist_")
"""Prefixes of train.csv and test.csv."""

SHARD = re.compile(r"-00000-of-00001$")  # Hugging Face's suffix after a part's name


def table_end(name: str) -> str:
    """The ending of a table's name in lowercase, without the ending of its packing; or empty."""
    plain = without_end(name)
    end = PurePath(plain).suffix.lower()
    if end in PACKABLE_ENDS or (plain == name and end in (*TYPED_ENDS, *WORKBOOK_ENDS)):
        return end
    return TEXT_ENDS[0] if name.lower().endswith(".zip") else ""


def is_table_name(name: str) -> bool:
    """Whether a file of this name is read as a table."""
    return table_end(name) != ""


def is_text_name(name: str) -> bool:
    """Whether a file of this name is read as lines of cells."""
    return table_end(name) in TEXT_ENDS


def table_stem(path: Path) -> str:
    """A table's name without its endings."""
    return SHARD.sub("", Path(without_end(path.name)).stem)


def find_tables(folder: Path) -> tuple[Path, Path] | None:
    """The training and test table of a folder, if it has a pair with known names."""
    for prefix in PREFIXES:
        for end in DATA_ENDS:
            train, test = (folder / f"{prefix}{part}{end}" for part in ("train", "test"))
            if train.exists() and test.exists():
                return train, test
    return None
