"""Writes a benchmark's figures to the screen, and to new files in a named folder.

A run never touches a file that already exists.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from gpunet.errors import GpunetError, OutputError, UsageError
from gpunet.files.output import require_writable, write_atomically

__all__ = ["Output", "parser_of", "run_script"]


def run_script(main: Callable[[], int | None]) -> NoReturn:
    """Run a script and end the process; an error that the user can fix is one line."""
    try:
        sys.exit(main() or 0)
    except GpunetError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser of a script's options, ``--output`` among them."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="write the figures into new files there, too; they are only printed without it",
    )
    return parser


class Output:
    """The files of one run.

    Args:
        folder: where they go; ``None`` to write nothing.
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
        """Print lines as they come, and keep the lines so far in a file.

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
