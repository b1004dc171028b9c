"""A row of the table of settings, and the check of a value against it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from numbers import Real
from operator import index
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from gpunet.errors import SettingError

__all__ = [
    "COUNT",
    "LARGEST_NUMBER",
    "Range",
    "Setting",
    "checked",
    "require_one_of",
    "setting",
    "suggestion",
]

ELSEWHERE = {
    "acc": "val-accuracy",
    "accelerator": "device",
    "accuracy": "val-accuracy target-accuracy",
    "alpha": "l2",
    "bs": "batch-size",
    "categorical-crossentropy": "cross-entropy",
    "clipnorm": "clip-norm",
    "clipvalue": "clip-value",
    "compare": "show",
    "cuda": "device",
    "debug": "verbose",
    "early-stopping": "patience",
    "gpu": "device",
    "gpus": "device",
    "gradient-clip-val": "clip-norm",
    "hidden-layer-sizes": "hidden",
    "hidden-size": "hidden",
    "kaiming": "he",
    "layers": "hidden",
    "learning-rate-init": "learning-rate",
    "log-loss": "cross-entropy",
    "logistic": "sigmoid",
    "loss": "val-loss",
    "lr": "learning-rate",
    "lr-scheduler": "schedule",
    "max-epochs": "epochs",
    "max-iter": "epochs",
    "mean-squared-error": "squared-error",
    "metric": "monitor",
    "mse": "squared-error",
    "n-iter-no-change": "patience",
    "num-epochs": "epochs",
    "project": "run-dir",
    "random-state": "seed",
    "save-every": "checkpoint-every",
    "scheduler": "schedule",
    "softmax": "cross-entropy",
    "solver": "optimizer",
    "sparse-categorical-crossentropy": "cross-entropy",
    "swish": "silu",
    "tol": "min-delta",
    "units": "hidden",
    "val-split": "validation",
    "validation-fraction": "validation",
    "validation-split": "validation",
    "wd": "weight-decay",
    "xavier": "glorot",
}
"""Names from other programs, with gpunet's names for the same options, settings and values."""

LARGEST_NUMBER = 3.4028234663852886e38
"""The largest float32; engines compute in float32."""

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    tuple[int, ...]: "a list of whole numbers such as (16, 16)",
    tuple[float, ...]: "a list of numbers",
    tuple[str, ...]: "a list of names",
}


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``lowest`` to ``highest``."""

    lowest: float = 0.0  # the least number
    highest: float = LARGEST_NUMBER  # the greatest
    above: bool = False  # ``lowest`` itself is not allowed
    below: bool = False  # ``highest`` itself is not allowed

    def require(self, name: str, value: Any) -> None:
        """Raise a SettingError unless a setting's value lies within."""
        low = self.lowest < value if self.above else self.lowest <= value
        high = value < self.highest if self.below else value <= self.highest
        if not (low and high):
            too_large = value > self.highest == LARGEST_NUMBER
            largest = f"at most {LARGEST_NUMBER:g}, the largest float32"
            raise SettingError(name, value, largest if too_large else str(self))

    def __str__(self) -> str:
        bounded = self.highest < LARGEST_NUMBER
        if self.above:
            return f"a number above {self.lowest}{f' up to {self.highest}' if bounded else ''}"
        if self.below:
            return f"a number from {self.lowest} to below {self.highest}"
        return f"from {self.lowest:,} to {self.highest:,}" if bounded else f"{self.lowest} or more"


COUNT = Range(1, 1 << 31)
"""The range of an argument that counts something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A row of the table of settings: everything about one setting of training."""

    name: str = ""  # of the field of ``TrainConfig``
    kind: Any = None  # its type
    default: Any = None  # its default value
    panel: str  # the heading that it stands under
    help: str  # what it is, in one or two sentences
    aliases: tuple[str, ...] = ()  # other names that people may use
    formerly: tuple[str, ...] = ()  # its names in older files
    metavar: str | None = None  # the placeholder of its value in the command line's help
    bounds: Range | None = None  # its range; if it has several numbers, the range of each
    names: tuple[str, ...] = ()  # the names that it may have, if ``kind`` does not list them
    # Parses a text such as ``16,16`` from the command line or TOML.
    parse: Callable[[str], Any] | None = None
    as_text: bool = False  # whether files store several values as one text
    # If it is ``None``, computes its value from the other settings.
    follows: Callable[[Any], Any] | None = None
    default_in_words: str = ""  # the default in words, if the value is ``None``
    fixed: str = ""  # why a search cannot vary it; empty if it can
    shared: bool = False  # whether all networks of a population must share it
    off: Any = 0  # the value without any effect, which is not shown
    needs: str = ""  # another setting without which it has no effect

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types that a value may have."""
        return _kinds(self.kind)

    @property
    def choices(self) -> tuple[str, ...]:
        """The names that it may have; empty if it is not a name."""
        return _listed(self.kind) or self.names

    def check(self, value: Any) -> Any:
        """Check a value and convert it to Python's own types; numpy's types and lists are fine.

        Raises:
            SettingError: the type is wrong, or the value is invalid.
        """
        if isinstance(value, str) and self.as_text and self.parse is not None:
            value = self.parse(value)
        plain = self._plain(value)
        for one in plain if isinstance(plain, tuple) else (plain,):
            if isinstance(one, str):
                if self.choices:
                    require_one_of(self.name, one, self.choices)
            elif self.bounds is not None and one is not None:
                self.bounds.require(self.name, one)
        return plain

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
            if getattr(value, "ndim", 1) == 0:  # an array that holds a single number
                raise SettingError(self.name, value, "a number, not an array")
            kind = next((one for one in self.kinds if get_origin(one) is tuple), None)
            values = list(value)
            if kind is None or (self.as_text and not values):
                raise SettingError(self.name, values, "a single value")
            plain = tuple(self._single(get_args(kind)[:1], one) for one in values)
            return plain[0] if self.names and len(plain) == 1 else plain
        return self._single(self.kinds, value)

    def _single(self, kinds: tuple[Any, ...], value: Any) -> Any:
        for kind in kinds:
            try:
                return _as(kind, value)
            except TypeError:
                continue
        wanted = [_WORDS.get(kind, "a text") for kind in kinds if kind is not NoneType]
        raise SettingError(self.name, value, " or ".join(wanted))


@cache
def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


@cache
def _listed(kind: Any) -> tuple[str, ...]:
    listed = [one for one in _kinds(kind) if get_origin(one) is Literal]
    return get_args(listed[0]) if listed else ()


def setting(default: Any, help: str, **facts: Any) -> Any:
    """A field of ``Settings`` and its row of the table, as ``Setting`` describes."""
    row = Setting(default=default, help=help, **facts)
    return field(default=default, metadata={"row": row})


def checked(name: str, value: Any, kind: Any, bounds: Range | None = None) -> Any:
    """Check an argument's type and bounds as those of a setting; the value."""
    return Setting(name=name, kind=kind, bounds=bounds, panel="", help="").check(value)


def require_one_of(name: str, value: str, choices: Iterable[str]) -> None:
    """Raise a SettingError unless a setting's value is a known name."""
    if value not in choices:
        advice = f"one of {', '.join(choices)}{suggestion(value, choices)}"
        raise SettingError(name, value, advice)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Ask about the closest known word, or one that means the same, at the end of a sentence.

    Empty if there is none.

    Example:
        >>> suggestion("--epoch", ["--epsilon", "--epochs"])
        "; did you mean '--epochs'?"
        >>> suggestion("mse", ["cross-entropy", "squared-error"])
        "; did you mean 'squared-error'?"
    """
    names = {_plain_word(name): name for name in known}
    word = _plain_word(word)
    close = [name for name in ELSEWHERE.get(word, "").split() if name in names]
    close = close or get_close_matches(word, names, n=1, cutoff=0.65)
    close = close or [name for name in names if len(word) > 1 and name.startswith(word)]
    return f"; did you mean {names[close[0]]!r}?" if close else ""


def _plain_word(word: str) -> str:
    return word.lower().removeprefix("gpunet_").strip("-").replace("_", "-")


def _as(kind: Any, value: Any) -> Any:
    """The value converted to a type, such as 5000 to 5000.0; TypeError if its type is wrong."""
    is_bool = type(value).__name__ in ("bool", "bool_")
    if kind is NoneType and value is None:
        return None
    if kind is bool and is_bool:
        return bool(value)
    if kind is int and not is_bool:
        return index(value)
    if kind is float and isinstance(value, Real) and not is_bool:
        with suppress(OverflowError):  # numbers too large for a float are refused by the bounds
            return float(value)
        return value
    if (kind is str or get_origin(kind) is Literal) and isinstance(value, str):
        return value
    raise TypeError
