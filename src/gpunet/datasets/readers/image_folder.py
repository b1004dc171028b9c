"""Folders of images: one folder per class, its name the class's name.

Owns the search for images and the way they become one array. Decoding a single image and its
grey levels belong to ``images``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.hold_out import spread_classes
from gpunet.datasets.images import grey_image, open_image, resized
from gpunet.datasets.readers.files import reading, require_memory
from gpunet.datasets.readers.table import TEST_SHARE
from gpunet.errors import DataError

__all__ = ["is_image_folder", "read_image_folder"]

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
    | {".jp2", ".ico"}
)

LARGEST_IMAGE = 1 << 22  # pixels; a network takes no more features

REPORT_EVERY = 256  # images between two calls of the progress callback


@dataclass(frozen=True, slots=True)
class Found:
    """The images of a folder of classes.

    Args:
        paths: n of them, class by class, each class in the order of its file names.
        labels: the number of each image's class.
    """

    paths: list[Path]
    labels: list[int]


def is_image_folder(folder: Path) -> bool:
    """Whether a folder holds classes of images, at once or below ``train`` and ``test``."""
    with reading(folder):
        return any(_images_in(below) for below in _folders_in(_train_root(folder)))


def read_image_folder(
    root: Path, progress: Callable[[str, int, int], None] | None = None
) -> Dataset:
    """Read ``root/train/CLASS/*.png`` and ``root/test/CLASS/*.png``, or ``root/CLASS/*.png``.

    Without ``test``, the last sixth of every class, by file name, is for testing.
    Images are turned to grey and brought to the size of the first one (the aspect ratio is not
    kept); the classes are ordered by name, whole numbers by value. Hidden files and files that
    do not end like images are left out; links are followed.

    Args:
        root: the folder.
        progress: called with a text, the images read, and the images in all.

    Raises:
        DataError: a class is missing, or an image cannot be read.
    """
    train_root = _train_root(root)
    has_splits = train_root != root and (root / "test").is_dir()
    classes = _class_names(train_root)
    train, test, notices = _find(train_root, root / "test" if has_splits else None, classes)
    paths = train.paths + test.paths
    images, resized_count = _read_all(paths, progress)
    if resized_count:
        notices.append(
            f"{resized_count:,} images were resized to {images.shape[2]} x {images.shape[1]} "
            f"pixels, the size of {paths[0].name}"
        )
    features = images.reshape(len(images), -1)  # (n, height * width)
    count = len(train.paths)
    return Dataset(
        name=root.resolve().name,
        train=Samples(features[:count], np.array(train.labels, np.int32)),
        test=Samples(features[count:], np.array(test.labels, np.int32)),
        classes=classes,
        image_shape=(images.shape[1], images.shape[2]),
        source=f"images in {root}",
        notice="; ".join(notices) or None,
    )


def _train_root(root: Path) -> Path:
    """The folder of the training set's classes; a class may be called ``train``."""
    train = root / "train"
    with reading(train):
        return train if train.is_dir() and not _images_in(train) else root


def _class_names(root: Path) -> tuple[str, ...]:
    with reading(root):
        names = [folder.name for folder in _folders_in(root) if _images_in(folder)]
    if len(names) < 2:
        seen = f"only the class {names[0]!r}" if names else "no folder with images"
        raise DataError(
            f"{root} holds {seen}, wanted a folder of images for each of two or more classes; "
            "put each class's images into a folder of its name"
        )
    return tuple(sorted(names, key=_sort_key))


def _sort_key(name: str) -> tuple[int, str]:
    """Whole numbers by value (0, 1, 2, 10), before words by alphabet."""
    is_number = name.isascii() and name.isdigit() and len(name) < 19
    return (int(name), name) if is_number else (1 << 63, name)


def _find(
    train_root: Path, test_root: Path | None, classes: tuple[str, ...]
) -> tuple[Found, Found, list[str]]:
    """The training and the test images, and what there is to say about the choice."""
    everything = _found(train_root, classes)
    if test_root is not None:
        unknown = sorted(set(_class_names(test_root)) - set(classes))
        if unknown:
            raise DataError(
                f"{test_root} holds the class {unknown[0]!r}, which {train_root} lacks; "
                "use the same classes in both"
            )
        return everything, _found(test_root, classes), []
    total = len(everything.paths)
    scarce = min(Counter(everything.labels).values())
    if scarce < 2:
        name = classes[Counter(everything.labels).most_common()[-1][0]]
        raise DataError(
            f"{train_root} holds one image of the class {name!r}, wanted two or more of each "
            "class, to train and to test with; add images"
        )
    order = spread_classes(np.array(everything.labels, np.int32))
    first = total - max(1, total // TEST_SHARE)
    train, test = _chosen(everything, order[:first]), _chosen(everything, order[first:])
    notice = f"the last images of every class, {len(test.paths):,} of {total:,}, are for testing"
    return train, test, [notice]


def _found(root: Path, classes: tuple[str, ...]) -> Found:
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        with reading(root / name):
            images = _images_in(root / name) if (root / name).is_dir() else []
        paths += images
        labels += [label] * len(images)
    return Found(paths, labels)


def _chosen(found: Found, rows: NDArray[np.integer]) -> Found:
    ordered = np.sort(rows).tolist()
    return Found([found.paths[row] for row in ordered], [found.labels[row] for row in ordered])


def _read_all(
    paths: list[Path], progress: Callable[[str, int, int], None] | None
) -> tuple[NDArray[np.uint8], int]:
    """The images (n, height, width), and how many of them were resized."""
    first = grey_image(open_image(paths[0]))
    width, height = first.size
    if width * height > LARGEST_IMAGE:
        raise DataError(
            f"{paths[0]} is {width} x {height} pixels, more than the {LARGEST_IMAGE:,} that a "
            "network takes; scale the images down"
        )
    require_memory(str(paths[0].parent.parent), len(paths) * width * height)
    images = np.empty((len(paths), height, width), np.uint8)
    resized_count = 0
    for row, path in enumerate(paths):
        if progress is not None and row % REPORT_EVERY == 0:
            progress("reading images", row, len(paths))
        grey = grey_image(open_image(path))
        resized_count += grey.size != (width, height)
        images[row] = np.asarray(resized(grey, width, height))
    if progress is not None:
        progress("reading images", len(paths), len(paths))
    return images, resized_count


def _folders_in(root: Path) -> list[Path]:
    return sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def _images_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
    )
