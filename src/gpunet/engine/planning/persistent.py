"""The persistent plan, for small networks: many steps per dispatch, one workgroup per network.

The layered plan starts three dispatches per layer and step, which cost a small network more than
its arithmetic. Here a network stays in its workgroup: the first layer's weights in registers, the
rest in workgroup memory. This module decides which networks fit and how to split them among the
threads; ``shaders/persistent.wgsl`` computes, and ``select`` chooses between the two plans.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import Layout, padded
from gpunet.engine.planning.passes import FLOAT_BYTES, Pass, Plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Switches, Workload
from gpunet.engine.population import MOMENTS

__all__ = [
    "MOST_ROWS",
    "WorkgroupLayout",
    "persistent_plan",
    "reason_unsupported",
    "workgroup_layout",
]

WORKGROUP_FLOATS = 16384 // 4
"""Floats in the 16 KiB of workgroup memory that every browser grants."""

MOST_GROUPS = 4
"""Most groups of 4 units x 4 features per thread on a GPU: their weights and two moments take 192
of a thread's 256 or so registers."""

MOST_THREADS_ON_SOFTWARE = 256

ON_SOFTWARE = {4: (36, 22), 8: (64, 14)}
"""Fewest threads and most groups per thread, by subgroup size. A processor keeps many groups in its
cache, and each subgroup makes every barrier slower, so few threads are better. But the shader
spells out every group, and twice as many take twice as long to compile. For the measurements see
``benchmarks/results/levers.md``."""

MOST_ELEMENTS, MOST_ELEMENTS_ON_HARDWARE = 32, 16
"""Most parameters of the later layers per thread; fewer on a GPU, whose registers are full
already."""

MOST_ROWS = 16
"""Largest batch: the shader spells out every row, and beyond this the layered plan has enough work
for many workgroups."""

ROWS_OF_A_CHUNK = 4
"""Most rows whose partial sums are in workgroup memory at the same time."""


@dataclass(frozen=True, slots=True)
class WorkgroupLayout:
    """How a network is split among the threads of a workgroup.

    Args:
        quartets: groups of four units in the first layer.
        shares: parts into which the first layer's inputs are split.
        groups: groups of four features per part; a thread keeps its four units' weights for these
            in registers, with their moments.
        stride: floats from one unit's partial sums to the next unit's.
        rows: rows of the batch.
        chunk: rows of the batch that the first layer computes at once.
        rest: parameters other than the first layer's weights, including their padding.
        values: floats of all layers' outputs and derivatives.
    """

    quartets: int
    shares: int
    groups: int
    stride: int
    rows: int
    chunk: int
    rest: int
    values: int

    @property
    def threads(self) -> int:
        """Threads of a workgroup."""
        return self.quartets * self.shares

    @property
    def fours(self) -> int:
        """Groups of four parameters of ``rest`` per thread."""
        return -(-self.rest // (4 * self.threads))

    @property
    def floats(self) -> int:
        """Floats that the network needs in workgroup memory."""
        partial = self.chunk * 4 * self.quartets * self.stride
        return self.rest + self.values + partial + 2 * self.rows + 1

    @property
    def fits(self) -> bool:
        """Whether a workgroup can hold the network."""
        return self.floats <= WORKGROUP_FLOATS and 4 * self.fours <= MOST_ELEMENTS


def persistent_plan(work: Workload) -> Plan | None:
    """The persistent plan, or ``None`` if ``reason_unsupported`` gives a reason."""
    network, rows, switches = work.network, work.rows, work.switches
    layout = _layout(network, rows, work.traits)
    if layout is None or reason_unsupported(work) is not None:
        return None
    activation = next((layer.activation for layer in network.layers[:-1]), "identity")
    size = Layout.of(network).size
    weights = [layer.inputs * layer.outputs for layer in network.layers]
    feature_bytes = 1 if work.features == "bytes" else FLOAT_BYTES
    constants = {
        **work.row_constants(training=True),
        "FEATURES": network.inputs,
        "INPUT_DROPOUT": switches.input_dropout,
        "PENALTY": switches.penalty,
        "CLIP_VALUE": switches.clip_value,
        "DECAY": switches.decay,
        "LEAKY_SLOPE": network.leaky_slope,
        "MOMENTS": MOMENTS[work.rule],
        "THREADS": layout.threads,
        "PARAMETERS": size,
        "SECOND_AT": work.population * size,
    }
    pieces = (
        "persistent",
        f"input/{work.features}",
        f"activation/{activation}",
        *work.row_pieces,
        f"optimizer/{work.rule}",
        *(["dropout_rates"] if switches.dropout else []),
    )
    only = Pass(
        "persistent",
        pieces,
        constants,
        (1, 1, work.population),
        _iterations(network, layout),
        work.population * 2 * rows * (3 * sum(weights) - weights[0]),  # samples need no gradient
        work.population * rows * (network.inputs * feature_bytes + FLOAT_BYTES),
        _variables(network, layout, switches, kept=work.traits.software),
    )
    return Plan((only,), rows, values=0, probabilities_at=0, many_steps=True)


def reason_unsupported(work: Workload) -> str | None:
    """A short reason why the persistent plan cannot train the network; ``None`` if it can."""
    network, switches = work.network, work.switches
    lacking = {
        "layer normalization": network.layer_norm,
        "clipping by the gradient's length": switches.clip_norm,
        "max-norm": switches.max_norm,
        "activations that differ from layer to layer": len(set(network.activations)) > 1,
    }
    for name, wanted in lacking.items():
        if wanted:
            return f"the persistent plan has no {name}"
    if work.rows > MOST_ROWS:
        return f"the persistent plan takes at most {MOST_ROWS} samples a batch"
    if _layout(network, work.rows, work.traits) is None:
        return "no workgroup holds the network"
    return None


def workgroup_layout(plan: Plan) -> WorkgroupLayout:
    """The layout of a plan that ``persistent_plan`` made."""
    known = dict(plan.passes[0].variables)
    return WorkgroupLayout(**{one.name: known[one.name] for one in fields(WorkgroupLayout)})  # type: ignore[arg-type]


def _layout(network: NetworkSpec, rows: int, traits: Traits) -> WorkgroupLayout | None:
    """The layout with the largest chunk that fits, or ``None``."""
    if rows > MOST_ROWS:
        return None
    first = network.layers[0]
    quartets, all_groups = -(-first.outputs // 4), -(-first.inputs // 4)
    if traits.software:
        threads, most_groups = ON_SOFTWARE.get(traits.lanes or 8, ON_SOFTWARE[8])
        wanted = max(-(-all_groups // most_groups), threads // quartets)
        shares = _even(all_groups, max(1, min(all_groups, wanted)))
        fits = quartets * shares <= MOST_THREADS_ON_SOFTWARE
    else:
        shares = min(all_groups, traits.threads // quartets)
        fits = all_groups <= MOST_GROUPS * shares
    if not fits:
        return None
    groups = -(-all_groups // shares)
    if not traits.software:
        shares = -(-all_groups // groups)  # the fewest with no more groups each
    for chunk in range(min(ROWS_OF_A_CHUNK, rows), 0, -1):
        layout = WorkgroupLayout(
            quartets=quartets,
            shares=shares,
            groups=groups,
            stride=shares | 1,
            rows=rows,
            chunk=chunk,
            rest=sum(_rest_sizes(network)),
            values=2 * rows * sum(padded(layer.outputs) for layer in network.layers),
        )
        crowded = not traits.software and 4 * layout.fours > MOST_ELEMENTS_ON_HARDWARE
        if rows % chunk == 0 and layout.fits and not crowded:
            return layout
    return None


def _even(groups: int, shares: int) -> int:
    """The number of shares, from ``shares`` down to an eighth fewer, with the least padding."""
    fewest = shares - shares // 8
    return min(range(shares, fewest - 1, -1), key=lambda some: some * -(-groups // some))


def _rest_sizes(network: NetworkSpec) -> list[int]:
    """Floats of each layer's parameters in workgroup memory; only the first layer's biases."""
    return [
        padded(layer.outputs) * (layer.inputs + 1 if index else 1)
        for index, layer in enumerate(network.layers)
    ]


def _variables(
    network: NetworkSpec, layout: WorkgroupLayout, switches: Switches, *, kept: bool
) -> tuple[tuple[str, object], ...]:
    """The shader template's variables; ``kept`` says whether features stay in registers."""
    layers, inputs_at, end, rest_at = [], 0, 0, 0
    on_device, sizes = Layout.of(network), _rest_sizes(network)
    for index, layer in enumerate(network.layers):
        stride = padded(layer.outputs)
        size = layout.rows * stride
        first = on_device.weights_at[index] + (0 if index else layer.inputs * stride)
        sizes_and_number = (layer.inputs, padded(layer.inputs), layer.outputs, stride, index + 1)
        layers.append((*sizes_and_number, first, rest_at, inputs_at, end, end + size))
        inputs_at, end, rest_at = end, end + 2 * size, rest_at + sizes[index]
    return (
        ("threads", layout.threads),
        ("rows", layout.rows),
        ("chunk", layout.chunk),
        ("quartets", layout.quartets),
        ("shares", layout.shares),
        ("stride", layout.stride),
        ("groups", layout.groups),
        ("fours", layout.fours),
        ("rest", layout.rest),
        ("values", layout.values),
        ("layers", tuple(layers)),
        ("dropout", switches.dropout),
        ("input_dropout", switches.input_dropout),
        ("regularized", switches.penalty or switches.clip_value or switches.decay),
        ("rate_by_inputs", switches.rate_by_inputs),
        ("own_rates", switches.own_rates),
        ("kept", kept),
    )


def _iterations(network: NetworkSpec, layout: WorkgroupLayout) -> int:
    """Most loop iterations of a thread in one step."""

    def rounds(tasks: int) -> int:
        return -(-tasks // layout.threads)

    first = rounds(layout.chunk * layout.quartets) * (layout.shares + 1)
    others = sum(
        rounds(layout.rows * padded(layer.outputs) // 4) * (layer.inputs + 1)
        + rounds(layout.rows * padded(layer.inputs) // 4) * (padded(layer.outputs) // 4 + 1)
        for layer in network.layers[1:]
    )
    score = rounds(layout.rows) * (1 + 4 * network.outputs) + layout.rows
    chunks = layout.rows // layout.chunk
    return 1 + chunks * first + others + score + layout.fours * layout.rows
