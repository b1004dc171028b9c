"""What is said of the epoch whose weights are kept."""

import math
from dataclasses import replace

import pytest

from gpunet.config import TrainConfig
from gpunet.terminal.views.kept_epoch import KeptEpoch, kept_epoch
from gpunet.training.events import EpochRecord

LOSSES, ACCURACIES = (0.5, 0.3, 0.4), (0.80, 0.85, 0.90)

RECORDS = tuple(
    EpochRecord(n, 0.2, 0.95, loss, accuracy, 0.01, 1.0, 1.0)
    for n, (loss, accuracy) in enumerate(zip(LOSSES, ACCURACIES, strict=True), 1)
)


def test_the_figure_that_chose_is_told_with_the_other_one_and_where_that_is_better() -> None:
    said = kept_epoch(TrainConfig(), RECORDS, 2)
    assert said == KeptEpoch(
        2, "epoch 2 by val loss 0.3000", "val acc 85.00 %", "highest val acc 90.00 % in epoch 3", 3
    )


def test_chosen_by_accuracy_the_loss_is_the_other_figure() -> None:
    said = kept_epoch(TrainConfig(monitor="val_accuracy"), RECORDS, 3)
    assert said == KeptEpoch(
        3,
        "epoch 3 by val accuracy 90.00 %",
        "val loss 0.4000",
        "lowest val loss 0.3000 in epoch 2",
        2,
    )


def test_nothing_is_said_of_others_where_the_kept_one_is_the_best_in_both() -> None:
    assert kept_epoch(TrainConfig(), RECORDS[:2], 2) == KeptEpoch(
        2, "epoch 2 by val loss 0.3000", "val acc 85.00 %"
    )


def test_without_validation_it_is_the_training_that_is_told_of() -> None:
    records = [replace(one, val_loss=None, val_accuracy=None) for one in RECORDS]
    assert kept_epoch(TrainConfig(), records, 1) == KeptEpoch(
        1, "epoch 1 by train loss 0.2000", "train acc 95.00 %"
    )


def test_measured_targets_have_r2() -> None:
    records = [
        replace(one, train_accuracy=None, val_accuracy=None, train_r2=0.5, val_r2=r2)
        for one, r2 in zip(RECORDS, (0.1, 0.25, math.nan), strict=True)
    ]
    assert kept_epoch(TrainConfig(), records, 1) == KeptEpoch(
        1, "epoch 1 by val loss 0.5000", "val R2 0.1000", "highest val R2 0.2500 in epoch 2", 2
    )
    assert kept_epoch(TrainConfig(), records, 3) == KeptEpoch(
        3, "epoch 3 by val loss 0.4000", "val R2 -"
    )


@pytest.mark.parametrize("best", [0, 7])
def test_nothing_is_said_before_there_is_one(best: int) -> None:
    assert kept_epoch(TrainConfig(), RECORDS, best) is None


def test_the_last_one_is_kept_as_the_last_with_what_else_is_monitored() -> None:
    assert kept_epoch(TrainConfig(keep="last"), RECORDS, 3) == KeptEpoch(
        3, "epoch 3 as the last", "val loss 0.4000", "lowest val loss 0.3000 in epoch 2", 2
    )
    by_accuracy = TrainConfig(keep="last", monitor="val_accuracy")
    assert kept_epoch(by_accuracy, RECORDS[:2], 2) == KeptEpoch(
        2, "epoch 2 as the last", "val acc 85.00 %"
    )


def test_no_figure_of_their_mean_is_told_where_each_network_keeps_an_epoch_of_its_own() -> None:
    assert kept_epoch(TrainConfig(ensemble=4), RECORDS, 3) == KeptEpoch(
        3, "the best of each network, up to epoch 3"
    )
    together = kept_epoch(TrainConfig(ensemble=4, keep="last"), RECORDS, 3)
    assert together is not None
    assert together.what == "epoch 3 as the last"
