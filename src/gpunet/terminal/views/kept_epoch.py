"""Which epoch's weights are kept, in words: by which figure, and what else is true of it.

What decides may be best in one epoch and what people look at in another; both are said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gpunet.config import TrainConfig
from gpunet.terminal.draw import formats
from gpunet.terminal.views.ending import monitored_metric
from gpunet.terminal.views.score import MONITORED, score_of
from gpunet.training.events import EpochRecord

__all__ = ["KeptEpoch", "kept_epoch"]


@dataclass(frozen=True, slots=True)
class KeptEpoch:
    """What is said of the kept epoch.

    Args:
        epoch: its number; where each network of an ensemble keeps its own, the latest of them.
        what: is kept, and what has decided: ``epoch 12 by val loss 0.1234``.
        other: what it has besides: ``val acc 96.10 %``; empty if there is nothing.
        better: where that is better: ``highest val acc 96.22 % in epoch 20``; empty if nowhere.
        better_epoch: that epoch; 0 if there is none.
    """

    epoch: int
    what: str
    other: str = ""
    better: str = ""
    better_epoch: int = 0


def kept_epoch(
    config: TrainConfig, records: Sequence[EpochRecord], best_epoch: int
) -> KeptEpoch | None:
    """What is said of the kept one of these epochs; ``None`` if it is not among them."""
    best = next((one for one in records if one.epoch == best_epoch), None)
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
    figures = {one.epoch: one.monitored_loss if of_loss else one.monitored_score for one in records}

    def written(epoch: int) -> str:
        return formats.loss(figures[epoch]) if of_loss else score.written(figures[epoch])

    known = [epoch for epoch, figure in figures.items() if figure == figure]
    top = (min if of_loss else max)(known, key=figures.__getitem__, default=best.epoch)
    figure = f"{samples} {name}"
    other = f"{figure} {written(best.epoch)}"
    if figures[top] == figures[best.epoch] or best.epoch not in known:
        return KeptEpoch(best.epoch, what, other)
    return KeptEpoch(best.epoch, what, other, f"{word} {figure} {written(top)} in epoch {top}", top)
