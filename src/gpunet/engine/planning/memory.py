"""How much memory the networks of a population take, and how many of them fit on a device.

It only counts, and needs no device; ``buffers`` makes the buffers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.passes import FLOAT_BYTES
from gpunet.engine.planning.program import SCHEDULE_WORDS, training_buffers
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.values import ValuesLayout
from gpunet.engine.planning.workload import Workload
from gpunet.engine.population import MOMENTS, Rule
from gpunet.errors import DeviceError

__all__ = [
    "WGPU_EVALUATION_ROWS",
    "buffer_bytes",
    "host_memory",
    "most_networks",
    "most_samples",
    "numpy_bytes",
    "require_fit",
    "require_host_memory",
]

WGPU_EVALUATION_ROWS = 1024
"""Most rows in an evaluation batch on an adapter."""


def buffer_bytes(
    network: NetworkSpec, rule: Rule, batch_size: int, samples: int, traits: Traits
) -> dict[str, int]:
    """Bytes that one network takes in each large buffer of an adapter, by the buffer's name."""
    work = Workload(network, batch_size, traits, rule=rule)
    values = ValuesLayout.of(network, batch_size, traits, training=True)
    training = training_buffers(work, samples, values.size)
    needs = {one.name: one.bytes for one in training if one.usage == "storage"}
    evaluation = ValuesLayout.of(network, WGPU_EVALUATION_ROWS, traits, training=False)
    return {**needs, "evaluation's values": FLOAT_BYTES * evaluation.size}


def most_samples(population: int, batch_size: int, row_bytes: int, limit: int) -> int:
    """How many training samples fit, with the order and the schedule of an epoch over them.

    ``limit`` is the largest size of a buffer in bytes.
    """
    words = max(padded(batch_size), SCHEDULE_WORDS)  # per step and network
    steps = limit // (FLOAT_BYTES * population * words)
    return min(limit // row_bytes, batch_size * steps)


def numpy_bytes(network: NetworkSpec, rule: Rule, batch_size: int) -> dict[str, int]:
    """Bytes of the host's memory that one network takes in the numpy engine.

    Parameters and moments count twice, since inactive networks are kept too, the gradient once.
    """
    arrays = 2 * (1 + MOMENTS[rule]) + 1
    units = 2 * sum(layer.outputs for layer in network.layers) + 2 * network.inputs
    return {"memory": FLOAT_BYTES * (arrays * network.parameter_count + batch_size * units)}


def host_memory() -> int | None:
    """Bytes of the machine's memory; ``None`` if the operating system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def most_networks(needs: Mapping[str, int], limit: int) -> int:
    """How many networks fit if each buffer, which they share, has at most ``limit`` bytes."""
    return limit // max(1, *needs.values())


def require_fit(population: int, needs: Mapping[str, int], limit: int, device: str) -> None:
    """Make sure that a population fits a device.

    ``needs`` maps each use of memory to one network's bytes; ``limit`` applies to each use.

    Raises:
        DeviceError: it does not fit; the message gives the largest population that does.
    """
    most = most_networks(needs, limit)
    if population <= most:
        return
    name, each = max(needs.items(), key=lambda need: need[1])
    seen = f"{population:,} networks need" if population > 1 else "the network needs"
    advice = f"at most {most:,} networks fit" if most else "use fewer units or a smaller batch"
    raise DeviceError(
        f"{seen} {-(-population * each >> 20):,} MiB for {name}, but {device} has "
        f"room for {limit >> 20:,} MiB of that; {advice}"
    )


def require_host_memory(population: int, network: NetworkSpec, rule: Rule, batch_size: int) -> None:
    """Raise a DeviceError unless the numpy engine's population fits in the machine's memory."""
    memory = host_memory()
    if memory is not None:
        require_fit(population, numpy_bytes(network, rule, batch_size), memory, "this machine")
