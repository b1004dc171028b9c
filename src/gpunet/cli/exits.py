"""The exit codes of the command line, besides 0 for success and 1 for a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gpunet.training.events import Control

__all__ = ["INTERRUPTED", "MISTYPED", "leave_if_signaled"]

MISTYPED = 2
"""An invalid request: an unknown option, a wrong value, or a file that does not exist."""

SIGNALED = 128
"""The number that shells add to that of the signal that ended a program."""

INTERRUPTED = SIGNALED + 2
"""Ended by Ctrl-C, whose signal has the number 2."""


def leave_if_signaled(control: Control) -> None:
    """End the command, whose results are saved, if a signal has asked for that."""
    if control.signal is not None:
        raise typer.Exit(SIGNALED + control.signal)
