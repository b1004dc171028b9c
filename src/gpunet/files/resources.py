"""Finds the files that come with the code: data and shaders.

In a wheel they are package data; in an editable install they are in the repository's top-level
folders.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["data_file", "shader_file"]

_PACKAGE = Path(__file__).resolve().parents[1]
_REPOSITORY = _PACKAGE.parents[1]


def data_file(*parts: str) -> Path:
    """Find a bundled data file, e.g. ``data_file("strokes", "digits.json")``.

    Raises FileNotFoundError, naming both places, if the file is in neither.
    """
    return _first_existing("data", *parts)


def shader_file(*parts: str) -> Path:
    """Find a WGSL shader, e.g. ``shader_file("matmul.wgsl")``, or without a name the folder.

    Raises FileNotFoundError, naming both places, if it is in neither.
    """
    return _first_existing("shaders", *parts)


def _first_existing(folder: str, *parts: str) -> Path:
    installed = _PACKAGE.joinpath(f"_{folder}", *parts)
    checkout = _REPOSITORY.joinpath(folder, *parts)
    for path in (installed, checkout):
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{checkout.name} came neither with the installed package ({installed}) "
        f"nor with a checkout of the repository ({checkout}); reinstall gpunet"
    )
