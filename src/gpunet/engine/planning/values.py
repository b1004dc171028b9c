"""The layout of activations and derivatives on a device in the layered plan."""

from __future__ import annotations

from dataclasses import dataclass

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.tiles import Traits, depth_parts

__all__ = ["ValuesLayout"]


@dataclass(frozen=True, slots=True)
class ValuesLayout:
    """Offsets of each layer's values in the buffer of one network's values.

    Attributes:
        outputs: where every layer's outputs start; the last layer's come in ``parts``.
        derivatives: where every layer's derivatives start; an evaluation needs only the last
            layer's, where it stores its answers.
        norms: where the statistics of every hidden layer's norm start; empty in an evaluation or
            without layer norm.
        size: V, the length of the whole buffer.
        parts: number of parts that the last layer's sums are split into.
    """

    outputs: tuple[int, ...]
    derivatives: tuple[int, ...]
    norms: tuple[int, ...]
    size: int
    parts: int

    @classmethod
    def of(cls, network: NetworkSpec, rows: int, traits: Traits, *, training: bool) -> ValuesLayout:
        """The layout for batches of ``rows`` rows."""
        parts = _output_parts(network, rows, traits) if training else 1
        outputs, derivatives, norms, end = [], [], [], 0
        for layer in network.layers:
            outputs.append(end)
            end += padded(rows) * padded(layer.outputs)
        end += (parts - 1) * padded(rows) * padded(network.outputs)
        for index, layer in enumerate(network.layers):
            needed = training or index == len(network.layers) - 1
            derivatives.append(end if needed else 0)
            end += padded(rows) * padded(layer.outputs) if needed else 0
        for units in network.hidden if network.layer_norm and training else ():
            norms.append(end)
            end += padded(rows) * (2 * padded(units) + 4)  # normalized, kept (B, O), inverse (B, 1)
        return cls(tuple(outputs), tuple(derivatives), tuple(norms), end, parts)


def _output_parts(network: NetworkSpec, rows: int, traits: Traits) -> int:
    """Number of parts that training splits the last layer's sums into.

    The head, which reads these sums anyway, adds the parts. No other matmul is split: adding its
    parts would take another dispatch, which costs more than it gains, or a pass of layer norm,
    which reads too slowly with its one thread per row. An evaluation splits none, or a row's
    rounding would depend on the number of rows.
    """
    last = network.layers[-1]
    return depth_parts(rows, last.outputs, last.inputs, traits)
