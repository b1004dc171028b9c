"""Reads the listing of a shader for AMD's GPUs, and counts what its loops do.

The listings are those of ``VK_KHR_pipeline_executable_properties``: blocks that begin with ``BB3:``
and hold an instruction a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

__all__ = ["Loop", "kinds", "loops", "repeated_work"]

Block = tuple[str, list[str]]
"""Its name, and its instructions with their operands."""

MULTIPLY_ADD = re.compile(
    r"v_(?:dual_)?(?P<packed>pk_)?(?:fma|fmac|mad|mac)(?:_mix)?(?:k|_legacy|mk|ak)?_?f(?:32|16)"
)

KINDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("clamp", r"v_min_u32"),
        ("move", r"v_(mov|swap|perm|accvgpr)"),
        ("lane", r"v_read(lane|first)"),
        ("convert", r"v_cvt"),
        ("transcendental", r"v_(exp|log|rcp|sqrt|rsq|sin|cos)"),
        ("float", r"v_(add|sub|mul|min|max|pk)\w*_f(32|16)"),
        ("integer", r"v_"),
        ("lds_read", r"ds_(load|read)"),
        ("lds_write", r"ds_"),
        ("scratch", r"scratch_|\w*scratch"),
        ("vector_load", r"(buffer|global|flat|image)_load"),
        ("vector_store", r"(buffer|global|flat)_(store|atomic)"),
        ("scalar_load", r"s_(load|buffer_load)"),
        ("wait", r"s_wait"),
        ("barrier", r"s_barrier"),
        ("hint", r"s_(delay|nop|clause|inst_pref)"),
        ("branch", r"s_c?branch"),
        ("scalar", r"s_"),
    )
)
"""An instruction is of the first kind whose pattern begins its name."""

VECTOR = ("fma", "packed_fma", *(kind for kind, pattern in KINDS if pattern.pattern[0] == "v"))
"""Kinds that the vector units issue, one instruction at a time."""

BYTES_OF_LDS = re.compile(r"ds_(?:load|read|store|write)(?P<twice>2|_2addr)?\w*?_b(?P<bits>\d+)")
BYTES_OF_LOAD = re.compile(r"buffer_load_(?:b(?P<bits>\d+)|dwordx?(?P<words>\d*)|u8|ubyte)")

LEAST_PRODUCTS = 32
"""Multiply-adds of a loop that computes a tile; other loops have fewer."""

TRIPS = 4
"""Of an inner loop; how many there are is not told by the listing."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The work of one iteration of a loop, without inner loops.

    Args:
        block: where it begins.
        depth: 1 for a loop that lies in no other.
        counts: instructions by their kind; ``vector`` in all, ``dual`` are issued in pairs;
            ``lds_bytes`` and ``load_bytes`` of one invocation.
    """

    block: str
    depth: int
    counts: Counter[str]

    @property
    def products(self) -> int:
        """Multiply-adds."""
        return self.counts["fma"] + self.counts["packed_fma"]


def loops(text: str) -> list[Loop]:
    """All loops of a listing, in its order."""
    blocks = list(_blocks(text))
    ranges = _ranges(blocks)
    found = []
    for first, last in ranges:
        depth = sum(start <= first and last <= end for start, end in ranges)
        own = set(range(first, last + 1))
        for start, end in ranges:
            if first < start <= end <= last:
                own -= set(range(start, end + 1))
        counts = _counted(chain.from_iterable(blocks[at][1] for at in sorted(own)))
        found.append(Loop(blocks[first][0], depth, counts))
    return found


def repeated_work(text: str) -> Counter[str] | None:
    """Counts of one trip of the outermost loop that multiplies, with ``TRIPS`` of its inner loop.

    ``None`` for a listing without such a loop.
    """
    found = loops(text)
    multiplying = [one for one in found if one.products >= LEAST_PRODUCTS]
    if not multiplying:
        return None
    inner = max(multiplying, key=lambda one: one.products)
    if inner.depth == 1:
        return inner.counts
    outer = next(one for one in reversed(found[: found.index(inner)]) if one.depth == 1)
    return outer.counts + Counter({kind: TRIPS * n for kind, n in inner.counts.items()})


def kinds(instruction: str) -> list[str]:
    """What an instruction is: one kind, or ``dual`` and those of its two halves."""
    if instruction.startswith("v_dual_"):
        halves = [half.strip() for half in instruction.split("::")]
        return ["dual", *("fma" if MULTIPLY_ADD.match(half) else "integer" for half in halves)]
    if product := MULTIPLY_ADD.match(instruction):
        return ["packed_fma" if product["packed"] else "fma"]
    return [next((kind for kind, pattern in KINDS if pattern.match(instruction)), "other")]


def _counted(instructions: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in instructions:
        counts.update(kinds(one))
        if lds := BYTES_OF_LDS.match(one):
            counts["lds_bytes"] += int(lds["bits"]) // 8 * (2 if lds["twice"] else 1)
        if load := BYTES_OF_LOAD.match(one):
            words = int(load["words"] or 1)
            counts["load_bytes"] += int(load["bits"]) // 8 if load["bits"] else 4 * words
    counts["vector"] = sum(counts[kind] for kind in VECTOR)
    return counts


def _blocks(text: str) -> Iterator[Block]:
    """The blocks in order; an instruction that the listing says is repeated stands so often."""
    block: Block | None = None
    for line in text.splitlines():
        code = line.partition(";")[0].strip()
        if start := re.match(r"(BB\d+):", code):
            if block is not None:
                yield block
            block = (start[1], [])
        elif block is not None and code:
            again = re.search(r"\(then repeated (\d+) times\)", code)
            block[1].extend(block[1][-1:] * int(again[1]) if again else [code])
    if block is not None:
        yield block


def _ranges(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The first and the last block of every loop, which a branch backwards closes."""
    places = {name: at for at, (name, _) in enumerate(blocks)}
    found: dict[int, int] = {}
    for at, (_, instructions) in enumerate(blocks):
        for one in instructions:
            branch = re.match(r"s_c?branch\w*\s+(BB\d+)", one)
            if branch and (head := places.get(branch[1], at + 1)) <= at:
                found[head] = max(at, found.get(head, at))
    return sorted(found.items())
