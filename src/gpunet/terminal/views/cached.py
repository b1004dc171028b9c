"""A cache for the parts of a frame, which are drawn again only when their inputs change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from rich.console import Console

__all__ = ["cached"]

Drawn = TypeVar("Drawn")

_cache: WeakKeyDictionary[Console, dict[Any, tuple[tuple[Any, ...], Any]]] = WeakKeyDictionary()
"""For each console, every part's inputs and what was drawn from them the last time."""


def cached(part: Callable[..., Drawn], console: Console, *inputs: Any, place: str = "") -> Drawn:
    """Return ``part(console, *inputs)``, from the cache if the inputs are the same as last time.

    Texts and numbers are compared by value, everything else by identity, since views replace
    their values and never change them. A part that a frame shows several times needs a different
    ``place`` each time.
    """
    looks, key = _cache.setdefault(console, {}), (part, place)
    if key not in looks or not all(map(_same, looks[key][0], inputs)):
        looks[key] = inputs, part(console, *inputs)
    drawn: Drawn = looks[key][1]
    return drawn


def _same(before: Any, now: Any) -> bool:
    return before is now or (isinstance(now, (int, float, str)) and bool(before == now))
