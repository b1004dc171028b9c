"""`gpunet help`: topics made of the tables, settings, and the help of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gpunet.cli.topics import TOPICS
from gpunet.config import (
    ACTIVATIONS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    SETTINGS,
)
from gpunet.config.recipes import recipe_names

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand


def test_without_a_topic_all_are_listed(gpunet: RunCommand) -> None:
    ran = gpunet("help")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"\n  {name} " in ran.out for name in TOPICS)


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("schedules", SCHEDULES),
        ("optimizers", OPTIMIZERS),
        ("activations", ACTIVATIONS),
        ("losses", LOSSES),
        ("recipes", recipe_names()),
        ("data", ("mnist", "fashion-mnist", "strokes", "auto")),
        ("devices", ("auto", "cpu", "gpu", "vulkan")),
        ("keys", ("q", "p", "?")),
        ("files", ("runs/NAME",)),
        ("settings", [f"--{name.replace('_', '-')}" for name in SETTINGS]),
    ],
)
def test_a_topic_tells_of_every_value_that_there_is(
    gpunet: RunCommand, topic: str, names: tuple[str, ...]
) -> None:
    ran = gpunet("help", topic)
    assert (ran.code, ran.err) == (0, "")
    assert [name for name in names if f"\n  {name}" not in ran.out] == []
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("words", [("train",), ("datasets", "preview"), ("datasets",)])
def test_a_command_is_told_of_as_by_its_own_help(
    gpunet: RunCommand, words: tuple[str, ...]
) -> None:
    assert gpunet("help", *words) == gpunet(*words, "--help")


@pytest.mark.parametrize("word", ["learning_rate", "lr", "--lr", "learning-rate"])
def test_a_setting_is_told_under_any_of_its_names(gpunet: RunCommand, word: str) -> None:
    out = gpunet("help", "--", word).out
    assert "--learning-rate, --lr" in out
    assert "GPUNET_LEARNING_RATE" in out
    assert "a number above 0" in out


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("schedul", "schedule"),
        ("optimizrs", "optimizers"),
        ("trian", "train"),
        ("dropot", "dropout"),
    ],
)
def test_what_is_no_topic_is_told_with_a_suggestion(
    gpunet: RunCommand, word: str, other: str
) -> None:
    ran = gpunet("help", word)
    assert (ran.code, ran.out) == (2, "")
    assert ran.failure == (f"{word!r} is neither a command nor a topic; did you mean {other!r}?")
