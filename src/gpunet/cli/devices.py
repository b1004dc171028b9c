"""``gpunet devices``: the adapters of this machine, and which one is taken."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpunet.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.engine.device import Adapter
    from gpunet.engine.factory import Choice

__all__ = ["devices", "reason"]

MIB = 1 << 20


def devices(as_json: options.AsJson = False) -> None:
    """List the adapters of this machine, and say which one auto takes and why."""
    from gpunet.engine.factory import choose, list_adapters
    from gpunet.terminal.console import make_console

    adapters = list_adapters()
    choice = choose("auto", adapters)
    if as_json:
        print(json.dumps(_content(adapters, choice), indent=2))
        return
    console = make_console()
    if adapters:
        _print_list(console, adapters, choice)
        console.print()
    console.print(f"auto takes {reason(choice)}")
    if choice.advice:
        console.print(choice.advice)


def reason(choice: Choice) -> str:
    """Which device and why, in a line that fits a terminal."""
    from gpunet.terminal.device_name import device_in_words

    return choice.reason.replace(str(choice.info), device_in_words(choice.info))


def _content(adapters: Sequence[Adapter], choice: Choice) -> dict[str, Any]:
    taken = None if choice.adapter is None else choice.adapter.index
    return {
        "adapters": [
            {
                "index": adapter.index,
                **dataclasses.asdict(adapter.info),
                "usable": adapter.usable,
                "why_not": adapter.why or None,
                "limits": adapter.limits,
            }
            for adapter in adapters
        ],
        "auto": {"index": taken, "reason": choice.reason, "advice": choice.advice},
    }


def _print_list(console: Console, adapters: Sequence[Adapter], choice: Choice) -> None:
    """Every adapter with the limits that bound the size of data and networks."""
    for adapter in adapters:
        info, limits = adapter.info, adapter.limits
        taken = " (auto)" if adapter is choice.adapter else ""
        console.print(f"{adapter.index}  {info.name}{taken}", style="bold", soft_wrap=True)
        lines = [
            f"{info.kind}, {info.backend}, {info.driver}",
            f"buffers up to {limits['max-buffer-size'] // MIB:,} MiB, "
            f"{limits['max-storage-buffer-binding-size'] // MIB:,} MiB of them bound at once",
            f"{limits['max-compute-invocations-per-workgroup']:,} invocations and "
            f"{limits['max-compute-workgroup-storage-size'] // 1024:,} KiB per workgroup",
        ]
        if not adapter.usable:
            lines.append(f"cannot be used: {adapter.why}")
        for line in lines:
            console.print(f"   {line}", soft_wrap=True)
