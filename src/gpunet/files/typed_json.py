"""JSON that was read from a file, checked against the type that it should have."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any, TypeVar

import msgspec

from gpunet.errors import GpunetError

__all__ = ["UnsoundError", "from_json", "typed"]

Kind = TypeVar("Kind")


class UnsoundError(ValueError):
    """Why a file does not hold what it should, as the middle part of a sentence."""


def from_json(text: str | bytes, kind: type[Kind]) -> Kind:
    """The value that a JSON text holds, of this type; entries that it does not name cost nothing.

    Raises:
        UnsoundError: it is no JSON, holds NaN or infinity, or is not of this type.
    """
    with contextlib.suppress(ValueError, RecursionError, GpunetError):
        return msgspec.json.decode(text, type=kind)
    # What is wrong is told of what ``json`` reads, which also takes a half of a surrogate pair.
    try:
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise UnsoundError("it is no JSON") from error
    return typed(content, kind)


def typed(content: Any, kind: type[Kind]) -> Kind:
    """What ``json`` has read, as a value of this type; entries that it does not name are left out.

    Args:
        content: dictionaries, lists, texts and numbers.
        kind: a ``msgspec.Struct``, a dataclass, or what ``msgspec`` knows beside those.

    Raises:
        UnsoundError: it is not of this type.
    """
    try:
        return msgspec.convert(content, kind)
    except (ValueError, GpunetError) as error:  # also what a dataclass says of its own fields
        raise UnsoundError(_sentence(str(error), content)) from error


def _sentence(error: str, content: Any) -> str:
    """An error such as ``Expected `int`, got `str` - at `$.networks[0].steps` `` in our words."""
    says, _, path = error.replace("`", "").partition(" - at $")
    if "[...]" in path:  # some value of a dictionary, msgspec does not say which
        return f"{path.partition('[')[0].strip('.')} holds something else: {says.lower()}"
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        content = content[name or int(index)]
    place = path.strip(".")
    if lacks := re.fullmatch(r"Object missing required field (\w+)", says):
        return f"{place or 'it'} lacks {lacks[1]!r}"
    if wanted := re.fullmatch(r"Expected (.*?)(, got .*)?", says):
        return f"{place or 'it'} is {content!r:.40}, wanted {wanted[1]}"
    return f"{says[:1].lower()}{says[1:]} in {place}"


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no finite number")
    return number
