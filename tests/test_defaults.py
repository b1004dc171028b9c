"""The defaults of all settings, as one table that no change passes by unseen."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import typer

from gpunet.cli.app import app
from gpunet.config import OPTIMIZERS, TrainConfig
from gpunet.errors import UsageError

DEFAULTS: dict[str, Any] = {
    "hidden": (16, 16),
    "activation": "relu",
    "leaky_slope": 0.01,
    "layer_norm": False,
    "initialization": "auto",
    "rate_by_inputs": False,
    "bias_rate": 1.0,
    "loss": None,
    "label_smoothing": 0.0,
    "class_weights": "none",
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "cosine",
    "warmup": 0.0,
    "lr_decay": 0.5,
    "lr_decay_every": None,
    "lr_final": 0.0,
    "lr_power": 0.5,
    "lr_stop": 0.0,
    "restart_every": 0,
    "restart_lr": None,
    "momentum": 0.0,
    "nesterov": False,
    "beta1": 0.9,
    "beta2": None,
    "epsilon": 1e-8,
    "weight_decay": None,
    "l1": 0.0,
    "l2": 0.0,
    "l1_biases": 0.0,
    "l2_biases": 0.0,
    "max_norm": 0.0,
    "clip_value": 0.0,
    "clip_norm": 0.0,
    "batch_size": 64,
    "epochs": None,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "patience": None,
    "min_delta": 0.0,
    "monitor": "val_loss",
    "improvement": "added-up",
    "keep": "best",
    "start_from_epoch": 1,
    "stability": 0.0,
    "target_accuracy": None,
    "max_time": None,
    "validation": 5000,
    "shuffle_split": False,
    "standardize": True,
    "scale_targets": True,
    "scaling": "standard",
    "framing": "auto",
    "label": None,
    "missing": "mean",
    "ignore": None,
    "weight": None,
    "shuffle": True,
    "window": 0,
    "seed": 0,
    "ensemble": 1,
}
TYPED = {**DEFAULTS, "hidden": "16,16", "dropout": "0.0"}
"""The same as the command line of train has them."""

TRAIN: dict[str, Any] = {
    "data": "auto",
    "device": "auto",
    "output": None,
    "no_keep": False,
    "report": None,
    "plot": None,
    "force": False,
    "showcase": None,
    "graphics": "auto",
    "plain": False,
    "quiet": False,
    "autotune": True,
    "run_dir": None,
    "name": None,
    "checkpoint_every": None,
    "resume": None,
}
TUNE: dict[str, Any] = {
    "trials": None,
    "population": 16,
    "timeout": None,
    "sampler": None,
    "pruner": None,
    "storage": None,
    "heartbeat": 10,
    "epochs": None,
    "batch_size": None,
    "optimizer": None,
    "seed": None,
    "monitor": None,
    "data": None,
    "device": None,
    "output": "model.safetensors",
    "report": None,
    "force": False,
    "quiet": False,
}


def offered(command: str) -> dict[str, Any]:
    """The defaults that a command's line has."""
    group: Any = typer.main.get_command(app)
    return {str(one.name): one.default for one in group.commands[command].params}


def test_every_setting_has_the_default_of_the_table() -> None:
    config = TrainConfig()
    held = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    assert held == {**DEFAULTS, "measured": {}}


@pytest.mark.parametrize(("command", "table"), [("train", {**TYPED, **TRAIN}), ("tune", TUNE)])
def test_every_option_has_the_default_of_the_table(command: str, table: dict[str, Any]) -> None:
    found = offered(command)
    held = {name: found[name] for name in table}
    assert {name: None if value is None else str(value) for name, value in held.items()} == {
        name: None if value is None else str(value) for name, value in table.items()
    }


FOLLOWING = {
    "adam": (0.005, 0.999, 0.0),
    "adamw": (0.005, 0.999, 0.01),
    "nadam": (0.005, 0.999, 0.0),
    "sgd": (0.2, 0.999, 0.0),
    "rmsprop": (0.002, 0.99, 0.0),
    "lion": (0.0005, 0.99, 0.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_left_open_follows_from_the_optimizer(optimizer: Any) -> None:
    config = TrainConfig(optimizer=optimizer)
    following = ("learning_rate", "beta2", "weight_decay")
    assert tuple(map(config.in_effect, following)) == FOLLOWING[optimizer]


@pytest.mark.parametrize(
    ("samples", "settings", "epochs", "patience", "decay_every"),
    [
        (55_000, {}, 15, 5, 2),
        (55_000, {"batch_size": 8192}, 15, 5, 2),
        (8_577, {}, 15, 5, 2),  # 135 steps
        (1_264, {}, 100, 33, 13),  # 20 steps
        (1_264, {"batch_size": 8}, 15, 5, 2),
        (1_264, {"batch_size": 1_264}, 100, 33, 13),
        (104, {}, 600, 200, 80),  # 2 steps
        (1, {}, 600, 200, 80),
        (104, {"epochs": 7}, 7, 200, 2),
        (104, {"patience": 3}, 600, 3, 80),
        (104, {"patience": 0, "lr_decay_every": 4}, 600, 0, 4),
    ],
)
def test_epochs_that_are_left_open_follow_from_the_steps(
    samples: int, settings: dict[str, Any], epochs: int, patience: int, decay_every: int
) -> None:
    config = TrainConfig(**settings).settled(samples)
    assert (config.epochs, config.patience, config.lr_decay_every) == (
        epochs,
        patience,
        decay_every,
    )
    assert config.settled(55_000) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "sgd", "nesterov": True}, "nesterov looks ahead by SGD's momentum"),
        ({"seed": 1 << 32}, "seed is 4294967296, wanted from 0 to 4,294,967,295"),
        ({"seed": (1 << 32) - 2, "ensemble": 3}, "wanted from 0 to 4,294,967,293"),
        (
            {"lr_final": 0.01, "learning_rate": 0.1, "restart_every": 2, "restart_lr": 0.001},
            "lr_final is 0.01, wanted at most the learning rate at a start, 0.001",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)


TINY, HUGE = 1e-30, 1e300
BOUNDS: dict[str, tuple[list[Any], list[Any]]] = {
    "hidden": ([(), (1,), (1 << 20,)], [(0,), (1 << 20 | 1,)]),
    "activation": (["relu", ("relu", "tanh")], ["relu,tanh,relu", "rely", ""]),
    "leaky_slope": ([0.0, 1.0], [-TINY, 1.001]),
    "label_smoothing": ([0.0, 0.999], [-TINY, 1.0]),
    "class_weights": (["none", "balanced", (0, 1)], ["-1,1", "a,1", "1,1e39", "1,nan"]),
    "learning_rate": ([None, TINY, 3e38], [0, -1.0, HUGE]),
    "warmup": ([0, 0.5, 15], [-TINY, 15.1]),
    "lr_decay": ([TINY, 1.0], [0.0, 1.001]),
    "lr_decay_every": ([None, 1, 1 << 31], [0, (1 << 31) + 1]),
    "lr_final": ([0.0, 0.005], [-TINY, 0.0051]),
    "lr_power": ([0.0, 3.0], [-TINY, HUGE]),
    "lr_stop": ([0.0, 3.0], [-TINY, HUGE]),
    "restart_every": ([0, 1, 1 << 31], [-1, (1 << 31) + 1]),
    "momentum": ([0.0, 0.999], [-TINY, 1.0]),
    "beta1": ([0.0, 0.999], [-TINY, 1.0]),
    "beta2": ([None, 0.0, 0.999], [-TINY, 1.0]),
    "epsilon": ([TINY, 3e38], [0.0, -TINY, HUGE]),
    "weight_decay": ([None, 0.0, 2.0], [-TINY, HUGE]),
    **{
        name: ([0.0, 3e38], [-TINY, HUGE])
        for name in ("l1", "l2", "l1_biases", "l2_biases", "max_norm", "clip_value", "clip_norm")
    },
    "batch_size": ([1, 1 << 24], [0, (1 << 24) + 1]),
    "epochs": ([None, 1, 1 << 31], [0, (1 << 31) + 1]),
    "dropout": ([0.0, 0.999, (0.0, 0.5)], [-TINY, 1.0, (0.5,), (0.5, 1.0), (0.1, 0.1, 0.1)]),
    "input_dropout": ([0.0, 0.999], [-TINY, 1.0]),
    "patience": ([None, 0, 1 << 31], [-1, (1 << 31) + 1]),
    "min_delta": ([0.0, 3e38], [-TINY, HUGE]),
    "start_from_epoch": ([1, 1 << 31], [0, (1 << 31) + 1]),
    "stability": ([0.0, 3e38], [-TINY, HUGE]),
    "target_accuracy": ([None, 0.0, 1.0], [-TINY, 1.001, 97]),
    "max_time": ([None, TINY], [0, -1.0, HUGE]),
    "validation": ([0, 0.5, 1, 2.0, 10**9], [-TINY, 1.5, 1.001, 2.5, HUGE]),
    "label": ([None, "1", "last", "a b"], ["", " "]),
    "seed": ([0, (1 << 32) - 1], [-1, 1 << 32]),
    "ensemble": ([1, 2], [0, -1]),
}
"""Values at the ends of what a setting may be, and those just beyond."""


@pytest.mark.parametrize("name", BOUNDS)
def test_a_setting_may_be_what_lies_within_its_bounds_alone(name: str) -> None:
    possible, impossible = BOUNDS[name]
    for value in possible:
        assert getattr(TrainConfig(**{name: value}), name) == value
    for value in impossible:
        with pytest.raises(UsageError) as raised:
            TrainConfig(**{name: value})
        assert str(raised.value).startswith(name), value


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "plateau", "restart_every": 2}, "leave out restart_every"),
        ({"schedule": "one-cycle", "warmup": 1}, "leave out warmup"),
        ({"restart_lr": 0.1}, "there are none; add restart_every=EPOCHS"),
        ({"restart_every": 2, "restart_lr": 0}, "restart_lr is 0, wanted a number above 0"),
        ({"stability": 0.1, "patience": 0}, "give it a patience above 0"),
        ({"optimizer": "adam", "nesterov": True, "momentum": 0.9}, "nesterov looks ahead"),
        ({"activation": "relu,tanh", "hidden": (4, 4, 4)}, "names 2 activations for 3 hidden"),
        ({"warmup": 3, "epochs": 2}, "warmup is 3, wanted from 0 to 2"),
    ],
)
def test_one_setting_may_rule_out_another(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)


def test_a_restart_begins_at_its_own_rate_or_else_at_that_of_the_start() -> None:
    plain = TrainConfig(optimizer="sgd", restart_every=3)
    assert plain.values_in_effect()["restart_lr"] == 0.2
    own = TrainConfig(restart_every=3, restart_lr=0.001)
    assert own.values_in_effect()["restart_lr"] == 0.001
    assert TrainConfig().values_in_effect()["restart_lr"] is None
    given = TrainConfig(optimizer="lion", learning_rate=0.1, beta2=0.5, weight_decay=0.25)
    following = ("learning_rate", "beta2", "weight_decay")
    assert tuple(map(given.in_effect, following)) == (0.1, 0.5, 0.25)


def test_a_network_is_described_by_its_layers_and_counted_with_its_norms() -> None:
    config = TrainConfig(hidden=(5, 3), activation="relu, tanh", layer_norm=True)
    network = config.network(7, 4)
    assert str(network) == "7-5-3-4"
    assert [(one.inputs, one.outputs, one.activation) for one in network.layers] == [
        (7, 5, "relu"),
        (5, 3, "tanh"),
        (3, 4, "identity"),
    ]
    assert network.parameter_count == (8 * 5 + 6 * 3 + 4 * 4) + 2 * (5 + 3)
    with pytest.raises(UsageError, match="classes is 1, wanted from 2 to"):
        config.network(7, 1)
    with pytest.raises(UsageError, match="hidden names 64 layers, at most 63 are possible"):
        TrainConfig(hidden=(1,) * 64).network(7, 4)
    with pytest.raises(UsageError, match="features per sample is 0, wanted from 1 to"):
        config.network(0, 2)


def test_the_networks_of_an_ensemble_have_the_seeds_from_its_own_on() -> None:
    networks = TrainConfig(seed=7, ensemble=3).networks()
    assert [(one.seed, one.ensemble) for one in networks] == [(7, 1), (8, 1), (9, 1)]
