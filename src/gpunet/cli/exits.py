"""The exit codes of the command line, beside 0 for what went well and 1 for a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gpunet.training.events import Control

__all__ = ["INTERRUPTED", "MISTYPED", "leave_if_signaled"]

MISTYPED = 2
"""What cannot be asked for: an option, a value, or a file that is not there."""

SIGNALED = 128
"""What shells add to the number of a signal that has ended a program."""

INTERRUPTED = SIGNALED + 2
"""Ended by Ctrl-C, whose signal has the number 2."""


def leave_if_signaled(control: Control) -> None:
    """End the command, now that its work is kept, if a signal has asked for that."""
    if control.signal is not None:
        raise typer.Exit(SIGNALED + control.signal)
