"""What a run uses of the machine, in one line of the dashboard."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from gpunet.terminal.draw import formats
from gpunet.terminal.draw.style import Ink, glyphs
from gpunet.training.events import Progress

__all__ = ["system_strip"]


def system_strip(console: Console, progress: Progress, width: int) -> Text:
    """Memory, processors, and the time of a step: as much as is known and fits."""
    dot = f" {glyphs(console.options.ascii_only).separator} "
    device, host, step = [_size(progress.device_memory)], [_size(progress.host_memory)], []
    if progress.processors is not None:
        host.append(f"CPU {100 * progress.processors:.0f} %")
    if progress.step_seconds is not None:
        step.append(f"{formats.seconds(progress.step_seconds)} per step")
        if progress.device_share is not None:
            device.append(f"{100 * progress.device_share:.0f} % busy")
            own = progress.device_share * progress.step_seconds
            step.append(f"{formats.seconds(own)} of it on the device")
    text = Text()
    name = "host memory" if any(device) else "memory"
    for what, values in (("device memory", device), (name, host), ("", step)):
        known = [value for value in values if value]
        part = Text.assemble((f"{what} " if what else "", Ink.MUTED), dot.join(known))
        gap = "   " if text else ""
        if known and text.cell_len + len(gap) + part.cell_len <= width:
            text.append(gap).append_text(part)
    return text


def _size(value: int | None) -> str:
    return "" if value is None else formats.size(int(value))
