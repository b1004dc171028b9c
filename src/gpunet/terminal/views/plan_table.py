"""A training step's plan as tables: what every pass computes, moves and consists of.

What the passes are is said by ``engine.plan``; how long they take, by ``profile_table``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from gpunet.engine.planning.passes import Pass, Plan
from gpunet.engine.planning.persistent import workgroup_layout
from gpunet.engine.planning.tiles import Product
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.columns import Columns
from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.tables import summary_table
from gpunet.training.windows import Windows

__all__ = ["plan_tables", "windows_line"]

LEGEND = (
    "product: rows x columns x depth (parts x terms, if the depth is split)",
    "groups: of threads, across x down    loops: of a thread, at most",
    "bytes: operands read once, results written",
)


def plan_tables(
    plan: Plan, steps_a_dispatch: int, measured: Mapping[str, bool]
) -> Iterator[RenderableType]:
    """The passes with their totals, what a workgroup holds if it is one, and the shaders' files.

    Args:
        plan: to be shown.
        steps_a_dispatch: that its only pass takes, if it is of that kind.
        measured: for the label of every product whether its tile was measured.
    """
    yield _pass_table(plan)
    yield from (Text(line, Ink.MUTED) for line in LEGEND)
    yield Text()
    if plan.many_steps:
        yield summary_table(_workgroup(plan, steps_a_dispatch))
        yield Text()
    yield summary_table([(one.label, _files(one, measured)) for one in plan.passes])


def windows_line(windows: Windows) -> str:
    """In which parts the training samples come to the device, and what that moves."""
    count, total = len(windows.source), formats.size(windows.bytes)
    if len(windows) == 1:
        return f"load:   all {formats.count(count)} training samples at once, {total}"
    moved = formats.size(count * windows.source.row_bytes)
    return (
        f"load:   {formats.count(len(windows))} windows of {formats.count(windows.size)} training "
        f"samples, {total} each, two at a time; an epoch reads and copies {moved}"
    )


def _files(one: Pass, measured: Mapping[str, bool]) -> str:
    """What a shader consists of; of a product first the tile, and who chose it."""
    first, *others = one.pieces
    if one.product is not None:
        first += " (measured)" if measured[one.label] else " (by rule)"
    return "  ".join([first, *others])


def _pass_table(plan: Plan) -> Columns:
    table = Columns(["<pass", "product", "groups", "threads", "loops", "bytes", "FLOP"])
    for one in plan.passes:
        table.add(one.label, *_figures(one))
    moved = sum(one.traffic for one in plan.passes)
    done = sum(one.operations for one in plan.passes)
    cells = [formats.size(moved), formats.amount(done)]
    table.add("a step in all", *[""] * 4, *cells, style=Ink.MUTED)
    return table


def _figures(one: Pass) -> list[str]:
    across, down, networks = one.workgroups
    product = one.product
    return [
        _shape(product) if product else "",
        f"{across}x{down}" + (f"x{networks}" if networks > 1 else ""),
        str(one.threads),
        formats.count(one.iterations),
        formats.size(one.traffic),
        formats.amount(one.operations),
    ]


def _shape(product: Product) -> str:
    """A product's rows, columns and depth, and what the depth is split into."""
    parts = f" ({product.parts}x{product.depth // product.parts})" * (product.parts > 1)
    return f"{product.rows}x{product.columns}x{product.depth}{parts}"


def _workgroup(plan: Plan, steps_a_dispatch: int) -> list[tuple[str, str]]:
    """How the persistent plan deals a network out."""
    layout, moments = workgroup_layout(plan), int(plan.passes[0].constants["MOMENTS"])
    registers = 16 * layout.groups * (1 + moments) + 4 * moments * layout.fours
    return [
        ("steps a dispatch", f"at most {steps_a_dispatch}"),
        ("threads", f"{layout.threads}: {layout.shares} shares of the features for 4 units each"),
        ("of layer 1", f"4 units x {layout.groups} x 4 features a thread"),
        ("of other layers", f"{4 * layout.fours} parameters a thread"),
        ("rows at once", f"{layout.chunk} of {layout.rows}"),
        ("workgroup memory", formats.size(4 * layout.floats)),
        ("registers", f"{registers} a thread for weights and moments"),
    ]
