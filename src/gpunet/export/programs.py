"""The programs that a page may run: which networks it trains, how, and how many at once.

A page has no planner. Every combination that its reader can choose (hidden layers, optimizer, one
network or sixteen) is planned here, within the limits of every browser; the page runs the passes of
the chosen one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from gpunet.config import LOSS_FACTS, NetworkSpec, TrainConfig
from gpunet.config.choices import OPTIMIZERS
from gpunet.engine.planning.layered import evaluation_plan
from gpunet.engine.planning.layout import Layout
from gpunet.engine.planning.passes import FLOAT_BYTES
from gpunet.engine.planning.program import Program, evaluation_buffers, training_buffers
from gpunet.engine.planning.records import NETWORK, dropout_records, network_records
from gpunet.engine.planning.select import select_plan
from gpunet.engine.planning.tiles import Traits
from gpunet.engine.planning.workload import Features, Workload
from gpunet.engine.population import MOMENTS, Population
from gpunet.parameters import layer_starts

__all__ = ["POPULATION", "TAUGHT", "Menu", "PageSamples"]

POPULATION = 16
"""Networks trained side by side with different learning rates."""

TAUGHT = 64
"""Spare rows after the training samples, for samples that the reader draws and labels."""

LARGEST_BUFFER = 128 << 20
"""Bytes that every browser lets a shader bind; larger populations are not offered."""

SCORED_ROWS = 256
"""Batch size for the test set."""

HIDDEN: tuple[tuple[int, ...], ...] = ((), (16, 16), (32,), (64,), (128,), (64, 32))
"""Hidden layers to choose from, besides the model's own."""

SHARED = (
    *("hidden", "activation", "leaky_slope", "loss", "layer_norm", "initialization"),
    *("batch_size", "dropout", "input_dropout", "l1", "l2", "l1_biases", "l2_biases"),
    *("max_norm", "clip_value", "clip_norm", "label_smoothing", "bias_rate", "rate_by_inputs"),
)
"""Settings of the model's training that every network and optimizer of the menu keeps."""

KEPT = (
    *SHARED,
    *("optimizer", "learning_rate", "momentum", "nesterov", "beta1", "beta2", "epsilon"),
    "weight_decay",
)
"""Settings of the model's training that its own optimizer keeps."""

OF_SHAPE = ("hidden", "activation", "dropout")
"""Settings in which a network of the menu may differ from the model."""

OF_OPTIMIZER = tuple(name for name in KEPT if name not in SHARED)
"""Settings in which an optimizer of the menu may differ from the model."""

DEVICES = (Traits(software=False), Traits(software=True))
"""Limits that a browser grants on a GPU and on a processor: no subgroups, 256 threads in a
workgroup."""

_FILE = re.compile(r"^// ---- ", flags=re.MULTILINE)
"""Marks the start of a file in an assembled shader."""


@dataclass(frozen=True, slots=True)
class PageSamples:
    """Number and layout of a page's samples on its device.

    Args:
        train: number of training samples; 0 if the page cannot train.
        test: number of test samples.
        features: type of the features.
        weights: number of weights after each label of the training samples.
        test_weights: the same for the test samples.
    """

    train: int
    test: int
    features: Features
    weights: int = 0
    test_weights: int = 0


class Menu:
    """The networks, optimizers and programs of a page, as JSON holds them.

    Args:
        network: shape of the model.
        config: settings that it was trained with.
        samples: number and layout of the page's samples.
    """

    def __init__(self, network: NetworkSpec, config: TrainConfig, samples: PageSamples) -> None:
        self._samples = samples
        self._config = TrainConfig(**{name: getattr(config, name) for name in KEPT})
        self._own = config.ensemble
        self._pieces: dict[str, int] = {}
        self._shaders: dict[tuple[int, ...], int] = {}
        others = [one for one in HIDDEN if one != network.hidden] if samples.train else []
        self._networks = [network, *(_with_hidden(network, hidden) for hidden in others)]

    def to_dict(self) -> dict[str, Any]:
        """``pieces`` and ``shaders`` of WGSL, ``shapes``, ``optimizers`` and ``programs``."""
        programs = list(self._programs())
        return {
            "pieces": list(self._pieces),
            "shaders": [list(one) for one in self._shaders],
            "shapes": [shape_dict(one, self._config_of(one)) for one in self._networks],
            "optimizers": [self._optimizer(name) for name in self._optimizers()],
            "network": {
                "bytes": NETWORK.itemsize,
                "fields": {
                    name: {"at": field[1], "type": "f32" if field[0].kind == "f" else "u32"}
                    for name, field in (NETWORK.fields or {}).items()
                },
            },
            "batchSize": self._config.batch_size,
            "population": POPULATION,
            "taught": TAUGHT,
            "programs": programs,
        }

    def _optimizers(self) -> list[str]:
        """Names of the optimizers to choose from, the model's own first."""
        own = self._config.optimizer
        return [own, *(name for name in OPTIMIZERS if name != own and self._samples.train)]

    def _with_optimizer(self, name: str) -> TrainConfig:
        """The model's settings with another optimizer, at its own defaults."""
        if name == self._config.optimizer:
            return self._config
        usual = TrainConfig(optimizer=name)  # type: ignore[arg-type]
        return replace(usual, **{field: getattr(self._config, field) for field in SHARED})

    def _config_of(self, network: NetworkSpec, optimizer: str | None = None) -> TrainConfig:
        """The settings of a network of the menu."""
        config = self._with_optimizer(optimizer or self._config.optimizer)
        dropout = config.dropout
        if isinstance(dropout, tuple) and len(dropout) != len(network.hidden):
            dropout = max(dropout)
        return replace(
            config, hidden=network.hidden, activation=network.activation, dropout=dropout
        )

    def _optimizer(self, name: str) -> dict[str, Any]:
        config = self._with_optimizer(name)
        networks = Population(self._networks[0], [config])
        return {
            "name": name,
            "rule": networks.rule,
            "own": name == self._config.optimizer,
            "learningRate": config.in_effect("learning_rate"),
            "moments": MOMENTS[networks.rule],
            "beta1": networks.settings[0].beta1,
            "beta2": networks.settings[0].beta2,
            "settings": _named(config, OF_OPTIMIZER),
            "network": _base64(network_records(networks.settings)),
        }

    def _programs(self) -> Iterator[dict[str, Any]]:
        """Every program, for GPUs and for processors."""
        optimizers = self._optimizers() if self._samples.train else []
        for traits, (index, network) in product(DEVICES, enumerate(self._networks)):
            for population in self._populations(index):
                entry = {"shape": index, "population": population, "software": traits.software}
                for rows in (1, SCORED_ROWS) if self._samples.test else (1,):
                    program = self._score(network, population, rows, traits)
                    yield {**entry, "optimizer": None, "program": self._content(program)}
                for optimizer in optimizers:
                    program = self._step(network, optimizer, population, traits)
                    yield {**entry, "optimizer": optimizer, "program": self._content(program)}

    def _populations(self, index: int) -> Sequence[int]:
        own = self._own if index == 0 else 1
        layout = Layout.of(self._networks[index])
        moments = FLOAT_BYTES * max(MOMENTS.values()) * POPULATION * layout.size
        side_by_side = self._samples.train and moments <= LARGEST_BUFFER
        return sorted({own, POPULATION}) if side_by_side else (own,)

    def _content(self, program: Program) -> dict[str, Any]:
        """A program with shader numbers in place of shader texts."""
        content = program.to_dict()
        for one in content["passes"]:
            one["shader"] = self._shader(one.pop("wgsl"))
        return content

    def _shader(self, text: str) -> int:
        """The number of a shader; each of its files is stored once."""
        files = [f"// ---- {file.rstrip()}\n\n" for file in _FILE.split(text) if file]
        known = tuple(self._pieces.setdefault(file, len(self._pieces)) for file in files)
        return self._shaders.setdefault(known, len(self._shaders))

    def _step(
        self, network: NetworkSpec, optimizer: str, population: int, traits: Traits
    ) -> Program:
        """The program of a training step."""
        networks = Population(network, [self._config_of(network, optimizer)] * population)
        samples = self._samples
        work = Workload.of(networks, networks.batch_size, traits, samples.features, samples.weights)
        plan = select_plan(work)
        return Program(plan, training_buffers(work, samples.train + TAUGHT, plan.values))

    def _score(self, network: NetworkSpec, population: int, rows: int, traits: Traits) -> Program:
        """The program that answers a batch of this size; a single sample has no weight."""
        networks = Population(network, [self._config_of(network)] * population)
        samples = self._samples
        weights = 0 if rows == 1 else samples.test_weights
        plan = evaluation_plan(Workload.of(networks, rows, traits, samples.features, weights))
        return Program(plan, evaluation_buffers(population, plan, 1 if rows == 1 else samples.test))


def shape_dict(network: NetworkSpec, config: TrainConfig) -> dict[str, Any]:
    """A network's shape as the page knows it, with the distribution of its initial weights."""
    layout, facts = Layout.of(network), LOSS_FACTS[network.loss]
    rates = Population(network, [config]).dropout_rates()
    return {
        "name": str(network),
        "layers": [
            {"inputs": one.inputs, "outputs": one.outputs, "activation": one.activation}
            for one in network.layers
        ],
        "layerNorm": network.layer_norm,
        "leakySlope": network.leaky_slope,
        "loss": network.loss,
        "output": facts.output,
        "kind": facts.kind,
        "parameters": network.parameter_count,
        "layout": {
            "size": layout.size,
            "weightsAt": layout.weights_at,
            "scalesAt": layout.scales_at,
        },
        "settings": _named(config, OF_SHAPE),
        "start": [asdict(one) for one in layer_starts(network, config.initialization)],
        "dropout": _base64(dropout_records(rates)),
    }


def _with_hidden(network: NetworkSpec, hidden: tuple[int, ...]) -> NetworkSpec:
    """The network with these hidden layers, all with the activation of its first one."""
    first = network.activations[0] if network.hidden else "relu"
    return replace(network, hidden=hidden, activation=first)


def _named(config: TrainConfig, names: Sequence[str]) -> dict[str, Any]:
    """The named settings, as a model file holds them."""
    return {name: one for name, one in config.to_dict().items() if name in names}


def _base64(records: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(records.tobytes()).decode("ascii")
