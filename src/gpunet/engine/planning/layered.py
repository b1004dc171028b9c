"""The layered plan, for networks of any size: one pass per kernel and layer of a training step.

Nothing here touches a device: ``wgpu_engine`` runs the passes, and ``gpunet explain`` prints them.
The passes compute what ``reference.kernels`` specifies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from gpunet.config import LOSS_FACTS
from gpunet.engine.planning.layout import Layout, padded
from gpunet.engine.planning.passes import FLOAT_BYTES, Pass, Plan, cut
from gpunet.engine.planning.tiles import Product, choose_tile
from gpunet.engine.planning.values import ValuesLayout
from gpunet.engine.planning.workload import Switches, Workload
from gpunet.engine.population import MOMENTS, Rule
from gpunet.parameters import layer_rates

__all__ = ["evaluation_plan", "training_plan"]

Step = Rule | Literal["store_gradient"]
"""How a gradient is used: an update rule applies it at once, or it is stored to be clipped."""

HEAD_THREADS = 64

SPLIT_HEAD_THREADS = 256
"""Threads of a head that also adds up the parts of the logits; every device allows this many."""

NORM_THREADS = 256
STEP_THREADS = 64


def training_plan(work: Workload) -> Plan:
    """The passes of one training step: forward, head, back, update."""
    network, rule, switches = work.network, work.rule, work.switches
    builder = _PlanBuilder(work, training=True)
    layers = range(len(network.layers))
    passes = builder.all_forward()
    passes.append(builder.head())
    for index in reversed(layers[1:]):
        passes.append(builder.input_gradient(index))
        if network.layer_norm:
            passes.append(builder.layer_norm_gradient(index - 1))
    how: Step = "store_gradient" if switches.clip_norm else rule
    passes += [builder.update(index, how) for index in layers]
    if network.layer_norm:
        passes += [builder.layer_norm_update(index, how) for index in layers[:-1]]
    if switches.clip_norm:
        passes += [builder.gradient_norm(), *builder.apply_updates(rule)]
    if switches.max_norm:
        passes += [builder.max_norm(index) for index in layers]
    return builder.plan(passes)


def evaluation_plan(work: Workload) -> Plan:
    """The passes that score one batch and store its probabilities, without dropout and the like."""
    builder = _PlanBuilder(replace(work, switches=Switches()), training=False)
    return builder.plan([*builder.all_forward(), builder.head()])


class _PlanBuilder:
    """Builds the passes of one training step or of one evaluation batch."""

    def __init__(self, work: Workload, *, training: bool) -> None:
        self.work, self.population = work, work.population
        self.network, self.rows = work.network, work.rows
        self.features, self.traits, self.training = work.features, work.traits, training
        self.switches = work.switches
        self.layout = Layout.of(work.network)
        self.at = ValuesLayout.of(work.network, work.rows, work.traits, training=training)
        self.parts = self.at.parts
        self.common = {"ROWS": float(work.rows), "VALUES": float(self.at.size)}

    def all_forward(self) -> list[Pass]:
        """The forward passes of all layers, with the norms of hidden layers, if any."""
        passes = []
        for index in range(len(self.network.layers)):
            passes.append(self.forward(index))
            if self._has_norm(index):
                passes.append(self.layer_norm(index))
        return passes

    def forward(self, index: int) -> Pass:
        """The forward pass of one layer. If a norm follows, it stores the raw preactivations."""
        layer = self.network.layers[index]
        bare = self._has_norm(index)
        activation = "identity" if bare else layer.activation
        output = self._hidden_output(index, bare=bare)
        parts = self.parts if index == len(self.network.hidden) else 1
        stored = self.rows * (2 if output["KEEP_DERIVATIVES"] else parts)
        return self._product(
            f"forward {index + 1}",
            (*self._source("forward", index), f"activation/{activation}"),
            {**self._inputs(index), **output},
            (self.rows, layer.outputs, layer.inputs),
            self._inputs_bytes(index) + FLOAT_BYTES * layer.outputs * (layer.inputs + 1 + stored),
            parts,
        )

    def layer_norm(self, index: int) -> Pass:
        """The pass for a hidden layer's norm, activation and dropout."""
        layer = self.network.layers[index]
        constants = {**self._norm(index), **self._hidden_output(index, bare=False)}
        pieces = ("layer_norm", f"activation/{layer.activation}")
        # Training also keeps the derivatives and the normalized preactivations.
        arrays = 4 if self.training else 2
        return self._by_row(f"layer_norm {index + 1}", pieces, constants, 4 * layer.outputs, arrays)

    def layer_norm_gradient(self, index: int) -> Pass:
        """The backward pass through a hidden layer's norm."""
        layer = self.network.layers[index]
        constants = {**self._norm(index), "DELTAS_AT": self.at.derivatives[index]}
        label = f"layer_norm_gradient {index + 1}"
        return self._by_row(label, ("layer_norm_gradient",), constants, 2 * layer.outputs, 4)

    def layer_norm_update(self, index: int, rule: Step) -> Pass:
        """The pass for the gradient of a hidden layer's scales and shifts, applied or stored."""
        units = self.network.layers[index].outputs
        constants = {
            **self._norm(index),
            "THREADS": STEP_THREADS,
            "CLIP_VALUE": self.switches.clip_value,
            "DECAY": self.switches.decay and rule != "store_gradient",
        }
        return self._elementwise(
            f"layer_norm_update {index + 1}",
            ("layer_norm_update", *self._step(rule)),
            {**constants, **self._moments(rule)},
            workgroups=-(-units // (4 * STEP_THREADS)),
            iterations=self.rows,
            operations=3 * units * self.rows,
            traffic=units * (2 * FLOAT_BYTES * self.rows + 2 * self._step_bytes(rule)),
        )

    def head(self) -> Pass:
        """The pass for the loss, the metrics and, in training, the last layer's deltas."""
        outputs, parts = self.network.outputs, self.parts
        threads = HEAD_THREADS if parts == 1 else SPLIT_HEAD_THREADS
        constants = {
            **self.common,
            "THREADS": threads,
            "PARTS": parts,
            "LOGITS_AT": self.at.outputs[-1],
            "DELTAS_AT": self.at.derivatives[-1],
            **self.work.row_constants(training=self.training),
        }
        words = (1 + parts) * outputs + self.work.label_words
        rows_a_thread = -(-self.rows // threads)
        logits_a_thread = -(-self.rows * padded(outputs) // threads)
        return Pass(
            LOSS_FACTS[self.network.loss].kernel,
            ("head", *self.work.row_pieces),
            constants,
            (1, 1, self.population),
            logits_a_thread * (parts - 1)
            + rows_a_thread * (1 + 3 * outputs)
            + int(math.log2(threads)),
            (4 + parts) * self.population * self.rows * outputs,
            FLOAT_BYTES * self.population * self.rows * words,
        )

    def input_gradient(self, index: int) -> Pass:
        """The backward pass through one layer, to the preactivations of the layer below."""
        layer = self.network.layers[index]
        constants = {
            **self._layer(index),
            "DELTAS_AT": self.at.derivatives[index],
            "DERIVATIVES_AT": self.at.derivatives[index - 1],
        }
        return self._product(
            f"input_gradient {index + 1}",
            ("input_gradient",),
            constants,
            (self.rows, layer.inputs, layer.outputs),
            FLOAT_BYTES
            * (
                self.rows * layer.outputs
                + layer.inputs * layer.outputs
                + 2 * self.rows * layer.inputs
            ),
        )

    def update(self, index: int, rule: Step) -> Pass:
        """The pass for the gradient of one layer's weights and biases, applied or stored."""
        layer = self.network.layers[index]
        constants = {
            **self._inputs(index),
            "DELTAS_AT": self.at.derivatives[index],
            "INPUT_DROPOUT": self.switches.input_dropout,
            "PENALTY": self.switches.penalty,
            "CLIP_VALUE": self.switches.clip_value,
            "DECAY": self.switches.decay and rule != "store_gradient",
            **self._rate(index),
        }
        return self._product(
            f"update {index + 1}",
            (*self._source("update", index), *self._step(rule)),
            {**constants, **self._moments(rule)},
            (layer.inputs + 1, layer.outputs, self.rows),
            self._inputs_bytes(index)
            + layer.outputs
            * (FLOAT_BYTES * self.rows + (layer.inputs + 1) * self._step_bytes(rule)),
        )

    def gradient_norm(self) -> Pass:
        """The pass for the factor that clips the stored gradient."""
        constants = {"THREADS": NORM_THREADS, "PARAMETERS": self.layout.size}
        rounds = -(-self.layout.size // (4 * NORM_THREADS))
        count = self.layout.size
        return self._elementwise(
            "gradient_norm",
            ("gradient_norm",),
            constants,
            workgroups=1,
            iterations=rounds + 8,
            operations=2 * count,
            traffic=FLOAT_BYTES * count,
        )

    def apply_updates(self, rule: Rule) -> list[Pass]:
        """The passes that apply the stored gradient: one, or one per learning rate."""
        size = self.layout.size
        if not self.switches.own_rates:
            return [self._apply_update("apply_update", rule, 0, size, {"BIASES_AT": size})]
        passes = []
        for index, (layer, first) in enumerate(
            zip(self.network.layers, self.layout.weights_at, strict=True)
        ):
            biases_at = first + layer.inputs * padded(layer.outputs)
            rates = {**self._rate(index), "BIASES_AT": biases_at}
            end = biases_at + padded(layer.outputs)
            passes.append(self._apply_update(f"apply_update {index + 1}", rule, first, end, rates))
        if self.network.layer_norm:
            first = self.layout.scales_at[0]
            passes.append(
                self._apply_update("apply_update", rule, first, size, {"BIASES_AT": size})
            )
        return passes

    def _apply_update(
        self, label: str, rule: Rule, first: int, end: int, rates: Mapping[str, float]
    ) -> Pass:
        """The pass that applies the stored gradient to the parameters from ``first`` to ``end``."""
        count = end - first
        workgroups = min(-(-count // (4 * STEP_THREADS)), 65535)
        constants = {
            **self._moments(rule),
            "THREADS": STEP_THREADS,
            "WORKGROUPS": workgroups,
            "PARAMETERS": self.layout.size,
            "FIRST": first,
            "END": end,
            "DECAY": self.switches.decay,
            **rates,
        }
        pieces = ("apply_update", *self._step(rule))
        rounds = -(-count // (4 * STEP_THREADS * workgroups))
        moved = count * (FLOAT_BYTES + self._step_bytes(rule))
        return self._elementwise(
            label,
            pieces,
            constants,
            workgroups=workgroups,
            iterations=rounds,
            operations=2 * count,
            traffic=moved,
        )

    def max_norm(self, index: int) -> Pass:
        """The pass that bounds the norm of the incoming weights of every unit in a layer."""
        layer = self.network.layers[index]
        constants = {**self._layer(index), "THREADS": STEP_THREADS}
        workgroups = -(-layer.outputs // (4 * STEP_THREADS))
        return self._elementwise(
            f"max_norm {index + 1}",
            ("max_norm",),
            constants,
            workgroups=workgroups,
            iterations=2 * layer.inputs,
            operations=3 * layer.inputs * layer.outputs,
            traffic=2 * FLOAT_BYTES * layer.inputs * layer.outputs,
        )

    def plan(self, passes: list[Pass]) -> Plan:
        """The plan made of these passes."""
        return Plan(tuple(passes), self.rows, self.at.size, self.at.derivatives[-1])

    def _has_norm(self, index: int) -> bool:
        return self.network.layer_norm and index < len(self.network.hidden)

    def _hidden_output(self, index: int, *, bare: bool) -> dict[str, float]:
        """Constants for storing a layer's output; ``bare`` stores the preactivations unchanged."""
        hidden = index < len(self.network.hidden)
        return {
            "OUTPUTS_AT": self.at.outputs[index],
            "DERIVATIVES_AT": self.at.derivatives[index],
            "LAYER": index + 1,
            "HIDDEN_LAYERS": len(self.network.hidden),
            "KEEP_DERIVATIVES": self.training and hidden and not bare,
            "INPUT_DROPOUT": self.switches.input_dropout,
            "DROPOUT": self.switches.dropout and hidden and not bare,
            "LEAKY_SLOPE": self.network.leaky_slope,
        }

    def _norm(self, index: int) -> dict[str, float]:
        """Sizes of a hidden layer, and offsets of its scales and of the backward pass's data."""
        kept_at = self.at.norms[index] if self.training else 0
        size = padded(self.rows) * padded(self.network.layers[index].outputs)
        return {
            **self._layer(index),
            "SCALES_AT": self.layout.scales_at[index],
            "NORMALIZED_AT": kept_at,
            "KEPT_AT": kept_at + size,
            "INVERSE_AT": kept_at + 2 * size,
        }

    def _by_row(
        self,
        label: str,
        pieces: tuple[str, ...],
        constants: Mapping[str, float],
        iterations: int,
        arrays: int,
    ) -> Pass:
        """A pass with one thread per row of the batch; it moves ``arrays`` arrays (B, O)."""
        values = self.population * self.rows * int(constants["OUTPUTS"])
        return Pass(
            label,
            pieces,
            {**self.common, "THREADS": HEAD_THREADS, **constants},
            (-(-self.rows // HEAD_THREADS), 1, self.population),
            iterations,
            8 * values,
            arrays * FLOAT_BYTES * values,
        )

    def _layer(self, index: int) -> dict[str, float]:
        """A layer's sizes and the offset of its weights."""
        layer = self.network.layers[index]
        return {
            "INPUTS": layer.inputs,
            "OUTPUTS": layer.outputs,
            "PARAMETERS": self.layout.size,
            "WEIGHTS_AT": self.layout.weights_at[index],
        }

    def _rate(self, index: int) -> dict[str, float]:
        """A layer's factor on the learning rate; empty if all parameters learn at the same rate."""
        if not self.switches.own_rates:
            return {}
        rates = layer_rates(self.network, by_inputs=self.switches.rate_by_inputs)
        return {"OWN_RATES": True, "RATE": rates[index]}

    def _inputs(self, index: int) -> dict[str, float]:
        """A layer's sizes, the offset of its weights, and where its inputs come from."""
        if index == 0:
            return {**self._layer(index), "FEATURES": self.network.inputs}
        return {**self._layer(index), "INPUTS_AT": self.at.outputs[index - 1]}

    def _source(self, kernel: str, index: int) -> tuple[str, ...]:
        """The shader files of a kernel that reads a layer's inputs."""
        if index == 0:
            return (f"{kernel}_sample", f"input/{self.features}")
        return (f"{kernel}_hidden",)

    def _step(self, rule: Step) -> tuple[str, ...]:
        """The shader files that apply or store a gradient."""
        return ("store_gradient",) if rule == "store_gradient" else ("step", f"optimizer/{rule}")

    def _inputs_bytes(self, index: int) -> int:
        """Bytes of a layer's inputs (B, I)."""
        size = 1 if index == 0 and self.features == "bytes" else FLOAT_BYTES
        return size * self.rows * self.network.layers[index].inputs

    def _step_bytes(self, rule: Step) -> int:
        """Bytes moved to update one parameter and its moments, or to store its gradient."""
        return FLOAT_BYTES if rule == "store_gradient" else 2 * FLOAT_BYTES * (1 + MOMENTS[rule])

    def _moments(self, rule: Step) -> dict[str, float]:
        """The number of the optimizer's moments and the offset of the second one."""
        if rule == "store_gradient":
            return {}
        second_at = self.population * self.layout.size
        return {"MOMENTS": MOMENTS[rule], "SECOND_AT": second_at}

    def _elementwise(
        self,
        label: str,
        pieces: tuple[str, ...],
        constants: Mapping[str, float],
        *,
        workgroups: int,
        iterations: int,
        operations: int,
        traffic: int,
    ) -> Pass:
        """A pass over parameters; ``operations`` and ``traffic`` count a single network."""
        return Pass(
            label,
            pieces,
            {**self.common, **constants},
            (workgroups, 1, self.population),
            iterations,
            self.population * operations,
            self.population * traffic,
        )

    def _product(
        self,
        label: str,
        pieces: tuple[str, ...],
        constants: Mapping[str, float],
        shape: tuple[int, int, int],
        traffic: int,
        parts: int = 1,
    ) -> Pass:
        """A matmul of shape (rows, columns, depth), with the depth split into ``parts``."""
        product = Product(pieces[0], *shape, self.population, parts)
        tile = choose_tile(product, self.traits)
        terms = padded(product.depth) // parts
        uncut = Pass(
            label,
            (tile.shader, *pieces),
            {**self.common, "DEPTH": terms, "PARTS": parts, **constants},
            (0, 0, self.population),
            terms // 4 + 8 * 5,  # at most eight blocks of four rows are stored
            2 * product.multiplications,
            self.population * traffic,
            product=product,
        )
        return cut(uncut, tile)
