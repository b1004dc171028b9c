"""What users say of a table's columns before it is read."""

from __future__ import annotations

from dataclasses import dataclass

from gpunet.config import LOSS_FACTS, TrainConfig
from gpunet.config.choices import Kind, Missing

__all__ = ["USUAL", "TableOptions"]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How the columns of a table are read.

    Args:
        label: the column of the label: a title, a number that counts columns from 1, or ``last``;
            several of them, with commas between them, for several targets; ``None`` to choose by
            the titles and the values.
        missing: what is done about missing cells.
        ignore: columns that are left out, named as the label is.
        kind: what is to be predicted, as the loss wants it; ``None`` to tell it by the values.
        weight: the column that says what each row counts, named as the label is.
    """

    label: str | None = None
    missing: Missing = "mean"
    ignore: tuple[str, ...] = ()
    kind: Kind | None = None
    weight: str | None = None

    @classmethod
    def of(cls, config: TrainConfig) -> TableOptions:
        """What the settings of a training say."""
        kind = None if config.loss is None else LOSS_FACTS[config.loss].kind
        return cls(config.label, config.missing, config.ignore or (), kind, config.weight)


USUAL = TableOptions()
"""Nothing said by the user."""
