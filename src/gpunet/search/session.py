"""The start of a search, its specification, and its end, the best network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gpunet.artifacts import model_file
from gpunet.config import Optimizer, TrainConfig
from gpunet.datasets.dataset import Dataset
from gpunet.engine.factory import Device, largest_population
from gpunet.engine.population import Rule
from gpunet.errors import DeviceError, UsageError, spelled
from gpunet.search.events import Work
from gpunet.search.result import Search
from gpunet.search.space import Space, default_space, grid
from gpunet.search.study import SearchStudy
from gpunet.search.study_progress import StudyProgress
from gpunet.search.study_spec import StudySpec
from gpunet.search.tuner import best_model_path
from gpunet.training.settings_for_data import network_for, settled
from gpunet.workflows.answers import evaluate_model
from gpunet.workflows.devices import settle_device
from gpunet.workflows.messages import Messages

__all__ = ["TRIALS", "best_of", "new_spec", "settle_spec"]

TRIALS = 64
"""Default number of trials in a study."""


def new_spec(
    given: Mapping[str, Any],
    space: Space | None,
    source: str,
    *,
    old: StudySpec | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    trials: int | None = None,
) -> StudySpec:
    """The specification of a study; ``settle_spec`` adds the data later.

    Args:
        given: fixed settings of training, by name.
        space: the search space; ``None`` for that of ``old``, or the default.
        source: name of the space in messages.
        old: specification of the study to resume.
        sampler: how trials are chosen; ``None`` for that of ``old``, or ``tpe``.
        pruner: which trials end early; ``None`` for that of ``old``, or ``halving``.
        trials: number of trials wanted in all; ``None`` if not given.

    Raises:
        UsageError: a setting or the space is invalid.
    """
    base = old.config.to_dict() if old else {}
    fixed = TrainConfig.from_dict({**base, **given})
    if fixed.ensemble > 1:
        raise UsageError(
            f"{spelled('ensemble')} cannot be searched because a trial is one network; leave it out"
        )
    sampler = sampler or (old.sampler if old else "tpe")
    pruner = pruner or (old.pruner if old else "halving")
    if space is None and old is not None:
        space = old.space
    else:
        space = space or default_space(fixed, list(given))
        if not space.parameters:
            raise UsageError(
                f"{spelled('config')} fixes all settings that would be searched; give a "
                f"{spelled('space')} of your own"
            )
        space.require_possible(fixed, source)
    points = len(grid(space)) if sampler == "grid" else 0
    if trials is not None and trials < points:
        raise UsageError(
            f"{spelled('sampler', 'grid')} has {points:,} points but {spelled('trials')} is "
            f"{trials}; leave out {spelled('trials')}, or some values of the {spelled('space')}"
        )
    return StudySpec(fixed, space, "", "", sampler, pruner)


def settle_spec(
    spec: StudySpec,
    dataset: Dataset,
    reference: str | None,
    choice: Device,
    work: Work,
    messages: Messages,
) -> tuple[StudySpec, Device]:
    """Complete a specification from the data, and choose the faster device.

    Raises:
        DeviceError: the population does not fit the device.
    """
    spec = replace(spec, config=settled(spec.config, dataset))
    others = tuple(one for one in spec.space.parameters if one.name != "label_smoothing")
    if dataset.kind == "measured" and others != spec.space.parameters:
        spec = replace(spec, space=Space(others))
        messages.say(f"search: {spelled('label_smoothing')} is left out, as targets are measured")
    population = work.population
    batches = -(-work.trials // population)
    heaviest = _heaviest(spec, dataset)
    trained = replace(heaviest, epochs=spec.config.effective_epochs * batches)
    choice = settle_device(choice, trained, population, dataset, messages)
    _require_memory(spec, population, choice, dataset)
    return replace(spec, data=reference, fingerprint=dataset.fingerprint), choice


def best_of(
    study: SearchStudy, progress: StudyProgress, choice: Device, dataset: Dataset
) -> Search | None:
    """The best trial and its network, tested on the test set; ``None`` if no trial is done.

    The network is missing if its file is not in this machine's folder.
    """
    best = progress.best
    if best is None:
        return None
    config = study.spec.space.config(study.spec.config, best.values)
    path = best_model_path(study.storage.folder, best.number)
    model = model_file.load(path) if path.exists() else None
    failure = None
    if model is not None and len(dataset.test):
        try:
            _, answers = evaluate_model(model, dataset, choice, Messages())
            model = replace(model, test=answers.overall)
        except DeviceError as error:
            failure = error
    return Search(study, progress, dataset, choice, best, config, model, failure)


def _require_memory(spec: StudySpec, population: int, choice: Device, dataset: Dataset) -> None:
    """Make sure that the population fits the device, for every shape in the space.

    Raises:
        DeviceError: it does not, as far as can be told.
    """
    for config in spec.space.shapes(spec.config):
        network = network_for(config, dataset)
        size = config.batch_size
        most = largest_population(choice, network, _rule(config.optimizer), size)
        if most is not None and most < population:
            move = f"leave it out of the {spelled('space')}"
            if most:
                move = f"give {spelled('population', str(most))}"
            raise DeviceError(
                f"of the networks {network} with a batch of {size} at most {most} fit "
                f"{choice.info.name}, not {population} side by side; {move}"
            )


def _heaviest(spec: StudySpec, dataset: Dataset) -> TrainConfig:
    """The largest network of the space with the smallest batches: it takes most of the time."""

    def weight(config: TrainConfig) -> tuple[int, int]:
        network = network_for(config, dataset)
        return network.parameter_count, -config.batch_size

    return max(spec.space.shapes(spec.config), key=weight, default=spec.config)


def _rule(optimizer: Optimizer) -> Rule:
    """The update rule with the most memory among those that an optimizer may use."""
    if optimizer == "adamw":
        return "adam"
    return "sgd_momentum" if optimizer == "sgd" else optimizer
