"""The plan of a training step as tables: what each pass computes, moves and consists of.

``engine.plan`` plans the passes; ``profile_table`` shows how long they take.
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
    """The passes with totals, what a workgroup holds in a persistent plan, and the shader files.

    Args:
        plan: the plan to show.
        steps_a_dispatch: most steps per dispatch of a persistent plan.
        measured: for the label of each product, whether its tile was chosen by measurement.
    """
    yield _pass_table(plan)
    yield from (Text(line, Ink.MUTED) for line in LEGEND)
    yield Text()
    if plan.many_steps:
        yield summary_table(_workgroup(plan, steps_a_dispatch))
        yield Text()
    yield summary_table([(one.label, _files(one, measured)) for one in plan.passes])


def windows_line(windows: Windows) -> str:
    """How the training samples are loaded onto the device, and how many bytes that moves."""
    count, total = len(windows.source), formats.size(windows.bytes)
    if len(windows) == 1:
        return f"load:   all {formats.count(count)} training samples at once, {total}"
    moved = formats.size(count * windows.source.row_bytes)
    return (
        f"load:   {formats.count(len(windows))} windows of {formats.count(windows.size)} training "
        f"samples, {total} each, two at a time; an epoch reads and copies {moved}"
    )


def _files(one: Pass, measured: Mapping[str, bool]) -> str:
    """A shader's pieces; a product's first piece is its tile, with how it was chosen."""
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
    """A product's rows, columns and depth, and how the depth is split."""
    parts = f" ({product.parts}x{product.depth // product.parts})" * (product.parts > 1)
    return f"{product.rows}x{product.columns}x{product.depth}{parts}"


def _workgroup(plan: Plan, steps_a_dispatch: int) -> list[tuple[str, str]]:
    """How the persistent plan distributes a network over the threads of a workgroup."""
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
