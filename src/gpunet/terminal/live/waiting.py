"""What users see while data are fetched, drawn or read: a bar that is gone afterwards."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

__all__ = ["WaitingBar"]


class WaitingBar:
    """Called with what is under way, how much is done, and how much there is in all.

    On a console that is no terminal it prints one line for everything that is under way.

    Args:
        console: where the bar or the lines go.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._told = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far it is."""
        if not self._console.is_interactive:
            self._print(what)
            return
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(what)
        self._bar.update(self._task, description=what, completed=done, total=total)

    def _print(self, what: str) -> None:
        if what != self._told:
            self._console.print(f"{what} ...", soft_wrap=True)
        self._told = what

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._task is not None:
            self._bar.stop()
