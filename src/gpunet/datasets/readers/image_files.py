"""Makes a dataset of image files, wherever their classes come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.hold_out import spread_classes
from gpunet.datasets.images import gray_image, image_size, is_colored, open_image, resized
from gpunet.datasets.progress import Progress
from gpunet.datasets.readers.parts import TEST_SHARE, Part, joined
from gpunet.datasets.spool import Spool
from gpunet.errors import DataError

__all__ = ["SUFFIXES", "Found", "dataset_of_images"]

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
    | {".jp2", ".ico"}
)
"""Endings of the names of files that are decoded."""

LARGEST_IMAGE = 1 << 22  # pixels; the most features of a network

REPORT_EVERY = 256  # images between two calls of the progress callback


Found = Sequence[tuple[Path, int]]
"""Images and their class numbers, in the order of reading."""


def dataset_of_images(
    found: Mapping[Part, Found],
    classes: tuple[str, ...],
    root: Path,
    notices: Sequence[str | None],
    progress: Progress | None,
) -> Dataset:
    """Read images as gray images of their most common size.

    The aspect ratio is not kept. Without a test part, the last sixth of every class is used for
    testing.

    Args:
        found: the images of each part, ``train`` the first of them.
        classes: names of the classes.
        root: folder or file that stands for the dataset.
        notices: what the user should already know.
        progress: called with a text, the number of images read, and the total.

    Raises:
        DataError: an image cannot be read, or a class has too few images.
    """
    split = None
    if "test" not in found:
        train, test, split = _split(found["train"], classes, root)
        found = {**found, "train": train, "test": test}
    paths = [path for part in found.values() for path, _ in part]
    features, image_shape, changes = _read_all(paths, root, progress)
    samples: dict[Part, Samples] = {}
    first = 0
    for part, chosen in found.items():
        last = first + len(chosen)
        labels = np.array([label for _, label in chosen], np.int32)
        samples[part] = Samples(features[first:last], labels)
        first = last
    return Dataset(
        name=root.resolve().stem if root.is_file() else root.resolve().name,
        train=samples["train"],
        test=samples["test"],
        classes=classes,
        image_shape=image_shape,
        source=f"images in {root}",
        notice=joined(split, *notices, *changes),
        validation=samples.get("val"),
    )


def _split(everything: Found, classes: tuple[str, ...], root: Path) -> tuple[Found, Found, str]:
    """Split one set into training and test images; return a notice about the split, too."""
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


def _read_all(
    paths: list[Path], root: Path, progress: Progress | None
) -> tuple[NDArray[np.uint8], tuple[int, int], list[str]]:
    """Read the images (n, height * width); return their height and width and notices, too."""
    width, height = _commonest_size(paths)
    spool = Spool(str(root), len(paths) * width * height)
    resized_count = colored_count = 0
    for row, path in enumerate(paths):
        if progress is not None and row % REPORT_EVERY == 0:
            progress("reading images", row, len(paths))
        image = open_image(path)
        colored_count += is_colored(image)
        resized_count += image.size != (width, height)
        spool.add(np.asarray(resized(gray_image(image), width, height)).reshape(1, -1))
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
            f"{colored_count:,} of {len(paths):,} images are colored and are turned to gray"
        )
    return spool.array(), (height, width), changes


def _commonest_size(paths: list[Path]) -> tuple[int, int]:
    """The most common width and height; of equally common sizes, the middle one."""
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
