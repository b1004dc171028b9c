"""Every reader fed with damaged and lying files, for a few seconds or for hours.

::

    python tests/hostile/fuzz.py --rounds 30                     # the short form, in the suite
    python tests/hostile/fuzz.py --seconds 900 --seed 7          # a long one
    python tests/hostile/fuzz.py --target npz --seed 7 --only 123   # one input again

Whatever the input, a reader gives a sound result or one sentence: no other exception, no warning,
no line break, no escape code for the terminal, no more than 20 seconds of the processor, and no
more memory than 200 times the input and 64 MiB. The exit code is 1 if that did not hold.
"""

from __future__ import annotations

import argparse
import bz2
import contextlib
import csv
import dataclasses
import gzip
import io
import json
import lzma
import os
import signal
import struct
import sys
import tempfile
import time
import traceback
import tracemalloc
import unittest.mock
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import numpy as np
import polars as pl
from damage import (
    TOKENS,
    Damage,
    any_of,
    bytes_damaged,
    json_damaged,
    kept_damaged,
    lines_damaged,
    members_damaged,
    npz_damaged,
    repacked,
    tensors_damaged,
)
from PIL import Image
from rich.text import Text

import gpunet
from gpunet.artifacts.curves import read_curves
from gpunet.artifacts.model_file import describe, load, save
from gpunet.artifacts.report import finite
from gpunet.artifacts.run_folder import RunFolder
from gpunet.artifacts.run_summary import summarize
from gpunet.cli.app import run
from gpunet.config import NetworkSpec, TrainConfig
from gpunet.config.settings_file import read_settings, write_settings
from gpunet.datasets import kept, mapped
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.datasets.framing import Framing, prepare_digit
from gpunet.datasets.images import prepare_image
from gpunet.datasets.kept_file import Facts, read_dataset, read_facts, write_dataset
from gpunet.datasets.origin import Origin
from gpunet.datasets.readers.path import read_path
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns, Encoding
from gpunet.datasets.tables.model_rows import read_rows
from gpunet.datasets.tables.options import TableOptions
from gpunet.engine.population import NetworkSettings
from gpunet.errors import DataError, GpunetError
from gpunet.model import Model, Scores
from gpunet.search.space import read_space
from gpunet.terminal.live.console import make_console
from gpunet.terminal.live.plain import PlainPrinter
from gpunet.terminal.record.replay import Told, moments, read_run, retell
from gpunet.terminal.views.dashboard import closing_view, dashboard_frame
from gpunet.terminal.views.model_card import model_card
from gpunet.terminal.views.several_runs import SeenRun, several_runs_frame
from gpunet.training.events import Control, EpochRecord
from gpunet.training.state import RunState
from gpunet.workflows.answers import answers_of

SECONDS = 20
"""That an input may take at most."""

BYTES, BYTES_PER_BYTE = 64 << 20, 200
"""Of memory that an input may take at most, and beside them for each of its own bytes."""

Files = Mapping[str, bytes]


class TooSlowError(BaseException):
    """An input took too long; no reader may take it for a failure of the system."""


class UnsoundError(AssertionError):
    """What a reader gave is not what it promises."""


@dataclass(frozen=True)
class Target:
    """A reader under attack.

    Args:
        sound: sets of files by their names, all of them sound.
        damage: by the end of a file's name; files of other names stay as they are.
        use: reads the folder that the files lie in, and checks what that gave.
    """

    sound: Sequence[Files]
    damage: Mapping[str, Damage]
    use: Callable[[Path], None]


def main() -> int:
    """Attack until the time or the rounds are over; say what was found."""
    options = _options()
    targets = {name: make() for name, make in TARGETS.items() if options.target in (None, name)}
    deadline = time.monotonic() + (options.seconds or float("inf"))
    tried, refused, findings = 0, 0, 0
    tracemalloc.start()
    signal.signal(signal.SIGPROF, _too_slow)
    first, last = (0, options.rounds) if options.only is None else (options.only, options.only + 1)
    for number in range(first, sys.maxsize if options.seconds else last):
        for name, target in targets.items():
            answer = attack(target, Random(f"{name} {options.seed} {number}"))
            tried += 1
            refused += answer == ""
            if answer:
                findings += 1
                print(f"FOUND --target {name} --seed {options.seed} --only {number}\n{answer}")
        if time.monotonic() > deadline:
            break
    print(f"{tried:,} inputs, {refused:,} refused in one sentence, {findings:,} findings")
    return 1 if findings else 0


def attack(target: Target, draw: Random) -> str | None:
    """``None`` if a damaged input is read as sound, an empty text if refused, else the finding."""
    files = dict(draw.choice(target.sound))
    ways = {name: way for name in files for end, way in target.damage.items() if name.endswith(end)}
    name = draw.choice(sorted(ways))
    files[name] = ways[name](files[name], draw)
    with tempfile.TemporaryDirectory() as folder:
        for other, content in files.items():
            path = Path(folder, other)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return _answer(target.use, Path(folder), sum(map(len, files.values())))


def _answer(use: Callable[[Path], None], folder: Path, size: int) -> str | None:
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    answer = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            use(folder)
    except GpunetError as error:
        answer = "" if "\n" not in str(error) else f"a message of two lines: {error}"
    except (Exception, TooSlowError):
        answer = traceback.format_exc(limit=-8)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    peak = tracemalloc.get_traced_memory()[1] - before
    if peak > BYTES + BYTES_PER_BYTE * size:
        return f"{peak / (1 << 20):,.0f} MiB of memory for {size:,} bytes"
    return answer


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"more than {SECONDS} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30, help="inputs for each reader")
    parser.add_argument("--seconds", type=float, help="go on for so long instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--only", type=int, help="the number of one input")
    return parser.parse_args()


def require(holds: object, what: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise UnsoundError(what)


def use_dataset(path: Path) -> None:
    """Read the dataset of a folder or a file, which must be sound then."""
    require_sound(read_path(path))


def use_large_dataset(folder: Path) -> None:
    """Read data as if they were large: mapped where they lie, spooled, put aside and kept."""
    with unittest.mock.patch.multiple(mapped, LARGE=40), in_cache(folder / "cache"):
        require_sound(read_path(folder / "data.csv" if (folder / "data.csv").exists() else folder))


def use_kept(folder: Path) -> None:
    """Read the file of a kept dataset."""
    path = folder / "data.dataset"
    with unittest.mock.patch.multiple(mapped, LARGE=200):
        try:
            dataset = read_dataset(path, read_facts(path))
            require_sound(dataset)
            if dataset.columns is not None:
                dataset.columns.flags(dataset.inputs)
        except (OSError, ValueError) as error:
            raise DataError("the file of a kept dataset is damaged") from error


@contextlib.contextmanager
def in_cache(folder: Path) -> Iterator[None]:
    """Have a cache of its own, in which all that is read is kept."""
    with (
        unittest.mock.patch.dict(os.environ, {"GPUNET_CACHE": str(folder)}),
        unittest.mock.patch.multiple(kept, LEAST_SIZE=0, LEAST_SECONDS=0),
    ):
        yield


def use_table(folder: Path) -> None:
    """Read a table whose label is named or found, and its rows as a model of it does."""
    if not (folder / "data.csv").exists():  # the tables of a training, a validation and a test set
        require_sound(read_path(folder))
        return
    label = (folder / "label").read_bytes().decode("utf-8", "replace") or None
    dataset = read_path(folder / "data.csv", options=TableOptions(label))
    require_sound(dataset)
    if dataset.columns is None:
        raise UnsoundError("a table without columns")
    json.dumps(dataclasses.asdict(dataset.columns))
    kind = dataset.kind
    rows = read_rows(folder / "data.csv", dataset.columns, dataset.inputs, dataset.classes, kind)
    if rows.labels is None:
        raise UnsoundError("rows without labels")
    labels = np.concatenate([dataset.train.labels, dataset.test.labels])
    same = np.array_equal(np.sort(rows.labels, axis=0), np.sort(labels, axis=0))
    require(same, "other labels")
    require(rows.features.shape == (len(labels), dataset.inputs), "other rows")
    require(len(rows.names) == len(labels), "rows without names")
    parts = (part.features.astype(float) for part in (dataset.train, dataset.test))
    found, sums = np.nan_to_num(rows.features.astype(float)), sum(np.nansum(part) for part in parts)
    require(abs(found.sum() - sums) < 1e-4 * (1 + np.abs(found).sum()), "other features")


def require_sound(dataset: Dataset) -> None:
    """Raise unless a dataset is what it promises to be."""
    for samples in filter(None, (dataset.train, dataset.test, dataset.validation)):
        require(len(samples.features) == len(samples.labels) > 0, "samples without labels")
        fills = dataset.columns is not None and dataset.columns.fills
        there = samples.features[~np.isnan(samples.features)] if fills else samples.features
        require(np.isfinite(there).all(), "features that are not finite")
        labels = samples.labels
        if dataset.kind == "classes":
            known = set(range(len(dataset.classes)))
            require(set(labels.tolist()) <= known, "labels that are no classes")
        else:
            require(labels.shape[1:] == (len(dataset.targets),), "other targets")
            require(np.isfinite(labels.astype(np.float32)).all(), "targets that are not finite")
        if (weights := samples.weights) is not None:
            require((np.isfinite(weights) & (weights >= 0)).all(), "weights that cannot be")
    if dataset.kind == "classes":
        require(len(set(dataset.classes)) == len(dataset.classes) >= 2, "classes of one name")
    if dataset.image_shape is not None:
        height, width = dataset.image_shape
        require(height * width == dataset.inputs, "images of another shape")
    json.dumps([dataset.name, dataset.classes, dataset.source, dataset.notice])


def use_images(folder: Path) -> None:
    """Prepare every image of a folder as ``gpunet predict`` does."""
    for path in folder.iterdir():
        require(prepare_image(path, (8, 8)).shape == (64,), "an image of another size")
        require(prepare_digit(path).shape == (784,), "a digit of another size")
        framed = prepare_digit(path, Framing(5, 200, 30), (9, 7))
        require(framed.shape == (63,), "a digit of another size")


def use_model(folder: Path) -> None:
    """Load a model, show it, and let it predict."""
    model = load(folder / "model.safetensors")
    json.dumps(describe(model), allow_nan=False)
    require(np.isfinite(model.parameters).all(), "weights that are not finite")
    text = io.StringIO()
    model_card(make_console(stream=text, plain=True, environ={"COLUMNS": "80"}), model, 1)
    require("\x1b" not in text.getvalue(), "an escape code in a model's card")
    require_framing(model)
    answers = answers_of(model, np.ones((3, model.network.inputs), np.float32))
    require(answers.shape == (3, len(model.classes)), "answers of another shape")


def use_new_samples(folder: Path) -> None:
    """Write a model's answers to the samples in a file, into one or, if that fails, none."""
    (path,) = folder.iterdir()
    answers = folder / "answers.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of what was filled in
        try:
            count = _model().predict_file(path, answers, id="1" if path.suffix == ".csv" else None)
        finally:
            require(len([*folder.iterdir()]) == 1 + answers.exists(), "files that are left over")
    require(answers.exists(), "no answers")
    with answers.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.reader(file))
    require(len(rows) == count + 1, "another number of answers")
    require(all(len(row) == 4 for row in rows), "answers of another length")
    shares = [sum(map(float, row[2:])) for row in rows[1:]]
    require(np.allclose(shares, 1, atol=1e-5), "probabilities that are no shares")


def require_framing(model: Model) -> None:
    """Give a model a drawing, framed as its file says, which must leave finite features."""
    drawing = Image.new("L", (6, 9), 255)
    drawing.paste(0, (2, 3, 4, 7))
    if model.image_shape is None or model.framing is None:
        require(model.framing is None, "a framing of what is no image")
        return
    pixels = prepare_digit(drawing, model.framing, model.image_shape)
    prepared = model.prepare(Samples(pixels[None], np.zeros(1, np.int32)))
    require(np.isfinite(prepared.features).all(), "pixels that are not finite")


def use_run(folder: Path) -> None:
    """Sum up a kept run, and load where it stands."""
    run_folder = RunFolder(folder)
    json.dumps(finite(summarize(run_folder).to_dict()), allow_nan=False)
    _, state = run_folder.load()
    require(state.finite, "a state that is not finite")


def use_log(folder: Path) -> None:
    """Sum up a run by its log, and draw all that its screens show at its end."""
    json.dumps(finite(summarize(RunFolder(folder)).to_dict()), allow_nan=False)
    told = read_run(folder / "metrics.jsonl")
    with contextlib.redirect_stdout(io.StringIO()):
        _show(told)


def _show(told: Told) -> None:
    console, at_end = make_console(), moments(told, 1)[0]
    printer = PlainPrinter(console)
    for _, event in told.events:
        retell(event, printer)
    for key in ("", "l", "n", "down", "d"):
        for size in ((140, 40), (50, 14)):
            view = at_end.view.pressed(key)
            dashboard_frame(console, view, Control(), size, at_end.at, keys=True)
    several_runs_frame(console, [SeenRun("a", at_end.view, at_end.at)], (100, 30), Text())
    console.print(closing_view(console, at_end.view))


def use_settings(folder: Path) -> None:
    """Read a file of settings, and write them again."""
    settings = read_settings(folder / "settings.toml")
    config = settings.train_config()
    write_settings(config.to_dict())
    NetworkSettings.of(config)


def use_space(folder: Path) -> None:
    """Read a search space, as ``gpunet tune`` does before it begins."""
    path = folder / "space.toml"
    space = read_space(path)
    space.require_possible(TrainConfig(), str(path))
    json.dumps(space.to_dict(), allow_nan=False)
    require(
        all(one.draw(np.random.default_rng(0)) is not None for one in space.parameters), "a draw"
    )


def use_command_line(folder: Path) -> None:
    """Carry out a command line, whose words stand in a file, between NULs."""
    words = (folder / "words").read_bytes().split(b"\0")
    arguments = [os.fsdecode(word) for word in words]
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(arguments)
    said = [line for line in err.getvalue().splitlines() if not line.startswith("note: ")]
    require(code in (0, 1, 2), f"exit code {code}")
    require(len(said) == (code != 0), f"exit code {code} and said: {err.getvalue()!r}")
    require("\x1b" not in err.getvalue(), "an escape code on the standard error")


def use_resumed_run(folder: Path) -> None:
    """Go on with a run, for a moment."""
    words = "train --resume run --data data.csv --device cpu --epochs 4 --max-time 0.05s --plain"
    (folder / "words").write_text(words.replace(" ", "\0"))
    use_command_line(folder)


def use_study(folder: Path) -> None:
    """Go on with a study."""
    (folder / "words").write_text("tune --resume s --trials 2 --device cpu".replace(" ", "\0"))
    use_command_line(folder)


def large_target() -> Target:
    """What is read as if it were large."""
    sound = [files for make in (idx_target, csv_target, npz_target) for files in make().sound]
    draws = np.random.default_rng(0)
    arrays = {}
    for name, array in (("X", draws.normal(size=(12, 3))), ("y", np.arange(12) % 2)):
        file = io.BytesIO()
        np.save(file, array)
        arrays[f"{name}.npy"] = file.getvalue()
    ways: dict[str, Damage] = {"ubyte": bytes_damaged, ".csv": bytes_damaged, ".npz": npz_damaged}
    packed = any_of(bytes_damaged, repacked(bytes_damaged))
    return Target(
        [*sound, arrays], {**ways, ".npy": bytes_damaged, ".gz": packed}, use_large_dataset
    )


def kept_target() -> Target:
    """The file of a kept dataset."""
    samples = Samples(np.ones((9, 4), np.float32), np.arange(9, dtype=np.int32) % 3)
    columns = Columns(("a", "b", "c", "d"), "label", place=1, index=True, grey=False)
    words = (Encoding(0, ("no", "yes")), Encoding(1))
    encoded = Columns(("a", "b"), "label", 2, False, False, (0,), words, "mean")
    whole = Dataset("a", samples, samples[:2], ("x", "y", "z"), None, "a.csv", "a notice")
    sets = []
    for known, shape in ((columns, (2, 2)), (encoded, None)):
        file = io.BytesIO()
        kept_one = dataclasses.replace(whole, columns=known, image_shape=shape)
        write_dataset(file, kept_one, Facts("/a.csv", "a.csv", "s"))
        sets.append({"data.dataset": file.getvalue()})
    weighted = Samples(samples.features, np.ones((9, 2)), np.ones(9, np.float32))
    targets = dataclasses.replace(
        whole,
        train=weighted,
        test=weighted[:2],
        classes=(),
        targets=("p", "q"),
        kind="measured",
    )
    write_dataset(file := io.BytesIO(), targets, Facts("/a.csv", "a.csv", "s"))
    sets.append({"data.dataset": file.getvalue()})
    return Target(sets, {".dataset": kept_damaged}, use_kept)


def idx_target() -> Target:
    """The four IDX files, plain and packed."""
    sets = []
    for pack in (bytes, gzip.compress):
        files = {}
        for split, count in (("train", 6), ("t10k", 3)):
            images = struct.pack(">IIII", 2051, count, 3, 2) + bytes(range(6 * count))
            labels = struct.pack(">II", 2049, count) + bytes([0, 1, 2] * (count // 3))
            end = "" if pack is bytes else ".gz"
            files[f"{split}-images-idx3-ubyte{end}"] = pack(images)
            files[f"{split}-labels-idx1-ubyte{end}"] = pack(labels)
        sets.append(files)
    return Target(
        sets,
        {"ubyte": bytes_damaged, ".gz": any_of(bytes_damaged, repacked(bytes_damaged))},
        use_dataset,
    )


def csv_target() -> Target:
    """Tables of bytes, of measured values, and of words, in all ways to write them."""
    grey = "label,a,b,c\n" + "".join(f"{i % 3},{i * 20},{255 - i},{i}\n" for i in range(12))
    measured = "".join(f"{'ab'[i % 2]},{i / 7},-{i}e3,{i * i}\n" for i in range(12))
    quoted = '\ufeff"species","x"\r\n' + '"b, c",1.5\r\n"a",2\r\n' * 6
    long = "a;b;kind\n" + "".join(f"{i},5;{i * i};{LONG_NAMES[i % 3]}\n" for i in range(12))
    counted = "sep=|\n|a|label|b\n" + "".join(f"{i}|{i}.5|{i % 2}|-{i}\n" for i in range(12))
    commas = "# a comment\nid,label,a\n" + "".join(f'{i},{i % 2},"{i},25"\n' for i in range(12))
    words = "a,kind,size,v\n" + "".join(
        f"{'xyz'[i % 3]},{['red', 'deep blue', ''][i % 3]},{['S', 'L'][i % 2]},{i or 'NA'}\n"
        for i in range(12)
    )
    tabs = "0\t1\t2\n" + "".join(f"{i}.5\t{i % 2}\t{i / 7}\n" for i in range(12))
    houses = "rooms,size,city,price\n" + "".join(
        f"{i % 4},{i / 3},{'ab'[i % 2]},{i * 17}\n" for i in range(12)
    )
    labels = {houses: b"price,1", grey: b"label", measured: b"1", quoted: b"species", long: b"last"}
    labels |= {words: b"a", counted: b"3", commas: b"label", tabs: b"2"}
    return Target(
        [
            {"data.csv": text.encode(), "label": label}
            for text, named in labels.items()
            for label in (b"", named)
        ]
        + [{f"{part}.csv": grey.encode() for part in ("train", "val", "test")}],
        {".csv": bytes_damaged, "label": bytes_damaged},
        use_table,
    )


LONG_NAMES = ("Hordeum vulgare distichon", "Triticum aestivum spelta", "Secale \u00e9" + "x" * 30)


def npz_target() -> Target:
    """Archives of bytes, fractions and words."""
    draws = np.random.default_rng(0)
    labels = {"y_train": np.array([0, 1] * 3), "y_test": np.array([1, 0])}
    images = {
        "x_train": draws.integers(0, 256, (6, 4, 4), np.uint8),
        "x_test": draws.integers(0, 256, (2, 4, 4), np.uint8),
    }
    fractions = {name: array / 255 for name, array in images.items()}
    words = {name: np.array(["no", "yes"])[array] for name, array in labels.items()}
    sets = []
    validation = {"X_val": images["x_test"], "y_val": labels["y_test"]}
    targets = {name: draws.normal(size=(len(array), 2)) for name, array in labels.items()}
    with_val = images | labels | validation
    for arrays in (images | labels, fractions | words, with_val, fractions | targets):
        file = io.BytesIO()
        np.savez(file, **arrays)
        sets.append({"data.npz": file.getvalue()})
    return Target(sets, {".npz": npz_damaged}, use_dataset)


def other_target() -> Target:
    """Tables that are packed or no text, those of ARFF and LIBSVM, and arrays in files."""
    frame = pl.DataFrame(
        {
            "kind": ["a b", "c", None] * 4,
            "v": [None, *range(1, 12)],
            "w": [row / 7 for row in range(12)],
            "flag": [row % 2 > 0 for row in range(12)],
            "list": [[row, 1] for row in range(12)],
        }
    )
    writers: dict[str, Callable[[io.BytesIO], object]]
    writers = {"parquet": frame.write_parquet, "arrow": frame.write_ipc}
    writers |= {"ipc": frame.write_ipc_stream, "jsonl": frame.write_ndjson}
    files: dict[str, bytes] = {}
    for end, write in writers.items():
        file = io.BytesIO()
        write(file)
        files[f"data.{end}"] = file.getvalue()
    text = frame.drop("list").write_csv().encode()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", text)
    files |= {"data.csv.bz2": bz2.compress(text), "data.csv.xz": lzma.compress(text)}
    files |= {"data.csv.zip": zipped.getvalue(), "data.tsv.gz": gzip.compress(text)}
    files["data.arff"] = ARFF + b"1.5,'a b',x\n?,\"c\",y\n% no row\n2,c,x\n" * 4
    files["data.svm"] = b"+1 1:0.5 3:1e3 # a comment\n-1 2:0.25\n\n" * 6
    arrays = []
    for array in (np.arange(24.0).reshape(12, 2), np.arange(12) % 2, np.eye(4)[[0, 1, 2, 3] * 3]):
        file = io.BytesIO()
        np.save(file, array)
        arrays.append(file.getvalue())
    sets = [{name: content} for name, content in files.items()]
    sets += [{"X.npy": arrays[0], "y.npy": labels} for labels in arrays[1:]]
    plain = [".parquet", ".arrow", ".ipc", ".jsonl", ".arff", ".svm", ".npy"]
    damage: dict[str, Damage] = dict.fromkeys(plain, bytes_damaged)
    damage[".gz"] = any_of(bytes_damaged, repacked(bytes_damaged))
    damage[".bz2"] = any_of(bytes_damaged, repacked(bytes_damaged, bz2))
    damage[".xz"] = any_of(bytes_damaged, repacked(bytes_damaged, lzma))
    damage[".zip"] = any_of(bytes_damaged, members_damaged)
    return Target(sets, damage, use_dataset)


def workbook_target() -> Target:
    """Workbooks, each read by a process of its own."""
    cells = "".join(
        f'<row r="{row}"><c r="A{row}"><v>{row % 2}</v></c><c r="B{row}"><v>{row / 7}</v></c>'
        f'<c r="C{row}" t="inlineStr"><is><t>{"ab"[row % 2]}</t></is></c></row>'
        for row in range(1, 13)
    )
    space = "http://schemas.openxmlformats.org"
    kinds = f"{space}/officeDocument/2006/relationships"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship '
        f'Id="rId1" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}/spreadsheetml/2006/main" xmlns:r="{kinds}">'
        '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData></worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    damage = any_of(bytes_damaged, members_damaged, members_damaged)
    return Target([{"data.xlsx": file.getvalue()}], {".xlsx": damage}, use_dataset)


ARFF = b"""@relation r
@attribute x real
@attribute 'a b' {c,'a b'}
@attribute class {y,x}
@data
"""


def _image(kind: str, mode: str, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 7, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("L").convert(mode).save(file, kind)
    return file.getvalue()


KINDS = [
    *[("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("JPEG", "RGB"), ("GIF", "P")],
    *[("TIFF", "F"), ("TIFF", "LA"), ("WEBP", "RGB"), ("PPM", "L"), ("ICO", "RGBA")],
    *[("BMP", "RGB"), ("JPEG2000", "RGB")],
]


def image_target() -> Target:
    """Single images of all formats."""
    sets = [{"image": _image(kind, mode)} for kind, mode in KINDS]
    return Target(sets, {"image": bytes_damaged}, use_images)


def folder_target() -> Target:
    """Folders of images."""
    files = {f"{label}/{row}.png": _image("PNG", "L", row) for label in "ab" for row in range(3)}
    parts = {f"{part}/{name}": files[name] for part in ("train", "Val", "test") for name in files}
    table = {"labels.csv": b"id,label\n0,a\n1,a\n2,a\n0,b\n", **files}
    rows = "".join(f"{name},{name[0]}\n" for name in files).encode()
    named = {"labels.csv": b"file,label\n" + rows, **files}
    damage = {".png": bytes_damaged, ".csv": bytes_damaged}
    return Target([files, {"a/b.heic": b"", **parts}, table, named], damage, use_dataset)


NETWORK = NetworkSpec(inputs=4, hidden=(3,), outputs=2, activation="tanh", layer_norm=True)


def _model() -> Model:
    parameters = np.random.default_rng(0).normal(size=(2, NETWORK.parameter_count))
    return Model(
        network=NETWORK,
        parameters=parameters.astype(np.float32),
        config=TrainConfig(hidden=(3,), activation="tanh", layer_norm=True, dropout=(0.5,)),
        classes=("no", "yes"),
        image_shape=(2, 2),
        scaling=Scaling(np.zeros(4, np.float32), np.ones(4, np.float32)),
        origin=Origin("points", "points.csv", "0123abc", "a file"),
        best_epoch=2,
        test=Scores(0.25, 0.875),
        levels=(-1.0, 1.0),
        inverted=True,
        framing=Framing(2, 255, 0),
        columns=Columns(("a", "b", "c", "d"), "label", place=1, index=True, grey=False),
    )


def model_target() -> Target:
    """A model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        save(_model(), path)
        content = path.read_bytes()
    return Target([{path.name: content}], {path.name: tensors_damaged}, use_model)


def answers_target() -> Target:
    """New samples for a model, in files of all kinds."""
    rows = np.random.default_rng(0).normal(size=(7, 4))
    table = "a,id,c,b,d\n" + "".join(
        f"{a},r{i},{c},{b},{d}\n" for i, (a, b, c, d) in enumerate(rows)
    )
    packed, single = io.BytesIO(), io.BytesIO()
    np.savez_compressed(packed, X=rows, y=np.zeros(7, np.int64))
    np.save(single, rows.astype(np.float32).reshape(7, 2, 2))
    files = {"rows.csv": table.encode(), "rows.csv.gz": gzip.compress(table.encode())}
    files |= {"rows.npz": packed.getvalue(), "rows.npy": single.getvalue()}
    files["image.png"] = _image("PNG", "L")
    damage: dict[str, Damage] = {".csv": bytes_damaged, ".npz": npz_damaged}
    damage[".npy"] = bytes_damaged
    damage |= {".gz": any_of(bytes_damaged, repacked(bytes_damaged)), ".png": bytes_damaged}
    return Target([{name: content} for name, content in files.items()], damage, use_new_samples)


def run_target() -> Target:
    """The folder of a run that has ended."""
    model = _model()
    values = {field.name: 0.5 for field in dataclasses.fields(EpochRecord)}
    history = tuple(EpochRecord(**(values | {"epoch": epoch})) for epoch in (1, 2))  # type: ignore[arg-type]
    moments = np.zeros((2, *model.parameters.shape), np.float32)
    state = RunState(
        model.parameters,
        moments,
        model.parameters,
        (2, 1),
        (history,) * 2,
        10,
        1.0,
        model.scaling,
        True,
    )
    report = {"stop_reason": "epochs", "test": {"accuracy": 0.5}, "history": [1, 2]}
    with tempfile.TemporaryDirectory() as folder:
        RunFolder(Path(folder)).write_checkpoint(model, state)
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    files["report.json"] = json.dumps(report).encode()
    damage = {"last.safetensors": tensors_damaged, ".json": json_damaged}
    return Target([files], damage, use_run)


def log_target() -> Target:
    """The logs of runs of images, measured values and labels, and of an ensemble."""
    draws = np.random.default_rng(0)
    pixels, rows = draws.integers(0, 256, (60, 4, 4), np.uint8), draws.normal(size=(60, 3))
    labels = draws.integers(0, 2, (60, 3))
    labels[:, 0] = 1 - labels[:, 1]
    runs: list[tuple[object, object, dict[str, Any]]] = [
        (pixels, np.arange(60) % 3, {"ensemble": 2}),
        (rows, rows @ np.ones((3, 2)), {}),
        (rows, labels, {}),
    ]
    logs = []
    with (
        tempfile.TemporaryDirectory() as name,
        unittest.mock.patch("gpunet.artifacts.metrics_log.FIRST_INSIGHT", 0.0),
        warnings.catch_warnings(action="ignore"),  # what is told of the labels
    ):
        for number, (features, answers, settings) in enumerate(runs):
            folder = Path(name, str(number))
            common: dict[str, Any] = {
                "epochs": 2,
                "hidden": (3,),
                "device": "cpu",
                "verbose": False,
            }
            gpunet.train((features, answers), run_dir=folder, **common, **settings)
            logs.append((folder / "metrics.jsonl").read_bytes())
    return Target(
        [{"metrics.jsonl": log} for log in logs],
        {".jsonl": any_of(lines_damaged, lines_damaged, bytes_damaged)},
        use_log,
    )


def resume_target() -> Target:
    """A run that can be resumed, and its data."""
    table = "".join(f"{i % 3},{i / 7},{i % 5}.5\n" for i in range(30)).encode()
    words = "train --data data.csv --device cpu --hidden 3 --epochs 2 --run-dir run --quiet"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.csv").write_bytes(table)
        silent = io.StringIO()
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(silent),
            contextlib.redirect_stderr(silent),  # which has what is told of the data
        ):
            run([*words.split(), "--batch-size", "8", "--dropout", "0.1"])
        last = (folder / "run" / "last.safetensors").read_bytes()
    files = {"data.csv": table, "run/last.safetensors": last}
    return Target([files], {"last.safetensors": tensors_damaged}, use_resumed_run)


def report_target() -> Target:
    """The report of a run, as ``gpunet plot`` reads it."""
    entry = {"train_loss": 0.5, "val_loss": None, "train_accuracy": 1, "val_accuracy": 0.5}
    report = {"best_epoch": 2, "history": [{"epoch": epoch, **entry} for epoch in (1, 2)]}
    return Target(
        [{"report.json": json.dumps(report).encode()}],
        {".json": json_damaged},
        lambda folder: _ignore(read_curves(folder / "report.json")),
    )


def settings_target() -> Target:
    """Settings in TOML, as text and with every key set to what it should not be."""
    text = write_settings(TrainConfig(hidden=(16, 8), dropout=(0.1, 0.2)).to_dict())
    text += 'max-time = "10m"\ndata = "x.csv"\nname = "a"\n[recipe]\ntitle = "x"\n'

    return Target(
        [{"settings.toml": text.encode()}],
        {".toml": any_of(_wrong_value, bytes_damaged)},
        use_settings,
    )


def _wrong_value(content: bytes, draw: Random) -> bytes:
    """One key of a TOML text set to what it should not be."""
    lines = content.splitlines()
    place = draw.randrange(len(lines))
    word = draw.choice([draw.choice(LITERALS).encode(), draw.choice(TOKENS)])
    lines[place] = lines[place].partition(b"=")[0] + b"= " + word
    return b"\n".join(lines)


def space_target() -> Target:
    """A search space in TOML."""
    text = "[learning_rate]\nlow = 1e-4\nhigh = 0.1\nlog = true\n[dropout]\nchoices = [0, 0.5]\n"
    text += '[hidden]\nchoices = ["16,16", [128]]\n[batch_size]\nlow = 16\nhigh = 128\nstep = 16\n'
    damage = {".toml": any_of(_wrong_value, bytes_damaged)}
    return Target([{"space.toml": text.encode()}], damage, use_space)


def study_target() -> Target:
    """A study in a journal, all of its trials done."""
    table = "".join(f"{i % 3},{i / 7},{i % 5}.5\n" for i in range(30)).encode()
    words = "tune --data data.csv --study s --trials 2 --population 2 --epochs 1 --device cpu"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.csv").write_bytes(table)
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
            run(words.split())
        kept = folder / "tune" / "s"
        files = {f"tune/s/{path.name}": path.read_bytes() for path in kept.iterdir()}
    journal = files["tune/s/journal.log"].replace(str(folder.resolve()).encode() + b"/", b"")
    files = {**files, "tune/s/journal.log": journal, "data.csv": table}
    return Target([files], {".log": any_of(bytes_damaged, lines_damaged)}, use_study)


LITERALS = [
    *["nan", "inf", "-inf", "1e999", "1e300", "1e-320", "9" * 400, "9" * 5000, "-1", "0", "0.5"],
    *["true", "false", '""', "''", '"x"', '"none"', '"1,2"', '"\\u0000"', '"\\u001b[2J"', "[]"],
    *["0x" + "9" * 9000, "[[]]", "[0.5, 0.5]", "[1, 'a']", "{a = 1}", "1979-05-27", "07:32:00"],
]

COMMANDS = [
    "config --hidden 16,16 --lr 0.1 --dropout 0.1 --epochs 3 --max-time 1m --seed 1",
    "config --config none.toml --schedule step --class-weights 1,2 --data x.csv",
    "evaluate model.safetensors --data data.csv --device cpu --json",
    "predict model.safetensors image.png - --json",
    "predict model.safetensors rows.csv --json",
    "predict model.safetensors rows.csv --id 1 --format submission -o answers.csv.gz --force",
    "show model.safetensors --json",
    "plot run.json -o curves.png",
    "runs runs --json",
    "recipes nielsen",
    "datasets preview data.csv --count 3 --seed 1 --label last",
]


def command_target() -> Target:
    """Command lines that read little and train nothing."""
    words = [line.replace(" ", "\0").encode() for line in COMMANDS]

    def damage(content: bytes, draw: Random) -> bytes:
        parts = content.split(b"\0")
        place = draw.randrange(1, len(parts))
        word = draw.choice([*TOKENS, b"", b"-", b"--", b".", b"/", b"\xff.csv", b"/dev/null"])
        parts[place : place + draw.randint(0, 1)] = [word.replace(b"\0", b"")]
        return b"\0".join(parts)

    return Target([{"words": line} for line in words], {"words": damage}, use_command_line)


def _ignore(result: object) -> None:
    """What was read needs no further check."""


TARGETS: dict[str, Callable[[], Target]] = {
    "idx": idx_target,
    "csv": csv_target,
    "npz": npz_target,
    "other": other_target,
    "workbook": workbook_target,
    "large": large_target,
    "kept": kept_target,
    "image": image_target,
    "folder": folder_target,
    "model": model_target,
    "answers": answers_target,
    "run": run_target,
    "log": log_target,
    "resume": resume_target,
    "report": report_target,
    "settings": settings_target,
    "space": space_target,
    "study": study_target,
    "command": command_target,
}

if __name__ == "__main__":
    sys.exit(main())
