"""Reads folders of images: one folder per class, with the name of the class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.progress import Progress
from gpunet.datasets.readers.files import reading, shown
from gpunet.datasets.readers.image_files import SUFFIXES, Found, dataset_of_images
from gpunet.datasets.readers.parts import (
    Part,
    by_part,
    given_validation,
    part_of,
)
from gpunet.errors import DataError

__all__ = ["images_below", "is_image_folder", "read_image_folder"]

UNREAD = frozenset({".avif", ".heic", ".heif", ".jxl", ".psd", ".svg", ".dng", ".cr2", ".nef"})
"""Endings of the names of image files that are not decoded."""

DEEPEST = 4  # depth of nested folders that are searched for images


def is_image_folder(folder: Path) -> bool:
    """Whether a folder holds classes of images, directly or in a folder such as ``train``."""
    with reading(folder):
        return _holds_classes(_part_folders(folder)["train"])


def images_below(folder: Path) -> list[Path]:
    """All images in a folder and its subfolders, ordered by path.

    Images of unsupported kinds are included, so that reading them reports it.

    Raises:
        DataError: there is none, or a folder cannot be read.
    """
    found: list[Path] = []
    with reading(folder):
        for name, below, _ in os.walk(folder):
            below[:] = [inner for inner in below if _is_visible(inner)]
            found += _files_in(Path(name), SUFFIXES | UNREAD)
    if not found:
        raise DataError(
            f"{folder} holds no images; give a folder that does, or the file that holds the rows"
        )
    return sorted(found)


def read_image_folder(root: Path, progress: Progress | None = None) -> Dataset:
    """Read ``root/train/CLASS/*.png`` and ``root/test/CLASS/*.png``, or ``root/CLASS/*.png``.

    ``root/val/CLASS/*.png``, if it exists, is the validation set. Without ``test``, the last sixth
    of every class of ``train``, by file name, is used for testing. ``parts`` lists other names for
    the three. A folder with nothing but one folder in it stands for that folder. Images are
    converted to gray and resized to their most common size (the aspect ratio is not kept); the
    classes are ordered by name, whole numbers by value. Hidden files and files without an image's
    ending are left out; links are followed. The notice tells what is left out or changed.

    Args:
        root: the folder.
        progress: called with a text, the number of images read, and the total.

    Raises:
        DataError: a class is missing, or an image cannot be read.
    """
    with reading(root):
        folders = _part_folders(root)
    classes = _class_names(folders["train"])
    found = _find(folders, classes)
    given = None
    if "val" in found:
        where = f"in {folders['val'].name}/"
        given = given_validation(len(found["val"]), "images", where)
    used = {path.parent for part in found.values() for path, _ in part}
    return dataset_of_images(found, classes, root, [given, *_left_out(root, used)], progress)


def _part_folders(root: Path) -> dict[Part, Path]:
    """The folders of the classes of each part; the root's own if there is no ``train``.

    A folder ``train`` that holds images and no classes is a class of that name.
    """
    root = _inner(root)
    named = [folder for folder in _folders_in(root) if part_of(folder.name) is not None]
    entries = ((folder.name, folder) for folder in named if _holds_classes(_inner(folder)))
    parts = by_part(entries, root, "folder")
    if "train" not in parts:
        return {"train": root}
    return {part: _inner(folder) for part, folder in parts.items()}


def _inner(folder: Path) -> Path:
    """The folder, or the only folder in it if there are no images next to that."""
    for _ in range(DEEPEST):
        below = _folders_in(folder)
        if len(below) != 1 or _has_images(folder) or _has_images(below[0]):
            break
        folder = below[0]
    return folder


def _class_names(root: Path) -> tuple[str, ...]:
    with reading(root):
        names = [folder.name for folder in _folders_in(root) if _has_images(_class_folder(folder))]
        empty = [folder for folder in _folders_in(root) if folder.name not in names]
        unread = next((folder for folder in empty if any(_files_in(folder, UNREAD))), None)
    if unread is not None:
        kinds = sorted({path.suffix.lower() for path in _files_in(unread, UNREAD)})
        raise DataError(
            f"{unread} holds only images of kinds that are not read ({', '.join(kinds)}); "
            "save them as PNG or JPEG, or take the folder out"
        )
    if len(names) < 2:
        seen = f"only the class {names[0]!r}" if names else "no folder with images"
        raise DataError(
            f"{root} holds {seen}, wanted a folder of images for each of two or more classes; "
            "put each class's images into a folder of its name"
        )
    if all(map(part_of, names)):
        raise DataError(
            f"{root} holds images right in {names[0]}/ and {names[1]}/, wanted a folder for each "
            "class in them; put each class's images into a folder of its name"
        )
    return tuple(sorted(names, key=_sort_key))


def _sort_key(name: str) -> tuple[int, str]:
    """Sort key: whole numbers by value (0, 1, 2, 10), then words alphabetically."""
    is_number = name.isascii() and name.isdigit() and len(name) < 19
    return (int(name), name) if is_number else (1 << 63, name)


def _find(folders: Mapping[Part, Path], classes: tuple[str, ...]) -> dict[Part, Found]:
    """The images of each part."""
    found: dict[Part, Found] = {}
    for part, folder in folders.items():
        unknown = sorted(set(_class_names(folder)) - set(classes)) if part != "train" else []
        if unknown:
            raise DataError(
                f"{folder} holds the class {unknown[0]!r}, which {folders['train']} lacks; "
                "use the same classes in both"
            )
        found[part] = _found(folder, classes)
    return found


def _found(root: Path, classes: tuple[str, ...]) -> Found:
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(classes):
        with reading(root / name):
            is_there = (root / name).is_dir()
            images = sorted(_files_in(_class_folder(root / name))) if is_there else []
        found += [(image, label) for image in images]
    return found


def _left_out(root: Path, used: Collection[Path]) -> list[str]:
    """Notices about images below ``root`` that are left out."""
    strays: list[Path] = []
    unread: Counter[str] = Counter()
    for name, below, _ in os.walk(root):
        below[:] = [folder for folder in below if _is_visible(folder)]
        folder = Path(name)
        with reading(folder):
            unread.update(path.suffix.lower() for path in _files_in(folder, UNREAD))
            strays += _files_in(folder) if folder not in used else []
    notices = []
    if strays:
        example = shown(min(strays).relative_to(root).as_posix())
        notices.append(
            f"{len(strays):,} images that are in no folder of a class, such as {example}, "
            "are left out"
        )
    if unread:
        kinds = ", ".join(sorted(unread))
        notices.append(
            f"{unread.total():,} images of kinds that are not read ({kinds}) are left out"
        )
    return notices


def _holds_classes(folder: Path) -> bool:
    return any(_has_images(_class_folder(below)) for below in _folders_in(folder))


def _class_folder(folder: Path) -> Path:
    """The folder of a class's images: its own, or the only one in it."""
    below = _folders_in(folder)
    return below[0] if len(below) == 1 and not _has_images(folder) else folder


def _has_images(folder: Path) -> bool:
    return any(_files_in(folder))


def _folders_in(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if _is_visible(path.name) and path.is_dir())


def _files_in(folder: Path, suffixes: frozenset[str] = SUFFIXES) -> Iterator[Path]:
    """The visible files of a folder with an image's ending."""
    return (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and _is_visible(path.name) and not path.is_dir()
    )


def _is_visible(name: str) -> bool:
    """Whether a file or folder is neither hidden nor macOS's ``__MACOSX``."""
    return not name.startswith(".") and name != "__MACOSX"
