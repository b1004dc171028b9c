"""What a run uses of the machine, in one line of the dashboard."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.training.events import Progress

__all__ = ["system_strip"]


def system_strip(console: Console, progress: Progress, width: int) -> Text:
    """Memory, processors and the device's part in a step, as far as known and as there is room."""
    separator = f" {glyphs(console.options.ascii_only).separator} "
    device = [_size(progress.device_memory)]
    host = [_size(progress.host_memory)]
    step = [] if progress.step_seconds is None else [formats.seconds(progress.step_seconds)]
    if progress.processors is not None:
        host.append(f"{progress.processors:.1f} processors")
    if progress.device_share is not None and progress.step_seconds is not None:
        device.append(f"{100 * progress.device_share:.0f} % busy")
        own = progress.device_share * progress.step_seconds
        rest = progress.step_seconds - own
        step[0] += f": {formats.seconds(own)} device, {formats.seconds(rest)} host"
    text = Text()
    for name, values in (("device", device), ("host", host), ("a step", step)):
        known = [value for value in values if value]
        part = Text.assemble((f"{name} ", Ink.MUTED), separator.join(known))
        gap = "   " if text else ""
        if known and text.cell_len + len(gap) + part.cell_len <= width:
            text.append(gap).append_text(part)
    return text


def _size(value: int | None) -> str:
    return "" if value is None else formats.size(int(value))
