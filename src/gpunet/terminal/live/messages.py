"""What a workflow says and shows: on a console, or as Python's warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device
from gpunet.search.events import SearchObserver
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.device_name import device_reason
from gpunet.terminal.live.console import has_a_user, make_console, print_words, wants_dashboard
from gpunet.terminal.live.interrupts import Interrupts
from gpunet.terminal.live.notebook import NotebookTable, in_notebook
from gpunet.terminal.live.notes import complain, note
from gpunet.terminal.live.plain import PlainPrinter, log_printer
from gpunet.terminal.live.stages import Stages
from gpunet.training.events import Callback, Control
from gpunet.workflows.messages import Messages, Update, warn

if TYPE_CHECKING:
    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.terminal.live.dashboard import Dashboard
    from gpunet.terminal.live.leaderboard import LiveLeaderboard

__all__ = ["ConsoleMessages", "Warnings", "messages_for"]

Screen = TypeVar("Screen")
Lines = TypeVar("Lines")


class ConsoleMessages(Messages):
    """Prints a workflow's messages, and shows it on a live screen where there is one.

    Args:
        console: where they go; by default one that is made as the others say.
        plain: lines of text in the place of a live screen.
        quiet: notes alone.
        patient: for long work, which does not end when nobody reads any more.
        bell: ring the terminal's bell when a training or a search ends, where there is a terminal.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        plain: bool = False,
        quiet: bool = False,
        patient: bool = False,
        bell: bool = False,
    ) -> None:
        self._bell = bell
        self.console = console or make_console(plain=plain, quiet=quiet, patient=patient)
        self._plain = plain
        self._stages = Stages(self.console)
        self.dashboard: Dashboard | None = None
        """What has shown a training, if that was a live screen."""

    def say(self, line: str) -> None:
        """Print a line."""
        print_words(self.console, line)

    def note(self, message: object) -> None:
        """Print a note on the standard error."""
        note(message)

    def complain(self, message: object) -> None:
        """Print an error on the standard error."""
        complain(message)

    def dataset(self, dataset: Dataset) -> None:
        """Say which data are used, and what is special about them."""
        self.say(f"data:   {dataset.source}")
        if dataset.notice and self.console.quiet:  # it says what the scores are of
            self.note(dataset.notice)
        elif dataset.notice:
            self.say(f"        {dataset.notice}")

    def device(self, choice: Device) -> None:
        """Say which device is used, why, and where help is."""
        self.say(f"device: {device_reason(choice)}")
        if choice.advice:
            self.say("        `gpunet devices` says what keeps a GPU from being used")

    def checked(self, check: AdapterCheck) -> None:
        """Say on the standard error that an adapter was checked, and how long that took."""
        if not self.console.quiet:
            self.note(f"checking {check.device.name} once: {formats.seconds(check.seconds)}")

    def tiles(self, count: int, seconds: float) -> None:
        """Say for how many products tiles were measured."""
        self.say(
            f"tiles:  the fastest for {count} products, measured in {formats.seconds(seconds)} and "
            "kept for later runs"
        )

    @contextmanager
    def training(self) -> Iterator[Callback]:
        """A dashboard, a table in a notebook, or lines of text."""
        if in_notebook():
            yield NotebookTable()
            return
        with self._display(_dashboard, PlainPrinter) as display:
            self.dashboard = None if isinstance(display, PlainPrinter) else display
            yield display

    def search(self) -> AbstractContextManager[SearchObserver]:
        """A leaderboard, or lines of text, for as long as the context is open."""
        from gpunet.terminal.live.leaderboard import PlainSearch

        return self._display(_leaderboard, PlainSearch)

    @contextmanager
    def _display(
        self,
        screen: Callable[[Console, Control], AbstractContextManager[Screen]],
        lines: Callable[[Console], Lines],
    ) -> Iterator[Screen | Lines]:
        """A live screen where there is room for one, else lines; Ctrl-C asks the work to stop."""
        try:
            if wants_dashboard(self.console, self._plain):
                with screen(self.console, self.control) as display:
                    yield display
            else:
                with Interrupts(self.control):
                    yield lines(self.console)
        finally:
            if self._bell and has_a_user(self.console):
                self.console.bell()

    def log(self, path: Path) -> Callback:
        """A callback that appends a line for each epoch."""
        return log_printer(path)

    def show_stage(self, what: str, name: str) -> AbstractContextManager[Update]:
        """A line that is gone afterwards; without a terminal one for what takes long."""
        return self._stages.stage(what, name)


def _dashboard(console: Console, control: Control) -> Dashboard:
    """The screen of a training, whose code is loaded where there is a screen."""
    from gpunet.terminal.live.dashboard import Dashboard

    return Dashboard(console, control)


def _leaderboard(console: Console, control: Control) -> LiveLeaderboard:
    """The screen of a search."""
    from gpunet.terminal.live.leaderboard import LiveLeaderboard

    return LiveLeaderboard(console, control)


class Warnings(Messages):
    """Says nothing but what users must know, as Python warns of it."""

    def note(self, message: object) -> None:
        """Warn of something that the user should know."""
        warn(message)

    def dataset(self, dataset: Dataset) -> None:
        """Warn of what is special about the data."""
        if dataset.notice:
            self.note(dataset.notice)

    def log(self, path: Path) -> Callback:
        """A callback that appends a line for each epoch."""
        return log_printer(path)

    def search(self) -> AbstractContextManager[SearchObserver]:
        """Show nothing of a search."""
        return nullcontext(SearchObserver())


def messages_for(*, verbose: bool) -> ConsoleMessages | Warnings:
    """The messages of a function that a script calls."""
    return ConsoleMessages(patient=True) if verbose else Warnings()
