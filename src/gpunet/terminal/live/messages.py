"""What a workflow says, on a console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console

from gpunet.datasets.dataset import Dataset
from gpunet.datasets.download import Progress
from gpunet.engine.factory import Device
from gpunet.terminal.draw.device_name import device_reason
from gpunet.terminal.live.notes import note
from gpunet.terminal.live.waiting import waiting_bar
from gpunet.workflows.messages import Messages, Update

__all__ = ["ConsoleMessages"]


class ConsoleMessages(Messages):
    """Prints a workflow's messages.

    Args:
        console: where they go; a quiet one leaves only the notes.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Print a line, however long."""
        self._console.print(line, soft_wrap=True)

    def note(self, message: object) -> None:
        """Print a note on the standard error."""
        note(message)

    def dataset(self, dataset: Dataset) -> None:
        """Say which data are used, and what is special about them."""
        self.say(f"data:   {dataset.source}")
        if dataset.notice and self._console.quiet:  # what the figures are of must be known
            self.note(dataset.notice)
        elif dataset.notice:
            self.say(f"        {dataset.notice}")

    def device(self, choice: Device) -> None:
        """Say which device is used, why, and where help is."""
        self.say(f"device: {device_reason(choice)}")
        if choice.advice:
            self.say("        `gpunet devices` says what keeps a GPU from being used")

    def fetching(self) -> AbstractContextManager[Progress]:
        """A bar, or one line for each thing that is under way."""
        return waiting_bar(self._console)

    @contextmanager
    def waiting(self, what: str) -> Iterator[Update]:
        """Show a spinner."""
        with self._console.status(what, spinner="line") as status:
            yield status.update
