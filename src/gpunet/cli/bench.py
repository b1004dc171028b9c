"""``gpunet bench``: this machine's adapters against numpy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpunet.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.bench import Case, Measurement
    from gpunet.engine.wgpu.adapters import Adapter

__all__ = ["bench"]


def bench(
    device: Annotated[
        str,
        typer.Option(
            "--device",
            help="Measure only this adapter: an index or part of its name.",
            show_default="all adapters",
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Measure the smallest network only.")] = (
        False
    ),
    roofline: Annotated[
        bool,
        typer.Option(
            "--roofline",
            help="Compare with each device's peak performance at multiply-adds and at copies.",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure matmul, forward pass, head, update and training step on GPU and CPU.

    The ratio tells how many times as fast as numpy an adapter is on this machine.

    Examples:
        gpunet bench --quick
        gpunet bench --roofline
        gpunet bench --device cpu --json
    """
    from gpunet.artifacts.report import strict_json
    from gpunet.bench import CASES, run
    from gpunet.terminal.live.console import make_console
    from gpunet.terminal.live.notes import note_load
    from gpunet.terminal.live.stages import Stages

    note_load()
    console = make_console(quiet=as_json)
    with Stages(console).stage("looking for devices"):
        adapters = _adapters(device)
    cases = CASES[:1] if quick else CASES
    if as_json:
        measured = run(adapters, cases, roofline=roofline)
        print(strict_json([_content(one, roofline) for one in measured]))
        return
    _print_heading(console, adapters)
    if roofline:
        _print_rooflines(console, adapters)
    for case in cases:
        _print_case(console, case, _measured(console, adapters, case, roofline), roofline)


def _adapters(device: str) -> list[Adapter]:
    from gpunet.engine.factory import list_adapters, select_device

    if not device:
        return [adapter for adapter in list_adapters() if adapter.usable]
    chosen = select_device(device, shaders=True).adapter
    return [] if chosen is None else [chosen]


def _print_heading(console: Console, adapters: Sequence[Adapter]) -> None:
    from gpunet.terminal.draw.device_name import device_in_words
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.console import print_words

    names = ", ".join(device_in_words(adapter.info) for adapter in adapters)
    print_words(console, f"numpy against {names}" if names else "numpy alone")
    if names:
        words = "rate: by the adapter's clock, if it has one; ratio: times as fast as numpy"
        print_words(console, words, Ink.MUTED)


def _print_rooflines(console: Console, adapters: Sequence[Adapter]) -> None:
    """The peak performance of each device."""
    from gpunet.engine.wgpu.roofline import measure_roofline
    from gpunet.terminal.draw import formats
    from gpunet.terminal.draw.device_name import short_name
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.console import print_words
    from gpunet.terminal.live.stages import Stages

    words = "roofline: the share of the time taken that the best rates of a device would need"
    print_words(console, words, Ink.MUTED)
    for adapter in (None, *adapters):
        with Stages(console).stage("measuring the best rates of each device"):
            reached = measure_roofline(adapter)
        arithmetic = formats.amount(reached.operations_per_second)
        memory = formats.amount(reached.bytes_per_second)
        name = "numpy" if adapter is None else short_name(adapter.info.name)
        words = f"  {name}: {arithmetic}FLOP/s at multiply-adds, {memory}B/s at copies"
        print_words(console, words, Ink.MUTED)


def _measured(
    console: Console, adapters: Sequence[Adapter], case: Case, roofline: bool
) -> list[Measurement]:
    from gpunet.bench import OPERATIONS, run
    from gpunet.terminal.live.stages import Stages

    words, total = f"measuring {case}", OPERATIONS * (1 + len(adapters))
    measured: list[Measurement] = []
    with Stages(console).stage(words) as tell:
        for one in run(adapters, [case], roofline=roofline):
            measured.append(one)
            tell(words, len(measured), total)
    return measured


def _print_case(
    console: Console, case: Case, measured: Sequence[Measurement], roofline: bool
) -> None:
    """Print a table for a case, with a row per operation and device."""
    from gpunet.terminal.draw.columns import Columns
    from gpunet.terminal.draw.style import Ink
    from gpunet.terminal.live.console import print_words
    from gpunet.terminal.views.profile_table import ABOVE, FASTER, share_of_roofline

    names = _shown_names(measured)
    names_of_figures = ["wall clock", "on device", "rate", "ratio", *["roofline"] * roofline]
    table = Columns(["<operation", "<device", *names_of_figures])
    operations = list(dict.fromkeys(one.operation for one in measured))
    ordered = sorted(measured, key=lambda one: operations.index(one.operation))
    for operation, group in groupby(ordered, key=lambda one: one.operation):
        rows = list(group)
        for one in rows:
            title = operation if one is rows[0] else ""
            table.add(title, names[one.device], *_figures(one, rows[0]))
    console.print()
    console.print(str(case), style=Ink.STRONG)
    console.print(table)
    if any(share_of_roofline(one.roofline or 0) == ABOVE for one in measured):
        print_words(console, f"{ABOVE}: {FASTER}", Ink.MUTED)


def _shown_names(measured: Sequence[Measurement]) -> dict[str, str]:
    """The devices' short names, or their full names if two would look alike."""
    from gpunet.terminal.draw.device_name import short_name

    names = {one.device: short_name(one.device) for one in measured}
    return names if len(set(names.values())) == len(names) else {name: name for name in names}


def _figures(one: Measurement, numpy: Measurement) -> list[str]:
    from gpunet.terminal.views.profile_table import share_of_roofline

    ratio = "" if one is numpy else f"{numpy.wall_seconds / one.wall_seconds:.2f}x"
    on_device = "" if one.device_seconds is None else _time(one.device_seconds)
    cells = [_time(one.wall_seconds), on_device, f"{one.rate:.2f} {one.unit}", ratio]
    return cells if one.roofline is None else [*cells, share_of_roofline(one.roofline)]


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


def _content(one: Measurement, roofline: bool) -> dict[str, Any]:
    return {
        "case": one.case,
        "operation": one.operation,
        "device": one.device,
        "wall_seconds": one.wall_seconds,
        "device_seconds": one.device_seconds,
        "rate": one.rate,
        "unit": one.unit,
        **({"roofline": one.roofline} if roofline else {}),
    }
