"""Plots that commands draw into files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.cli.conftest import bright_half

from gpunet.artifacts import plots
from gpunet.artifacts.curves import curves_of_run
from gpunet.artifacts.plots import Picture
from gpunet.artifacts.run_folder import RunFolder

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

PNG = b"\x89PNG"


@pytest.fixture
def report(gpunet: RunCommand, halves: Path, tmp_path: Path) -> Path:
    """The report of a short run."""
    path = tmp_path / "run.json"
    options = ("--data", halves, "--device", "cpu", "--epochs", "2", "--quiet")
    assert gpunet("train", *options, "--output", tmp_path / "model", "--report", path).code == 0
    return path


def test_a_report_is_drawn(gpunet: RunCommand, report: Path, tmp_path: Path) -> None:
    ran = gpunet("plot", report, "-o", tmp_path / "curves.png")
    assert (0, "", f"plot: {tmp_path}/curves.png\n") == (ran.code, ran.err, ran.out)
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("lacking", [(), ("report.json",)])
def test_a_kept_run_is_drawn_also_before_it_has_a_report(
    gpunet: RunCommand, halves: Path, lacking: tuple[str, ...]
) -> None:
    assert gpunet("train", halves, "--device", "cpu", "--epochs", 2, "--hidden", 4, "-q").code == 0
    for name in lacking:
        Path("runs/1-halves-4", name).unlink()
    ran = gpunet("plot")
    assert (ran.code, ran.err, ran.out) == (0, "", "plot: curves.png\n")
    assert gpunet("plot", 1, "-o", "one.svg").code == 0
    assert "1-halves-4" in Path("one.svg").read_text("utf-8")


def test_curves_of_before_a_run_was_resumed_are_not_drawn(gpunet: RunCommand, halves: Path) -> None:
    options = (halves, "--device", "cpu", "--hidden", 4, "-q", "--patience", 0)
    assert gpunet("train", *options, "--epochs", 1).code == 0
    kept = RunFolder(Path("runs/1-halves-4"))
    report = kept.report.read_bytes()
    assert gpunet("train", "--resume", 1, "--epochs", 3, "--device", "cpu", "-q").code == 0
    kept.report.write_bytes(report)
    assert curves_of_run(kept).epochs.tolist() == [1, 2, 3]


def test_training_draws_its_curves(gpunet: RunCommand, halves: Path, tmp_path: Path) -> None:
    options = ("--data", halves, "--device", "cpu", "--epochs", "2", "--plain")
    plot = tmp_path / "curves.png"
    ran = gpunet("train", *options, "--output", tmp_path / "model", "--plot", plot)
    assert (ran.code, ran.err) == (0, "")
    assert "".join(str(plot).split()) in "".join(ran.out.split())
    assert plot.read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("plot", "message"),
    [("c.gif", "names no format"), ("missing/c.png", "no folder"), ("m.png", "both name")],
)
def test_a_plot_that_cannot_be_drawn_is_refused_before_training(
    gpunet: RunCommand, halves: Path, tmp_path: Path, plot: str, message: str
) -> None:
    output = tmp_path / "m.png"
    ran = gpunet("train", "--data", halves, "--output", output, "--plot", tmp_path / plot)
    assert ran.out == ""
    assert message in ran.failure
    assert list(tmp_path.glob("*m.png")) == []


def test_a_plot_does_not_replace_the_report(gpunet: RunCommand, report: Path) -> None:
    ran = gpunet("plot", report, "-o", report)
    assert ran.code == 2
    assert "would replace the report" in ran.failure


def test_a_model_is_no_report(gpunet: RunCommand, trained: Path, tmp_path: Path) -> None:
    ran = gpunet("plot", trained, "-o", tmp_path / "curves.png")
    assert (ran.code, ran.out) == (1, "")
    assert "is no report of a training run" in ran.failure
    assert list(tmp_path.glob("curves*")) == []


@pytest.mark.parametrize("choice", [[], ["--top-losses"], ["--weights"]])
def test_a_showcase_is_drawn(
    gpunet: RunCommand, trained: Path, tmp_path: Path, choice: list[str]
) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", *choice, "--plot", tmp_path / "some.png")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(f"plot: {tmp_path}/some.png\n")
    assert (tmp_path / "some.png").read_bytes().startswith(PNG)


def test_a_preview_is_drawn(gpunet: RunCommand, halves: Path, tmp_path: Path) -> None:
    ran = gpunet("datasets", "preview", halves, "--plot", tmp_path / "some.png")
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "some.png").read_bytes().startswith(PNG)


def test_samples_that_are_no_images_are_not_drawn(gpunet: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("0,1,2\n1,3,4\n" * 20, "utf-8")
    plot = tmp_path / "some.png"
    ran = gpunet("datasets", "preview", tmp_path / "points.csv", "--plot", plot)
    assert ran.code == 1
    assert "are no images" in ran.failure
    assert not plot.exists()


def test_a_format_is_refused_before_the_work(gpunet: RunCommand, trained: Path) -> None:
    ran = gpunet("showcase", trained, "--device", "cpu", "--plot", "some.gif")
    assert (ran.code, ran.out) == (2, "")
    assert "some.gif names no format" in ran.failure


def test_a_plot_that_is_there_is_kept_unless_it_is_to_be_replaced(
    gpunet: RunCommand, report: Path, tmp_path: Path
) -> None:
    plot = tmp_path / "curves.png"
    plot.write_bytes(b"mine")
    ran = gpunet("plot", report, "-o", plot)
    assert "curves-2.png, as curves.png was there before" in ran.out
    assert plot.read_bytes() == b"mine"
    assert (tmp_path / "curves-2.png").read_bytes().startswith(PNG)
    assert gpunet("plot", report, "-o", plot, "--force").out == f"plot: {plot}\n"
    assert plot.read_bytes().startswith(PNG)


def test_the_report_is_known_by_another_path_to_it(
    gpunet: RunCommand, report: Path, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    before = report.read_bytes()
    ran = gpunet("plot", report, "--force", "-o", tmp_path / "sub" / ".." / report.name)
    assert "would replace the report" in ran.failure
    assert report.read_bytes() == before


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Picture], bool]]:
    """The pictures that commands draw from now on, and whether they are of weights."""
    calls: list[tuple[list[Picture], bool]] = []

    def noting(pictures: Sequence[Picture], path: Path, *, signed: bool = False) -> None:
        calls.append((list(pictures), signed))
        path.write_bytes(PNG)

    monkeypatch.setattr(plots, "plot_pictures", noting)
    return calls


def test_the_pictures_of_samples_tell_what_the_model_says_of_each(
    gpunet: RunCommand,
    trained: Path,
    uneven: Path,
    tmp_path: Path,
    drawn: list[tuple[list[Picture], bool]],
) -> None:
    data = np.load(uneven)
    samples = ("showcase", trained, "--device", "cpu", "--data", uneven)
    wrong = np.flatnonzero(data["y_test"] != bright_half(40, 2)[1])
    rows = [int(wrong[1]), 0, 7]
    for choice in (("--index", ",".join(map(str, rows))), ("--top-losses", "--count", 5)):
        ran = gpunet(*samples, *choice, "--plot", tmp_path / "p.png", "--force")
        assert (ran.code, ran.err) == (0, "")
    (named, signed), (losses, _) = drawn
    assert not signed
    assert [one.right for one in named] == [False, True, True]
    images = np.stack([one.image for one in named]).reshape(3, -1)
    assert np.array_equal(
        images * (255 if images.max() <= 1 else 1), [data["x_test"][row].ravel() for row in rows]
    )
    assert [one.caption.split()[:2] for one in named] == [["✗", "1"], ["✓", "0"], ["✓", "1"]]
    assert named[0].caption.endswith("%\nis 0")
    assert "is" not in named[1].caption
    assert len(losses) == 5
    told = [float(one.caption.split("loss ")[1]) for one in losses]
    assert told == sorted(told, reverse=True)
    assert told[2] > 1 > told[3]


@pytest.mark.parametrize("hidden", ["4", "none"])
def test_the_pictures_of_weights_are_signed_and_named_by_unit_or_class(
    gpunet: RunCommand,
    halves: Path,
    tmp_path: Path,
    drawn: list[tuple[list[Picture], bool]],
    hidden: str,
) -> None:
    model, plot = tmp_path / "model.safetensors", tmp_path / "p.png"
    options = ("--device", "cpu", "--epochs", "1", "--hidden", hidden, "--output", model, "-q")
    assert gpunet("train", "--data", halves, *options).code == 0
    assert gpunet("showcase", model, "--weights", "--count", 2, "--plot", plot).code == 0
    ((pictures, signed),) = drawn
    assert signed
    names = {"none": {"0", "1"}, "4": {f"unit {unit}" for unit in range(4)}}[hidden]
    assert len(pictures) == 2
    assert {one.caption for one in pictures} <= names
    norms = [float(np.linalg.norm(one.image)) for one in pictures]
    assert norms == sorted(norms, reverse=True)


def test_the_pictures_of_a_preview_are_named_by_their_classes(
    gpunet: RunCommand, halves: Path, tmp_path: Path, drawn: list[tuple[list[Picture], bool]]
) -> None:
    ran = gpunet("datasets", "preview", halves, "--count", 6, "--plot", tmp_path / "p.png")
    assert (ran.code, ran.err) == (0, "")
    ((pictures, signed),) = drawn
    assert not signed
    assert len(pictures) == 6
    for one in pictures:
        assert one.caption == str(int(one.image[:, 4:].mean() > one.image[:, :4].mean()))
