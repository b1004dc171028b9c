"""The keys that change what is seen of a run, and the screen that lists them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.terminal.views.keys import ARROWS
from gpunet.terminal.views.view import KEYS, Screen, View
from gpunet.training.events import Control, RunInfo

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]
MakeView = Callable[..., View]


def shown(console: Console, view: View, size: tuple[int, int] = (80, 24)) -> list[str]:
    block = dashboard_frame(console, view, Control(), size, 0.0, keys=True)
    return ["".join(segment.text for segment in line).rstrip() for line in block.lines]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_key_is_listed_with_its_meaning(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView, ascii_only: bool
) -> None:
    console = make_text_console(80, 40, ascii_only=ascii_only)
    rows = shown(console, make_view(make_run(), 2).pressed("?"), (80, 40))
    listed = "\n".join(rows)
    assert [one.meaning for one in KEYS.values() if one.meaning not in listed] == []
    for key, meaning in (("q", "stop after this epoch"), ("p", "pause"), ("Ctrl-C", "stop now")):
        assert any(row.lstrip().startswith(f"{key}  {meaning}") for row in rows)
    assert listed.isascii() == ascii_only


def test_the_guide_tells_of_every_key() -> None:
    guide = (Path(__file__).parents[2] / "docs/guide/dashboard.md").read_text("utf-8")
    assert [
        key for key in KEYS if f"`{ARROWS.get(key, key)}`" not in guide and key != "escape"
    ] == []


@pytest.mark.parametrize("back", ["?", "escape"])
def test_the_list_of_keys_goes_as_it_came(make_run: MakeRun, back: str) -> None:
    view = View(run=make_run())
    assert view.pressed("?").screen == "keys"
    assert view.pressed("?").pressed(back).screen == "curves"


def test_a_key_without_a_meaning_changes_nothing(make_run: MakeRun) -> None:
    view = View(run=make_run())
    assert view.pressed("z") is view


def test_every_key_is_listed_on_the_smallest_screen_too(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView
) -> None:
    rows = shown(make_text_console(40, 10), make_view(make_run(), 2).pressed("?"), (40, 10))
    listed = "\n".join(rows[4:9])
    keys = [f"{ARROWS.get(key, key)} {one.short}" for key, one in KEYS.items()]
    told = ["q stop", "p pause", "Ctrl-C stop", *keys]
    assert [one for one in told if one not in listed] == []


@pytest.mark.parametrize(
    ("screen", "told", "untold"),
    [
        ("curves", ("n network", "d draw", "l log"), ()),
        ("network", ("n back", "d draw"), ("l log", "s smooth")),
        ("draw", ("n network", "d back"), ("l log", "s smooth")),
        ("keys", ("n network", "? back"), ("l log", "s smooth")),
    ],
)
def test_the_last_line_names_keys_that_do_something_on_the_screen(
    make_text_console: MakeConsole,
    make_run: MakeRun,
    make_view: MakeView,
    screen: Screen,
    told: tuple[str, ...],
    untold: tuple[str, ...],
) -> None:
    view = replace(make_view(make_run(), 2), screen=screen)
    last = shown(make_text_console(140, 40), view, (140, 40))[-1]
    assert [one for one in told if one not in last] == []
    assert [one for one in untold if one in last] == []


@pytest.mark.parametrize(("width", "told"), [(80, True), (66, False), (40, True)])
def test_the_last_line_names_as_many_keys_as_there_is_room_for(
    make_text_console: MakeConsole, make_run: MakeRun, make_view: MakeView, width: int, told: bool
) -> None:
    rows = shown(make_text_console(width), make_view(make_run(), 2), (width, 24))
    assert ("? keys" in rows[-1]) == told
    assert len(rows[-1]) <= width
