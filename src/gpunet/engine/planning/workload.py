"""What a plan is made for: the networks, their settings, the batch and the device's traits."""

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
    """Which settings are used by any network of the population; the passes leave out the rest.

    Args:
        input_dropout: some input features are dropped.
        dropout: some hidden units are dropped.
        penalty: L1 or L2 of weights or biases.
        clip_value: each element of the gradient is bounded.
        clip_norm: the gradient's norm is bounded, so the gradient is stored until that is known.
        decay: decoupled weight decay.
        max_norm: the incoming weights of a unit are bounded.
        smoothing: some labels are smoothed.
        rate_by_inputs: weights learn at the learning rate over the square root of their layer's
            number of inputs.
        bias_rate: biases have their own learning rate.
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
        """Whether weights or biases use a fraction of the learning rate."""
        return self.rate_by_inputs or self.bias_rate

    @classmethod
    def of(cls, networks: Population) -> Switches:
        """The switches that these networks need."""

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
        rows: rows of a full batch, B.
        traits: what the device can do.
        population: number of networks, P.
        features: how the device stores the samples' features.
        rule: how parameters are updated.
        switches: the settings that any network uses.
        weights: numbers stored after a sample's label or targets: its weight in the training loss
            and its weight in all other metrics.
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
        """The workload of these networks for batches of ``rows`` rows."""
        shared = networks.population, features, networks.rule, Switches.of(networks)
        return cls(networks.network, rows, traits, *shared, weights)

    @property
    def targets(self) -> int:
        """Numbers per sample that give its wanted outputs: one class, or a target per output."""
        return 1 if self.network.kind == "classes" else self.network.outputs

    @property
    def label_words(self) -> int:
        """Numbers per sample in the buffer of labels."""
        return self.targets + self.weights

    @property
    def row_pieces(self) -> tuple[str, str]:
        """The shader files for the loss and the targets of a row of the batch."""
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
