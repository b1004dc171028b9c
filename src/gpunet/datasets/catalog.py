"""The catalog of named datasets, and how a name or a path becomes a dataset."""

from __future__ import annotations

import hashlib
import inspect
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gpunet.config.setting import suggestion
from gpunet.datasets import strokes
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.download import Published, is_cached
from gpunet.datasets.download import obtain as obtain_published
from gpunet.datasets.progress import Progress
from gpunet.datasets.readers.idx import Content, dataset_from
from gpunet.datasets.readers.npz import read_npz
from gpunet.datasets.readers.parts import joined
from gpunet.datasets.readers.path import read_path, refuse_options
from gpunet.datasets.tables.options import USUAL, TableOptions
from gpunet.errors import DataError, DownloadError, OutputError, UsageError
from gpunet.files.cache import cache_folder, keep
from gpunet.files.home import expanded
from gpunet.files.resources import data_file
from gpunet.files.typed_json import typed

__all__ = [
    "AUTO",
    "Entry",
    "download",
    "entries",
    "is_name",
    "names",
    "open_dataset",
    "require_named",
]

AUTO = "auto"
"""The name for MNIST if it is available, else for ``strokes``."""

DIGITS = tuple("0123456789")

STROKES = re.compile(r"strokes(?::(?P<train>\d{1,9})(?:\+(?P<test>\d{1,9}))?)?")
STROKES_TRAIN = 20_000
STROKES_TEST = 4_000
STROKES_SEEDS = (1, 2)  # of the training and the test set
STROKES_SIDE = 28  # pixels
MOST_STROKES = 2_000_000  # samples in all, 1.6 GB
MOST_KEPT = 100_000  # samples up to which drawn digits are kept on disk, 80 MB
DRAWN_AT_ONCE = 2048  # samples between two calls of the progress callback


@dataclass(frozen=True, slots=True)
class Entry:
    """A dataset in the catalog."""

    name: str  # its name
    description: str  # what its samples show
    train_count: int  # training samples
    test_count: int  # test samples
    size: int  # bytes of all samples and labels, in memory and in the cache
    license: str  # license of the data
    is_downloaded: bool  # whether it is downloaded, not drawn by this package
    is_cached: bool  # whether it can be opened without downloading or drawing


_TABLES = tomllib.loads(data_file("datasets.toml").read_text("utf-8"))
_OFFERS = {name: typed({"name": name, **table}, Published) for name, table in _TABLES.items()}
"""The published datasets."""


def names() -> tuple[str, ...]:
    """The names of all datasets in the catalog."""
    return (AUTO, *_OFFERS, "strokes")


def is_name(text: str) -> bool:
    """Whether ``open_dataset`` treats a text as a name rather than a path."""
    return text in names() or STROKES.fullmatch(text) is not None


def entries() -> tuple[Entry, ...]:
    """All datasets in the catalog."""
    folder = cache_folder()
    offered = [
        Entry(
            name=name,
            description=offer.description,
            train_count=60_000,
            test_count=10_000,
            size=offer.size,
            license=offer.license,
            is_downloaded=True,
            is_cached=is_cached(offer, folder / name),
        )
        for name, offer in _OFFERS.items()
    ]
    drawn = Entry(
        name="strokes",
        description="digits drawn by this package from pen strokes, 28 x 28 gray images",
        train_count=STROKES_TRAIN,
        test_count=STROKES_TEST,
        size=(STROKES_TRAIN + STROKES_TEST) * (STROKES_SIDE**2 + 1),
        license="MIT",
        is_downloaded=False,
        is_cached=_strokes_file(STROKES_TRAIN, STROKES_TEST).is_file(),
    )
    return (*offered, drawn)


def open_dataset(
    name_or_path: str,
    *,
    progress: Progress | None = None,
    options: TableOptions = USUAL,
) -> Dataset:
    """Open a dataset by name, or the dataset at a path.

    ``auto`` is MNIST if it is cached or can be downloaded, else ``strokes``. ``strokes:60000``
    and ``strokes:60000+10000`` draw other numbers of training and test samples. A name takes
    precedence over a path; ``./mnist`` is always a path. Downloaded or drawn data are kept in the
    cache; if that fails, the dataset's notice says so.

    Args:
        name_or_path: one of ``names()``, or a file or folder that ``readers.path`` can read.
        progress: called with the current activity, the amount done, and the total amount.
        options: the user's choices about a table's columns.

    Raises:
        DataError: there is no such dataset, or its content is wrong.
        DownloadError: a dataset is not cached and cannot be fetched.
        UsageError: the options name a column that does not exist, or the data is no table.
    """
    if is_name(name_or_path):
        refuse_options(options, name_or_path)
    if name_or_path == AUTO:
        return _open_auto(progress)
    if name_or_path in _OFFERS:
        return _open_published(name_or_path, progress)
    if match := STROKES.fullmatch(name_or_path):
        train_count = int(match["train"] or STROKES_TRAIN)
        test_count = int(match["test"] or STROKES_TEST)
        return _open_strokes(train_count, test_count, progress)
    require_named(name_or_path)
    return read_path(Path(name_or_path), progress, options)


def download(name: str, *, force: bool = False, progress: Progress | None = None) -> Path:
    """Download a dataset into the cache, or verify it if it is already there.

    Args:
        name: name of a published dataset.
        force: download it even if it is there.
        progress: called with the current activity, the bytes done, and the total bytes.

    Returns:
        The folder with its files.

    Raises:
        UsageError: there is no published dataset of that name.
        DownloadError: the download failed.
        OutputError: the cache cannot be written to.
    """
    if name not in _OFFERS:
        raise UsageError(
            f"{name!r} is no dataset that can be downloaded, wanted one of {', '.join(_OFFERS)}"
            f"{suggestion(name, _OFFERS)}"
        )
    folder = cache_folder() / name
    obtained = obtain_published(_OFFERS[name], folder, force=force, progress=progress)
    if obtained.notice is not None:
        raise OutputError(obtained.notice)
    return folder


def _open_auto(progress: Progress | None) -> Dataset:
    try:
        return _open_published("mnist", progress)
    except DownloadError:
        drawn = _open_strokes(STROKES_TRAIN, STROKES_TEST, progress)
        notice = (
            "MNIST is not cached and could not be downloaded, so the built-in digits `strokes` "
            "take its place; for MNIST run `gpunet datasets download mnist` when online, or put "
            f"its four files into {cache_folder() / 'mnist'}"
        )
        return replace(drawn, notice=joined(notice, drawn.notice))


def _open_published(name: str, progress: Progress | None) -> Dataset:
    offer = _OFFERS[name]
    obtained = obtain_published(offer, cache_folder() / name, progress=progress)
    contents = [
        Content(file.name, data) for file, data in zip(offer.files, obtained.contents, strict=True)
    ]
    source = f"{name}, {offer.description} ({offer.license})"
    dataset = dataset_from(contents, name=name, source=source, classes=offer.classes)
    return replace(dataset, notice=obtained.notice)


def _open_strokes(train_count: int, test_count: int, progress: Progress | None) -> Dataset:
    """The digits drawn from pen strokes, from the cache if they are in it."""
    if min(train_count, test_count) < len(DIGITS) or train_count + test_count > MOST_STROKES:
        raise DataError(
            f"strokes:{train_count}+{test_count} is out of range; from {len(DIGITS)} samples each "
            f"to {MOST_STROKES:,} in all can be drawn"
        )
    path = _strokes_file(train_count, test_count)
    kept = _kept_strokes(path, train_count, test_count)
    if kept is not None:
        return _strokes_dataset(*kept, None)
    total = train_count + test_count
    train = _drawn(train_count, STROKES_SEEDS[0], progress, 0, total)
    test = _drawn(test_count, STROKES_SEEDS[1], progress, train_count, total)
    notice = _keep_strokes(path, train, test) if total <= MOST_KEPT else None
    return _strokes_dataset(train, test, notice)


def _strokes_file(train_count: int, test_count: int) -> Path:
    """The cache file of drawn digits; its name depends on the pens and the drawing code."""
    digest = hashlib.sha256(data_file("strokes", "digits.json").read_bytes())
    digest.update(inspect.getsource(strokes).encode())
    folder = cache_folder() / "strokes"
    return folder / f"{train_count}+{test_count}-{digest.hexdigest()[:16]}.npz"


def _kept_strokes(path: Path, train_count: int, test_count: int) -> tuple[Samples, Samples] | None:
    """The digits in a cache file; ``None`` if it is missing or damaged."""
    try:
        kept = read_npz(path)
    except DataError:
        return None
    is_whole = (
        (len(kept.train), len(kept.test), kept.inputs) == (train_count, test_count, STROKES_SIDE**2)
        and kept.train.features.dtype == np.uint8
        and kept.classes == DIGITS
    )
    return (kept.train, kept.test) if is_whole else None


def _drawn(count: int, seed: int, progress: Progress | None, before: int, total: int) -> Samples:
    """Draw ``count`` digits with a seed."""
    images = np.empty((count, STROKES_SIDE**2), np.uint8)
    labels = np.empty(count, np.int32)
    for start in range(0, count, DRAWN_AT_ONCE):
        rows = slice(start, min(start + DRAWN_AT_ONCE, count))
        if progress is not None:
            progress("drawing digits", before + start, total)
        images[rows], labels[rows] = strokes.generate(rows.stop - start, seed, start=start)
    if progress is not None:
        progress("drawing digits", before + count, total)
    return Samples(images, labels)


def _keep_strokes(path: Path, train: Samples, test: Samples) -> str | None:
    """Keep drawn digits for the next time; return a notice if that fails."""

    def write(file: BinaryIO) -> None:
        np.savez(
            file,
            x_train=train.features,
            y_train=train.labels.astype(np.uint8),
            x_test=test.features,
            y_test=test.labels.astype(np.uint8),
        )

    return keep(path, write, "the drawn digits are not kept")


def _strokes_dataset(train: Samples, test: Samples, notice: str | None) -> Dataset:
    return Dataset(
        name="strokes",
        train=train,
        test=test,
        classes=DIGITS,
        image_shape=(STROKES_SIDE, STROKES_SIDE),
        source="strokes, digits drawn by this package from pen strokes",
        notice=notice,
    )


def require_named(data: object) -> None:
    """Check that the named data exist, before a device is opened for them.

    Args:
        data: a name or a path; anything else is not checked.

    Raises:
        DataError: neither a dataset nor a path has that name.
    """
    if not isinstance(data, str | Path) or is_name(text := str(data)):
        return
    missing: Exception | None = None
    try:
        if text:
            expanded(text).stat()
            return
    except (OSError, ValueError) as error:  # missing, too long, or with a NUL
        missing = error
    hint = suggestion(text, [*names(), *_beside(text)]) or "; check how it is spelled"
    raise DataError(
        f"{text!r} is neither a dataset ({', '.join(names())}) nor a path that exists{hint}"
    ) from missing


def _beside(text: str) -> list[str]:
    """The siblings of a path that does not exist, written in the same way."""
    folder = Path(text).parent
    try:
        return [str(folder / entry.name) for entry in expanded(str(folder)).iterdir()]
    except (OSError, ValueError):
        return []
