"""``gpunet devices``: the devices of this machine, and which one is taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpunet.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.engine.factory import Device
    from gpunet.engine.wgpu.adapters import Adapter

__all__ = ["devices"]

MIB = 1 << 20


def devices(
    as_json: options.AsJson = False,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            help="Forget which devices were found faster, so that trainings try them anew.",
        ),
    ] = False,
) -> None:
    """List the devices of this machine, and say which one auto takes and why."""
    from gpunet.artifacts.report import strict_json
    from gpunet.engine.factory import list_adapters, select_device
    from gpunet.terminal.draw.device_name import device_reason, short_name
    from gpunet.terminal.live.console import make_console

    if forget:
        _forget()
        return
    adapters = list_adapters()
    choice = select_device("auto", adapters)
    if as_json:
        print(strict_json(_content(adapters, choice)))
        return
    console = make_console()
    _print_list(console, adapters, choice)
    console.print()
    console.print(f"auto takes {device_reason(choice)}")
    if choice.rival is not None:
        rival = short_name(choice.rival.info.name)
        console.print(f"a longer training tries {rival}, too, and takes the faster one")
    if choice.advice:
        console.print(choice.advice)


def _forget() -> None:
    """Remove the trials that were kept.

    Raises:
        OutputError: the file cannot be removed.
    """
    from gpunet.engine.device_trial import TrialCache
    from gpunet.errors import OutputError

    path = TrialCache.path()
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"{path} cannot be removed: {why}; remove it by hand") from error
    typer.echo("forgotten; the next longer training on auto tries the devices anew")


def _content(adapters: Sequence[Adapter], choice: Device) -> dict[str, Any]:
    from gpunet.engine.reference.numpy_engine import numpy_device

    taken = None if choice.adapter is None else choice.adapter.index
    return {
        "cpu": numpy_device(),
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


def _print_list(console: Console, adapters: Sequence[Adapter], choice: Device) -> None:
    """Every adapter with the limits that bound the size of data and networks, and numpy."""
    from gpunet.engine.reference.numpy_engine import numpy_device

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
    cpu = numpy_device()
    taken = " (auto)" if choice.adapter is None else ""
    console.print(f"cpu  {cpu.name}{taken}", style="bold", soft_wrap=True)
    console.print(f"   the numpy engine, {cpu.driver}", soft_wrap=True)
