"""Where a benchmark's figures go: to the screen, and into new files of a folder that is named.

A run writes its own figures and nobody else's; it never touches a file that was there before.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpunet.errors import OutputError, UsageError
from gpunet.files.output import require_writable, write_atomically

__all__ = ["Output", "add_output_option"]


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Let the command line name the folder."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="write the figures into new files there, too; they are only printed without it",
    )


class Output:
    """The files of one run.

    Args:
        folder: where they go; ``None`` if nothing is to be written.
        name: of the files, which their suffixes tell apart.
        suffixes: of all files that will be written.

    Raises:
        UsageError: there is one of them already.
        OutputError: the folder cannot be made or written to.
    """

    def __init__(self, folder: Path | None, name: str, *suffixes: str) -> None:
        self.folder, self._name = folder, name
        if folder is None:
            return
        _make(folder)
        for suffix in suffixes:
            path = folder / f"{name}{suffix}"
            if path.exists():
                raise UsageError(
                    f"--output {folder} has {path.name} of another run; name another folder"
                )
            require_writable(path)

    def write(self, suffix: str, content: str | bytes) -> None:
        """Write a file, or write it again as the same run goes on.

        Raises:
            OutputError: it cannot be written.
        """
        if self.folder is not None:
            data = content.encode() if isinstance(content, str) else content
            write_atomically(self.folder / f"{self._name}{suffix}", data)

    def show(self, suffix: str, lines: Iterable[str]) -> None:
        """Print lines as they come, and keep what is known by then in a file.

        Raises:
            OutputError: it cannot be written.
        """
        content = ""
        for line in lines:
            print(line, flush=True)
            content += f"{line}\n"
            self.write(suffix, content)

    def write_json(self, content: Any) -> None:
        """Write the figures as JSON.

        Raises:
            OutputError: they cannot be written.
        """
        self.write(".json", json.dumps(content, indent=2) + "\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"--output {folder} cannot be made: {reason}; name another") from error
