"""The pages of documentation, kept true: their code runs, prints what is shown, and quotes files.

On a page, a fence ``python`` is executed and a fence ``console`` is handed to the command line; a
fence ``text`` after it shows what it prints. In the tutorial all output is shown, elsewhere what is
worth showing. A line ``…`` stands for any lines, and numbers of a fence ``text measured`` are the
writer's machine's. A fence with ``title="FILE"`` is written into that file first. A fence ``wgsl``
names its file in its first line. A fence ``sh`` is not run, but its commands and their options are
looked up.
"""

from __future__ import annotations

import codeop
import io
import math
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gpunet.cli.app import command_line, run
from gpunet.engine.wgpu.adapters import list_adapters
from gpunet.files.resources import shader_file

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
FOLDER = DOCS / "tutorial"
INDEX = FOLDER / "README.md"
PARTS = sorted(FOLDER.glob("[0-9]-*.md"))
PAGES = sorted([REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *DOCS.rglob("*.md")])

FENCE = re.compile(
    r'^```(\w+)(?: (\w+))?(?: ?title="(.*?)")?\n(.*?)^```$', flags=re.MULTILINE | re.DOTALL
)
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ELISION = "…"

SHARE = 0.02
"""By which a shown fraction may differ: BLAS libraries and adapters round in different places, and
training enlarges that. Counts must be the same."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    kind: str | None
    title: str | None
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], found[3], found[4], text.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(text)
    ]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def with_blocks(*languages: str) -> list[Path]:
    """The pages that have blocks in one of these languages."""
    return [page for page in PAGES if any(block.language in languages for block in blocks_of(page))]


def steps_of(page: Path) -> Iterator[tuple[Block, Block | None]]:
    """Each block that is run or written, with the one that shows what it prints."""
    blocks = blocks_of(page)
    for block, after in pairwise([*blocks, Block("end", None, None, "", 0)]):
        if block.language in {"python", "console"} or block.title:
            yield block, after if after.language == "text" else None


def carry_out(block: Block, namespace: dict[str, Any], name: str) -> str:
    """Run a block, or write it into its file; what it printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        if block.title:
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            # Line numbers of a traceback are then those of the page.
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
    """An empty folder, a cache of its own, and 80 columns without color."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPUNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("page", with_blocks("python", "console"), ids=name_of)
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(page: Path) -> None:
    if "choose(" in page.read_text(encoding="utf-8") and not list_adapters():
        promised = os.environ.get("GPUNET_REQUIRE_ADAPTER") == "1"
        assert not promised, "this machine was promised a Vulkan adapter, but wgpu finds none"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block, shown in steps_of(page):
        printed = carry_out(block, namespace, page.name)
        if shown is None and page not in PARTS:
            continue
        expected = "" if shown is None else shown.text
        measured = shown is not None and shown.kind == "measured"
        lines = [line.rstrip() for line in printed.rstrip().splitlines()]
        assert fits(expected.splitlines(), lines, measured=measured), (
            f"{page.name}, line {block.line}: shown is\n{expected}\nbut printed was\n{printed}"
        )


@pytest.mark.parametrize("page", with_blocks("python"), ids=name_of)
def test_code_can_be_typed_into_a_prompt(page: Path) -> None:
    for block in blocks_of(page):
        if block.language != "python":
            continue
        typed: list[str] = []
        for number, line in enumerate([*block.text.splitlines(), ""], block.line + 1):
            typed.append(line)
            try:
                if codeop.compile_command("\n".join(typed)) is not None:
                    typed = []
            except SyntaxError as error:
                pytest.fail(f"{page.name}, line {number}: a prompt refuses {line!r}: {error}")
        assert typed == [], f"{page.name}, line {block.line}: a prompt waits for more"


@pytest.mark.parametrize("page", with_blocks("sh"), ids=name_of)
def test_commands_that_are_not_run_are_there_with_their_options(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                for command in re.split(r"\$\(|\)|[|>]|&&", line):
                    assert obstacle(shlex.split(command, comments=True)) is None, line


def obstacle(words: list[str]) -> str | None:
    """What keeps a command of a shell from being carried out in this repository, if anything."""
    match words:
        case ["make", target, *_]:
            known = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
            return None if target in known else f"make has no target {target}"
        case ["python", script, *_]:
            return None if (REPOSITORY / script).exists() else f"{script} is not there"
        case ["gpunet", *arguments]:
            return _unknown_option(command_line(), arguments)
    return None


def _unknown_option(command: Any, arguments: list[str]) -> str | None:
    below = getattr(command, "commands", None)
    if below and arguments and not arguments[0].startswith("-"):
        if arguments[0] not in below:
            return f"there is no command {arguments[0]}"
        return _unknown_option(below[arguments[0]], arguments[1:])
    options = [[*one.opts, *one.secondary_opts] for one in command.params]
    known = {"--help", *(spelling for spellings in options for spelling in spellings)}
    given = [word.partition("=")[0] for word in arguments if re.match(r"--?\w", word)]
    unknown = [word for word in given if word not in known]
    return f"{command.name} has no option {unknown[0]}" if unknown else None


def test_a_command_that_is_not_there_is_found_out() -> None:
    assert obstacle(["gpunet", "train", "--lr", "0.1"]) is None
    assert obstacle(["gpunet", "train", "--speed", "9"]) == "train has no option --speed"
    assert obstacle(["gpunet", "datasets", "burn"]) == "there is no command burn"
    assert obstacle(["make", "coffee"]) == "make has no target coffee"
    assert obstacle(["python", "tools/none.py"]) == "tools/none.py is not there"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_output_is_only_shown_right_after_the_code_that_prints_it(page: Path) -> None:
    for before, block in pairwise([Block("start", None, None, "", 0), *blocks_of(page)]):
        if block.language == "text":
            assert before.language in {"python", "console"}, f"line {block.line}"


@pytest.mark.parametrize("page", with_blocks("wgsl"), ids=name_of)
def test_a_quoted_shader_is_what_the_file_says(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "wgsl":
            first, _, quoted = block.text.partition("\n")
            file = shader_file() / first.removeprefix("// shaders/")
            position, source = 0, file.read_text(encoding="utf-8")
            for piece in quoted.split(f"{ELISION}\n"):
                found = source.find(piece, position)
                assert found >= 0, f"{page.name}, line {block.line}: not in {file.name}:\n{piece}"
                position = found + len(piece)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_is_short() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert len(text.encode()) <= 7 * 1024


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set(), [REPOSITORY / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        pages = {(page.parent / link).resolve() for link in links if link.endswith(".md")}
        ahead += pages - reached
    assert set(PAGES) - reached - {DOCS / "index.md"} == set()


def test_the_picture_of_the_rooms_is_the_plan_of_the_house() -> None:
    picture = (DOCS / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    rows = re.findall(r"^([a-z]+(?:, [a-z]+)*) ", picture, flags=re.MULTILINE)
    shown = [room for row in rows for room in row.split(", ")]
    layers = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"][0]["layers"]
    floors = [layer.split(" | ") for layer in layers if layer != "__main__"]
    assert set(shown) == {room for floor in floors for room in floor}
    assert sorted(shown, key=lambda room: [room in floor for floor in floors].index(True)) == shown


def test_the_tutorial_leads_to_its_parts_in_their_order() -> None:
    linked = LINK.findall(INDEX.read_text(encoding="utf-8"))
    assert [name for name in linked if name[0].isdigit()] == [part.name for part in PARTS]


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
    assert fits([shown], [printed]) == expected


def test_three_dots_stand_for_any_lines() -> None:
    assert fits(["a", ELISION, "c"], ["a", "b", "b", "c"])
    assert fits(["a", ELISION, "c"], ["a", "c"])
    assert not fits(["a", ELISION, "c"], ["a", "b", "d"])
    assert not fits(["a"], ["a", "b"])


def test_measured_numbers_may_differ_but_their_words_may_not() -> None:
    assert fits(["1.5 ms a step"], ["0.2 ms a step"], measured=True)
    assert not fits(["1.5 ms a step"], ["0.2 s a step"], measured=True)
