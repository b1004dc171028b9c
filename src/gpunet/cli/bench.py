"""``gpunet bench``: this machine's adapters against numpy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpunet.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.bench import Case, Measurement
    from gpunet.engine.device import Adapter

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
    as_json: options.AsJson = False,
) -> None:
    """Measure matrix product, forward pass, head, update and training step on GPU and CPU.

    The ratio says how many times faster the adapter is than numpy on this machine's processor.
    """
    from gpunet.bench import CASES, run
    from gpunet.terminal.console import make_console

    adapters = _adapters(device)
    cases = CASES[:1] if quick else CASES
    if as_json:
        print(json.dumps([_content(one) for one in run(adapters, cases)], indent=2))
        return
    console = make_console()
    console.print(_heading(adapters), soft_wrap=True)
    for case in cases:
        _print_case(console, case, _measured(console, adapters, case))


def _adapters(device: str) -> list[Adapter]:
    from gpunet.engine.factory import choose, list_adapters

    if not device:
        return [adapter for adapter in list_adapters() if adapter.usable]
    chosen = choose(device).adapter
    return [] if chosen is None else [chosen]


def _heading(adapters: Sequence[Adapter]) -> str:
    names = ", ".join(str(adapter.info) for adapter in adapters) or "no adapter was found"
    return f"numpy against {names}"


def _measured(console: Console, adapters: Sequence[Adapter], case: Case) -> list[Measurement]:
    from gpunet.bench import run

    if not console.is_terminal:
        return list(run(adapters, [case]))
    with console.status(f"measuring {case}"):
        return list(run(adapters, [case]))


def _print_case(console: Console, case: Case, measured: Sequence[Measurement]) -> None:
    """A table per case: a row per operation and device."""
    from rich.table import Table

    table = Table(title=str(case), title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("operation", no_wrap=True)
    table.add_column("device", overflow="ellipsis", no_wrap=True, max_width=12)
    for name in ("wall clock", "on device", "rate", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    ordered = sorted(measured, key=lambda one: _operations(measured).index(one.operation))
    for operation, group in groupby(ordered, key=lambda one: one.operation):
        rows = list(group)
        for place, one in enumerate(rows):
            table.add_row(
                operation if place == 0 else "", *_cells(one, rows[0]), end_section=one is rows[-1]
            )
    console.print()
    console.print(table)


def _cells(one: Measurement, numpy: Measurement) -> list[str]:
    ratio = "" if one is numpy else f"{numpy.wall_seconds / one.wall_seconds:.2f}x"
    device = "" if one.device_seconds is None else _time(one.device_seconds)
    return [one.device, _time(one.wall_seconds), device, f"{one.rate:.2f} {one.unit}", ratio]


def _operations(measured: Sequence[Measurement]) -> list[str]:
    return list(dict.fromkeys(one.operation for one in measured))


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


def _content(one: Measurement) -> dict[str, Any]:
    return {
        "case": one.case,
        "operation": one.operation,
        "device": one.device,
        "wall_seconds": one.wall_seconds,
        "device_seconds": one.device_seconds,
        "rate": one.rate,
        "unit": one.unit,
    }
