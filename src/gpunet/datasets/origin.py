"""The data that a model was trained on, and how to open them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gpunet.datasets.dataset import Dataset

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The data that a model was trained on.

    Args:
        name: name that the user knows.
        reference: opens the same data again: a dataset's name or an absolute path; ``None`` if
            unknown. In a file the path is relative to the file's folder, see ``whereabouts``.
        fingerprint: SHA-256 of all samples and labels.
        source: where the data came from, in words.
    """

    name: str
    reference: str | None
    fingerprint: str
    source: str

    @classmethod
    def of(cls, dataset: Dataset, reference: str | None) -> Origin:
        """The origin of a model trained on a dataset, without the folders of this machine."""
        is_path = reference is None or Path(reference).is_absolute()
        source = Path(reference or dataset.name).name if is_path else dataset.source
        return cls(dataset.name, reference, dataset.fingerprint, source)
