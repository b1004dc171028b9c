"""Parts of frames are drawn again when what they show is another, and only then."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.segment import Segment

from gpunet.terminal.draw.block import Block
from gpunet.terminal.views.cached import cached

MakeConsole = Callable[..., Console]


def test_a_part_is_drawn_again_only_for_another_object_number_text_or_console(
    make_text_console: MakeConsole,
) -> None:
    drawn = []

    def part(console: Console, held: Any, width: int, name: str) -> Block:
        drawn.append((console, width, name))
        return Block(width, [[Segment(name[:width])]])

    console, other = make_text_console(), make_text_console()
    answers, alike = np.zeros(3), np.zeros(3)
    wide = 10**6
    first = cached(part, console, answers, wide, "a")
    assert cached(part, console, answers, int("1000000"), "".join(["a"])) is first
    assert len(drawn) == 1
    for inputs in ((alike, wide, "a"), (alike, 2, "a"), (alike, 2, "b"), (None, 2, "b")):
        cached(part, console, *inputs)
    assert len(drawn) == 5
    cached(part, other, None, 2, "b")
    assert drawn[-1] == (other, 2, "b")
    assert cached(part, console, answers, wide, "a").width == wide


def test_a_part_that_a_frame_has_several_times_is_kept_for_each_place(
    make_text_console: MakeConsole,
) -> None:
    drawn = []

    def part(console: Console, held: list[int]) -> int:
        drawn.append(held)
        return held[0]

    console, one, other = make_text_console(), [1], [2]
    for _ in range(3):
        assert cached(part, console, one, place="one") == 1
        assert cached(part, console, other, place="other") == 2
    assert drawn == [one, other]


def test_what_was_drawn_is_kept_as_long_as_its_console(make_text_console: MakeConsole) -> None:
    class Held:
        pass

    def part(console: Console, held: Held) -> Block:
        return Block(0, [])

    console, held = make_text_console(), Held()
    cached(part, console, held)
    alive = weakref.ref(held)
    del held
    gc.collect()
    assert alive() is not None
    del console
    gc.collect()
    assert alive() is None
