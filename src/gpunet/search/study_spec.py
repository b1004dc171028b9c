"""The specification of a study: what is searched, and how, on which all its workers must agree.

Owns how they are noted with a study and compared. What may be searched belongs to ``space``.
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
    """What all workers of a study must agree on.

    Args:
        config: the settings that are not searched.
        space: those that are.
        data: what opens the data, as ``Origin.reference`` has it.
        fingerprint: of the data.
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
        """Whether a larger metric is the better one."""
        return self.config.monitor in MAXIMIZED

    def to_dict(self, folder: Path) -> dict[str, Any]:
        """The specification as JSON holds it.

        Args:
            folder: of the study, which the data's path is seen from.
        """
        return {
            "config": self.config.to_dict(),
            "space": self.space.to_dict(),
            "data": portable(self.data, folder),
            **{name: getattr(self, name) for name in ("fingerprint", "sampler", "pruner")},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source: str, folder: Path) -> StudySpec:
        """The specification that ``to_dict`` gave.

        Args:
            content: what it gave.
            source: where it was found, for messages.
            folder: the study's, which the data's path is seen from.

        Raises:
            StudyError: it is none.
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
        """Make sure that a study of this specification is the one that is wanted.

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
