"""The folder of a training run.

It holds ``metrics.jsonl`` from the start (the events of the training), then ``last.safetensors``
(the state of the run, to resume it), ``best.safetensors`` (the model), ``settings.toml`` and
``environment.json`` (to train again), ``log`` (a line for each epoch, locked while the run trains)
and, once the run has ended, ``report.json`` and ``curves.svg``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from gpunet.artifacts.checkpoint import load_state, save_state
from gpunet.artifacts.model_file import save
from gpunet.errors import ModelError, OutputError, UsageError, reason_of, spelled
from gpunet.files.locks import is_held, lock
from gpunet.files.output import is_there, require_writable
from gpunet.files.whole_file import remove_leftovers
from gpunet.model import Model
from gpunet.training.state import RunState

__all__ = ["RunFolder", "require_place"]


class RunFolder:
    """The folder of one run.

    Args:
        path: the folder, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = path / "last.safetensors"
        self.best = path / "best.safetensors"
        self.report = path / "report.json"
        self.curves = path / "curves.svg"
        self.log = path / "log"
        self.metrics = path / "metrics.jsonl"
        self.settings = path / "settings.toml"
        self.environment = path / "environment.json"
        self._best_epochs: tuple[int, ...] = ()
        self._held: BinaryIO | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a run, even one that has just begun; a model alone does not count."""
        try:
            return self.metrics.is_file() or self.last.is_file()
        except OSError:  # the path is too long, or not readable
            return False

    @property
    def written(self) -> float:
        """When the run was last trained, in seconds since 1970."""
        files = self.metrics, self.last, self.best
        return max((one.st_mtime for one in _known(files)), default=0.0)

    @property
    def bytes(self) -> int:
        """Bytes of all files of the run."""
        return sum(one.st_size for one in _known(self.files))

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that a run may have; those that mark a run come last."""
        trained = self.best, self.report, self.curves
        return (*trained, self.settings, self.environment, self.log, self.last, self.metrics)

    @property
    def is_running(self) -> bool:
        """Whether a living process trains the run."""
        return is_held(self.log)

    def require_free(self) -> None:
        """Check that a new run can be kept here.

        Raises:
            UsageError: another run is here.
            OutputError: the folder cannot be created or written to.
        """
        if self._has_trained or self.is_running:
            raise self._taken()
        require_place(self.path)

    @property
    def _has_trained(self) -> bool:
        """Whether there is more than the files of a run that was killed before its first epoch."""
        return any(map(is_there, (self.last, self.best, self.report)))

    def _taken(self) -> UsageError:
        return UsageError(
            f"{self.path} holds a run already; resume it by "
            f"{spelled('resume', str(self.path))}, or choose another folder"
        )

    def hold(self, *, anew: bool = False) -> None:
        """Create the folder and its parents, and lock it until ``release``.

        Args:
            anew: whether to begin a new run with an empty log.

        Raises:
            OutputError: the folder cannot be created.
            UsageError: another process trains the run, or has trained one meanwhile.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._held = self.log.open("ab")
            self._lock(self._held)
            if anew and self._has_trained:
                self.release()
                raise self._taken()
            remove_leftovers(self.path)
            if anew:
                self.metrics.write_bytes(b"")
        except OSError as error:
            self.release()
            raise OutputError(
                f"the folder {self.path} cannot be made: {reason_of(error)}; choose another"
            ) from error

    def _lock(self, file: BinaryIO) -> None:
        try:
            lock(file, wait=False)
        except BlockingIOError as error:
            self.release()
            raise UsageError(
                f"the run in {self.path} is being trained by another process; wait for its end"
            ) from error
        except OSError:  # some network file systems have no locks
            pass

    def release(self) -> None:
        """Unlock the run for other processes."""
        if self._held is not None:
            self._held.close()
        self._held = None

    def discard(self) -> None:
        """Remove the files of a run that never began to train, and the folder of runs if empty."""
        with contextlib.suppress(OSError):
            self._remove()
            self.path.parent.rmdir()

    def require_removable(self) -> None:
        """Check that the run can be removed.

        Raises:
            UsageError: a process trains it, or the folder is a link.
        """
        if self.path.is_symlink():
            raise UsageError(
                f"{self.path} is a link to another folder; give that one, {self.path.resolve()}, "
                "or remove the link yourself"
            )
        if self.is_running:
            raise UsageError(f"the run in {self.path} is being trained; stop that before")

    def delete(self) -> None:
        """Remove the run, and its folder unless it has other files.

        Raises:
            UsageError: a process trains it, or the folder is a link.
            OutputError: a file cannot be removed.
        """
        self.require_removable()
        try:
            self._remove()
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be removed: {reason_of(error)}; remove it yourself"
            ) from error

    def _remove(self) -> None:
        """Remove all files of a run, and the folder unless it has other files."""
        for file in self.files:
            if not file.is_dir():
                file.unlink(missing_ok=True)
        remove_leftovers(self.path)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def load(self) -> tuple[Model, RunState]:
        """Read the state of the run, and the model with its latest weights.

        Raises:
            ModelError: there is no run here, or its files are damaged.
        """
        if not self.last.exists():
            raise ModelError(
                f"{self.path} holds no run to resume, for there is no {self.last.name} in it; "
                "`gpunet runs` lists those that there are"
            )
        remove_leftovers(self.path)
        model, state = load_state(self.last)
        self._best_epochs = state.best_epochs if self.best.exists() else ()
        return model, state

    def write_checkpoint(self, model: Model, state: RunState) -> None:
        """Write the state of the run, and the best weights if they are new.

        Args:
            model: the model that the run trains, with any weights and no test scores.
            state: the state of the run.

        Raises:
            OutputError: a file cannot be written; an existing file is then untouched.
        """
        save_state(model, state, self.last)
        if state.best_epoch and state.best_epochs != self._best_epochs:
            best = dataclasses.replace(
                model,
                parameters=state.best,
                best_epoch=state.best_epoch,
                scaling=state.scaling,
                inverted=state.inverted,
                target_scaling=state.target_scaling,
            )
            save(best, self.best)
            self._best_epochs = state.best_epochs


def require_place(path: Path) -> None:
    """Check that a folder for a run or for runs can be written to or created.

    Raises:
        OutputError: it cannot be written to or created.
    """
    nearest = next(filter(is_there, (path, *path.absolute().parents)))
    try:
        if not nearest.is_dir():
            raise OutputError(f"{nearest} is no folder")
        require_writable(nearest / "log")
    except OutputError as error:
        cause = error.__cause__
        why = reason_of(cause) if isinstance(cause, OSError) else error
        raise OutputError(
            f"no run can be kept in {path}: {why}; choose another folder by {spelled('run_dir')}"
        ) from error


def _known(files: Iterable[Path]) -> Iterator[os.stat_result]:
    """The status of those files that exist; another process may remove them meanwhile."""
    for file in files:
        with contextlib.suppress(OSError):
            yield file.stat()
