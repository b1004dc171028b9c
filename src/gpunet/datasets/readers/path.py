"""Opens the dataset at a path: chooses the reader for a file or a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.kept import read_once
from gpunet.datasets.progress import Progress, untold
from gpunet.datasets.readers.files import reading, shown
from gpunet.datasets.readers.idx import idx_files, is_idx_name, read_idx
from gpunet.datasets.readers.image_folder import is_image_folder, read_image_folder
from gpunet.datasets.readers.image_table import (
    ImageTable,
    find_image_table,
    read_image_tables,
)
from gpunet.datasets.readers.npy_files import read_npy_files, whole_npy_files
from gpunet.datasets.readers.npz import read_npz
from gpunet.datasets.readers.parts import NAMES, Part, by_part, joined
from gpunet.datasets.tables.options import USUAL, TableOptions
from gpunet.datasets.tables.table import read_table
from gpunet.datasets.tables.table_names import (
    DATA_ENDS,
    find_tables,
    is_table_name,
    is_text_name,
    table_stem,
)
from gpunet.errors import DataError, SettingError
from gpunet.files.home import expanded

__all__ = ["KINDS", "find_test_table", "read_path", "refuse_options"]

KINDS = (
    "IDX files (train-images-idx3-ubyte and so on, or .gz), a table (.csv, .tsv, .txt, .data, "
    ".arff or .libsvm, or packed as .gz, .bz2, .xz or .zip; .parquet, .arrow, .feather, .jsonl, "
    ".xlsx or .ods) or a folder with the tables train and test, an NPZ file with x_train, y_train, "
    "x_test and y_test, or the like, NPY files of such names, or a folder of images, either in a "
    "folder for each class, at once or in the folders train and test (or training, testing and so "
    "on), or with a table of file names and labels; val in place of test is for validation"
)
"""The supported kinds of files and folders, in words for the user."""

SINGLE = (*DATA_ENDS, ".npz")
"""Endings of a file that may be the dataset of its folder."""

MOST_SHOWN = 8  # most names of a folder's content in a message
MOST_FOLDERS = 1000  # most folders in a folder that are searched for data

LARGE = 16 << 20
"""Smallest size in bytes of a file whose reading is announced."""


def read_path(
    path: Path, progress: Progress | None = None, options: TableOptions = USUAL
) -> Dataset:
    """Read the dataset at a path.

    Args:
        path: a table, an IDX, NPZ or NPY file, or a folder of such files or of images.
        progress: called with a text, the amount done, and the total (0 if unknown), if it takes
            long.
        options: the user's choices about a table's columns.

    Raises:
        DataError: the path does not exist, its kind is unknown, or its content is wrong.
        UsageError: the options name a column that does not exist, or the data is no table.
    """
    path = expanded(path)
    with reading(path):
        path.stat()
        if path.is_dir():
            return _read_folder(path, progress, options)
    if _is_table(path):
        if images := _image_tables({"train": path}):
            refuse_options(replace(options, label=None), f"{path}, which names images,")
            return _read_image_tables(images, options.label, progress)
        read = _told(lambda tell: read_table(path, options, tell), path, progress)
        return read_once([path], options, read)
    if path.suffix.lower() == ".npy":
        refuse_options(replace(options, label=None), str(path))
        beside = sorted(path.parent.glob("*.npy"))
        asked = options.label if options.kind is None else (options.label, options.kind)
        return read_once(
            [path, *beside], asked, lambda: read_npy_files(path, options.label, options.kind)
        )
    refuse_options(options, str(path))
    if is_idx_name(path.name):
        return read_once(idx_files(path), None, lambda: read_idx(path))
    if path.suffix.lower() == ".npz":
        return read_once(
            [path], options.kind, _told(lambda _: read_npz(path, options.kind), path, progress)
        )
    raise DataError(f"{path} is of no known kind; wanted {KINDS}")


def find_test_table(path: Path) -> Path | None:
    """The table at a path for evaluating a model: a file, or a folder's test table."""
    path = expanded(path)
    if not path.is_dir():
        is_measured = _is_table(path) and path.is_file() and not _image_tables({"test": path})
        return path if is_measured else None
    files = _files(path)
    if any(is_idx_name(file.name) for file in files):
        return None
    if (test := _tables(path, files).get("test")) is not None:  # even next to other tables
        return find_test_table(test)
    if (source := _source(path)) is not None:
        return None if isinstance(source, dict) else find_test_table(source)
    below = [] if is_image_folder(path) else _data_folders_below(path)
    return find_test_table(below[0]) if len(below) == 1 else None


def refuse_options(options: TableOptions, name: str) -> None:
    """Raise a UsageError if the user names a column but the data have none."""
    ignore = ",".join(options.ignore)
    for setting, named in (
        ("label", options.label),
        ("ignore", ignore),
        ("weight", options.weight),
    ):
        if named:
            says = f"{shown(named)} names a column of a table, but {name} is none"
            raise SettingError(setting, named, "none", "leave it out", says)


def _read_folder(folder: Path, progress: Progress | None, options: TableOptions) -> Dataset:
    if (dataset := _read_files(folder, progress, options)) is not None:
        return dataset
    if is_image_folder(folder):
        refuse_options(options, str(folder))
        return read_once([folder], None, lambda: read_image_folder(folder, progress))
    below = _data_folders_below(folder)
    if len(below) == 1:
        return replace(_read_folder(below[0], progress, options), name=folder.resolve().name)
    if below:
        names = [shown(inner.relative_to(folder).as_posix()) for inner in below]
        raise DataError(
            f"{folder} holds {len(below)} folders with data, among them {names[0]} and "
            f"{names[1]}; give one of them"
        )
    entries = _visible(folder)
    seen = ", ".join(shown(entry.name) for entry in entries[:MOST_SHOWN]) or "nothing"
    more = f" and {len(entries) - MOST_SHOWN:,} more" if len(entries) > MOST_SHOWN else ""
    raise DataError(f"{folder} holds no dataset but {seen}{more}; wanted {KINDS}")


def _read_files(folder: Path, progress: Progress | None, options: TableOptions) -> Dataset | None:
    """The dataset in the files directly in a folder, if there is one."""
    source = _source(folder)
    if source is None:
        return None
    if source == folder:
        refuse_options(options, str(folder))
        dataset = read_once(idx_files(folder), None, lambda: read_idx(folder))
    elif not isinstance(source, dict):
        if _image_tables({"train": source}):
            return read_path(source, progress, options)
        dataset = read_path(source, progress, options)
    elif images := _image_tables(source):
        refuse_options(replace(options, label=None), f"{folder}, whose tables name images,")
        return _read_image_tables(images, options.label, progress)
    else:
        train, val, test = (source.get(part) for part in NAMES)
        assert train is not None

        def with_parts(tell: Progress) -> Dataset:
            return read_table(train, options, tell, test=test, val=val)

        read = _told(with_parts, train, progress)
        dataset = read_once(list(source.values()), options, read)
    beside = "the folders of images beside its files are left out"
    return _noticed(dataset, beside) if _holds(is_image_folder, folder) else dataset


def _told(
    read: Callable[[Progress], Dataset], path: Path, progress: Progress | None
) -> Callable[[], Dataset]:
    """Wrap a reader so that it announces reading a large file."""

    def told() -> Dataset:
        tell = untold if progress is None or path.stat().st_size < LARGE else progress
        tell(f"reading {path.name}", 0, 0)
        return read(tell)

    return told


def _image_tables(tables: Mapping[Part, Path]) -> dict[Part, ImageTable]:
    """The tables as tables of images if they name images, else empty.

    Raises:
        DataError: one table names images and another does not.
    """
    texts = {part: tables[part] for part in NAMES if part in tables and _is_text(tables[part])}
    found = {part: find_image_table(path) for part, path in texts.items()}
    images = {part: table for part, table in found.items() if table is not None}
    if images and len(images) < len(found):
        other = next(path for part, path in tables.items() if part not in images)
        named = next(iter(images.values())).path.name
        raise DataError(f"{other} names no images, as {named} does; give one of the two")
    return images


def _is_text(path: Path) -> bool:
    return is_text_name(path.name) and not is_idx_name(path.name)


def _read_image_tables(
    images: dict[Part, ImageTable], label: str | None, progress: Progress | None
) -> Dataset:
    """Read tables that name images in their folders."""
    paths = [table.path for table in images.values()]
    folders = list(dict.fromkeys(path.parent for path in paths))
    return read_once([*paths, *folders], label, lambda: read_image_tables(images, label, progress))


def _is_table(path: Path) -> bool:
    return is_table_name(path.name) and not is_idx_name(path.name)


def _source(folder: Path) -> dict[Part, Path] | Path | None:
    """The source in a folder: tables of parts, a single file, or the folder for IDX files."""
    files = _files(folder)
    if any(is_idx_name(file.name) for file in files):
        return folder
    tables = _tables(folder, files)
    if "train" in tables and len(tables) > 1:
        return tables
    single = _single_files(files)
    if len(single) > 1:
        raise DataError(
            f"{folder} holds {len(single)} files that could be the dataset, among them "
            f"{single[0].name} and {single[1].name}; give one of them, or name a pair train.csv "
            "and test.csv"
        )
    return single[0] if single else None


def _tables(folder: Path, files: list[Path]) -> dict[Part, Path]:
    """The tables of the parts, such as train.csv, val.csv and test.csv."""
    pair = find_tables(folder)
    prefix = table_stem(pair[0]).lower().removesuffix("train") if pair else ""
    named = [(table_stem(file).lower(), file) for file in files if _ends(file, DATA_ENDS)]
    return by_part(
        ((name.removeprefix(prefix), file) for name, file in named if name.startswith(prefix)),
        folder,
        "table",
    )


def _noticed(dataset: Dataset, notice: str) -> Dataset:
    """The dataset with an additional notice."""
    return replace(dataset, notice=joined(dataset.notice, notice))


def _holds_files(folder: Path) -> bool:
    """Whether a folder holds files that ``_read_files`` would read or refuse."""
    files = _files(folder)
    return any(is_idx_name(file.name) for file in files) or bool(_single_files(files))


def _single_files(files: list[Path]) -> list[Path]:
    """The files each of which is, or stands for, a whole dataset."""
    return [*(file for file in files if _ends(file, SINGLE)), *whole_npy_files(files)]


def _ends(file: Path, ends: tuple[str, ...]) -> bool:
    return file.name.lower().endswith(ends)


def _data_folders_below(folder: Path) -> list[Path]:
    """The folders with data directly in a folder or, if there are none, one level deeper.

    Torchvision's MNIST, for example, is in ``MNIST/raw``.
    """
    level = [folder]
    for _ in range(2):
        level = [
            inner
            for outer in level
            if _holds(_visible, outer)
            for inner in _visible(outer)
            if inner.is_dir()
        ][:MOST_FOLDERS]
        found = [
            inner
            for inner in level
            if _holds(_holds_files, inner) or _holds(is_image_folder, inner)
        ]
        if found:
            return found
    return []


def _holds(what: Callable[[Path], object], folder: Path) -> bool:
    """Whether ``what`` is true of a folder; false if the folder is unreadable."""
    try:
        return bool(what(folder))
    except DataError:
        return False


def _files(folder: Path) -> list[Path]:
    """The files directly in a folder, without hidden ones."""
    return [entry for entry in _visible(folder) if not entry.is_dir()]


def _visible(folder: Path) -> list[Path]:
    """The visible entries of a folder, ordered by name."""
    with reading(folder):
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
