"""A workflow's messages and displays: on a console, or as Python warnings."""

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
    """Prints a workflow's messages, and shows its progress on a live screen if possible.

    Args:
        console: where messages go; by default, a new console made from the next three arguments.
        plain: print lines of text instead of a live screen.
        quiet: print only notes and errors.
        patient: let long work go on when its output is no longer read.
        bell: ring the terminal's bell when a training or a search ends.
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
        """The live screen that showed the latest training, if it had one."""

    def say(self, line: str) -> None:
        """Print a line."""
        print_words(self.console, line)

    def note(self, message: object) -> None:
        """Print a note to stderr."""
        note(message)

    def complain(self, message: object) -> None:
        """Print an error to stderr."""
        complain(message)

    def dataset(self, dataset: Dataset) -> None:
        """Print which data are used, and what is special about them."""
        self.say(f"data:   {dataset.source}")
        if dataset.notice and self.console.quiet:  # it says which data the scores belong to
            self.note(dataset.notice)
        elif dataset.notice:
            self.say(f"        {dataset.notice}")

    def device(self, choice: Device) -> None:
        """Print which device is used and why, and where to find help."""
        self.say(f"device: {device_reason(choice)}")
        if choice.advice:
            self.say("        `gpunet devices` says what keeps a GPU from being used")

    def checked(self, check: AdapterCheck) -> None:
        """Print to stderr that an adapter was checked, and how long that took."""
        if not self.console.quiet:
            self.note(f"checking {check.device.name} once: {formats.seconds(check.seconds)}")

    def tiles(self, count: int, seconds: float) -> None:
        """Print for how many matrix products the fastest tiles were measured."""
        self.say(
            f"tiles:  the fastest for {count} products, measured in {formats.seconds(seconds)} and "
            "kept for later runs"
        )

    @contextmanager
    def training(self) -> Iterator[Callback]:
        """Show a training as a dashboard, a notebook table, or lines of text."""
        if in_notebook():
            yield NotebookTable()
            return
        with self._display(_dashboard, PlainPrinter) as display:
            self.dashboard = None if isinstance(display, PlainPrinter) else display
            yield display

    def search(self) -> AbstractContextManager[SearchObserver]:
        """Show a search as a leaderboard or lines of text while the context is open."""
        from gpunet.terminal.live.leaderboard import PlainSearch

        return self._display(_leaderboard, PlainSearch)

    @contextmanager
    def _display(
        self,
        screen: Callable[[Console, Control], AbstractContextManager[Screen]],
        lines: Callable[[Console], Lines],
    ) -> Iterator[Screen | Lines]:
        """Open a live screen if possible, else print lines; Ctrl-C asks the work to stop."""
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
        """Show a progress line for a stage; without a terminal, print only long stages."""
        return self._stages.stage(what, name)


def _dashboard(console: Console, control: Control) -> Dashboard:
    """A training's screen; its code is imported only if the screen is shown."""
    from gpunet.terminal.live.dashboard import Dashboard

    return Dashboard(console, control)


def _leaderboard(console: Console, control: Control) -> LiveLeaderboard:
    """A search's screen; its code is imported only if the screen is shown."""
    from gpunet.terminal.live.leaderboard import LiveLeaderboard

    return LiveLeaderboard(console, control)


class Warnings(Messages):
    """Reports only what users must know, as Python warnings."""

    def note(self, message: object) -> None:
        """Issue a warning with this message."""
        warn(message)

    def dataset(self, dataset: Dataset) -> None:
        """Issue a warning about anything special in the data."""
        if dataset.notice:
            self.note(dataset.notice)

    def log(self, path: Path) -> Callback:
        """A callback that appends a line for each epoch."""
        return log_printer(path)

    def search(self) -> AbstractContextManager[SearchObserver]:
        """A silent observer: a search shows nothing."""
        return nullcontext(SearchObserver())


def messages_for(*, verbose: bool) -> ConsoleMessages | Warnings:
    """The messages of a library function: printed if verbose, else only warnings."""
    return ConsoleMessages(patient=True) if verbose else Warnings()
