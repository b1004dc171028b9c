from __future__ import annotations

import math
from typing import Any

import pytest

from gpunet.config import TrainConfig, parse_duration
from gpunet.errors import UsageError
from gpunet.training.events import EpochRecord
from gpunet.training.requirements import require_unfinished
from gpunet.training.stopping import EarlyStopping, Improvements, monitored


def test_without_patience_it_never_ends() -> None:
    stopping = EarlyStopping(TrainConfig(patience=0, min_delta=0))
    for epoch in range(1, 100):
        stopping.observe(epoch, 1.0)
    assert stopping.patience_left is None
    assert stopping.best_epoch == 1


def test_an_equal_loss_is_no_gain() -> None:
    stopping = EarlyStopping(TrainConfig(patience=1, min_delta=0))
    assert stopping.observe(1, 1.0)
    assert not stopping.observe(2, 1.0)
    assert stopping.patience_left == 0
    assert stopping.best_epoch == 1


def test_of_equally_good_epochs_the_latest_is_kept_if_that_is_asked_for() -> None:
    stopping = EarlyStopping(TrainConfig(patience=0, keep="latest-best"))
    kept = [stopping.observe(epoch, loss) for epoch, loss in enumerate((2.0, 1.0, 1.0, 1.5), 1)]
    assert kept == [True, True, True, False]
    assert stopping.best_epoch == 3


def test_epochs_before_the_first_that_counts_use_up_no_patience_but_may_be_the_best() -> None:
    stopping = EarlyStopping(TrainConfig(patience=2, min_delta=0, start_from_epoch=4))
    left = []
    for epoch, loss in enumerate((1.0, 2.0, 2.0, 3.0, 3.0, 3.0), start=1):
        stopping.observe(epoch, loss)
        left.append(stopping.patience_left)
    assert left == [2, 2, 2, 2, 1, 0]
    assert stopping.best_epoch == 1


def test_stability_asks_for_a_mean_gain_over_the_epochs_of_patience() -> None:
    stopping = EarlyStopping(TrainConfig(patience=2, min_delta=0, stability=0.25))
    stable = []
    for epoch, loss in enumerate((3.0, 2.0, 1.0, 1.0, 0.5, 0.25), start=1):
        stopping.observe(epoch, loss)
        stable.append(stopping.stable)
    # The mean gains of epochs 3 to 6 are 1, 0.5, 0.25 and 0.375.
    assert stable == [False] * 6
    stopping.observe(7, 0.125)  # 0.1875
    assert stopping.stable
    assert stopping.patience_left != 0


def test_stability_counts_from_the_first_epoch_that_counts() -> None:
    stopping = EarlyStopping(
        TrainConfig(patience=2, min_delta=0, start_from_epoch=3, stability=0.1)
    )
    stable = []
    for epoch in range(1, 6):
        stopping.observe(epoch, 1.0)
        stable.append(stopping.stable)
    assert stable == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("monitor", "held_out", "expected"),
    [
        ("val_loss", (0.5, 0.75), 0.5),
        ("val_accuracy", (0.5, 0.75), -0.75),
        ("val_loss", (None, None), 0.25),
        ("val_accuracy", (None, None), -0.875),
    ],
)
def test_the_monitored_figure_is_the_smaller_the_better_and_falls_back_on_training(
    monitor: Any, held_out: tuple[float | None, float | None], expected: float
) -> None:
    record = EpochRecord(1, 0.25, 0.875, *held_out, 0.1, 1.0, 1.0)
    assert expected == monitored(TrainConfig(monitor=monitor), record)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("1h1m1s", 3661)],
)
def test_a_time_may_be_written_in_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    assert seconds == parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1d", "m", "10 minutes", "30m1h", "9" * 400, "nan"]
)
def test_what_is_no_time_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="write for example 90s, 10m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": -1}, "patience is -1"),
        ({"monitor": "val_los"}, "did you mean 'val_loss'"),
        ({"start_from_epoch": 0}, "start_from_epoch is 0, wanted from 1"),
        ({"stability": -0.1}, "stability is -0.1, wanted 0"),
        ({"stability": 0.1, "patience": 0}, "give it a patience above 0"),
        ({"target_accuracy": 97}, "target_accuracy is 97, wanted from 0.0 to 1.0"),
        ({"max_time": 0}, "max_time is 0, wanted a number above 0"),
    ],
)
def test_a_stop_that_cannot_be_is_told_in_one_sentence(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**settings)


def test_the_patience_counts_from_the_first_figure_that_counts_and_not_from_the_best() -> None:
    stopping = EarlyStopping(TrainConfig(patience=2, min_delta=0, start_from_epoch=2))
    left = []
    for epoch, loss in enumerate((0.5, 3.0, 2.0, 1.0, 1.0), start=1):
        stopping.observe(epoch, loss)
        left.append(stopping.patience_left)
    assert left == [2, 2, 2, 2, 1]
    assert stopping.best_epoch == 1


def test_an_ensemble_has_done_the_epochs_of_its_longest_network() -> None:
    records = [EpochRecord(epoch, 1.0, 0.5, 1.0, 0.5, 0.1, 1.0, 1.0) for epoch in (1, 2, 3)]
    config = TrainConfig(epochs=3, patience=9)
    with pytest.raises(UsageError, match="the run has done 3 epochs and epochs is 3"):
        require_unfinished(config, [records[:1], records])


def test_an_improvement_at_once_is_over_the_best_and_may_just_be_the_wanted_one() -> None:
    at_once = Improvements(TrainConfig(min_delta=0.25, improvement="at-once"))
    added_up = Improvements(TrainConfig(min_delta=0.25))
    values = (1.0, 0.75, 0.625, 0.5, 0.25)
    assert [at_once.observe(one) for one in values] == [True, True, False, False, True]
    assert [added_up.observe(one) for one in values] == [True, False, True, False, True]


def test_where_targets_are_all_alike_and_have_no_r2_the_loss_decides() -> None:
    record = EpochRecord(1, 0.25, None, 0.5, None, 0.1, 1.0, 1.0, train_r2=0.75, val_r2=math.nan)
    assert monitored(TrainConfig(monitor="val_r2"), record) == 0.5
