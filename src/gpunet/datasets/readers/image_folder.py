"""Folders of images: one folder per class, its name the class's name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.hold_out import spread_classes
from gpunet.datasets.images import grey_image, image_size, is_colored, open_image, resized
from gpunet.datasets.readers.files import reading, shown
from gpunet.datasets.readers.parts import (
    TEST_SHARE,
    Part,
    by_part,
    given_validation,
    joined,
    part_of,
)
from gpunet.datasets.spool import require_memory
from gpunet.errors import DataError

__all__ = ["SUFFIXES", "is_image_folder", "read_image_folder"]

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
    | {".jp2", ".ico"}
)

UNREAD = frozenset({".avif", ".heic", ".heif", ".jxl", ".psd", ".svg", ".dng", ".cr2", ".nef"})
"""How files end that are images, too, but of kinds that are not decoded."""

DEEPEST = 4  # folders, one in the other, that are gone through in search of images

LARGEST_IMAGE = 1 << 22  # pixels; a network takes no more features

REPORT_EVERY = 256  # images between two calls of the progress callback


Found = list[tuple[Path, int]]
"""Images and the numbers of their classes: class by class, each in the order of its file names."""


def is_image_folder(folder: Path) -> bool:
    """Whether a folder holds classes of images, at once or below a folder such as ``train``."""
    with reading(folder):
        return _holds_classes(_part_folders(folder)["train"])


def read_image_folder(
    root: Path, progress: Callable[[str, int, int], None] | None = None
) -> Dataset:
    """Read ``root/train/CLASS/*.png`` and ``root/test/CLASS/*.png``, or ``root/CLASS/*.png``.

    ``root/val/CLASS/*.png``, where it is there, is the validation set. Without ``test``, the last
    sixth of every class of ``train``, by file name, is for testing. ``parts`` knows what else the
    three may be called. A folder that holds nothing but one folder stands for that one.
    Images are turned to grey and brought to their commonest size (the aspect ratio is not kept);
    the classes are ordered by name, whole numbers by value. Hidden files and files that do not
    end like images are left out; links are followed. The notice tells what is left out or changed.

    Args:
        root: the folder.
        progress: called with a text, the images read, and the images in all.

    Raises:
        DataError: a class is missing, or an image cannot be read.
    """
    with reading(root):
        folders = _part_folders(root)
    classes = _class_names(folders["train"])
    found, notices = _find(folders, classes)
    paths = [path for part in found.values() for path, _ in part]
    notices += _left_out(root, {path.parent for path in paths})
    images, changes = _read_all(paths, progress)
    features = images.reshape(len(images), -1)  # (n, height * width)
    samples: dict[Part, Samples] = {}
    first = 0
    for part, chosen in found.items():
        last = first + len(chosen)
        labels = np.array([label for _, label in chosen], np.int32)
        samples[part] = Samples(features[first:last], labels)
        first = last
    return Dataset(
        name=root.resolve().name,
        train=samples["train"],
        test=samples["test"],
        classes=classes,
        image_shape=(images.shape[1], images.shape[2]),
        source=f"images in {root}",
        notice=joined(*notices, *changes),
        validation=samples.get("val"),
    )


def _part_folders(root: Path) -> dict[Part, Path]:
    """The folders of classes of each part that there is; those of ``train`` may be the root's own.

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
    """The folder, or the one in it if that is the only one and there are no images beside it."""
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
    """Whole numbers by value (0, 1, 2, 10), before words by alphabet."""
    is_number = name.isascii() and name.isdigit() and len(name) < 19
    return (int(name), name) if is_number else (1 << 63, name)


def _find(
    folders: Mapping[Part, Path], classes: tuple[str, ...]
) -> tuple[dict[Part, Found], list[str]]:
    """The images of each part, and what there is to say about the choice."""
    found: dict[Part, Found] = {}
    for part, folder in folders.items():
        unknown = sorted(set(_class_names(folder)) - set(classes)) if part != "train" else []
        if unknown:
            raise DataError(
                f"{folder} holds the class {unknown[0]!r}, which {folders['train']} lacks; "
                "use the same classes in both"
            )
        found[part] = _found(folder, classes)
    notices = []
    if "test" not in found:
        found["train"], found["test"], notice = _split(folders["train"], found["train"], classes)
        notices.append(notice)
    if "val" in found:
        where = f"in {folders['val'].name}/"
        notices.append(given_validation(len(found["val"]), "images", where))
    return found, notices


def _split(root: Path, everything: Found, classes: tuple[str, ...]) -> tuple[Found, Found, str]:
    """The training and the test images of one folder, and a notice of how they were chosen."""
    total = len(everything)
    counts = Counter(label for _, label in everything).most_common()
    if counts[-1][1] < 2:
        raise DataError(
            f"{root} holds one image of the class {classes[counts[-1][0]]!r}, wanted two or more "
            "of each class, to train and to test with; add images"
        )
    order = spread_classes(np.array([label for _, label in everything], np.int32))
    first = total - max(1, total // TEST_SHARE)
    train, test = ([everything[row] for row in np.sort(rows)] for rows in np.split(order, [first]))
    notice = f"the last images of every class, {len(test):,} of {total:,}, are for testing"
    return train, test, notice


def _found(root: Path, classes: tuple[str, ...]) -> Found:
    found: Found = []
    for label, name in enumerate(classes):
        with reading(root / name):
            is_there = (root / name).is_dir()
            images = sorted(_files_in(_class_folder(root / name))) if is_there else []
        found += [(image, label) for image in images]
    return found


def _left_out(root: Path, used: Collection[Path]) -> list[str]:
    """What there is to say of the images below ``root`` that are not in the folders in use."""
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


def _read_all(
    paths: list[Path], progress: Callable[[str, int, int], None] | None
) -> tuple[NDArray[np.uint8], list[str]]:
    """The images (n, height, width), and what there is to say of how they were changed."""
    width, height = _commonest_size(paths)
    require_memory(str(paths[0].parent.parent), len(paths) * width * height)
    images = np.empty((len(paths), height, width), np.uint8)
    resized_count = colored_count = 0
    for row, path in enumerate(paths):
        if progress is not None and row % REPORT_EVERY == 0:
            progress("reading images", row, len(paths))
        image = open_image(path)
        colored_count += is_colored(image)
        resized_count += image.size != (width, height)
        images[row] = np.asarray(resized(grey_image(image), width, height))
    if progress is not None:
        progress("reading images", len(paths), len(paths))
    changes = []
    if resized_count:
        changes.append(
            f"{resized_count:,} of {len(paths):,} images were resized to {width} x {height} "
            "pixels, the commonest size"
        )
    if colored_count:
        changes.append(
            f"{colored_count:,} of {len(paths):,} images are colored and are turned to grey"
        )
    return images, changes


def _commonest_size(paths: list[Path]) -> tuple[int, int]:
    """Width and height of most images; of sizes that are equally common, the one in the middle."""
    path_of: dict[tuple[int, int], Path] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for path in paths:
        size = image_size(path)
        counts[size] += 1
        path_of.setdefault(size, path)
    highest = max(counts.values())
    tied = [size for size, count in counts.items() if count == highest]
    tied.sort(key=lambda size: (size[0] * size[1], size))
    width, height = tied[(len(tied) - 1) // 2]
    if width * height > LARGEST_IMAGE:
        raise DataError(
            f"{path_of[width, height]} is {width} x {height} pixels, as most images are, more than "
            f"the {LARGEST_IMAGE:,} that a network takes; scale the images down"
        )
    return width, height


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
    """The visible files of a folder that end like images."""
    return (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and _is_visible(path.name) and not path.is_dir()
    )


def _is_visible(name: str) -> bool:
    """Whether a file or folder is the user's own; macOS puts ``__MACOSX`` into its archives."""
    return not name.startswith(".") and name != "__MACOSX"
