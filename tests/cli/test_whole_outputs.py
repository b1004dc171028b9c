"""What commands print, line by line, beside the figures that their JSON holds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Ran

from gpunet.artifacts import model_file
from gpunet.bench import CASES, Case, Measurement
from gpunet.config.recipes import open_recipe, recipe_names
from gpunet.datasets import catalog
from gpunet.engine.interface import DeviceInfo
from gpunet.engine.reference.numpy_engine import numpy_device
from gpunet.engine.wgpu.adapters import DEFAULT_LIMITS, Adapter
from gpunet.engine.wgpu.drivers import Machine
from gpunet.engine.wgpu.roofline import Roofline
from gpunet.search.study import SearchStudy
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.device_name import device_in_words
from gpunet.terminal.draw.formats import loss, percent
from gpunet.training.events import Control
from gpunet.training.outcome import accuracy_margin

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = (
    *("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--epochs", "3"),
    *("--output", "model.safetensors"),
)
RULE = "─" * 26
AS_ASKED = "device: numpy on the processor, as asked for"


def lines_of(ran: Ran) -> list[str]:
    """The lines of an output, each without its surplus of blanks."""
    assert (ran.code, ran.err) == (0, "")
    return [" ".join(line.split()) for line in ran.out.splitlines()]


def confusions() -> list[str]:
    """The halves of which three are labeled otherwise, by a model that tells them apart."""
    head = ["rows: label, columns: prediction", "0 1"]
    return ["", *head, "0 20 3", "1 \N{EN DASH} 17"]


def scores(content: dict[str, Any], model: object, data: str = "") -> list[str]:
    """The tables and the card of ``gpunet evaluate``, from its JSON."""
    rule = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
    classes = [
        f"{one['name']} {percent(one['precision'])} {percent(one['recall'])} "
        f"{percent(one['f1'])} {one['support']}"
        for one in content["classes"]
    ]
    (pair,) = content["confused_pairs"]
    return [
        *("", "class precision recall F1 samples", rule * 44, *classes),
        *confusions(),
        *("", "label predicted samples of label", rule * 35),
        f"{pair['label']} {pair['prediction']} {pair['count']} 13.04 %",
        *("", f"accuracy {percent(content['accuracy'])} ± 8.64", f"loss {loss(content['loss'])}"),
        *("samples 40", f"model {model}", f"device {device_in_words(numpy_device())}"),
        f"next gpunet showcase {model}{data} --wrong # what it gets wrong",
    ]


def test_an_evaluation(gpunet: RunCommand, trained: Path, uneven: Path) -> None:
    command = ("evaluate", trained, "--device", "cpu", "--data", uneven)
    content = json.loads(gpunet(*command, "--json").out)
    told = lines_of(gpunet(*command))
    assert told == [AS_ASKED, f"data: {uneven}", *scores(content, trained, f" --data {uneven}")]
    assert content["networks"] == [{name: content[name] for name in ("loss", "accuracy")}]


def test_an_evaluation_of_an_ensemble_begins_with_its_networks(
    gpunet: RunCommand, uneven: Path
) -> None:
    options = (*FAST, "--epochs", 8, "--ensemble", 2, "--output", "m", "-q")
    assert gpunet("train", "--data", uneven, *options).code == 0
    content = json.loads(gpunet("evaluate", "m", "--device", "cpu", "--json").out)
    first, second = content["networks"]
    assert first["loss"] != second["loss"]
    rows = [
        f"{name} {percent(one['accuracy'])} {loss(one['loss'])}"
        for name, one in (("0", first), ("1", second), ("together", content))
    ]
    assert lines_of(gpunet("evaluate", "m", "--device", "cpu")) == [
        *(AS_ASKED, f"data: {uneven}", "", "network accuracy loss", RULE, *rows),
        *scores(content, "m"),
    ]


def test_a_class_without_samples_or_answers_has_no_figures(
    gpunet: RunCommand, trained: Path, halves: Path
) -> None:
    arrays = dict(np.load(halves))
    kept = arrays["y_test"] == 1
    parts = {"x_test": arrays["x_test"][kept], "y_test": arrays["y_test"][kept]}
    np.savez("ones.npz", **(arrays | parts))
    command = ("evaluate", trained, "--device", "cpu", "--data", "ones.npz")
    zero, one = json.loads(gpunet(*command, "--json").out)["classes"]
    assert zero == {"name": "0", "precision": None, "recall": None, "f1": None, "support": 0}
    assert one == {"name": "1", "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 20}


def test_a_training(gpunet: RunCommand, uneven: Path) -> None:
    files = ("--report", "run.json", "--plot", "curves.png", "--run-dir", "kept")
    ran = gpunet("train", "--data", uneven, *FAST, "--epochs", 8, "--showcase", 2, *files)
    told = lines_of(ran)
    start = next(place for place, line in enumerate(told) if line.startswith("epoch "))
    assert told[:start] == [
        f"data: {uneven}",
        "run: kept",
        AS_ASKED,
        "train: 64-4-2, 270 parameters, adam, 13 steps per epoch",
        "uneven: 100 samples to train, 20 to validate, 40 to test",
        "loss acc val loss val acc time lr samples/s * kept",
    ]
    assert all(line.startswith("epoch ") for line in told[start : start + 8])
    best = model_file.load(Path("model.safetensors")).best_epoch
    end = told[start + 8 :]
    assert end[:2] == [f"all epochs done; the weights of epoch {best} are kept", ""]
    place = end.index("rows: label, columns: prediction")
    assert sum(line.count("%") for line in end[2:place]) == 2
    assert end[place - 1 : place + 4] == confusions()
    assert [line.split("  ")[0] for line in ran.out.splitlines()[-11:]] == [
        *("test accuracy", "best epoch", "model", "report", "plot", "training time", "ended"),
        *("device", "next", "", ""),
    ]
    assert end[place + 4] == ""
    assert len(end) == place + 16


def test_an_ensemble_is_told_with_its_networks_before_the_summary(
    gpunet: RunCommand, uneven: Path
) -> None:
    options = ("--ensemble", 2, "--showcase", 0, "--report", "r.json")
    told = lines_of(gpunet("train", "--data", uneven, *FAST, *options))
    report = json.loads(Path("r.json").read_text())
    tested = [*(one["test"] for one in report["networks"]), report["test"]]
    place = told.index("network accuracy loss")
    assert told[place - 1 : place + 6] == [
        *("", "network accuracy loss", RULE),
        *(
            f"{name} {percent(one['accuracy'])} {loss(one['loss'])}"
            for name, one in zip(("0", "1", "together"), tested, strict=True)
        ),
        "",
    ]
    assert told[place + 6].startswith("test accuracy ")
    assert "rows: label, columns: prediction" in told[:place]


def test_samples_that_are_shown(gpunet: RunCommand, trained: Path, uneven: Path) -> None:
    data = ("--device", "cpu", "--data", uneven)
    wrong = np.flatnonzero(np.load(uneven)["y_test"] != np.arange(40) % 2)
    told = lines_of(gpunet("showcase", trained, *data, "--index", f" {wrong[0]}, 39"))
    assert told[:3] == [AS_ASKED, f"data: {uneven}", ""]
    wrong_one, right_one = told[-4].split(" %")[:2]
    assert wrong_one.startswith("\N{BALLOT X} 1 ")
    assert right_one.strip().startswith("\N{CHECK MARK} 1 ")
    assert told[-3:] == ["is 0", "", "1 of 2 shown are right"]
    told = lines_of(gpunet("showcase", trained, *data, "--top-losses", "-n", 2))
    assert (told[-4], told[-2:]) == ("is 0 is 0", ["", "the largest 2 of 40 losses"])
    assert told[-3].split()[::2] == ["loss", "loss"]


def test_a_preview(gpunet: RunCommand, halves: Path) -> None:
    told = lines_of(gpunet("datasets", "preview", halves, "-n", 2))
    sizes = "120 samples to train, 40 to test, 64 features, 2 classes"
    assert told[:3] == [f"data: {halves}", sizes, ""]
    assert set(told[-2].split()) <= {"0", "1"}
    assert told[-1] == ""


def made_up(index: int, name: str, kind: Any = "discrete GPU", **changes: Any) -> Adapter:
    info = DeviceInfo(name, kind, "Vulkan", f"driver {index}")
    limits = {
        **DEFAULT_LIMITS,
        "max-buffer-size": 3 << 30,
        "max-storage-buffer-binding-size": 1 << 30,
        "max-compute-invocations-per-workgroup": 1024,
        "max-compute-workgroup-storage-size": 48 << 10,
    }
    adapter = Adapter(index, info, limits, timestamps=True, usable=True, why="", handle=None)
    return replace(adapter, **changes)


CARD, WRECK = made_up(0, "Card (CHIP 17)"), made_up(1, "Wreck", usable=False, why="too old")
SOFT = made_up(0, "Soft One (LLVM 15)", "software adapter")


def listed(adapter: Adapter, *more: str, taken: str = "") -> list[str]:
    info = adapter.info
    return [
        f"{adapter.index} {info.name}{taken}",
        f"{info.kind}, Vulkan, {info.driver}",
        "buffers up to 3,072 MiB, 1,024 MiB of them bound at once",
        "1,024 invocations and 48 KiB per workgroup",
        *more,
    ]


@pytest.mark.parametrize(
    ("adapters", "lists", "advice"),
    [
        (
            (CARD, WRECK),
            [*listed(CARD, taken=" (auto)"), *listed(WRECK, "cannot be used: too old")],
            ["matrix units (tensor cores) stand idle, as wgpu grants no use of them"],
        ),
        (
            (SOFT,),
            listed(SOFT),
            ["a longer training tries Soft One, too, and takes the faster one"],
        ),
    ],
)
def test_the_devices(
    gpunet: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    adapters: tuple[Adapter, ...],
    lists: list[str],
    advice: list[str],
) -> None:
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: adapters)
    monkeypatch.setattr("gpunet.engine.factory.look", lambda: Machine(manager="apt-get"))
    content = json.loads(gpunet("devices", "--json").out)
    auto = content.pop("auto")
    cpu, taken = numpy_device(), adapters[0] is CARD
    told = lines_of(gpunet("devices"))
    numpy = f"cpu {cpu.name}" + ("" if taken else " (auto)")
    assert told[: len(lists) + 3] == [*lists, numpy, f"the numpy engine, {cpu.driver}", ""]
    rest = " ".join(told[len(lists) + 3 :])
    reason = "Card (discrete GPU, Vulkan)" if taken else auto["reason"]
    assert rest.startswith(f"auto takes {reason}")
    assert rest.endswith(" ".join([*advice, *([auto["advice"]] if auto["advice"] else [])]))
    assert auto["index"] == (0 if taken else None)
    assert content == {
        "cpu": asdict(cpu),
        "adapters": [
            {
                "index": one.index,
                **asdict(one.info),
                "usable": one.usable,
                "why_not": one.why or None,
                "limits": one.limits,
            }
            for one in adapters
        ],
    }


def measured(
    adapters: Sequence[Adapter], cases: Sequence[Case], *, roofline: bool
) -> Iterator[Measurement]:
    """Two operations of each device, in the order in which they would be measured."""
    share = 0.125 if roofline else None
    for case in cases:
        for name, place in (("numpy", 0), *((one.info.name, 1) for one in adapters)):
            wall, on_device = (3e-4, 1.5e-4)[place], (None, 1e-4)[place]
            yield Measurement(
                str(case), "forward", name, wall, on_device, 3_000_000, "GFLOP/s", share
            )
            wall, on_device = (1e-3, 4e-3)[place], (None, 2.5e-3)[place]
            yield Measurement(str(case), "copy", name, wall, on_device, 2_000_000, "GB/s", share)


@pytest.fixture
def benched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: (CARD, WRECK))
    monkeypatch.setattr("gpunet.bench.run", measured)
    monkeypatch.setattr(
        "gpunet.engine.wgpu.roofline.measure_roofline",
        lambda adapter: Roofline(2e9, 4e9) if adapter is None else Roofline(3e12, 5e11),
    )


@pytest.mark.usefixtures("benched")
@pytest.mark.parametrize("roofline", [False, True])
def test_a_benchmark(gpunet: RunCommand, roofline: bool) -> None:
    options = ("--roofline",) if roofline else ()
    told = lines_of(gpunet("bench", "--quick", *options))
    share, head = (" 12.5 %", " roofline") if roofline else ("", "")
    reached = [
        "roofline: the share of the time taken that the best rates of a device would need",
        "numpy: 2.00 GFLOP/s at multiply-adds, 4.00 GB/s at copies",
        "Card: 3.00 TFLOP/s at multiply-adds, 500 GB/s at copies",
    ]
    assert told[:2] == [
        "numpy against Card (discrete GPU, Vulkan)",
        "rate: by the adapter's clock, if it has one; ratio: times as fast as numpy",
    ]
    place = 2 + len(reached) * roofline
    assert told[2:place] == reached * roofline
    rule = told.pop(place + 3)
    assert set(rule) == {"\N{BOX DRAWINGS LIGHT HORIZONTAL}"}
    assert told[place:] == [
        "",
        "784-16-16-10, batch 64",
        f"operation device wall clock on device rate ratio{head}",
        f"forward numpy 300 us 10.00 GFLOP/s{share}",
        f"Card 150 us 100 us 30.00 GFLOP/s 2.00x{share}",
        f"copy numpy 1.00 ms 2.00 GB/s{share}",
        f"Card 4.00 ms 2.50 ms 0.80 GB/s 0.25x{share}",
    ]


@pytest.mark.usefixtures("benched")
def test_a_benchmark_says_where_the_best_rate_was_measured_too_low(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faster(*given: Any, **named: Any) -> Iterator[Measurement]:
        return (replace(one, roofline=1.169) for one in measured(*given, **named))

    monkeypatch.setattr("gpunet.bench.run", faster)
    told = lines_of(gpunet("bench", "--quick", "--roofline"))
    assert [line.endswith(" > 100 %") for line in told[-5:-1]] == [True] * 4
    assert told[-1].startswith("> 100 %: faster than the best rates that were measured")


@pytest.mark.usefixtures("benched")
def test_a_benchmark_as_json(gpunet: RunCommand) -> None:
    numpy, _, card, copy = json.loads(gpunet("bench", "--quick", "--json").out)
    case = {"case": str(CASES[0]), "operation": "forward", "unit": "GFLOP/s"}
    times = {"wall_seconds": 3e-4, "device_seconds": None}
    assert numpy == {**case, **times, "device": "numpy", "rate": pytest.approx(10)}
    times = {"wall_seconds": 1.5e-4, "device_seconds": 1e-4}
    assert card == {**case, **times, "device": "Card (CHIP 17)", "rate": pytest.approx(30)}
    assert (copy["operation"], copy["unit"]) == ("copy", "GB/s")


@pytest.mark.usefixtures("benched")
def test_a_benchmark_of_one_device(gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_of(gpunet("bench", "--quick", "--device", "cpu"))[0] == "numpy alone"
    monkeypatch.setattr("gpunet.engine.factory.list_adapters", lambda: (SOFT,))
    monkeypatch.setattr("gpunet.engine.factory.look", lambda: Machine(manager="apt-get"))
    told = lines_of(gpunet("bench", "--quick", "--device", "auto"))
    assert told[0] == "numpy against Soft One (software adapter, Vulkan)"


def test_the_settings_of_a_training(gpunet: RunCommand) -> None:
    told = gpunet("config", "--optimizer", "lion", "--name", "one", "--l2", "1e-7").out.splitlines()
    assert told[:10] == [
        *('data = "auto"', 'device = "auto"', 'name = "one"  # typed', "autotune = true"),
        *("bell = false", "force = false", "no_keep = false", "plain = false", "quiet = false"),
        'graphics = "auto"',
    ]
    assert {'optimizer = "lion"', "l2 = 1e-07", "hidden = [16, 16]"} <= {
        line.partition("  # ")[0] for line in told
    }
    assert told[-9:] == [
        '# loss = "cross-entropy"',
        *("# learning_rate = 0.0005", "# lr_decay_every = 2", "# restart_lr = 0.0005"),
        *("# beta2 = 0.99", "# weight_decay = 0.0", "# epochs = 15", "# patience = 5"),
        "# (for few samples more epochs, and patience and lr_decay_every likewise)",
    ]
    assert not any(line.startswith("#") for line in told[:-9])
    decided = gpunet("config", "--epochs", 3, "--patience", 2).out
    assert "few samples" not in decided
    assert "# patience" not in decided


def test_the_recipes(gpunet: RunCommand) -> None:
    expected = []
    for recipe in map(open_recipe, recipe_names()):
        claim = "no accuracy claimed"
        if recipe.accuracy is not None:
            claim = f"{100 * recipe.accuracy:.2f} % claimed"
        network: Any = recipe.file.train_config().network(784, 10)
        if recipe.name == "tabular":
            network = "hidden layers 256-256-256 for any table"
        expected += [f"{recipe.name:<10}  {network}, {claim}"]
        expected += [f"  {recipe.description}", f"  {recipe.source}"]
    ran = gpunet("recipes")
    assert (ran.code, ran.err, ran.out.splitlines()) == (0, "", expected)


def test_the_datasets(gpunet: RunCommand) -> None:
    lines = gpunet("datasets", "list").out.splitlines()
    entries = catalog.entries()
    assert lines[0::4] == [entry.name for entry in entries]
    assert lines[1::4] == [f"  {entry.description}" for entry in entries]


def test_the_runs_that_are_kept(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("train", "--data", halves, *FAST, "--patience", 0, "-q")
    assert gpunet(*options, "--name", "one").code == 0
    path = Path("runs/one/report.json")
    report = json.loads(path.read_text())
    report["seconds"]["total"] = 75.0
    path.write_text(json.dumps(report))
    (run,) = json.loads(gpunet("runs", "--json").out)
    best = report["history"][report["best_epoch"] - 1]
    assert run == {
        **run,
        "name": "one",
        "network": "64-4-2",
        "epochs": 3,
        "planned": 3,
        "val_accuracy": best["val_accuracy"],
        "val_loss": best["val_loss"],
        "test_accuracy": report["test"]["accuracy"],
        "optimizer": "adam",
        "stop_reason": "epochs",
    }
    accuracies = f"{percent(best['val_accuracy'])} {percent(report['test']['accuracy'])}"
    for width, heads, cells in (
        (30, "run val acc test acc", f"one {accuracies}"),
        (46, "run val acc test acc state epochs", f"one {accuracies} all epochs 3/3"),
    ):
        monkeypatch.setenv("COLUMNS", str(width))
        head, _, row, *_ = lines_of(gpunet("runs"))
        assert (head, row) == (heads, cells)
    monkeypatch.setenv("COLUMNS", "150")
    head, _, row, _, last = lines_of(gpunet("runs"))
    assert head == (
        "run val acc test acc state epochs trained loss time size optimizer lr data network "
        "val loss"
    )
    assert row.startswith(f"one {accuracies} all epochs 3/3 ")
    assert " adam 0.02 " in row
    assert row.endswith(f" {loss(best['val_loss'])}")
    assert last.startswith(f"1 run, {formats.size(run['bytes'])}; ")


def test_a_search(gpunet: RunCommand, uneven: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"learning_rate": 0.75, "hidden": 0.25}
    monkeypatch.setattr(SearchStudy, "importances", lambda _: shares)
    Path("space.toml").write_text(
        '[hidden]\nchoices = ["4"]\n[learning_rate]\nchoices = [1e38, 0.01, 0.02]\n'
    )
    options = ("--data", uneven, "--device", "cpu", "--space", "space.toml", "--sampler", "grid")
    more = ("--epochs", 2, "--batch-size", 8, "--study", "one", "--report", "r.json")
    told = lines_of(gpunet("tune", *options, *more, "--pruner", "none"))
    report = json.loads(Path("r.json").read_text())
    (best,) = [one for one in report["trials"] if one["number"] == report["best"]["trial"]]
    rate = best["values"]["learning_rate"]
    test = report["best"]["test"]
    place = len(told) - told[::-1].index("trial 0 failed: diverged in epoch 1") - 1
    epoch = model_file.load(Path("model.safetensors")).best_epoch
    margin = accuracy_margin(test["accuracy"], catalog.open_dataset(str(uneven)).test)
    assert told[place - 1 :] == [
        *("", "trial 0 failed: diverged in epoch 1", "", "to train it longer:"),
        f"gpunet train --data {uneven} --device cpu --hidden 4 --learning-rate {rate} "
        "--batch-size 8 --epochs 6",
        "(with --epochs 2 it gives the same network, bit for bit, on the same device)",
        "",
        f"best trial {best['number']}, val_loss {loss(best['figure'])}",
        f"test accuracy {percent(test['accuracy'])} ± {100 * margin:.2f}",
        f"test loss {loss(test['loss'])}",
        f"best epoch {epoch} of 2",
        *("model model.safetensors", "report r.json", "trials 2 done, 0 pruned, 1 failed, of 3"),
        *("study one in tune/one/journal.log", f"device {device_in_words(numpy_device())}"),
        "next gpunet evaluate model.safetensors # every class, and what is confused",
    ]
    before = told[:place]
    assert any(line.startswith("learning_rate ") and "75" in line for line in before)
    assert any(line.startswith("hidden ") and "25" in line for line in before)


def test_a_search_that_is_not_done_ends_with_how_to_go_on(
    gpunet: RunCommand, uneven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--data", uneven, "--device", "cpu", "--epochs", 1, "--trials", 2)
    assert gpunet("tune", *options, "--study", "one", "-q").code == 0

    def stopped() -> Control:
        control = Control()
        control.stop_after_epoch.set()
        return control

    monkeypatch.setattr("gpunet.workflows.messages.Control", stopped)
    told = lines_of(gpunet("tune", "--resume", "one", "--trials", 4, "--device", "cpu"))
    assert told[-1] == "gpunet tune --resume one # goes on with the search"


def test_an_answer_to_an_image_tells_the_share_that_json_holds(
    gpunet: RunCommand, halves: Path
) -> None:
    options = ("--device", "cpu", "--hidden", 4, "--epochs", 1, "--output", "m", "-q")
    assert gpunet("train", "--data", halves, *options).code == 0
    for place, image in enumerate(np.load(halves)["x_test"][:2]):
        Image.fromarray(image).save(f"{place}.png")
    answers = json.loads(gpunet("predict", "m", "--json", "0.png", "1.png").out)
    told = lines_of(gpunet("predict", "m", "0.png", "1.png"))
    heads = [line for line in told if ".png: " in line]
    shares = [one["probabilities"][one["prediction"]] for one in answers]
    assert heads == [
        f"{place}.png: {one['prediction']} ({100 * share:.1f} %)"
        for place, (one, share) in enumerate(zip(answers, shares, strict=True))
    ]
    assert told[0] == heads[0]
    assert told[-1] == ""
    for one, share in zip(answers, shares, strict=True):
        assert list(one) == ["image", "box", "prediction", "probabilities"]
        assert share == max(one["probabilities"].values())
        assert any(
            line.endswith(f"{100 * share:.1f} %") and one["prediction"] in line.split()
            for line in told
            if ".png" not in line
        )


def test_answers_to_rows_tell_the_shares_that_json_holds(gpunet: RunCommand) -> None:
    draws = np.random.default_rng(1)
    rows = [(row % 2, *draws.normal(row % 2, 1, 2).round(3)) for row in range(60)]
    names = ["no\x1b[2J", "yes"]
    text = "Id,a,b,kind\n" + "".join(
        f'"r{row}\x1b",{a},{b},"{names[kind]}"\n' for row, (kind, a, b) in enumerate(rows)
    )
    Path("rows.csv").write_text(text, "utf-8")
    options = ("--device", "cpu", "--epochs", 1, "--output", "m", "-q")
    assert gpunet("train", "--data", "rows.csv", *options).code == 0
    content = json.loads(gpunet("predict", "m", "rows.csv", "--json").out)
    out = gpunet("predict", "m", "rows.csv").out
    assert "\x1b" not in out
    head, *told = list(csv.reader(io.StringIO(out)))
    assert head == ["Id", "prediction", *(name.replace("\x1b", "\\x1b") for name in names)]
    assert len(told) == len(content) == 60
    for cells, one in zip(told, content, strict=True):
        assert list(one) == ["row", "prediction", "probabilities"]
        shown = [text.replace("\x1b", "\\x1b") for text in (one["row"], one["prediction"])]
        assert cells == [*shown, *(f"{share:.7g}" for share in one["probabilities"].values())]


def test_a_model_is_shown_with_its_size_and_all_its_layers(
    gpunet: RunCommand, halves: Path
) -> None:
    options = (*FAST, "--hidden", "4,3", "--ensemble", 2, "--output", "m.safetensors", "-q")
    assert gpunet("train", "--data", halves, *options).code == 0
    size = Path("m.safetensors").stat().st_size
    out = " ".join(gpunet("show", "m.safetensors").out.split())
    assert f" file {size / 1024:.2f} KiB" in out
    content = json.loads(gpunet("show", "m.safetensors", "--json").out)
    assert content["networks"] == 2
    assert content["layers"] == [
        {"inputs": 64, "outputs": 4, "activation": "relu", "parameters": 260},
        {"inputs": 4, "outputs": 3, "activation": "relu", "parameters": 15},
        {"inputs": 3, "outputs": 2, "activation": "identity", "parameters": 8},
    ]
