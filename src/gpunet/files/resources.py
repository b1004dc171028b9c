"""Where the files that come along with the code lie: data and shaders.

Owns the paths only; reading and parsing the files stays with whoever needs them. In a wheel the
files are package data, in an editable install they lie in the repository's top-level folders.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["data_file", "shader_file", "shaders_folder"]

_PACKAGE = Path(__file__).resolve().parents[1]
_REPOSITORY = _PACKAGE.parents[1]


def data_file(*parts: str) -> Path:
    """Find a file that comes along as data, e.g. ``data_file("strokes", "digits.json")``.

    Raises FileNotFoundError, naming both places, if the file is in neither.
    """
    return _first_existing(_PACKAGE.joinpath("_data", *parts), _REPOSITORY.joinpath("data", *parts))


def shader_file(name: str) -> Path:
    """Find one WGSL shader, e.g. ``shader_file("matmul.wgsl")``.

    Raises FileNotFoundError, naming both places, if the shader is in neither.
    """
    return _first_existing(_PACKAGE / "_shaders" / name, _REPOSITORY / "shaders" / name)


def shaders_folder() -> Path:
    """Find the folder that holds the WGSL shaders.

    Raises FileNotFoundError, naming both places, if there is none.
    """
    return _first_existing(_PACKAGE / "_shaders", _REPOSITORY / "shaders")


def _first_existing(installed: Path, checkout: Path) -> Path:
    for path in (installed, checkout):
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{checkout.name} came neither with the installed package ({installed}) "
        f"nor with a checkout of the repository ({checkout}); reinstall gpunet"
    )
