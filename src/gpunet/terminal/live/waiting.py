"""What users see while data are fetched, drawn or read: a bar that is gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

__all__ = ["waiting_bar"]


@contextmanager
def waiting_bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """To be called with what is under way, how much is done, and how much there is in all.

    On a console that is no terminal it prints one line for everything that is under way.
    """
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    bar = Progress(*columns, console=console, transient=True)
    last = ""

    def show(what: str, done: int, total: int) -> None:
        nonlocal last
        if console.is_interactive:
            if not bar.tasks:
                bar.start()
                bar.add_task(what)
            bar.update(bar.task_ids[0], description=what, completed=done, total=total)
        elif what != last:
            console.print(f"{what} ...", soft_wrap=True)
        last = what

    try:
        yield show
    finally:
        if bar.tasks:
            bar.stop()
