"""``gpunet train --explain-plan``: the passes of the training step, and their shaders."""

from __future__ import annotations

import textwrap

import typer
from rich.console import Console

from gpunet.cli.sources import choose_device, open_data
from gpunet.config import TrainConfig
from gpunet.engine.interface import NetworkSettings
from gpunet.engine.plan import Plan
from gpunet.engine.shader_source import assemble
from gpunet.engine.wgpu_engine import WgpuEngine
from gpunet.errors import UsageError
from gpunet.terminal.console import make_console
from gpunet.terminal.plan_table import plan_tables
from gpunet.training.class_weights import class_weights
from gpunet.training.splits import split

__all__ = ["explain_plan"]


def explain_plan(
    config: TrainConfig, data: str, device: str, *, plain: bool, shader: str | None
) -> None:
    """Print what a training step consists of, or the shader of one of its passes; train nothing.

    Args:
        config: how would be trained.
        data: a dataset's name or a path.
        device: as ``--device`` says.
        plain: no escape codes.
        shader: the label of a pass whose shader is to be printed instead.

    Raises:
        GpunetError: whatever a user can cause or mend.
    """
    console = make_console(plain=plain, quiet=shader is not None)
    choice = choose_device(device, console)
    if choice.adapter is None:
        if shader is not None:
            raise UsageError(f"{choice.info.name} has no shaders; --show-shader needs an adapter")
        console.print(
            "plan:   none: numpy has no passes, it goes from kernel to kernel", soft_wrap=True
        )
        return
    dataset = open_data(data, console)
    training = split(dataset, config).training
    network, settings = (
        config.network(dataset.inputs, len(dataset.classes)),
        (NetworkSettings.of(config),),
    )
    with WgpuEngine(
        network, settings, config.optimizer, config.batch_size, choice.adapter
    ) as engine:
        engine.class_weights = class_weights(config.class_weights, training.labels, network.classes)
        engine.load("train", training[: config.batch_size])
        plan = engine.training_plan()
        if shader is None:
            _print_plan(console, engine, plan)
        else:
            typer.echo(_shader(plan, shader))


def _print_plan(console: Console, engine: WgpuEngine, plan: Plan) -> None:
    name = "persistent" if plan.many_steps else "layered"
    console.print(f"plan:   {name}: {plan.why}", soft_wrap=True)
    tiles = sorted({one.pieces[0].removeprefix("tile/") for one in plan.passes if one.product})
    if tiles:
        console.print(f"tiles:  {', '.join(tiles)}: {engine.why_tiles}", soft_wrap=True)
    console.print()
    for part in plan_tables(plan, engine.steps_a_dispatch(plan)):
        console.print(part)


def _shader(plan: Plan, label: str) -> str:
    """The finished WGSL of a pass, headed by what it is run with."""
    one = next((one for one in plan.passes if one.label == label), None)
    if one is None:
        known = ", ".join(one.label for one in plan.passes)
        raise UsageError(f"--show-shader {label!r} names no pass; this plan has: {known}")
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
