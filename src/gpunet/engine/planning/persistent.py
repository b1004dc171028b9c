"""The plan for small networks: one dispatch takes many whole steps, one workgroup a network.

The plan of ``layered`` starts three dispatches a layer and a step, which for a small network
costs more than the arithmetic. Here a network never leaves its workgroup: the first layer's
weights stay in registers, the rest in workgroup memory. This module decides what fits there and how
it is dealt out to the threads; ``shaders/persistent.wgsl`` computes, and ``select`` chooses between
the two plans.
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
"""Numbers in the memory that a browser grants a workgroup."""

MOST_GROUPS = 4
"""Groups of 4 units x 4 features that a thread of a GPU may hold: their weights and two moments are
192 registers, of the 256 or so that it has."""

MOST_THREADS_ON_SOFTWARE = 256

ON_SOFTWARE = {4: (36, 22), 8: (64, 14)}
"""Threads at least, and groups of a thread at most, by the lanes of a subgroup. A processor keeps
the groups in its cache, and every subgroup pays at every barrier; but every group is written out in
the shader, and twice as many take twice as long to compile. ``benchmarks/results/levers.md`` has
the measurements."""

MOST_ELEMENTS, MOST_ELEMENTS_ON_HARDWARE = 32, 16
"""Parameters of the other layers that one thread moves at most; on a GPU its registers are full
already."""

MOST_ROWS = 16
"""Rows of a batch at most; every row is written out in the shader, and from here on the layered
plan has work enough for many workgroups."""

ROWS_OF_A_CHUNK = 4
"""Rows whose partial sums lie in workgroup memory together."""


@dataclass(frozen=True, slots=True)
class WorkgroupLayout:
    """How a network is dealt out to the threads of a workgroup.

    Args:
        quartets: groups of four units in the first layer.
        shares: parts into which its inputs are dealt.
        groups: of four features in each part: a thread keeps the weights of its four units for
            these in registers, with their moments.
        stride: of a unit's partial sums.
        rows: of the batch.
        chunk: rows of the batch that the first layer takes at once.
        rest: parameters beside the first layer's weights, with their padding.
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
        """Groups of four parameters of ``rest`` a thread."""
        return -(-self.rest // (4 * self.threads))

    @property
    def floats(self) -> int:
        """Numbers that workgroup memory holds."""
        partial = self.chunk * 4 * self.quartets * self.stride
        return self.rest + self.values + partial + 2 * self.rows + 1

    @property
    def fits(self) -> bool:
        """Whether a workgroup holds the network."""
        return self.floats <= WORKGROUP_FLOATS and 4 * self.fours <= MOST_ELEMENTS


def persistent_plan(work: Workload) -> Plan | None:
    """The plan, or ``None`` where ``reason_unsupported`` gives a reason."""
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
        work.population * 2 * rows * (3 * sum(weights) - weights[0]),  # nothing goes to the samples
        work.population * rows * (network.inputs * feature_bytes + FLOAT_BYTES),
        _variables(network, layout, switches, kept=work.traits.software),
    )
    return Plan((only,), rows, values=0, probabilities_at=0, many_steps=True)


def reason_unsupported(work: Workload) -> str | None:
    """Why this plan cannot train the network, in a few words; ``None`` if it can."""
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
        shares = -(-all_groups // groups)  # as few as keep no more
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
    """The number of shares, at most an eighth below this one, that wastes the least."""
    fewest = shares - shares // 8
    return min(range(shares, fewest - 1, -1), key=lambda some: some * -(-groups // some))


def _rest_sizes(network: NetworkSpec) -> list[int]:
    """Places in workgroup memory of each layer's parameters; of the first only the biases."""
    return [
        padded(layer.outputs) * (layer.inputs + 1 if index else 1)
        for index, layer in enumerate(network.layers)
    ]


def _variables(
    network: NetworkSpec, layout: WorkgroupLayout, switches: Switches, *, kept: bool
) -> tuple[tuple[str, object], ...]:
    """What the template repeats and counts; ``kept``: whether features stay in registers."""
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
    """Loop iterations of a thread in one step, at most."""

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
