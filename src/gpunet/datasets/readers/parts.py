"""The parts of a dataset and the names that they go by, in folders, files and archives."""

from __future__ import annotations

from typing import Literal

from gpunet.errors import spelled

__all__ = ["NAMES", "Part", "given_validation", "part_of"]

Part = Literal["train", "val", "test"]

NAMES: dict[Part, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""What each part is called; capitals count as small letters."""


def part_of(name: str) -> Part | None:
    """The part that a name stands for, or ``None``."""
    return next((part for part in NAMES if name.lower() in NAMES[part]), None)


def given_validation(count: int, what: str, where: str) -> str:
    """The notice of a validation set that the data came with, such as 20 images in val/."""
    return (
        f"the {count:,} {what} {where} are the validation set, in place of {spelled('validation')}"
    )
