"""Parts of a frame that are drawn again only when what they show is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from rich.console import Console

from gpunet.terminal.draw.block import Block

__all__ = ["kept"]

Part = Callable[..., Block]

_kept: WeakKeyDictionary[Console, dict[Part, tuple[tuple[Any, ...], Block]]] = WeakKeyDictionary()
"""The latest block of each part, and what it was drawn from, as long as there is its console."""


def kept(part: Part, console: Console, *inputs: Any) -> Block:
    """``part(console, *inputs)``, or what that was the last time if the inputs are the same.

    Texts and numbers are the same if they are equal, others if they are the same object: what
    views hold is replaced and never changed.
    """
    blocks = _kept.setdefault(console, {})
    before, block = blocks.get(part, ((), None))
    if block is None or not all(map(_same, before, inputs)):
        block = part(console, *inputs)
        blocks[part] = inputs, block
    return block


def _same(before: Any, now: Any) -> bool:
    return before is now or (isinstance(now, (int, float, str)) and bool(before == now))
