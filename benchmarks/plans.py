"""Measures on every adapter which plan is faster, the time of a dispatch, and the host's load.

The persistent and the layered plan take turns, round by round, at shapes on both sides of the
border that ``gpunet.engine.planning.select`` draws; in the end a step is the median of the rounds:

    python benchmarks/plans.py

A dispatch that waits for the one before it is timed by the smallest network there is, whose passes
have next to nothing to compute. The host's share is the part of a run's wall clock in which the
processor records commands instead of waiting for the adapter. The rows are printed as they are
measured, and with ``--output FOLDER`` written there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from statistics import median

from gpunet.config import NetworkSpec
from gpunet.engine.factory import select_device
from gpunet.engine.planning.passes import Plan
from gpunet.engine.planning.select import PlanName, select_plan
from gpunet.engine.planning.workload import Workload
from gpunet.engine.timing import Rounds
from gpunet.engine.wgpu.adapters import Adapter, list_adapters
from gpunet.engine.wgpu.device import open_device
from output import Output, parser_of, run_script
from peers.engines import engine_on
from peers.machine import machine, results
from peers.shapes import Shape, add_shape_option
from peers.task import CLASSES

SHAPES = (
    "784-16-16@1 784-16-16@4 784-16-16@8 784-16-16@16 784-16-16@64 784-32@4 784-32@8 64-64@8 "
    "64-32-16@8 784-128@32 784-512-512@128"
)

SMALLEST = Shape(NetworkSpec(4, (2,), CLASSES), 1)

SECONDS_A_ROUND = 0.1


def main() -> None:
    """Measure every adapter, or the one that is named."""
    options = _options()
    output = Output(options.output, results("plans"), ".md")
    chosen = select_device(options.device).adapter if options.device else None
    adapters = list_adapters() if chosen is None else (chosen,)
    output.show(".md", _document(adapters, options.shape, options.rounds))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--device", help="as gpunet's own option; default: every adapter")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each plan")
    add_shape_option(parser, SHAPES)
    return parser.parse_args()


def _document(adapters: Sequence[Adapter], shapes: Sequence[Shape], rounds: int) -> Iterator[str]:
    yield "# The two plans side by side"
    yield ""
    yield f"{machine()}. Adam, batches of random bytes; medians over {rounds} rounds in turn."
    for adapter in adapters:
        yield ""
        yield f"## {adapter.info}"
        yield ""
        yield f"A dispatch that depends on the one before costs {_dispatch_cost(adapter):.0f} us."
        yield ""
        yield "| network | layered, ms | passes | host | persistent, ms | host | ratio | taken |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for shape in shapes:
            print(f"{adapter.info.name}: {shape}", file=sys.stderr)
            yield _row(adapter, shape, rounds)


def _rounds(adapter: Adapter, shape: Shape, plan: PlanName) -> Rounds:
    device = select_device(str(adapter.index))
    return Rounds.of(engine_on(device, shape.network.inputs, shape.config, plan), SECONDS_A_ROUND)


def _dispatch_cost(adapter: Adapter) -> float:
    """Microseconds."""
    rounds = _rounds(adapter, SMALLEST, "layered")
    for _ in range(5):
        rounds.take()
    return 1e6 * rounds.step / len(_plan(adapter, SMALLEST, "layered").passes)


def _row(adapter: Adapter, shape: Shape, turns: int) -> str:
    layered = _rounds(adapter, shape, "layered")
    fits = _plan(adapter, shape, "persistent").many_steps
    persistent = _rounds(adapter, shape, "persistent") if fits else None
    for _ in range(turns):
        layered.take()
        if persistent is not None:
            persistent.take()
    taken = "persistent" if _plan(adapter, shape, "auto").many_steps else "layered"
    cells = [str(shape), _milliseconds(layered)]
    cells += [str(len(_plan(adapter, shape, "layered").passes)), _host(layered)]
    if persistent is None:
        cells += ["does not fit", "-", "-"]
    else:
        ratios = [a / b for a, b in zip(layered.seconds, persistent.seconds, strict=True)]
        cells += [_milliseconds(persistent), _host(persistent), f"{median(ratios):.1f}"]
    return f"| {' | '.join([*cells, taken])} |"


def _plan(adapter: Adapter, shape: Shape, wanted: PlanName) -> Plan:
    traits = open_device(adapter).traits
    return select_plan(Workload(shape.network, shape.batch, traits), wanted)


def _milliseconds(rounds: Rounds) -> str:
    return f"{1e3 * rounds.step:.3g}"


def _host(rounds: Rounds) -> str:
    return f"{100 * median(rounds.host):.0f} %"


if __name__ == "__main__":
    run_script(main)
