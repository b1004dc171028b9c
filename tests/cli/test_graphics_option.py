"""``--graphics``: pictures in pixels, from every command that draws some."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

STARTS = {"kitty": "\x1b_Ga=T", "sixel": "\x1bP"}
"""How an image begins."""


@pytest.fixture
def in_kitty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of a terminal that knows pixels."""
    monkeypatch.setenv("TERM", "xterm-kitty")
    for name in ("TMUX", "STY", "ZELLIJ", "TERM_PROGRAM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("graphics", ["kitty", "sixel"])
@pytest.mark.parametrize("choice", [["--device", "cpu"], ["--weights"]])
def test_a_showcase_is_painted_even_into_a_pipe(
    gpunet: RunCommand, trained: Path, graphics: str, choice: list[str]
) -> None:
    ran = gpunet("showcase", trained, *choice, "--count", 4, "--graphics", graphics)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count(STARTS[graphics]) == 4


@pytest.mark.usefixtures("in_kitty")
@pytest.mark.parametrize("graphics", [[], ["--graphics", "auto"], ["--graphics", "blocks"]])
def test_by_default_a_pipe_gets_no_pixels(
    gpunet: RunCommand, trained: Path, graphics: list[str]
) -> None:
    ran = gpunet("showcase", trained, "--weights", *graphics)
    assert ran.code == 0
    assert "\x1b" not in ran.out


def test_a_preview_is_painted(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("datasets", "preview", halves, "--count", 3, "--graphics", "kitty")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count(STARTS["kitty"]) == 3


def test_samples_are_painted_after_training(
    gpunet: RunCommand, halves: Path, tmp_path: Path
) -> None:
    options = ("--data", halves, "--device", "cpu", "--epochs", 1, "--output", tmp_path / "m")
    ran = gpunet("train", *options, "--plain", "--showcase", 3, "--graphics", "sixel")
    assert ran.code == 0
    assert ran.out.count(STARTS["sixel"]) == 3


def test_a_file_of_settings_may_say_how_pictures_are_drawn(
    gpunet: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "run.toml").write_text('graphics = "blocks"\n')
    ran = gpunet("config", "--config", tmp_path / "run.toml")
    assert 'graphics = "blocks"  #' in ran.out
    (tmp_path / "run.toml").write_text('graphics = "block"\n')
    ran = gpunet("config", "--config", tmp_path / "run.toml")
    assert ran.code == 2
    assert "line 1: graphics is" in ran.failure
    assert "did you mean 'blocks'" in ran.failure


def test_without_the_library_sixel_is_refused_before_the_work(
    gpunet: RunCommand,
    halves: Path,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "textual_image._sixel", None)
    options = ("--data", halves, "--device", "cpu", "--output", tmp_path / "m")
    for command in (("showcase", trained), ("train", *options), ("datasets", "preview", halves)):
        ran = gpunet(*command, "--graphics", "sixel")
        assert (ran.code, ran.out) == (1, "")
        assert "-m pip install 'textual-image" in ran.failure
    assert not (tmp_path / "m").exists()


def test_another_way_to_draw_is_refused(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--graphics", "ascii")
    assert ran.code == 2
    assert "'ascii'" in ran.failure
