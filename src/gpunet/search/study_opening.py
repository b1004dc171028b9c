"""Creates and finds a study in its storage, whatever other workers do meanwhile."""

from __future__ import annotations

import time
from contextlib import suppress

import optuna
from optuna.storages import BaseStorage, JournalStorage

from gpunet.errors import StudyError
from gpunet.search.storage import StudyStorage
from gpunet.search.study_spec import StudySpec

__all__ = ["created_study", "found_study", "patience", "spec_of"]

SPEC_ATTRIBUTE = "gpunet"
"""Attribute of a study that holds its specification."""

CREATION_TIMEOUT = 5.0
"""Seconds that a worker has to write the attributes of a study or a trial into a journal before it
counts as dead. A database may be far away and slow; there the storage's patience counts."""


def found_study(backend: BaseStorage, storage: StudyStorage, name: str) -> optuna.Study | None:
    """The study, if it exists; a study that its killed creator left empty is removed."""
    if name not in optuna.get_all_study_names(backend):
        return None
    study = optuna.load_study(storage=backend, study_name=name)
    if study.get_trials(deepcopy=False) or _has_spec(study, patience(backend, storage)):
        return study
    with suppress(KeyError):  # another worker was faster
        backend.delete_study(study._study_id)
    return None


def created_study(
    backend: BaseStorage, storage: StudyStorage, name: str, spec: StudySpec
) -> tuple[optuna.Study, bool]:
    """A new study, and whether this worker created it or another was faster."""
    directions = optuna.study.StudyDirection
    direction = directions.MAXIMIZE if spec.maximize else directions.MINIMIZE
    try:
        study = optuna.create_study(storage=backend, study_name=name, direction=direction)
    except optuna.exceptions.DuplicatedStudyError:
        return optuna.load_study(storage=backend, study_name=name), False
    try:
        study.set_user_attr(SPEC_ATTRIBUTE, spec.to_dict(storage.folder))
    except KeyError:
        raise StudyError(
            f"{storage} took so long that another worker took this one for dead and removed the "
            f"study {name}; run the command again"
        ) from None
    return study, True


def patience(backend: BaseStorage, storage: StudyStorage) -> float:
    """Seconds after which a worker that has not finished writing counts as dead."""
    return CREATION_TIMEOUT if isinstance(backend, JournalStorage) else float(storage.patience)


def spec_of(study: optuna.Study, storage: StudyStorage) -> StudySpec:
    """The study's specification; waits while the study's creator is still writing it."""
    _has_spec(study, CREATION_TIMEOUT)
    source = f"the study {study.study_name}"
    return StudySpec.from_dict(study.user_attrs.get(SPEC_ATTRIBUTE, {}), source, storage.folder)


def _has_spec(study: optuna.Study, seconds: float) -> bool:
    """Whether the study has its specification; waits some seconds for it if necessary."""
    deadline = time.monotonic() + seconds
    while SPEC_ATTRIBUTE not in study.user_attrs:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
