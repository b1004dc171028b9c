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
    "initialisation": "auto",
    "loss": "cross-entropy",
    "label_smoothing": 0.0,
    "class_weights": "none",
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "cosine",
    "warmup": 0.0,
    "lr_decay": 0.5,
    "lr_decay_every": None,
    "lr_final": 0.0,
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
    "start_from_epoch": 1,
    "stability": 0.0,
    "target_accuracy": None,
    "max_time": None,
    "validation": 5000,
    "shuffle_split": False,
    "standardize": True,
    "framing": "auto",
    "label": None,
    "seed": 0,
    "ensemble": 1,
}
TYPED = {**DEFAULTS, "hidden": "16,16", "dropout": "0"}
"""The same as the command line of train has them."""

TRAIN: dict[str, Any] = {
    "data": "auto",
    "device": "auto",
    "output": "model.safetensors",
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
    assert held == DEFAULTS


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
        ({"optimizer": "sgd", "nesterov": True}, "--nesterov looks ahead by SGD's momentum"),
        ({"seed": 1 << 32}, "--seed is 4294967296, wanted from 0 to 4,294,967,295"),
        ({"seed": (1 << 32) - 2, "ensemble": 3}, "wanted from 0 to 4,294,967,293"),
        (
            {"lr_final": 0.01, "learning_rate": 0.1, "restart_every": 2, "restart_lr": 0.001},
            "--lr-final is 0.01, wanted at most the learning rate at a start, 0.001",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)
