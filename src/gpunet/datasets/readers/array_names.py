"""Names of arrays: which array holds the features or the labels of which part."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from gpunet.datasets.readers.files import shown
from gpunet.datasets.readers.parts import NAMES, part_of
from gpunet.errors import DataError

__all__ = [
    "WANTED",
    "is_features_name",
    "left_out",
    "listed",
    "named_arrays",
    "prefix_of",
    "require_arrays",
]

ROLES = {
    "x": ("x", "images", "imgs", "data", "features", "inputs", "samples", "image", "feature"),
    "y": ("y", "labels", "target", "targets", "label", "classes", "class"),
}
"""Names of features and of labels, in order of preference."""

UNNAMED = {"arr_0": "x_train", "arr_1": "y_train"}
"""Names of two arrays saved by ``numpy.savez(path, x, y)``."""

WANTED = (
    "features called x_train, X, train_images, data, features, inputs or arr_0, and labels called "
    "y_train, y, train_labels, labels, target or arr_1, perhaps also those of val and test"
)
"""The accepted names, in words for the user."""

MOST_SHOWN = 8  # names in a message

_ROLE = "|".join(word for words in ROLES.values() for word in words)
_PART = "|".join(sorted((word for words in NAMES.values() for word in words), key=len)[::-1])
_NAME = re.compile(
    rf"(?P<role>{_ROLE})(?:[\W_]?(?P<part>{_PART}))?|(?P<before>{_PART})[\W_]?(?P<after>{_ROLE})"
)


def named_arrays(names: Iterable[str]) -> dict[str, str]:
    """Find the arrays of a dataset: their names by ``x_train``, ``y_train``, ``x_test`` and so on.

    ``X_train``, ``train_images`` and ``trainX`` count as ``x_train``; so does ``X`` alone, unless
    the name of another array says that it is for training. Of several candidates, the one whose
    spelling is closest is taken.

    Example:
        >>> named_arrays(["X", "target", "test_images", "names"])
        {'x_train': 'X', 'y_train': 'target', 'x_test': 'test_images'}
    """
    names = list(names)
    if set(UNNAMED) == set(names):
        return {key: name for name, key in UNNAMED.items()}
    meanings = [(meaning, name) for name in names if (meaning := _meaning(name)) is not None]
    found: dict[str, str] = {}
    for (_, key), name in sorted(meanings):
        found.setdefault(key, name)
    return {key: found[key] for part in NAMES for key in (f"x_{part}", f"y_{part}") if key in found}


def prefix_of(name: str) -> str | None:
    """The prefix before an array's name in a file's stem; ``None`` if it names no array.

    Example:
        >>> prefix_of("digits_x_train"), prefix_of("x_train"), prefix_of("digits")
        ('digits_', '', None)
    """
    starts = (0, *(match.end() for match in re.finditer(r"[\W_]", name)))
    return next((name[:start] for start in starts if _meaning(name[start:])), None)


def is_features_name(name: str) -> bool:
    """Whether an array of this name holds features alone, without a column of labels."""
    meaning = _meaning(name)
    return meaning is not None and meaning[1].startswith("x") and "data" not in name.lower()


def require_arrays(found: Collection[str], names: Iterable[str], whose: Path | str) -> None:
    """Check that every part has both features and labels, and that there is a part ``train``.

    Args:
        found: keys of the result of ``named_arrays``.
        names: names of all arrays.
        whose: name of the file or folder that holds them.

    Raises:
        DataError: an array is missing.
    """
    parts = ["train", *(part for part in NAMES if {f"x_{part}", f"y_{part}"} & set(found))]
    wanted = dict.fromkeys(f"{letter}_{part}" for part in parts for letter in ROLES)
    missing = [key for key in wanted if key not in found]
    if missing:
        raise DataError(
            f"{whose} lacks {', '.join(missing)}; it holds {listed(names)}, wanted {WANTED}"
        )


def listed(names: Iterable[str]) -> str:
    """A list of the arrays' names, shortened if there are many."""
    names = sorted(names)
    seen = ", ".join(map(shown, names[:MOST_SHOWN])) or "nothing"
    return f"{seen} and {len(names) - MOST_SHOWN:,} more" if len(names) > MOST_SHOWN else seen


def left_out(names: Iterable[str], found: Mapping[str, str]) -> str | None:
    """A notice about arrays with a fitting name that are not used; ``None`` if there are none."""
    others = [shown(name) for name in names if _meaning(name) and name not in found.values()]
    those = f"array {others[0]} is" if len(others) == 1 else f"arrays {', '.join(others)} are"
    return f"the {those} left out" if others else None


def _meaning(name: str) -> tuple[tuple[object, ...], str] | None:
    """How unusual a name is (less is better), and which array it names."""
    if (match := _NAME.fullmatch(name.lower())) is None:
        return None
    word = match["role"] or match["after"]
    letter = next(letter for letter, words in ROLES.items() if word in words)
    part = match["part"] or match["before"]
    rank = (part is None, ROLES[letter].index(word), name != name.lower(), name)
    return rank, f"{letter}_{part_of(part) if part else 'train'}"
