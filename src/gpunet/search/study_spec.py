"""The specification of a study: what is searched and how. All workers must agree on it.

This module stores specifications with studies and compares them. ``space`` says what may be
searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpunet.config import TrainConfig
from gpunet.config.choices import MAXIMIZED
from gpunet.datasets.whereabouts import located, portable
from gpunet.errors import StudyError, spelled
from gpunet.search.space import Space

__all__ = ["StudySpec"]


@dataclass(frozen=True, slots=True)
class StudySpec:
    """The settings on which all workers of a study must agree.

    Args:
        config: settings that are not searched.
        space: settings that are searched.
        data: reference that opens the data, as in ``Origin.reference``.
        fingerprint: fingerprint of the data.
        sampler: ``tpe``, ``random`` or ``grid``.
        pruner: ``halving``, ``median`` or ``none``.
    """

    config: TrainConfig
    space: Space
    data: str | None
    fingerprint: str
    sampler: str
    pruner: str

    @property
    def maximize(self) -> bool:
        """Whether a larger metric is better."""
        return self.config.monitor in MAXIMIZED

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """The specification as JSON holds it.

        Args:
            folder: the study's folder, to which the data's path is made relative.
        """
        return {
            "config": self.config.to_dict(),
            "space": self.space.to_dict(),
            "data": portable(self.data, folder),
            **{name: getattr(self, name) for name in ("fingerprint", "sampler", "pruner")},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source: str, folder: Path) -> StudySpec:
        """A specification from the dictionary that ``to_dict`` made.

        Args:
            content: the dictionary.
            source: where it was found, for messages.
            folder: the study's folder, to which the data's path is relative.

        Raises:
            StudyError: the content is not a specification.
        """
        try:
            config = TrainConfig.from_dict(content["config"])
            space = Space.from_dict(content["space"], source)
            data = located(content["data"], folder)
            names = ("fingerprint", "sampler", "pruner")
            return cls(config, space, data, *(content[name] for name in names))
        except (KeyError, TypeError, AttributeError) as error:
            raise StudyError(
                f"{source} was not made by gpunet; choose another {spelled('study')}"
            ) from error

    def require_same(self, wanted: StudySpec, source: str) -> None:
        """Make sure that this specification and the wanted one are the same.

        Raises:
            StudyError: they differ.
        """
        for name, here, there in self._differences(wanted):
            raise StudyError(
                f"{source} has {name} {here} but {there} was asked for; leave that out or start "
                f"another {spelled('study')}"
            )

    def _differences(self, wanted: StudySpec) -> Iterator[tuple[str, object, object]]:
        mine, theirs = self.to_dict(Path()), wanted.to_dict(Path())
        for name in ("config", "space"):
            for key in {**mine[name], **theirs[name]}:
                here, there = (one[name].get(key, "fixed") for one in (mine, theirs))
                if here != there:
                    yield key, here, there
        for name in ("sampler", "pruner"):
            if mine[name] != theirs[name]:
                yield name, mine[name], theirs[name]
        if mine["fingerprint"] != theirs["fingerprint"]:
            yield "data", self.data, f"other data ({wanted.data})"
