"""``gpunet explain``: the passes of the training step, and their shaders."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from gpunet.cli import options
from gpunet.cli.setting_options import with_settings
from gpunet.config import TrainConfig
from gpunet.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from gpunet.engine.planning.passes import Plan
    from gpunet.engine.wgpu.tile_cache import TileCache
    from gpunet.engine.wgpu.wgpu_engine import WgpuEngine

__all__ = ["explain"]

Shader = Annotated[
    str | None,
    typer.Option(
        metavar="PASS",
        help="Print the shader of a pass, like 'forward 1', instead.",
        rich_help_panel=options.OUTPUT,
    ),
]


@with_settings
def explain(
    *,
    context: typer.Context,
    named: options.DataArgument = None,
    data: options.Data = "auto",
    config: TrainConfig,
    device: options.Device = "auto",
    autotune: options.Autotune = True,
    shader: Shader = None,
    plain: options.Plain = False,
) -> None:
    """Print the passes of a training step on the device, or the shader of one; train nothing.

    Examples:
        gpunet explain mnist --hidden 128
        gpunet explain mnist --optimizer sgd
        gpunet explain strokes --device gpu --shader "forward 1"
    """
    from gpunet.datasets.catalog import require_named
    from gpunet.datasets.tables.options import TableOptions
    from gpunet.engine.wgpu.tile_cache import TileCache
    from gpunet.terminal.live.messages import ConsoleMessages
    from gpunet.terminal.views.plan_table import windows_line
    from gpunet.training.splits import split
    from gpunet.training.windows import Windows
    from gpunet.workflows.data import open_data
    from gpunet.workflows.devices import choose_device, training_engine, trial_engine

    messages = ConsoleMessages(plain=plain, quiet=shader is not None)
    data = options.data_named_by(context, named, data)
    require_named(data)
    choice = choose_device(device, messages, shaders=True)
    if choice.adapter is None and shader is not None:
        raise UsageError(f"{choice.info.name} has no shaders; --shader needs an adapter")
    dataset = open_data(data, messages, TableOptions.of(config))
    training = split(dataset, config).training
    if choice.adapter is None:
        with training_engine(choice, config, dataset) as engine:
            messages.say(windows_line(Windows.of(training, config, engine)))
        messages.say("plan:   none: numpy has no passes, it goes from kernel to kernel")
        return
    tiles = TileCache.of(choice.adapter) if autotune else None
    with trial_engine(config, choice.adapter, dataset, tiles) as engine:
        plan = engine.training_plan()
        if shader is None:
            messages.say(windows_line(Windows.of(training, config, engine)))
            _print_plan(messages.console, engine, plan, tiles)
        else:
            typer.echo(_shader(plan, shader))


def _print_plan(console: Console, engine: WgpuEngine, plan: Plan, tiles: TileCache | None) -> None:
    from gpunet.terminal.live.console import print_words
    from gpunet.terminal.views.plan_table import plan_tables

    name = "persistent" if plan.many_steps else "layered"
    print_words(console, f"plan:   {name}: {plan.why}")
    products = {one.label: one.product for one in plan.passes if one.product}
    measured = {
        label: tiles is not None and tiles.tile(product) is not None
        for label, product in products.items()
    }
    if products:
        words = f"{sum(measured.values())} of {len(products)} measured"
        if not all(measured.values()):
            words += f", the others by rule: {engine.tile_rule}"
        print_words(console, f"tiles:  {words}")
    console.print()
    for part in plan_tables(plan, engine.steps_a_dispatch(plan), measured):
        console.print(part)


def _shader(plan: Plan, label: str) -> str:
    """The complete WGSL of a pass, below its workgroups and constants."""
    from gpunet.engine.planning.shader_source import assemble

    one = next((one for one in plan.passes if one.label == label), None)
    if one is None:
        known = ", ".join(one.label for one in plan.passes)
        raise UsageError(f"--shader {label!r} names no pass; this plan has: {known}")
    source = assemble(one.pieces, one.variables)
    values = [
        f"{name} = {one.constants[name]:g}"
        for name in sorted(source.overrides)
        if name in one.constants
    ]
    across, down, networks = one.workgroups
    head = [f"// {one.label}: {across} x {down} x {networks} workgroups of {one.threads} threads"]
    head += [f"// {line}" for line in textwrap.wrap("override: " + ", ".join(values), 96)]
    return "\n".join([*head, source.text.rstrip()])
