"""What a shell offers where the values are no fixed list: data, devices, runs, studies, models.

It reads names of files at most, since a shell asks at every press of a key. Where nothing fits,
the shell offers files by itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from gpunet.config.choices import DEVICES
from gpunet.files.resources import data_file

__all__ = ["data_names", "device_names", "model_files", "run_folders", "study_names"]


def data_names(incomplete: str) -> list[str]:
    """Names of datasets, and the files beside them that begin alike."""
    published = tomllib.loads(data_file("datasets.toml").read_text("utf-8"))
    names = _fitting(incomplete, ["auto", *published, "strokes"])
    return [*names, *_fitting(incomplete, map(str, _there("*")))] if names else []


def device_names(incomplete: str) -> list[str]:
    """Words for devices; looking for adapters would take too long."""
    return _fitting(incomplete, DEVICES)


def run_folders(incomplete: str) -> list[str]:
    """The folders of runs that can be resumed."""
    return _fitting(incomplete, (str(path.parent) for path in _there("runs/*/last.safetensors")))


def model_files(incomplete: str) -> list[str]:
    """Model files here, and those of kept runs and studies."""
    patterns = ("*.safetensors", "runs/*/best.safetensors", "tune/*/best.safetensors")
    found = (str(path) for pattern in patterns for path in _there(pattern))
    return _fitting(incomplete, found)


def study_names(incomplete: str) -> list[str]:
    """The studies of earlier searches."""
    return _fitting(incomplete, (path.name for path in _there("tune/*") if path.is_dir()))


def _there(pattern: str) -> list[Path]:
    return sorted(path for path in Path().glob(pattern) if not path.name.startswith("."))


def _fitting(incomplete: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
