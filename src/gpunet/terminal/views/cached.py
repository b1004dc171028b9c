"""Parts of a frame that are drawn again only when what they show is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from rich.console import Console

__all__ = ["cached"]

Drawn = TypeVar("Drawn")

_cache: WeakKeyDictionary[Console, dict[Any, tuple[tuple[Any, ...], Any]]] = WeakKeyDictionary()
"""The latest look of each part, and what it was drawn from, as long as there is its console."""


def cached(part: Callable[..., Drawn], console: Console, *inputs: Any, place: str = "") -> Drawn:
    """``part(console, *inputs)``, or what that was the last time if the inputs are the same.

    Texts and numbers are the same if they are equal, others if they are the same object: what
    views hold is replaced and never changed. A part that a frame has several times has a ``place``
    for each.
    """
    looks, key = _cache.setdefault(console, {}), (part, place)
    if key not in looks or not all(map(_same, looks[key][0], inputs)):
        looks[key] = inputs, part(console, *inputs)
    drawn: Drawn = looks[key][1]
    return drawn


def _same(before: Any, now: Any) -> bool:
    return before is now or (isinstance(now, (int, float, str)) and bool(before == now))
