"""The search space: the settings that are searched, their bounds, and the file that holds them.

This module checks a space and holds it as data. Optuna draws the values (see ``study``), and
``config`` says what they mean.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpunet.config import LARGEST_NUMBER, SETTINGS, SHARED, USES, TrainConfig, canonical
from gpunet.config.setting import suggestion
from gpunet.config.settings_file import parse_toml, read_text
from gpunet.config.texts import written
from gpunet.errors import SettingError, UsageError, spelled

__all__ = ["Parameter", "Space", "Value", "default_space", "grid", "read_space"]

Value = bool | int | float | str

DRAWS_TO_REFUSE = 200
"""A value that was refused with this many random values of the others is refused altogether."""

LARGEST_GRID = 1 << 20
"""Most points of a grid or values of a stepped range; no search gets through more."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One searched setting: a range, or choices.

    Args:
        name: field of TrainConfig.
        low: smallest value; ``None`` for choices.
        high: largest value; ``None`` for choices.
        log: whether values are drawn uniformly in the logarithm.
        step: distance between values; ``None`` for a continuous range.
        choices: the values, unless it is a range; layers are written like ``16,16``.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: tuple[Value, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the parameter is a range of whole numbers."""
        return isinstance(self.low, int) and int in SETTINGS[self.name].kinds

    @property
    def shared(self) -> bool:
        """Whether all networks of a population must have the same value."""
        return self.name in SHARED

    @property
    def probes(self) -> tuple[Value, ...]:
        """Values to check; if these are valid, all are."""
        return self.choices if self.low is None or self.high is None else (self.low, self.high)

    @property
    def points(self) -> tuple[Value, ...] | None:
        """All values in order; ``None`` for a continuous range."""
        if self.low is None or self.high is None:
            return self.choices
        step = 1 if self.whole and self.step is None else self.step
        if step is None or self.log:
            return None
        count = math.floor((self.high - self.low) / step * (1 + 1e-12)) + 1
        return tuple(self.low + index * step for index in range(count))

    def draw(self, draws: np.random.Generator) -> Value:
        """Draw a random value."""
        if (points := self.points) is not None:
            return points[int(draws.integers(len(points)))]
        assert self.low is not None
        assert self.high is not None
        if self.log:
            value = math.exp(draws.uniform(math.log(self.low), math.log(self.high)))
            return round(value) if self.whole else value
        return float(draws.uniform(self.low, self.high))

    def to_dict(self) -> dict[str, Any]:
        """The range or choices as in a space's file and in JSON."""
        if self.low is None:
            return {"choices": list(self.choices)}
        table: dict[str, Any] = {"low": self.low, "high": self.high}
        table |= {"log": True} if self.log else {}
        return table | ({} if self.step is None else {"step": self.step})


@dataclass(frozen=True, slots=True)
class Space:
    """The settings that a study searches.

    Args:
        parameters: the searched settings, in the order in which they are listed.
    """

    parameters: tuple[Parameter, ...]

    @property
    def shared(self) -> tuple[str, ...]:
        """The parameters whose values all networks of a population must share."""
        return tuple(one.name for one in self.parameters if one.shared)

    def config(self, fixed: TrainConfig, values: Mapping[str, Value]) -> TrainConfig:
        """All settings of a trial.

        Args:
            fixed: the settings that are not searched.
            values: values of the parameters, by name.

        Raises:
            UsageError: the values contradict each other, or a name is not a parameter.
        """
        strange = sorted(values.keys() - {one.name for one in self.parameters})
        if strange:
            raise UsageError(f"a trial sets {strange[0]!r:.40}, which is not searched")
        return dataclasses.replace(fixed, **{name: _setting(name, values[name]) for name in values})

    def group(self, values: Mapping[str, Value]) -> tuple[Value, ...]:
        """The shared values of a trial; trials with the same ones can form a population."""
        return tuple(values[name] for name in self.shared)

    def shapes(self, fixed: TrainConfig) -> Iterator[TrainConfig]:
        """One configuration for every kind of population, with ranges at their largest values."""
        ranges = [
            one.choices or (one.probes[-1],) if one.shared else one.probes[:1]
            for one in self.parameters
        ]
        for values in itertools.product(*ranges):
            names = (one.name for one in self.parameters)
            try:
                yield self.config(fixed, dict(zip(names, values, strict=True)))
            except UsageError:
                continue  # a trial with these values is recorded as failed

    def require_possible(self, fixed: TrainConfig, source: str) -> None:
        """Make sure that every value is valid together with some values of the other parameters.

        Args:
            fixed: all settings that are not searched.
            source: name of the space in messages.

        Raises:
            UsageError: a value is never valid.
        """
        for parameter in self.parameters:
            for value in parameter.probes:
                refused = self._refusal(fixed, parameter, value)
                if refused is not None:
                    raise UsageError(f"{source}, [{parameter.name}]: {refused}")

    def _refusal(self, fixed: TrainConfig, parameter: Parameter, value: Value) -> str | None:
        draws = np.random.default_rng(0)
        refused = None
        for attempt in range(DRAWS_TO_REFUSE):
            others = {} if attempt == 0 else {p.name: p.draw(draws) for p in self.parameters}
            try:
                self.config(fixed, {**others, parameter.name: value})
            except UsageError as error:
                refused = refused or str(error)
            else:
                return None
        return refused

    def to_dict(self) -> dict[str, Any]:
        """The space as JSON holds it."""
        return {one.name: one.to_dict() for one in self.parameters}

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any], source: str) -> Space:
        """The space described by a file's tables or by ``to_dict``.

        Raises:
            UsageError: a name is not a setting, or a table is neither a range nor choices.
        """
        parameters: dict[str, Parameter] = {}
        for key, table in tables.items():
            parameter = _parameter(key, table, source)
            if parameter.name in parameters:
                raise UsageError(f"{source} names {parameter.name} twice; leave one out")
            parameters[parameter.name] = parameter
        return cls(tuple(parameters.values()))


def default_space(fixed: TrainConfig, given: Sequence[str] = ()) -> Space:
    """The default search space.

    Args:
        fixed: all settings that are not searched.
        given: settings that the user has fixed, which are left out.
    """
    rate = fixed.effective_learning_rate
    parameters = [
        Parameter("hidden", choices=("16,16", "64", "64,64", "128")),
        Parameter("activation", choices=("relu", "leaky_relu", "tanh")),
        Parameter("learning_rate", rate / 20, rate * 10, log=True),
        Parameter("schedule", choices=("cosine", "linear", "constant")),
        Parameter("dropout", 0.0, 0.5),
        Parameter("l2", 1e-7, 1e-3, log=True),
        Parameter("label_smoothing", 0.0, 0.2),
    ]
    for own in (Parameter("beta1", 0.8, 0.99), Parameter("momentum", 0.0, 0.95)):
        if own.name in USES["optimizer"][fixed.optimizer]:
            parameters.append(own)
    return Space(tuple(one for one in parameters if one.name not in given))


def read_space(path: Path) -> Space:
    """Read a space from a file: one table for each setting, with a range or choices.

    Raises:
        UsageError: the file cannot be read, is not TOML, or is not a space.
    """
    text = read_text(path, "a TOML file with a table for each searched setting")
    if not (tables := parse_toml(text, path)):
        raise UsageError(f"{path} names no setting to search; write for example [learning_rate]")
    return Space.from_dict(tables, str(path))


def grid(space: Space) -> list[dict[str, Value]]:
    """All points of the space, those of one population next to each other.

    Raises:
        UsageError: a range is continuous, or there are too many points.
    """
    axes: list[tuple[Value, ...]] = []
    ordered = sorted(space.parameters, key=lambda one: not one.shared)
    for parameter in ordered:
        points = parameter.points
        if points is None:
            raise UsageError(
                f"{spelled('sampler', 'grid')} needs choices or steps, but {parameter.name} is a "
                "continuous range; give it choices or a step in a "
                f"{spelled('space', 'FILE.toml')}"
            )
        axes.append(points)
    if (count := math.prod(map(len, axes))) > LARGEST_GRID:
        raise UsageError(f"the grid has {count:,} points; leave out some values or settings")
    names = [parameter.name for parameter in ordered]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*axes)]


def _parameter(key: str, table: Any, source: str) -> Parameter:
    name = canonical(key)
    location = f"{source}, [{key}]"
    if name not in SETTINGS:
        advice = suggestion(name, SETTINGS) or "; `gpunet config` prints all of them"
        raise UsageError(f"{location} is no setting of training{advice}")
    if reason := SETTINGS[name].fixed:
        raise UsageError(f"{location} cannot be searched because {reason}; leave it out")
    if not isinstance(table, dict):
        raise UsageError(
            f"{source}: {key} is {table!r}, wanted a table such as [{key}] with choices or with "
            "low and high; a fixed value belongs in "
            f"{spelled('config')}"
        )
    if "choices" in table:
        return _choices(name, table, location)
    return _range(name, table, location)


def _choices(name: str, table: Mapping[str, Any], location: str) -> Parameter:
    if len(table) > 1:
        raise UsageError(f"{location} has both choices and {', '.join(table.keys() - {'choices'})}")
    choices = table["choices"]
    if not (isinstance(choices, list) and choices):
        raise UsageError(f"{location} choices: is {choices!r}, wanted a list of values")
    values = tuple(written(one) if isinstance(one, list) else one for one in choices)
    for value in values:
        try:
            SETTINGS[name].check(_setting(name, value))
        except SettingError as error:
            raise error.at(f"{location} choices") from error
    if len(set(map(repr, values))) < len(values):
        raise UsageError(f"{location} choices: a value appears twice; leave one out")
    return Parameter(name, choices=values)


def _range(name: str, table: Mapping[str, Any], location: str) -> Parameter:
    for key in table:
        if key not in ("low", "high", "log", "step"):
            raise UsageError(
                f"{location} {key}: is unknown; known are low, high, log, step, choices"
            )
    if "low" not in table or "high" not in table:
        raise UsageError(f"{location} names no range: give low and high, or choices")
    kinds = set(SETTINGS[name].kinds)
    if not kinds & {int, float}:
        raise UsageError(f"{location} is no number; give choices instead of low and high")
    whole = int in kinds
    kind, wanted = (int, "a whole number") if whole else ((int, float), "a number")
    for key in ("low", "high", *(["step"] if table.get("step") is not None else [])):
        value = table[key]
        is_number = isinstance(value, kind) and not isinstance(value, bool)
        if not (is_number and abs(value) <= LARGEST_NUMBER):
            raise UsageError(f"{location} {key}: is {value!r}, wanted {wanted}")
    low, high, log, step = table["low"], table["high"], table.get("log"), table.get("step")
    stepped = (whole or step is not None) and not log
    for wrong, says in (
        (low > high, f"low: is {low}, which is above high, {high}; swap them"),
        (log not in (None, True, False), f"log: is {log!r}, wanted true or false"),
        (log and low <= 0, f"low: is {low}, wanted a number above 0 because log is true"),
        (step is not None and step <= 0, f"step: is {step}, wanted a number above 0"),
        (log and step is not None, "step: does not go with log; leave one out"),
        (
            stepped and not (high - low) / (step or 1) < LARGEST_GRID,
            f"step: makes more than {LARGEST_GRID:,} values; give a larger step, or log",
        ),
    ):
        if wrong:
            raise UsageError(f"{location} {says}")
    if not whole:
        low, high, step = float(low), float(high), None if step is None else float(step)
    return Parameter(name, low, high, bool(log), step)


def _setting(name: str, value: Value) -> Any:
    """A parameter's value as TrainConfig takes it."""
    parse = SETTINGS[name].parse
    return parse(value) if parse is not None and isinstance(value, str) else value
