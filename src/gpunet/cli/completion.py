"""Shell completion for values without a fixed list: data, devices, models, runs, studies.

It reads only names of files, since a shell asks at every key press. If nothing fits, the shell
offers files itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from gpunet.config.choices import DEVICES
from gpunet.files.resources import data_file

__all__ = [
    "data_names",
    "device_names",
    "models",
    "models_and_files",
    "published_names",
    "resumable_runs",
    "runs",
    "study_names",
]


def data_names(incomplete: str) -> list[str]:
    """Names of datasets, and files with the same beginning."""
    return _with_files(incomplete, _fitting(incomplete, ["auto", *published_names(""), "strokes"]))


def published_names(incomplete: str) -> list[str]:
    """Names of datasets that can be downloaded."""
    return _fitting(incomplete, tomllib.loads(data_file("datasets.toml").read_text("utf-8")))


def device_names(incomplete: str) -> list[str]:
    """Names of kinds of devices; listing the adapters would take too long."""
    return _fitting(incomplete, DEVICES)


def runs(incomplete: str) -> list[str]:
    """Names of kept runs."""
    return _runs_with("metrics.jsonl", incomplete)


def resumable_runs(incomplete: str) -> list[str]:
    """Names of kept runs that can be resumed."""
    return _runs_with("last.safetensors", incomplete)


def models(incomplete: str) -> list[str]:
    """Model files here, names of kept runs that have a model, and models of searches."""
    here, searched = _there("*.safetensors"), _there("tune/*/best.safetensors")
    named = _runs_with("best.safetensors", incomplete)
    return [*named, *_fitting(incomplete, map(str, [*here, *searched]))]


def models_and_files(incomplete: str) -> list[str]:
    """Models, and all files in this folder, since images or tables may be given instead."""
    return _with_files(incomplete, models(incomplete))


def study_names(incomplete: str) -> list[str]:
    """The studies of earlier searches."""
    return _fitting(incomplete, (path.name for path in _there("tune/*") if path.is_dir()))


def _runs_with(file: str, incomplete: str) -> list[str]:
    """Names of kept runs with this file, or their folders if the user is typing a path."""
    folders = [path.parent for path in _there(f"runs/*/{file}")]
    names = _fitting(incomplete, (folder.name for folder in folders))
    return names or _fitting(incomplete, map(str, folders))


def _with_files(incomplete: str, names: Iterable[str]) -> list[str]:
    """Names, and files with the same beginning; empty if only files fit."""
    found = [*names]
    files = _fitting(incomplete, map(str, _there("*")))
    return [*dict.fromkeys([*found, *files])] if found else []


def _there(pattern: str) -> list[Path]:
    return sorted(path for path in Path().glob(pattern) if not path.name.startswith("."))


def _fitting(incomplete: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
