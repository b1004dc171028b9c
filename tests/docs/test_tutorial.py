"""The tutorial, kept true: its code runs, prints what is shown, and quotes what is there.

In a part, a fence ``python`` is executed and a fence ``console`` is handed to the command line; the
fence ``text`` after it shows what it prints. A line ``…`` stands for any lines, and numbers of a
fence ``text measured`` are the writer's machine's. A fence ``wgsl`` names its file in its first
line. A fence ``sh`` is not run.
"""

from __future__ import annotations

import io
import math
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gpunet.cli.app import run
from gpunet.engine.wgpu.adapters import list_adapters
from gpunet.files.resources import shaders_folder

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "docs" / "tutorial"
INDEX = FOLDER / "README.md"
PARTS = sorted(FOLDER.glob("[0-9]-*.md"))

FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?")
LINK = re.compile(r"\]\(([^)#:]+)\)")
ELISION = "…"

SHARE = 0.02
"""By which a shown fraction may differ: BLAS libraries and adapters round in different places, and
training enlarges that. Counts must be the same."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a part."""

    language: str
    kind: str | None
    text: str
    line: int


def blocks_of(part: Path) -> list[Block]:
    """The fenced blocks in their order."""
    text = part.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], found[3], text.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(text)
    ]


def runnable(part: Path) -> Iterator[tuple[Block, Block | None]]:
    """Each block that is run, with the one that shows what it prints."""
    blocks = blocks_of(part)
    for block, after in pairwise([*blocks, Block("end", None, "", 0)]):
        if block.language in {"python", "console"}:
            yield block, after if after.language == "text" else None


def carry_out(block: Block, namespace: dict[str, Any], name: str) -> str:
    """Run a block; what it printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        if block.language == "python":
            # Line numbers of a traceback are then those of the part.
            code = "\n" * block.line + block.text
            exec(compile(code, name, "exec"), namespace)
        else:
            for line in block.text.splitlines():
                program, *arguments = shlex.split(line.removeprefix("$ "))
                assert program == "gpunet", f"{name}, line {block.line}: cannot run {line!r}"
                assert run(arguments) == 0, f"{name}, line {block.line}: {printed.getvalue()}"
    return printed.getvalue()


def fits(expected: list[str], actual: list[str], *, measured: bool = False) -> bool:
    """Whether printed lines are those that a part shows."""
    if not expected:
        return not actual
    if expected[0] == ELISION:
        rest = expected[1:]
        return any(
            fits(rest, actual[skipped:], measured=measured) for skipped in range(len(actual) + 1)
        )
    return (
        bool(actual)
        and line_fits(expected[0], actual[0], measured=measured)
        and fits(expected[1:], actual[1:], measured=measured)
    )


def line_fits(expected: str, actual: str, *, measured: bool) -> bool:
    if words_of(expected) != words_of(actual):
        return False
    numbers = zip(NUMBER.findall(expected), NUMBER.findall(actual), strict=True)
    return measured or all(number_fits(*pair) for pair in numbers)


def words_of(line: str) -> str:
    """A line without its numbers and its spaces, which change with their digits."""
    return "".join(NUMBER.sub("\0", line).split())


def number_fits(expected: str, actual: str) -> bool:
    """Counts are the same; fractions differ by a small share or in the last digit shown."""
    if not {".", "e"} & set(expected + actual):
        return expected == actual
    last_digit = 0.0
    if "e" not in expected:
        last_digit = 10.0 ** -len(expected.partition(".")[2])
    wanted, got = (float(one.replace(",", "")) for one in (expected, actual))
    return math.isclose(wanted, got, rel_tol=SHARE, abs_tol=1.001 * last_digit)


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, a cache of its own, and 80 columns without colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_the_code_of_a_part_runs_and_prints_what_the_part_shows(part: Path) -> None:
    if "select_device(" in part.read_text(encoding="utf-8") and not list_adapters():
        promised = os.environ.get("GPUNET_REQUIRE_ADAPTER") == "1"
        assert not promised, "this machine was promised a Vulkan adapter, but wgpu finds none"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block, shown in runnable(part):
        printed = carry_out(block, namespace, part.name)
        expected = "" if shown is None else shown.text
        measured = shown is not None and shown.kind == "measured"
        lines = [line.rstrip() for line in printed.rstrip().splitlines()]
        assert fits(expected.splitlines(), lines, measured=measured), (
            f"{part.name}, line {block.line}: shown is\n{expected}\nbut printed was\n{printed}"
        )


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_output_is_only_shown_right_after_the_code_that_prints_it(part: Path) -> None:
    blocks = blocks_of(part)
    assert blocks[0].language != "text"
    for before, block in pairwise(blocks):
        if block.language == "text":
            assert before.language in {"python", "console"}, f"line {block.line}"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_a_quoted_shader_is_what_the_file_says(part: Path) -> None:
    for block in blocks_of(part):
        if block.language == "wgsl":
            first, _, quoted = block.text.partition("\n")
            file = shaders_folder() / first.removeprefix("// shaders/")
            position, source = 0, file.read_text(encoding="utf-8")
            for piece in quoted.split(f"{ELISION}\n"):
                found = source.find(piece, position)
                assert found >= 0, f"{part.name}, line {block.line}: not in {file.name}:\n{piece}"
                position = found + len(piece)


@pytest.mark.parametrize("page", [INDEX, *PARTS], ids=lambda page: page.stem)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_leads_to_the_tutorial_and_that_to_every_part() -> None:
    assert "(docs/tutorial/README.md)" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    linked = LINK.findall(INDEX.read_text(encoding="utf-8"))
    assert [part.name for part in PARTS] == [name for name in linked if name[0].isdigit()]


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("loss 0.123", "loss 0.124", True),
        ("loss 0.123", "loss 0.133", False),
        ("loss 0.123", "cost 0.123", False),
        ("loss 0.123", "loss -0.123", False),
        ("[ 0.50 1.00]", "[0.5  1. ]", True),
        ("60 of 100", "61 of 100", False),
        ("13,002 parameters", "13,003 parameters", False),
        ("3.00e-07", "4.00e-07", False),
    ],
)
def test_a_number_may_only_differ_by_a_little(shown: str, printed: str, expected: bool) -> None:
    assert expected == fits([shown], [printed])


def test_three_dots_stand_for_any_lines() -> None:
    assert fits(["a", ELISION, "c"], ["a", "b", "b", "c"])
    assert fits(["a", ELISION, "c"], ["a", "c"])
    assert not fits(["a", ELISION, "c"], ["a", "b", "d"])
    assert not fits(["a"], ["a", "b"])


def test_measured_numbers_may_differ_but_their_words_may_not() -> None:
    assert fits(["1.5 ms a step"], ["0.2 ms a step"], measured=True)
    assert not fits(["1.5 ms a step"], ["0.2 s a step"], measured=True)
