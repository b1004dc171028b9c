"""What a plan is made for: networks, a batch, settings, and what the device is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gpunet.config import LOSS_FACTS, NetworkSpec
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.population import Population, Rule

__all__ = ["Features", "Switches", "Workload"]

Features = Literal["bytes", "floats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Settings that any network of the population uses; the passes leave out the others.

    Args:
        input_dropout: some input features are dropped.
        dropout: some hidden units are dropped.
        penalty: L1 or L2 of weights or biases.
        clip_value: each part of the gradient is bounded.
        clip_norm: the gradient's length is bounded, so it must be kept until that is known.
        decay: decoupled weight decay.
        max_norm: the incoming weights of a unit are bounded.
        smoothing: some labels are smoothed.
        rate_by_inputs: weights learn at the learning rate over the root of their layer's inputs.
        bias_rate: biases learn at a rate of their own.
    """

    input_dropout: bool = False
    dropout: bool = False
    penalty: bool = False
    clip_value: bool = False
    clip_norm: bool = False
    decay: bool = False
    max_norm: bool = False
    smoothing: bool = False
    rate_by_inputs: bool = False
    bias_rate: bool = False

    @property
    def own_rates(self) -> bool:
        """Whether weights or biases take a share of the learning rate."""
        return self.rate_by_inputs or self.bias_rate

    @classmethod
    def of(cls, networks: Population) -> Switches:
        """What these networks want."""

        def wanted(*names: str) -> bool:
            return any(getattr(one, name) for one in networks.settings for name in names)

        return cls(
            input_dropout=wanted("input_dropout"),
            dropout=bool(networks.dropout_rates().any()),
            penalty=wanted("l1", "l2", "l1_biases", "l2_biases"),
            clip_value=wanted("clip_value"),
            clip_norm=wanted("clip_norm"),
            decay=wanted("weight_decay"),
            max_norm=wanted("max_norm"),
            smoothing=wanted("label_smoothing"),
            rate_by_inputs=networks.rate_by_inputs,
            bias_rate=any(one.bias_rate != 1 for one in networks.settings),
        )


@dataclass(frozen=True, slots=True)
class Workload:
    """What a plan is made for: the networks, the batch and the device.

    Args:
        network: the shape of all networks.
        rows: of a full batch, B.
        traits: of the device.
        population: networks side by side, P.
        features: how samples lie on the device.
        rule: how parameters are updated.
        switches: what any network wants.
        weights: numbers that lie behind a sample's label or targets: what its loss counts in
            training, and what it counts in all other metrics.
    """

    network: NetworkSpec
    rows: int
    traits: Traits
    population: int = 1
    features: Features = "bytes"
    rule: Rule = "adam"
    switches: Switches = Switches()
    weights: int = 0

    @classmethod
    def of(
        cls, networks: Population, rows: int, traits: Traits, features: Features, weights: int
    ) -> Workload:
        """What is done with batches of so many rows for these networks."""
        shared = networks.population, features, networks.rule, Switches.of(networks)
        return cls(networks.network, rows, traits, *shared, weights)

    @property
    def targets(self) -> int:
        """Numbers that say what a sample's outputs should be: its class, or a target for each."""
        return 1 if self.network.kind == "classes" else self.network.outputs

    @property
    def label_words(self) -> int:
        """Numbers of a sample in the buffer of labels."""
        return self.targets + self.weights

    @property
    def row_pieces(self) -> tuple[str, str]:
        """The files that say what a row of the batch costs, and what it should give."""
        facts = LOSS_FACTS[self.network.loss]
        return f"loss/{facts.kernel}", f"target/{facts.kind}"

    def row_constants(self, *, training: bool) -> dict[str, float]:
        """The override constants of ``shaders/row.wgsl``."""
        return {
            "ROWS": self.rows,
            "OUTPUTS": self.network.outputs,
            "TARGETS": self.targets,
            "WEIGHTS": self.weights,
            "COUNTED": self.network.kind != "measured" and self.weights < 2,
            "SMOOTHING": self.switches.smoothing,
            "TRAINING": training,
        }
