"""Reads new samples for a model from tables, arrays, archives, images and folders.

They come block by block, so that any number of samples takes little memory.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpunet.config import FramingStyle
from gpunet.datasets import images
from gpunet.datasets.blocks import row_blocks
from gpunet.datasets.framing import Digit, Framing, prepare_digit, prepare_digits
from gpunet.datasets.mapped import require_whole
from gpunet.datasets.readers.arrays import as_numbers
from gpunet.datasets.readers.color_arrays import are_colored, turned_to_gray
from gpunet.datasets.readers.features import highest_gray_level
from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.image_folder import images_below
from gpunet.datasets.readers.npy import FEATURES, read_npy
from gpunet.datasets.readers.npz import read_features
from gpunet.datasets.tables.encoder import Tally
from gpunet.datasets.tables.frames import encoded_rows, titles_of
from gpunet.datasets.tables.model_rows import read_row_blocks
from gpunet.datasets.tables.table_names import is_table_name
from gpunet.errors import DataError, ModelError, SettingError, UsageError
from gpunet.files.home import expanded
from gpunet.model import Model
from gpunet.workflows.messages import warn

__all__ = ["STANDARD_INPUT", "NewSamples", "Reading", "features_of", "new_samples"]

STANDARD_INPUT = "standard input"
"""The name of a stream in messages and predictions."""

ROWS, VALUES = 1 << 14, 1 << 24
"""Most samples in a block, and most features of all its samples together."""

ARRAYS = (".npy", ".npz")
"""The endings of the names of array files."""

LOOKED_AT = 512  # bytes that tell a table from an image
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]|\AP[1-6]\s")
"""Bytes that no table holds: control characters, and the first word of a PPM image."""

Source = Path | BinaryIO


@dataclass(frozen=True, slots=True, eq=False)
class NewSamples:
    """A block of samples without labels.

    Args:
        title: the title of the names: ``row``, ``image``, or the title of their column.
        names: the samples' names: row numbers from 1, file names, or texts.
        features: (n, I) in the form of the model's training samples.
        boxes: the position of each sample in its image (left, top, right, bottom), or ``None``.
    """

    title: str
    names: Sequence[int | str]
    features: NDArray[Any]
    boxes: Sequence[tuple[int, int, int, int]] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How new samples are read.

    Args:
        id: the column of a table or a data frame that names the rows, by its title, its number
            counted from 1 or ``last``; ``None`` for the index column, else the rows' numbers.
        framing: how images are framed, see ``gpunet predict``.
        one_digit: whether an image with several digits is refused.
        by_image: whether each image is a block of its own.
        pass_over: called with the reason if an image cannot be read, which is then left out;
            ``None`` to stop at the first one.
        tell: called with anything else the user should know, such as which cells were filled; by
            default a Python warning.
    """

    id: str | None = None
    framing: FramingStyle = "auto"
    one_digit: bool = False
    by_image: bool = False
    pass_over: Callable[[DataError], object] | None = None
    tell: Callable[[str], object] = warn


def new_samples(model: Model, data: Any, reading: Reading) -> Iterator[NewSamples]:
    """Read new samples in the form of a model's training samples, not yet prepared.

    Args:
        model: any model.
        data: numbers (n, I) or (n, height, width) in an array or a data frame, or an iterator of
            such blocks; the path of a table, an .npy or .npz file, an image or a folder of images;
            an open file of a table or an image; several images.
        reading: how to read them.

    Raises:
        DataError: the data are missing or invalid; the samples before that are given first.
        ModelError: they do not fit the model.
        UsageError: several tables or arrays are given at once, or there is no such column.
    """
    sources = _sources(data)
    if sources is None:
        yield from _of_arrays(model, data, reading)
        return
    kinds = [_kind(model, source) for source in sources]
    alone = [name_of(source) for source, kind in zip(sources, kinds, strict=True) if kind]
    if alone and len(sources) > 1:
        what = "a table" if is_table_name(alone[0]) else "an array of rows"
        raise UsageError(f"{alone[0]} is {what}, which is answered alone; give one at a time")
    if kinds[0] and reading.framing != "auto":
        says = f"{reading.framing} says how images are framed, but {alone[0]} holds rows"
        raise SettingError("framing", reading.framing, "auto", "leave it out", says)
    if kinds[0] == "table":
        for rows in read_row_blocks(
            sources[0], model.table_columns, model.network.inputs, reading.id
        ):
            yield NewSamples(rows.index or "row", rows.names, rows.features)
            if rows.notice is not None:
                reading.tell(rows.notice)
        return
    if reading.id is not None:
        raise _no_columns(reading.id, name_of(sources[0]))
    if kinds[0] == "array":
        assert isinstance(sources[0], Path)
        yield from _of_arrays(model, _read_array(sources[0]), reading)
    else:
        yield from _of_images(model, sources, reading)


def features_of(model: Model, data: Any, note: Callable[[str], object]) -> NDArray[Any]:
    """The features (n, I) of new samples, in the type that the model was trained on.

    Data are as in ``new_samples``, except iterators; ``note`` is called with what was filled in.

    Raises:
        DataError: the data are invalid.
        ModelError: a column is missing.
    """
    if _sources(data) is not None:
        blocks = new_samples(model, data, Reading(one_digit=True, tell=note))
        return np.concatenate([block.features for block in blocks])
    tally = Tally()
    features = _typed(*_flat(model, data, tally))
    if tally.notice is not None:
        note(tally.notice)
    return features


def name_of(source: Source) -> str:
    """The name of a file or stream in messages."""
    return str(source) if isinstance(source, Path) else STANDARD_INPUT


def _sources(data: Any) -> list[Source] | None:
    """The files and streams in ``data``; ``None`` if they are arrays."""
    single = isinstance(data, str | Path) or hasattr(data, "readinto")
    listed = [data] if single else data
    if not isinstance(listed, list | tuple) or not listed:
        return None
    if not (single or isinstance(listed[0], str | Path) or hasattr(listed[0], "readinto")):
        return None
    return [expanded(one) if isinstance(one, str | Path) else one for one in listed]


def _kind(model: Model, source: Source) -> str:
    """``table``, ``array``, or empty for an image or a folder of images.

    Raises:
        ModelError: it is an image, but the model does not take images.
    """
    takes_images = model.image_shape is not None
    if not isinstance(source, Path):
        return "table" if not takes_images or _is_text(source) else ""
    if is_table_name(source.name):
        return "table"
    if source.suffix.lower() in ARRAYS:
        return "array"
    if not takes_images:
        raise ModelError(
            f"the model was trained on {model.origin.name!r}, whose samples are no images, but "
            f"{source} is no table of rows; give an array of rows, or a table such as rows.csv"
        )
    return ""


def _read_array(path: Path) -> NDArray[Any]:
    """The features (n, ...) in a file of arrays, which is mapped where it is large."""
    return read_features(path) if path.suffix.lower() == ".npz" else read_npy(path, FEATURES)


def _is_text(stream: BinaryIO) -> bool:
    """Whether a stream begins like the text of a table; nothing is consumed."""
    if hasattr(stream, "peek"):  # such as a pipe, which cannot seek
        start = stream.peek(LOOKED_AT)[:LOOKED_AT]
    else:
        start = stream.read(LOOKED_AT)
        stream.seek(-len(start), io.SEEK_CUR)
    return CONTROL.search(start) is None


def _no_columns(column: str, name: str) -> SettingError:
    says = f"{shown(column)} names a column of a table, but {name} is none"
    return SettingError("id", column, "none", "leave it out", says)


def _of_arrays(model: Model, data: Any, reading: Reading) -> Iterator[NewSamples]:
    """The rows of an array or a data frame, or of several that an iterator gives, in blocks."""
    done, tally = 0, Tally()
    for part in data if isinstance(data, Iterator) else [data]:
        title, names = "row", None
        if reading.id is not None:
            title, names, part = _named_rows(part, reading.id)
        flat, grey = _flat(model, part, tally)
        step = max(1, min(ROWS, VALUES // max(1, flat.shape[1])))
        for first in range(0, max(1, len(flat)), step):
            rows = slice(first, first + step)
            require_whole(flat)
            features = _typed(flat[rows], grey)
            number = done + first + 1
            counted = range(number, number + len(features))
            yield NewSamples(title, counted if names is None else names[rows], features)
        done += len(flat)
    if tally.notice is not None:
        reading.tell(tally.notice)


def _named_rows(frame: Any, column: str) -> tuple[str, list[str], Any]:
    """The title of a data frame's column, the rows' names in it, and the other columns."""
    titles = titles_of(frame)
    if titles is None:
        raise _no_columns(column, "the data")
    if column not in titles:
        wanted = f"one of {', '.join(map(shown, titles[:8]))}"
        raise SettingError("id", column, wanted, says=f"{shown(column)} is not {wanted}")
    names = [str(name) for name in np.asarray(frame[column]).tolist()]
    return column, names, frame[[title for title in titles if title != column]]


def _flat(model: Model, data: Any, tally: Tally) -> tuple[NDArray[Any], bool]:
    """Rows (n, I) of numbers, and whether they are gray levels to convert to bytes."""
    columns = model.table_columns
    if columns.encodings and len(np.shape(data)) == 2:
        return encoded_rows(data, columns, model.network.inputs, tally)[0], False
    known, titles = columns.features, titles_of(data)
    if known is not None and titles is not None and titles != known:
        missing = [name for name in known if name not in titles]
        if missing:
            raise ModelError(
                f"the column {missing[0]!r} is missing, which the model was trained on; add it"
            )
        data = data[list(known)]
    try:
        array = as_numbers(data, "X")
    except DataError:
        _require_rows(data)
        if len(np.shape(data)) != 2:
            raise
        return encoded_rows(data, columns, model.network.inputs, tally)[0], False
    _require_rows(array)
    shape = array.shape[1:]
    flat = array.reshape(len(array), math.prod(shape))
    if model.image_shape is not None and are_colored(shape):
        ((flat,), _) = turned_to_gray((_typed(flat, False),), shape)
    if columns.fills and flat.dtype.kind == "f":
        tally.filled += sum(int(np.isnan(flat[rows]).sum()) for rows in row_blocks(flat))
    may_be_grey = columns.grey and flat.dtype != np.uint8 and flat.size > 0
    return flat, may_be_grey and highest_gray_level((flat,)) > 1


def _require_rows(data: Any) -> None:
    """Raise a DataError if data are a single row."""
    if hasattr(data, "__len__") and len(np.shape(data)) == 1:
        raise DataError(
            f"X is of shape {np.shape(data)}, wanted (samples, features); for one sample give [X]"
        )


def _typed(flat: NDArray[Any], grey: bool) -> NDArray[Any]:
    """Gray levels as bytes; other rows as the floats or bytes that they already are."""
    if grey:
        return flat.astype(np.uint8)
    known = flat.dtype in (np.uint8, np.float32, np.float64)
    return flat if known else flat.astype(np.float64)


def _of_images(model: Model, sources: list[Source], reading: Reading) -> Iterator[NewSamples]:
    """The digits of images, or whole images, each named after its file."""
    step = 1 if reading.by_image else max(1, min(ROWS, VALUES // model.network.inputs))
    names: list[int | str] = []
    digits: list[Digit] = []

    def taken() -> NewSamples:
        features = np.stack([digit.pixels for digit in digits])
        return NewSamples("image", names, features, [digit.box for digit in digits])

    for name, source in _images(sources, reading):
        try:
            found = _digits(model, source, reading)
        except DataError as error:
            if reading.pass_over is None:
                raise
            reading.pass_over(error)
            continue
        names += [name] * len(found)
        digits += found
        if len(digits) >= step:
            yield taken()
            names, digits = [], []
    if digits:
        yield taken()


def _images(sources: list[Source], reading: Reading) -> Iterable[tuple[str, Source]]:
    """Images and their names; if a single folder is given, their paths in it."""
    for source in sources:
        if not isinstance(source, Path) or not source.is_dir():
            yield name_of(source), source
            continue
        for path in images_below(source):
            called = path.relative_to(source) if len(sources) == 1 else path
            yield called.as_posix(), path


def _digits(model: Model, source: Source, reading: Reading) -> list[Digit]:
    """The digits of an image, framed like the model's training images, or the whole image."""
    shape = model.image_shape
    assert shape is not None  # otherwise no image comes here
    image = source if isinstance(source, Path) else source.read(images.LARGEST_FILE + 1)
    framing = _framing(reading.framing, model, shape)
    if framing is None:
        opened = images.open_image(image)
        return [Digit(images.prepare_image(opened, shape), (0, 0, *opened.size))]
    if reading.one_digit:
        return [Digit(prepare_digit(image, framing, shape), (0, 0, 0, 0))]
    return prepare_digits(image, framing, shape)


def _framing(style: FramingStyle, model: Model, shape: tuple[int, int]) -> Framing | None:
    """How to frame digits; ``None`` to use images as they are."""
    if style == "as-is":
        return None
    if style == "mnist" and model.framing is None:
        return Framing.usual(shape, paper=255 if model.inverted else 0)
    return model.framing
