"""Settings of training and the shape of networks, checked on construction.

The rest of the package trusts these values. The table of settings is in ``settings``; ``choices``
has the names that they choose from, with the facts about each.
"""

from gpunet.config.choices import (
    ACTIVATIONS,
    DEFAULT_LOSSES,
    LOSS_FACTS,
    LOSSES,
    OPTIMIZER_FACTS,
    OPTIMIZERS,
    SCHEDULES,
    USES,
    Activation,
    AnswerFormat,
    FramingStyle,
    Graphics,
    Initialization,
    Kind,
    Loss,
    Monitor,
    Optimizer,
    Theme,
)
from gpunet.config.network import Layer, NetworkSpec
from gpunet.config.setting import LARGEST_NUMBER, Setting
from gpunet.config.settings import (
    MAXIMUM_EPOCHS,
    SETTINGS,
    SHARED,
    canonical,
    panels,
)
from gpunet.config.texts import parse_duration, parse_hidden
from gpunet.config.train_config import TrainConfig

__all__ = [
    "ACTIVATIONS",
    "DEFAULT_LOSSES",
    "LARGEST_NUMBER",
    "LOSSES",
    "LOSS_FACTS",
    "MAXIMUM_EPOCHS",
    "OPTIMIZERS",
    "OPTIMIZER_FACTS",
    "SCHEDULES",
    "SETTINGS",
    "SHARED",
    "USES",
    "Activation",
    "AnswerFormat",
    "FramingStyle",
    "Graphics",
    "Initialization",
    "Kind",
    "Layer",
    "Loss",
    "Monitor",
    "NetworkSpec",
    "Optimizer",
    "Setting",
    "Theme",
    "TrainConfig",
    "canonical",
    "panels",
    "parse_duration",
    "parse_hidden",
]
