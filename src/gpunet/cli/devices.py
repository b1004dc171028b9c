"""``gpunet devices``: the devices of this machine, and the one that ``auto`` takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpunet.cli import options
from gpunet.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.engine.adapter_check import AdapterCheck
    from gpunet.engine.factory import Device
    from gpunet.engine.wgpu.adapters import Adapter

__all__ = ["devices"]

MIB = 1 << 20

MATRIX_UNITS = "matrix units (tensor cores) stand idle, as wgpu grants no use of them"


def devices(
    as_json: options.AsJson = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Compare every kernel of the best adapter, or of --device, with numpy, and check "
            "that two runs give equal bits; exit code 1 if a kernel fails.",
        ),
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            envvar=options.NO_VARIABLE,
            help="The adapter for --check: its index or a part of its name.",
        ),
    ] = None,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            envvar=options.NO_VARIABLE,
            help="Forget which devices were faster, and which adapters were checked, so that "
            "training tries them again.",
        ),
    ] = False,
) -> None:
    """List the devices of this machine, and the one that auto takes.

    Examples:
        gpunet devices
        gpunet devices --check     # is every kernel right here?
        gpunet devices --forget
    """
    if device is not None and not check:
        raise UsageError("--device names the adapter for --check; give both, or neither")
    if forget:
        _forget()
    if check:
        _check(device or "gpu", as_json)
    elif forget:
        typer.echo("forgotten; the next trainings check and try the devices again")
    else:
        _list(as_json)


def _list(as_json: bool) -> None:
    """Show the devices, and the one that ``auto`` takes."""
    from gpunet.artifacts.report import strict_json
    from gpunet.engine.factory import list_adapters, select_device
    from gpunet.terminal.draw.device_name import device_reason, short_name
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.stages import Stages

    console = make_console(quiet=as_json)
    with Stages(console).stage("looking for devices"):
        adapters = list_adapters()
        choice = select_device("auto", adapters)
    if as_json:
        print(strict_json(_content(adapters, choice)))
        return
    _print_list(console, adapters, choice)
    console.print()
    console.print(f"auto takes {device_reason(choice)}")
    if choice.rival is not None:
        rival = short_name(choice.rival.info.name)
        console.print(f"a longer training tries {rival}, too, and takes the faster one")
    if choice.advice:
        console.print(choice.advice)
    if not all(adapter.software for adapter in adapters):
        console.print(MATRIX_UNITS)


def _forget() -> None:
    """Remove the kept trials, verdicts and borders between plans.

    Raises:
        OutputError: a file cannot be removed.
    """
    from gpunet.engine import device_trial, verdicts
    from gpunet.engine.wgpu import plan_trial
    from gpunet.errors import OutputError, reason_of
    from gpunet.files.cache import cache_folder

    for file in (device_trial.FILE, verdicts.FILE, plan_trial.FILE):
        path = cache_folder() / file
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be removed: {reason_of(error)}; remove it by hand"
            ) from error


def _check(selector: str, as_json: bool) -> None:
    """Check an adapter and show the results."""
    from gpunet.artifacts.report import strict_json
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.workflows.devices import check_device

    console = make_console(quiet=as_json)
    check = check_device(selector, ConsoleMessages(console))
    if as_json:
        print(strict_json(check.to_dict()))
    else:
        _print_check(console, check)
    if check.failed:
        raise typer.Exit(1)


def _print_check(console: Console, check: AdapterCheck) -> None:
    """Print a line for each kernel, the verdict, and lines to paste into a bug report."""
    from gpunet.terminal.draw.columns import Columns
    from gpunet.terminal.draw.style import Ink

    table = Columns(["<kernel", "difference", "allowed", "same bits", "<verdict"])
    for one in check.kernels:
        results = f"{one.difference:.0e}", f"{one.allowed:.0e}", "yes" if one.same_bits else "no"
        table.add(one.kernel, *results, one.verdict, style="" if one.passed else Ink.WRONG)
    console.print(table)
    console.print(f"\n{check.summary}\n\nfor a report:\n", soft_wrap=True)
    console.print(check.report, soft_wrap=True)


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
    """Print every adapter with the limits on the size of data and networks, and numpy."""
    from gpunet.engine.reference.numpy_engine import numpy_device
    from gpunet.terminal.live.console import print_words

    for adapter in adapters:
        info, limits = adapter.info, adapter.limits
        taken = " (auto)" if adapter is choice.adapter else ""
        console.print(f"{adapter.index:<3}  {info.name}{taken}", style="bold", soft_wrap=True)
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
            print_words(console, f"     {line}")
    cpu = numpy_device()
    taken = " (auto)" if choice.adapter is None else ""
    console.print(f"cpu  {cpu.name}{taken}", style="bold", soft_wrap=True)
    console.print(f"     the numpy engine, {cpu.driver}", soft_wrap=True)
