import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from gpunet.terminal.views.curves import INKS
from gpunet.terminal.views.several_runs import SeenRun, several_runs_frame
from gpunet.terminal.views.view import View
from gpunet.training.events import RunInfo

MakeConsole = Callable[..., Console]


@pytest.fixture
def runs(make_run: Callable[..., RunInfo], make_view: Callable[..., View]) -> list[SeenRun]:
    """One that is trained, one that has ended, one without news, and one that has not begun."""
    run = make_run()
    return [
        SeenRun("brave-otter", make_view(run, 9), 0.0),
        SeenRun("calm-heron", make_view(run, 5).ended("early stopping", 2), 0.0),
        SeenRun("shy-lynx", make_view(run, 3), 0.0, "no news for 12 min; its process has ended"),
        SeenRun("new", View(), 0.0),
    ]


def lines(console: Console, runs: list[SeenRun], size: tuple[int, int]) -> list[str]:
    block = several_runs_frame(console, runs, size, Text("q leave"))
    return ["".join(segment.text for segment in line) for line in block.lines]


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (40, 10), (60, 3), (20, 1)])
def test_a_frame_of_several_runs_fills_the_terminal_exactly(
    make_text_console: MakeConsole, runs: list[SeenRun], size: tuple[int, int]
) -> None:
    shown = lines(make_text_console(*size), runs, size)
    assert [cell_len(line) for line in shown] == [size[0]] * size[1]
    assert size[1] == 1 or shown[-1].startswith("q leave")


def test_each_run_has_a_line_with_what_matters_most(
    make_text_console: MakeConsole, runs: list[SeenRun]
) -> None:
    shown = [
        re.split(r" {2,}", line.strip())
        for line in lines(make_text_console(140, 30), runs, (140, 30))
    ]
    assert shown[0] == [
        "run",
        "epoch",
        "val loss",
        "val score",
        "best epoch",
        "state",
        "time",
        "loss",
        "network",
    ]
    first, ended, silent, new = shown[2:6]
    assert first[:2] == ["1 brave-otter", "10/30"]
    assert first[5:] == ["training", "0:12", "0.2222", "784-16-16-10"]
    assert ended[5] == "stopped early, no improvement"
    assert silent[5] == "no news for 12 min"
    assert new == ["new", "-", "-", "-", "-", "preparing", "-", "-", "-"]
    assert shown[6] == ["dotted: validation"]
    narrow = lines(make_text_console(50, 12), runs, (50, 12))
    assert narrow[0].split() == ["run", "epoch", "val", "loss", "val", "score"]


def test_the_color_of_a_name_is_that_of_its_curve(
    make_text_console: MakeConsole, runs: list[SeenRun]
) -> None:
    console = make_text_console(140, 30, colors="truecolor")
    block = several_runs_frame(console, [runs[3], *runs[:3]], (140, 30), Text(""))
    inks = [line[0].style for line in block.lines[3:6]]
    assert inks == [console.get_style(ink) for ink in INKS[:3]]
    assert [line[0].text for line in block.lines[3:6]] == [
        "1 brave-otter",
        "2 calm-heron",
        "3 shy-lynx",
    ]


def test_measured_targets_have_r2(
    make_text_console: MakeConsole, runs: list[SeenRun], make_run: Callable[..., RunInfo]
) -> None:
    view = runs[0].view
    assert view.run is not None
    records = tuple(
        replace(one, train_accuracy=None, val_accuracy=None, val_r2=0.75) for one in view.records
    )
    config = replace(view.run.config, loss="squared-error")
    run = replace(view.run, config=config, network=config.network(4, 1))
    seen = [replace(runs[0], view=replace(view, run=run, records=records)), runs[1]]
    assert "0.7500 R2" in lines(make_text_console(140, 30), seen, (140, 30))[2]
