"""``gpunet replay`` and ``gpunet watch``: runs seen again, and while others train them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import RunCommand

import gpunet as package
from gpunet.artifacts.run_folder import RunFolder
from gpunet.terminal.live.console import make_console
from gpunet.terminal.live.followed_run import FollowedRun
from gpunet.terminal.live.watcher import Watcher
from gpunet.training.events import Control


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was kept in the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("runs/small")
    package.train("strokes:300+100", epochs=2, device="cpu", verbose=False, run_dir=folder)
    return folder


def test_a_run_is_written_as_each_kind_of_picture(gpunet: RunCommand, run: Path) -> None:
    files = ("--svg", "a.svg", "--gif", "a.gif", "--cast", "a.cast")
    ran = gpunet("replay", "small", *files, "--seconds", 1, "--size", "80x24")
    assert ran.code == 0
    assert [line.split(" (")[0] for line in ran.out.splitlines()] == [
        *("svg: a.svg", "gif: a.gif", "cast: a.cast")
    ]
    assert Path("a.svg").read_text("utf-8").startswith("<svg ")
    with Image.open("a.gif") as picture:
        assert picture.size == (80 * 9 + 24, 24 * 18 + 24)
    header = json.loads(Path("a.cast").read_text("utf-8").splitlines()[0])
    assert (header["width"], header["height"]) == (80, 24)


def test_pictures_replace_nothing_unless_asked_to(gpunet: RunCommand, run: Path) -> None:
    Path("a.svg").write_text("mine")
    ran = gpunet("replay", "--svg", "a.svg", "--seconds", 1)
    assert ran.out.startswith("svg: a-2.svg, as a.svg was there before")
    assert Path("a.svg").read_text() == "mine"
    gpunet("replay", "--svg", "a.svg", "--seconds", 1, "--force")
    assert Path("a.svg").read_text() == Path("a-2.svg").read_text()


def test_python_writes_the_same_bytes(gpunet: RunCommand, run: Path) -> None:
    gpunet("replay", "--svg", "a.svg", "--seconds", 2, "--theme", "light")
    package.replay(run, "b.svg", seconds=2, theme="light")
    assert Path("b.svg").read_bytes() == Path("a.svg").read_bytes()


def test_the_network_itself_is_shown_from_the_log(
    gpunet: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = gpunet("replay", "--svg", "a.svg", "--screen", "network")
    assert ran.code == 2
    assert "--screen network needs a log with looks into the network" in ran.err
    monkeypatch.setattr("gpunet.artifacts.metrics_log.FIRST_INSIGHT", 0.0)
    package.train("strokes:300+100", epochs=2, device="cpu", verbose=False, name="seen")
    gpunet("replay", "seen", "--svg", "a.svg", "--seconds", 1, "--screen", "network")
    assert "mistakes" in Path("a.svg").read_text("utf-8")
    package.replay("seen", "b.svg", seconds=1, screen="network")
    assert Path("b.svg").read_bytes() == Path("a.svg").read_bytes()
    followed = FollowedRun(RunFolder(Path("runs/seen")), "seen", Control().clock)
    followed.look()
    watcher = Watcher(make_console(), Control(), [followed], keys=io.StringIO())
    watcher.pressed("n")
    block = watcher.frame((100, 30), 0.0, keys=True)
    text = "\n".join("".join(segment.text for segment in line) for line in block.lines)
    assert "first layer" in text
    assert "n back" in text


def test_a_speed_makes_a_short_run_shorter(gpunet: RunCommand, run: Path) -> None:
    gpunet("replay", "--cast", "a.cast", "--speed", 1_000_000)
    last = json.loads(Path("a.cast").read_text("utf-8").splitlines()[-1])
    assert last[0] == 2.5


def test_without_a_terminal_the_lines_of_the_run_are_printed(gpunet: RunCommand, run: Path) -> None:
    replayed, watched = gpunet("replay", "small"), gpunet("watch")
    assert (replayed.code, watched.code) == (0, 0)
    assert replayed.out == watched.out
    lines = watched.out.splitlines()
    assert lines[0].startswith("train:  784-16-16-10")
    assert [line.split()[1] for line in lines if line.startswith("epoch")] == ["1/2", "2/2"]
    assert lines[-1].startswith("all epochs done")


@pytest.mark.parametrize(
    ("arguments", "failure"),
    [
        (("--size", "80x24"), "--size is for files: give --svg, --gif or --cast, too"),
        (("--svg", "a.svg", "--size", "9x9"), "--size is 9 columns and 9 rows, wanted 40 to 250"),
        (("--svg", "a.svg", "--size", "big"), "--size is 'big', wanted columns and rows as in"),
        (("--seconds", 5, "--speed", 2), "--seconds and --speed both say how fast"),
    ],
)
def test_what_cannot_be_played_is_told(
    gpunet: RunCommand, run: Path, arguments: tuple[object, ...], failure: str
) -> None:
    ran = gpunet("replay", *arguments)
    assert ran.code == 2
    assert failure in ran.err
    assert not Path("a.svg").exists()


@pytest.mark.parametrize("command", ["replay", "watch"])
def test_a_run_that_is_not_there_is_told_with_the_one_that_was_meant(
    gpunet: RunCommand, run: Path, command: str
) -> None:
    ran = gpunet(command, "smal")
    assert ran.code != 0
    assert "'small'" in ran.err


@pytest.mark.parametrize(
    ("path", "settings", "failure"),
    [
        ("a.png", {}, "a.png ends in none of .svg, .gif, .cast"),
        ("a.svg", {"seconds": 0}, "seconds is 0"),
        ("a.svg", {"size": (10, 10)}, "size is 10 columns and 10 rows"),
        ("a.svg", {"theme": "red"}, "theme is "),
    ],
)
def test_python_tells_what_cannot_be(
    run: Path, path: str, settings: dict[str, object], failure: str
) -> None:
    with pytest.raises(package.UsageError, match=failure):
        package.replay(run, path, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["svg", "gif", "cast"])
def test_a_picture_of_another_ending_is_refused(gpunet: RunCommand, kind: str) -> None:
    ran = gpunet("replay", f"--{kind}", "deep.png")
    told = f"--{kind} deep.png is no name for that; let it end in .{kind}"
    assert (ran.code, ran.failure) == (2, told)
    assert not Path("deep.png").exists()
