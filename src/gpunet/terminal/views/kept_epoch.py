"""Which epoch's weights are kept, in words, and which metric chose it.

Loss and score may be best in different epochs, so the words name both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpunet.config import TrainConfig
from gpunet.terminal.draw import formats
from gpunet.terminal.views.ending import monitored_metric
from gpunet.terminal.views.records import figures_of, record_of
from gpunet.terminal.views.score import MONITORED, score_of
from gpunet.training.events import EpochRecord

__all__ = ["KeptEpoch", "kept_epoch"]


@dataclass(frozen=True, slots=True)
class KeptEpoch:
    """The words for the kept epoch.

    Args:
        epoch: its number; if each network of an ensemble keeps its own epoch, the latest of them.
        what: the epoch and the metric that chose it: ``epoch 12 by val loss 0.1234``.
        other: its other metric: ``val acc 96.10 %``; empty if it has none.
        better: the best of that metric: ``highest val acc 96.22 % in epoch 20``; empty if the kept
            epoch has it.
        better_epoch: the epoch in ``better``; 0 if there is none.
    """

    epoch: int
    what: str
    other: str = ""
    better: str = ""
    better_epoch: int = 0


def kept_epoch(
    config: TrainConfig, records: Sequence[EpochRecord], best_epoch: int
) -> KeptEpoch | None:
    """The words for the kept epoch; ``None`` if ``records`` do not contain it."""
    best = record_of(records, best_epoch)
    if best is None:
        return None
    if config.keeps_own:
        return KeptEpoch(best.epoch, f"the best of each network, up to epoch {best.epoch}")
    last = config.keep == "last"
    by = "as the last" if last else f"by {' '.join(monitored_metric(config.monitor, best))}"
    what = f"epoch {best.epoch} {by}"
    samples = "train" if best.val_loss is None else "val"
    score = score_of("measured" if best.train_accuracy is None else "classes")
    of_loss = (config.monitor in MONITORED) != last
    name, word = ("loss", "lowest") if of_loss else (score.short, "highest")

    def value(one: EpochRecord) -> float:
        return one.monitored_loss if of_loss else one.monitored_score

    def written(one: EpochRecord) -> str:
        return formats.loss(value(one)) if of_loss else score.written(value(one))

    figure = f"{samples} {name}"
    other = f"{figure} {written(best)}"
    if math.isnan(value(best)):
        return KeptEpoch(best.epoch, what, other)
    figures = figures_of(records)[:, 3 if of_loss else 4]
    top = records[int((np.nanargmin if of_loss else np.nanargmax)(figures))]
    if value(top) == value(best):
        return KeptEpoch(best.epoch, what, other)
    better = f"{word} {figure} {written(top)} in epoch {top.epoch}"
    return KeptEpoch(best.epoch, what, other, better, top.epoch)
