"""``gpunet predict``: rows of all kinds in, files of answers out."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from gpunet.artifacts import model_file
from gpunet.datasets.tables import text_rows

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--epochs", "30", "--hidden", "8", "--quiet")
CLASSES = ['tall, "thin"', "small"]


def write(name: str, rows: int, seed: int = 0, *, label: bool = False) -> None:
    """A table of plants, whose kind depends on two columns; with names of rows, without kinds."""
    draws = np.random.default_rng(seed)
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["height", "leaf", "kind"] if label else ["code", "leaf", "height"])
        for row in range(rows):
            height, leaf = draws.normal(size=2).round(3).tolist()
            if label:
                writer.writerow([height, leaf, CLASSES[int(height < leaf)]])
            else:
                writer.writerow([f"{row:05}", leaf, height])


@pytest.fixture
def model(gpunet: RunCommand) -> str:
    write("plants.csv", 200, label=True)
    assert gpunet("train", "--data", "plants.csv", *FAST, "--output", "m").code == 0
    return "m"


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_holds_what_would_be_printed(gpunet: RunCommand, model: str) -> None:
    write("new.csv", 20, 1)
    printed = gpunet("predict", model, "new.csv", "--id", "code").out
    ran = gpunet("predict", model, "new.csv", "--id", "code", "-o", "answers.csv")
    assert (ran.code, ran.out, ran.err) == (0, "answers: 20 in answers.csv\n", "")
    assert Path("answers.csv").read_text() == printed
    assert gpunet("predict", model, "new.csv", "--id", "code", "-o", "-").out == printed
    answers = read(printed)
    assert list(answers[0]) == ["code", "prediction", *model_file.load(Path(model)).classes]
    assert [answer["code"] for answer in answers] == [f"{row:05}" for row in range(20)]
    with Path("new.csv").open() as file:
        kinds = [CLASSES[float(row["height"]) < float(row["leaf"])] for row in csv.DictReader(file)]
    right = [answer["prediction"] == kind for answer, kind in zip(answers, kinds, strict=True)]
    assert np.mean(right) > 0.8


def test_a_submission_holds_names_and_classes_titled_as_in_training(
    gpunet: RunCommand, model: str
) -> None:
    write("new.csv", 3, 1)
    options = ("--id", "1", "--format", "submission")
    lines = gpunet("predict", model, "new.csv", *options).out.splitlines()
    assert [lines[0], len(lines)] == ["code,kind", 4]
    whole = read(gpunet("predict", model, "new.csv").out)
    rows = list(csv.reader(lines[1:]))
    assert rows == [[f"{at:05}", answer["prediction"]] for at, answer in enumerate(whole)]
    counted = gpunet("predict", model, "new.csv", "--format", "submission").out.splitlines()
    assert [line.partition(",")[0] for line in counted] == ["id", "1", "2", "3"]


def test_the_end_of_a_file_names_its_format_and_packs_it(gpunet: RunCommand, model: str) -> None:
    write("new.csv", 5, 1)
    for name in ("a.json", "a.jsonl", "a.csv.gz", "a.txt"):
        assert gpunet("predict", model, "new.csv", "-o", name).code == 0
    listed = json.loads(Path("a.json").read_text())
    assert listed == [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    assert [one["row"] for one in listed] == [1, 2, 3, 4, 5]
    assert set(listed[0]["probabilities"]) == set(CLASSES)
    assert gzip.decompress(Path("a.csv.gz").read_bytes()) == Path("a.txt").read_bytes()
    for line, one in zip(read(Path("a.txt").read_text()), listed, strict=True):
        assert line["prediction"] == one["prediction"]
        shares = [float(line[name]) for name in one["probabilities"]]
        assert shares == pytest.approx(list(one["probabilities"].values()), rel=1e-6)


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(
    gpunet: RunCommand, model: str
) -> None:
    write("new.csv", 2, 1)
    Path("a.csv.gz").write_text("mine")
    ran = gpunet("predict", model, "new.csv", "-o", "a.csv.gz")
    assert ran.out == (
        "answers: 2 in a-2.csv.gz, as a.csv.gz was there before (--force replaces it)\n"
    )
    assert Path("a.csv.gz").read_text() == "mine"
    assert gpunet("predict", model, "new.csv", "-o", "a.csv.gz", "--force").code == 0
    assert Path("a.csv.gz").read_bytes() == Path("a-2.csv.gz").read_bytes()


def test_a_bad_row_leaves_no_file_but_what_was_printed_before_it(
    gpunet: RunCommand, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rows, "BLOCK", 1 << 10)
    write("new.csv", 500, 1)
    with Path("new.csv").open("a") as file:
        file.write("bad,x,1\n")
    ran = gpunet("predict", model, "new.csv", "-o", "answers.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "line 502, column 2 ('leaf') of new.csv is 'x'" in ran.failure
    assert sorted(path.name for path in Path().iterdir()) == [
        *("m", "new.csv", "plants.csv"),
        "runs",
    ]
    ran = gpunet("predict", model, "new.csv")
    assert (ran.code, ran.failure.partition(",")[0]) == (1, "line 502")
    assert 400 < len(ran.out.splitlines()) <= 501


def test_rows_are_answered_while_they_come_and_a_closed_pipe_is_no_fault(
    gpunet: RunCommand, model: str
) -> None:
    write("new.csv", 200_000, 1)
    command = f"{sys.executable} -m gpunet predict m - < new.csv | head -n 3"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 3)
    command = f"cat new.csv | {sys.executable} -m gpunet predict m - --format jsonl | tail -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stderr, json.loads(done.stdout)["row"]) == ("", 200_000)


def test_a_file_of_any_length_takes_little_memory(model: str) -> None:
    write("rows.csv", 50_000, 1)
    lines = Path("rows.csv").read_text().splitlines(keepends=True)
    with Path("large.csv").open("w") as file:
        file.write(lines[0])
        for _ in range(12):  # 11 MB of text, whose features in float64 would take as much
            file.writelines(lines[1:])
    program = (
        "import resource, sys; from gpunet.cli.app import run;"
        "run(['predict', 'm', sys.argv[1], '-o', 'a.csv', '--force']);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for name in ("rows.csv", "large.csv"):
        done = subprocess.run(
            [sys.executable, "-c", program, name], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.split()[-1]))
    assert len(Path("a.csv").read_text().splitlines()) == 600_001
    assert peaks[1] - peaks[0] < 10 << 10  # KiB


def test_a_folder_of_images_is_answered_by_the_names_of_its_files(
    gpunet: RunCommand, trained: Path
) -> None:
    Path("images/more").mkdir(parents=True)
    for name, side in {"b.png": 1, "a.png": 0, "more/c.png": 1}.items():
        pixels = np.full((40, 40), 30, np.uint8)
        pixels[:, 20 * side : 20 * side + 20] = 210
        Image.fromarray(pixels).save(Path("images") / name)
    Path("images/.hidden.png").write_bytes(b"")
    Path("images/notes.txt").write_text("no image")
    ran = gpunet("predict", trained, "images", "--format", "submission")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == ["id,label", "a.png,0", "b.png,1", "more/c.png,1"]
    ran = gpunet("predict", trained, "images", "-o", "a.csv")
    assert ran.out == "answers: 3 in a.csv\n"
    assert [row["image"] for row in read(Path("a.csv").read_text())] == [
        *("a.png", "b.png", "more/c.png")
    ]
    Path("images/bad.png").write_bytes(b"no image")
    ran = gpunet("predict", trained, "images", "-o", "b.csv")
    assert (ran.code, ran.out) == (1, "answers: 3 in b.csv\n")
    assert ran.err.startswith("error: images/bad.png ")


def test_a_table_on_the_standard_input_is_told_from_an_image(
    gpunet: RunCommand, trained: Path, halves: Path
) -> None:
    arrays = np.load(halves)
    rows = arrays["x_test"].reshape(40, -1)
    np.savetxt("pixels.csv", rows, "%d", ",")
    Image.fromarray(arrays["x_test"][0]).save("one.png")
    command = [sys.executable, "-m", "gpunet", "predict", str(trained), "-", "--json"]
    for name, key, count in (("pixels.csv", "row", 40), ("one.png", "image", 1)):
        with Path(name).open("rb") as file:
            done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
        answers = json.loads(done.stdout)
        assert (done.stderr, len(answers), key in answers[0]) == ("", count, True)
        assert answers[0]["prediction"] == str(arrays["y_test"][0])


@pytest.mark.parametrize("name", ["n.parquet", "n.feather", "n.jsonl", "n.arff", "n.csv.bz2"])
def test_a_table_of_any_kind_is_answered_alike(gpunet: RunCommand, model: str, name: str) -> None:
    write("n.csv", 30, 1)
    expected = gpunet("predict", model, "n.csv", "--id", "code").out
    if name.endswith(".bz2"):
        Path(name).write_bytes(bz2.compress(Path("n.csv").read_bytes()))
    elif name.endswith(".arff"):
        head = "@relation n\n@attribute code string\n@attribute leaf real\n@attribute height real\n"
        _, *rows = Path("n.csv").read_text().splitlines()
        Path(name).write_text("\n".join([head + "@data", *rows]))
    else:
        polars = pytest.importorskip("polars")
        frame = polars.read_csv("n.csv", schema_overrides={"code": polars.String})
        writers = {"parquet": "write_parquet", "feather": "write_ipc", "jsonl": "write_ndjson"}
        getattr(frame, writers[name.partition(".")[2]])(name)
    ran = gpunet("predict", model, name, "--id", "code")
    assert (ran.code, ran.err, ran.out) == (0, "", expected)


@pytest.mark.parametrize("key", ["x_test", "X", "images", "arr_0"])
def test_the_features_in_a_file_of_arrays_are_answered(
    gpunet: RunCommand, trained: Path, halves: Path, key: str
) -> None:
    arrays = np.load(halves)
    images = arrays["x_test"]
    np.savez("rows.npz", **{key: images, "y_test": arrays["y_test"], "note": np.zeros(3)})
    if key == "arr_0":
        np.savez("rows.npz", images)
    np.save("rows.npy", images)
    np.save("color.npy", np.stack([images] * 3, axis=3))
    np.save("fractions.npy", images / 255)
    found = {}
    for name in ("rows.npz", "rows.npy", "color.npy", "fractions.npy"):
        ran = gpunet("predict", trained, name)
        assert (ran.code, ran.err) == (0, "")
        found[name] = read(ran.out)
        assert [int(answer["prediction"]) for answer in found[name]] == arrays["y_test"].tolist()
    assert found["rows.npz"] == found["rows.npy"] == found["color.npy"]
    assert model_file.load(trained).predict("rows.npz").tolist() == arrays["y_test"].tolist()


def test_a_file_of_arrays_without_features_is_refused(gpunet: RunCommand, model: str) -> None:
    np.savez("rows.npz", one=np.zeros((2, 2)), other=np.zeros((2, 2)))
    ran = gpunet("predict", model, "rows.npz")
    assert (ran.code, ran.failure.partition(",")[0]) == (1, "rows.npz holds 'one'")
    np.save("rows.npy", np.array([["a", "b"]]))
    assert "is of type <U1, wanted numbers" in gpunet("predict", model, "rows.npy").failure
    np.save("rows.npy", np.array([[1.0, 2.0], [np.inf, 1.0]]))
    assert "feature 1 of sample 2" in gpunet("predict", model, "rows.npy").failure
    np.save("rows.npy", np.array([[1.0, np.nan]]))
    ran = gpunet("predict", model, "rows.npy")
    assert (ran.code, ran.err.partition(",")[0]) == (0, "note: 1 missing number is filled")
    ran = gpunet("predict", model, "rows.npy", "new.csv")
    assert (ran.code, ran.failure) == (
        2,
        "rows.npy is an array of rows, which is answered alone; give one at a time",
    )
    assert gpunet("predict", model, "rows.npy", "--id", "1").code == 2


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ("new.csv --id nothing", 2, "--id 'nothing' names no column of new.csv; give a number"),
        ("new.csv --id 9", 2, "--id '9' names no column of new.csv; give a number from 1 to 3"),
        ("new.csv -o folder", 1, "folder is a folder, wanted a file's name"),
        ("new.csv -o no/a.csv", 1, "no/a.csv cannot be written, for there is no folder "),
        ("new.csv -o new.csv --force", 2, "--output new.csv would replace what is read"),
        ("new.csv -o m --force", 2, "--output m would replace what is read"),
        ("new.csv --json --format csv", 2, "--json and --format csv cannot go together"),
        ("new.csv --framing mnist", 2, "--framing mnist says how images are framed, but new.csv"),
        ("new.csv --format xml", 2, "--format is 'xml'"),
        ("missing.csv", 2, "missing.csv does not exist"),
        ("missing.csv -o a.csv", 2, "missing.csv does not exist"),
        ("empty.csv -o a.csv", 1, "empty.csv is empty"),
        ("folder", 1, "the model was trained on 'plants', whose samples are no images"),
    ],
)
def test_bad_usage_is_told_in_a_sentence_and_writes_nothing(
    gpunet: RunCommand, model: str, options: str, code: int, told: str
) -> None:
    write("new.csv", 3, 1)
    Path("empty.csv").touch()
    Path("folder").mkdir()
    before = {path: path.stat().st_mtime_ns for path in Path().iterdir()}
    ran = gpunet("predict", model, *options.split())
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.failure
    assert {path: path.stat().st_mtime_ns for path in Path().iterdir()} == before


def test_columns_of_names_are_for_tables_and_folders_hold_images(
    gpunet: RunCommand, trained: Path
) -> None:
    Path("folder").mkdir()
    Image.new("L", (8, 8)).save("one.png")
    ran = gpunet("predict", trained, "one.png", "--id", "a")
    assert (ran.code, ran.failure) == (
        2,
        "--id 'a' names a column of a table, but one.png is none; leave it out",
    )
    ran = gpunet("predict", trained, "folder", "-o", "a.csv")
    assert (ran.code, ran.failure.partition(";")[0]) == (1, "folder holds no images")
    Path("bad.png").write_bytes(b"no image")
    ran = gpunet("predict", trained, "bad.png", "-o", "a.csv")
    assert (ran.code, Path("a.csv").exists()) == (1, False)
    assert ran.err.splitlines()[-1] == (
        "error: no image could be read, so there are no answers to write"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_a_terminal_shows_how_far_it_is_and_a_file_does_not(model: str) -> None:
    import pty

    write("new.csv", 60_000, 1)
    main, other = pty.openpty()
    command = [sys.executable, "-m", "gpunet", "predict", "m", "new.csv", "-o", "a.csv"]
    terminal = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=other, check=True, env=terminal)
    os.close(other)
    shown = os.read(main, 1 << 16).decode()
    os.close(main)
    assert "answered" in shown
    assert shown.rstrip().endswith("\x1b[2K")  # the line is gone
    assert done.stdout == b"answers: 60,000 in a.csv\n"
    command[-1] = "b.csv"
    quiet = subprocess.run(command, capture_output=True, check=True)
    assert quiet.stderr == b""
