"""Where activations and derivatives lie on a device in the layered plan."""

from __future__ import annotations

from dataclasses import dataclass

from gpunet.config import NetworkSpec
from gpunet.engine.planning.layout import padded
from gpunet.engine.planning.tiles import Traits, depth_parts

__all__ = ["ValuesLayout"]


@dataclass(frozen=True, slots=True)
class ValuesLayout:
    """Where each layer's values start in the buffer of one network's values.

    Attributes:
        outputs: of every layer; the last layer's come in parts.
        derivatives: of every layer; an evaluation needs only the last layer's, which hold its
            answers.
        norms: the statistics of every hidden layer's norm, in a training with layer norm.
        size: V, the length of the whole buffer.
        parts: into which the last layer's sums are split.
    """

    outputs: tuple[int, ...]
    derivatives: tuple[int, ...]
    norms: tuple[int, ...]
    size: int
    parts: int

    @classmethod
    def of(cls, network: NetworkSpec, rows: int, traits: Traits, *, training: bool) -> ValuesLayout:
        """The layout for batches of so many rows."""
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
    """Into how many parts a training splits the last layer's sums.

    The head, which reads them anyway, adds the parts. No other product is split: where no such pass
    follows, one more dispatch would cost more than is gained, and the passes of layer norm, with a
    row for every thread, are too slow at reading. Nor are those of an evaluation, or the rounding
    of a row would depend on how many there are.
    """
    last = network.layers[-1]
    return depth_parts(rows, last.outputs, last.inputs, traits)
