"""Reads JSON and checks it against a type."""

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
    """Why a file is invalid, as the middle part of a sentence."""


def from_json(text: str | bytes, kind: type[Kind]) -> Kind:
    """Parse a JSON text as a value of this type; entries that the type lacks are skipped.

    Raises:
        UnsoundError: it is not JSON, holds NaN or infinity, or does not have this type.
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
    """Convert content from ``json`` to a value of this type; entries that it lacks are left out.

    Args:
        content: dictionaries, lists, texts and numbers.
        kind: a ``msgspec.Struct``, a dataclass, or another type that ``msgspec`` knows.

    Raises:
        UnsoundError: the content does not have this type.
    """
    try:
        return msgspec.convert(content, kind)
    except (ValueError, GpunetError) as error:  # also what a dataclass says of its own fields
        raise UnsoundError(_sentence(str(error), content)) from error


def _sentence(error: str, content: Any) -> str:
    """Rephrase an error such as ``Expected `int`, got `str` - at `$.networks[0].steps` ``."""
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
