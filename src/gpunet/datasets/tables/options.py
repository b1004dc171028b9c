"""The user's choices about a table's columns."""

from __future__ import annotations

from dataclasses import dataclass

from gpunet.config import LOSS_FACTS, TrainConfig
from gpunet.config.choices import Kind, Missing

__all__ = ["USUAL", "TableOptions"]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read the columns of a table.

    Args:
        label: column of the label: a title, a number counted from 1, or ``last``; several separated
            by commas for several targets; ``None`` to choose by titles and values.
        missing: treatment of missing cells.
        ignore: columns to leave out, named like the label.
        kind: kind of target that the loss requires; ``None`` to guess it from the values.
        weight: column of the rows' weights, named like the label.
    """

    label: str | None = None
    missing: Missing = "mean"
    ignore: tuple[str, ...] = ()
    kind: Kind | None = None
    weight: str | None = None

    @classmethod
    def of(cls, config: TrainConfig) -> TableOptions:
        """The options in the settings of a training."""
        kind = None if config.loss is None else LOSS_FACTS[config.loss].kind
        return cls(config.label, config.missing, config.ignore or (), kind, config.weight)


USUAL = TableOptions()
"""No choices by the user."""
