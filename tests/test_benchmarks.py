"""What the scripts in ``benchmarks`` leave behind: new files where they are told, nothing else."""

from __future__ import annotations

import argparse
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.own_tree import TREE

from gpunet.errors import OutputError, UsageError
from output import Output
from peers.gpunet_feed import OwnFeed
from peers.processes import PeakMemory, processor_seconds
from peers.rows_file import FEATURES, RowsFile, require_rows
from peers.shapes import Shape


def test_figures_go_into_new_files_of_the_folder_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "some/where"
    output = Output(folder, "steps", ".md", ".json")
    output.write_json({"rows": [1]})
    output.write_json({"rows": [1, 2]})  # the same run has gone on
    output.write(".md", "# Steps\n")
    assert json.loads((folder / "steps.json").read_text()) == {"rows": [1, 2]}
    assert sorted(path.name for path in folder.iterdir()) == ["steps.json", "steps.md"]


def test_files_of_another_run_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "steps.md").write_text("old rows")
    with pytest.raises(UsageError, match=r"steps\.md of another run; name another folder"):
        Output(tmp_path, "steps", ".json", ".md")
    assert [path.name for path in tmp_path.iterdir()] == ["steps.md"]


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Output(None, "steps", ".md").write(".md", "# Steps\n")
    assert list(tmp_path.iterdir()) == []


def test_lines_are_shown_and_kept_as_they_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lines() -> Iterator[str]:
        yield "first"
        assert capsys.readouterr().out == "first\n"
        assert (tmp_path / "rows.md").read_text() == "first\n"
        yield "second"

    Output(tmp_path, "rows", ".md").show(".md", lines())
    assert (tmp_path / "rows.md").read_text() == "first\nsecond\n"


def test_a_shape_is_read_as_it_is_written() -> None:
    assert str(Shape.of("784-16-16@4")) == "784-16-16-10, batch 4"
    assert str(Shape.of("64@1")) == "64-10, batch 1"


@pytest.mark.parametrize(
    "text", ["784", "784-16", "784-16@0", "784--16@4", "784-16@4@4", "16,16@4"]
)
def test_a_shape_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match=f"{text} is no shape; write .*784-16-16@4"
    ):
        Shape.of(text)


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made: not a directory"):
        Output(tmp_path / "file" / "folder", "steps", ".md")


@pytest.mark.parametrize(
    "script",
    [
        "against_others.py",
        "busy_machine.py",
        "ensembles.py",
        "estimators.py --mnist none",
        "frames.py",
        "grid_search.py",
        "growth.py",
        "large_data.py --folder none",
        "photographs.py --mnist none",
        "plans.py",
        "populations.py",
        "recipes.py --mnist none",
        "strokes_carry_over.py --mnist none",
        "tables.py --packages none",
        "time_to_accuracy.py --mnist none",
        "tuning.py --mnist none",
    ],
)
def test_a_script_that_may_not_write_says_so_before_it_measures(
    script: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of them write through ``Output``; a file stands where the folder should be."""
    name, *options = script.split()
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", [name, *options, "--output", str(tmp_path / "file")])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TREE / "benchmarks" / name), run_name="__main__")
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "cannot be made" in told.err
    assert told.out == ""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> RowsFile:
    folder = tmp_path_factory.mktemp("rows")
    require_rows(folder, 3000)
    return RowsFile(folder, 2900)


def test_rows_are_made_once_and_of_every_class(rows: RowsFile) -> None:
    written = (rows.folder / FEATURES).stat().st_mtime_ns
    require_rows(rows.folder, 2900)
    assert (rows.folder / FEATURES).stat().st_mtime_ns == written
    assert (np.bincount(rows.labels()) > 200).all()
    mapped, read = rows.features(mapped=True), rows.features(mapped=False)
    assert (isinstance(mapped, np.memmap), isinstance(read, np.memmap)) == (True, False)
    assert np.array_equal(mapped, read)


@pytest.mark.parametrize("window", [0, 1000])
def test_an_epoch_trains_on_every_row_and_learns(rows: RowsFile, window: int) -> None:
    feed = OwnFeed(rows, "cpu", mapped=True, window=window)
    losses = []
    for _ in range(4):
        feed.begin()
        seen, loss = feed.train(60)
        assert (seen, feed.train(60)[0]) == (2900, 0)
        losses.append(loss)
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone tells")
def test_memory_and_time_of_a_process_are_those_of_its_children_too() -> None:
    work = "held = b'x' * 80_000_000; print(sum(range(30_000_000)), flush=True); input()"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    with (
        subprocess.Popen(
            [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
        PeakMemory() as peaks,
    ):
        peaks.watch(process.pid)
        assert process.stdout is not None
        process.stdout.readline()
        assert processor_seconds(process.pid) > 0.05
        process.communicate(b"\n")
    assert 80e6 < (peaks.of(process.pid) or 0) < 160e6


def test_sizes_of_data_are_compared_in_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--megabytes", "1", "--device", "numpy", "--rounds", "1", "--seconds", "0.05"]
    told = ["--folder", str(tmp_path / "rows"), "--output", str(tmp_path / "made")]
    monkeypatch.setattr(sys, "argv", ["large_data.py", *options, *told])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TREE / "benchmarks" / "large_data.py"), run_name="__main__")
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()[6:]
    table = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [(row[2], row[5]) for row in table[1:]] == [
        ("in memory, windows, numpy", ""),
        ("from the file, numpy", "1.00"),
    ]
    assert table[0][2] == "in memory, numpy"
    (figures,) = (tmp_path / "made").glob("*.json")
    memory, windows, file = json.loads(figures.read_text())
    assert windows["left_out"] == "one window holds all"
    assert 0 < file["idle"][0]["wall"] < 1e-3
    assert memory["loss"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_frames_of_a_real_training_are_counted_on_its_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--sizes", "80x24", "--seconds", "1", "--programs", "0", "--resizes", "2"]
    monkeypatch.setattr(sys, "argv", ["frames.py", *options, "--output", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TREE / "benchmarks" / "frames.py"), run_name="__main__")
    assert ended.value.code == 0
    assert "| 80x24 | 0 | " in capsys.readouterr().out.splitlines()[-1]
    (figures,) = tmp_path.glob("*.json")
    (drawn,) = json.loads(figures.read_text())
    assert 0 < drawn["processor"] < 1
    assert drawn["gaps"]
    assert drawn["bytes"] > 100 * len(drawn["gaps"])
    assert len(drawn["resized"]) == 2
