"""What a command hands on to the work: every option has its effect there."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.text import Text

from gpunet.artifacts import model_file, plots
from gpunet.artifacts.curves import Curves
from gpunet.artifacts.plots import Picture
from gpunet.cli import training_end
from gpunet.config import TrainConfig
from gpunet.datasets.framing import Framing
from gpunet.engine import factory
from gpunet.engine.device_trial import Trial
from gpunet.engine.planning.tiles import TILES
from gpunet.engine.wgpu import roofline
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.drivers import Machine
from gpunet.engine.wgpu.tile_cache import TileCache
from gpunet.errors import DataError
from gpunet.search.events import SearchInfo
from gpunet.terminal.draw import formats
from gpunet.terminal.draw.style import theme
from gpunet.terminal.live import console as console_module
from gpunet.terminal.live import messages
from gpunet.terminal.live.console import PatientStream
from gpunet.terminal.live.leaderboard import PlainSearch
from gpunet.training import learning_rate_range, profile
from gpunet.training.events import Callback
from gpunet.training.metrics import cross_entropies
from gpunet.workflows import devices, new_samples
from gpunet.workflows.run_folders import readable_name

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

FAST = ("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--lr", "0.02", "--epochs", "3")


@pytest.fixture
def table() -> Path:
    """Rows whose label stands in the middle; two kinds by that, three by the last column."""
    rows = [f"{row}.5,{row % 2},{row % 7}.25,{row % 3}" for row in range(60)]
    Path("table.csv").write_text("a,b,c,d\n" + "\n".join(rows) + "\n")
    return Path("table.csv")


def watch(
    monkeypatch: pytest.MonkeyPatch, room: Any, name: str, result: Any = None
) -> list[tuple[Any, ...]]:
    """The arguments of the calls of a function, which does its work or gives a result."""
    calls: list[tuple[Any, ...]] = []
    real = getattr(room, name)

    def noting(*given: Any, **named: Any) -> Any:
        calls.append((*given, *named.values()))
        return real(*given, **named) if result is None else result

    monkeypatch.setattr(room, name, noting)
    return calls


def test_the_range_test_is_one_network_s_on_what_is_trained_on(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch(monkeypatch, learning_rate_range, "find_learning_rate")
    options = ("find-lr", "--data", halves, *FAST, "--validation", 30, "--seed", 3)
    several = gpunet(*options, "--ensemble", 3, "--json")
    ((engine, training, _),) = calls
    (config,) = engine.configs
    assert (len(training), config.seed, config.hidden) == (90, 3, (4,))
    assert gpunet(*options, "--json").out == several.out
    content = json.loads(several.out)
    assert gpunet(*options, "-q").out == f"{formats.learning_rate(content['suggestion'])}\n"


def test_the_curve_of_rates_is_a_table_where_plain_lines_are_asked_for(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_module, "wants_dashboard", lambda _, plain: not plain)
    plain, drawn = (
        gpunet("find-lr", "--data", halves, *FAST, *more).out for more in (("--plain",), ())
    )
    assert re.search(r"learning rate +loss +smoothed", plain)
    assert "loss by learning rate" in drawn
    assert "loss by log10" not in plain
    for out in (plain, drawn):
        tail = out.splitlines()[-4:]
        assert tail[0] == ""
        assert tail[-1].startswith("suggests: --learning-rate ")


@pytest.mark.parametrize(
    "command",
    [
        ("find-lr", "--device", "cpu", "--epochs", 1),
        ("profile", "--device", "cpu", "--epochs", 1),
        ("explain", "--device", "ADAPTER"),
        ("tune-kernels", "--device", "ADAPTER"),
        ("train", "--device", "cpu", "--epochs", 1),
    ],
)
def test_the_label_that_is_named_is_the_one_of_every_command(
    gpunet: RunCommand, table: Path, adapter: Adapter, command: tuple[object, ...]
) -> None:
    words = [adapter.index if word == "ADAPTER" else word for word in command]
    ran = gpunet(*words, "--data", table, "--label", "e")
    assert ran.code == 2
    assert "--label 'e' names no column of table.csv" in ran.failure


def test_a_preview_counts_the_classes_of_the_label_that_is_named(
    gpunet: RunCommand, table: Path
) -> None:
    for label, classes in (("b", 2), ("d", 3)):
        out = gpunet("datasets", "preview", table, "--label", label).out
        assert f"3 features, {classes} classes" in out


def test_a_profile_is_of_what_would_be_trained(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch(monkeypatch, profile, "measure_profile")
    reached = watch(monkeypatch, roofline, "measure_roofline", roofline.Roofline(2e9, 4e9))
    options = ("--device", "cpu", "--hidden", "4", "--batch-size", "8", "--ensemble", 2)
    ran = gpunet("profile", "--data", halves, *options, "--validation", 30)
    assert (ran.code, ran.err) == (0, "")
    ((engine, best, training, _),) = calls
    config = engine.configs[0]
    assert reached == [(None,)]
    assert best == roofline.Roofline(2e9, 4e9)
    assert (engine.population, len(training), config.epochs) == (2, 90, config.effective_epochs)
    assert config.epochs > 15
    assert "2.00 GFLOP/s at multiply-adds, 4.00 GB/s at copies" in " ".join(ran.out.split())
    assert ran.out.startswith(f"data:   {halves}\ndevice: numpy")


@pytest.mark.parametrize(("options", "taken"), [((), True), (("--no-autotune",), False)])
def test_a_profile_takes_the_tiles_that_were_measured_unless_told_otherwise(
    gpunet: RunCommand,
    halves: Path,
    adapter: Adapter,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    taken: bool,
) -> None:
    calls = watch(monkeypatch, devices, "create_engine")

    def seen(*_: object) -> None:
        raise DataError("seen")

    monkeypatch.setattr(profile, "measure_profile", seen)
    common = ("--data", halves, "--device", adapter.index, "--hidden", "4", "--epochs", 1)
    assert gpunet("profile", *common, *options).failure == "seen"
    assert [call[3] is not None for call in calls] == [taken]


@pytest.mark.parametrize(
    ("known", "told"),
    [(True, "tiles:  5 of 5 measured"), (False, "tiles:  0 of 5 measured, the others by rule: ")],
)
def test_tiles_are_said_to_be_by_rule_as_long_as_some_are(
    gpunet: RunCommand,
    halves: Path,
    adapter: Adapter,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
    told: str,
) -> None:
    monkeypatch.setattr(TileCache, "tile", lambda *_: TILES[0] if known else None)
    ran = gpunet("explain", "--data", halves, "--device", adapter.index, "--hidden", "4")
    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0].endswith("as asked for")
    assert lines[1] == f"data:   {halves}"
    assert lines[2].startswith("load:   all ")
    assert lines[3].startswith("plan:   layered: ")
    assert lines[4].startswith(told)
    assert (lines[4] == told) is known
    assert lines[5] == ""


def test_a_shader_tells_its_groups_across_down_and_by_network(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    common = ("explain", "--data", halves, "--device", adapter.index, "--hidden", "40")
    out = gpunet(*common, "--batch-size", 64, "--ensemble", 3, "--shader", "update 1").out
    table = gpunet(*common, "--batch-size", 64, "--ensemble", 3).out.splitlines()
    row = next(line.split() for line in table if line.startswith("update 1 "))
    across, down = row[3].split("x")[:2]
    threads = row[4]
    first, second = out.splitlines()[:2]
    assert across != down
    assert first == f"// update 1: {across} x {down} x 3 workgroups of {threads} threads"
    assert second.startswith("// override: ")
    assert out.endswith("}\n")
    head = out.partition("// ----")[0].splitlines()
    assert max(map(len, head)) <= 99
    assert any(len(line) > 80 for line in head)
    pairs = " ".join(line.removeprefix("//") for line in head[1:]).split(":", 1)[1].split(",")
    names = [pair.split("=")[0].strip() for pair in pairs]
    assert names == sorted(names)


def test_numpy_is_told_to_have_no_plan(gpunet: RunCommand, halves: Path) -> None:
    ran = gpunet("explain", "--data", halves, "--device", "cpu")
    assert ran == (
        0,
        "device: numpy on the processor, as asked for\n"
        f"data:   {halves}\n"
        "load:   all 100 training samples at once, 6.25 KiB\n"
        "plan:   none: numpy has no passes, it goes from kernel to kernel\n",
        "",
    )


def test_small_products_are_told_to_need_no_tiles(
    gpunet: RunCommand, halves: Path, adapter: Adapter
) -> None:
    ran = gpunet("tune-kernels", "--data", halves, "--device", adapter.index, "--hidden", "4")
    assert ran.out.splitlines()[2:] == [
        "",
        "there is nothing to choose: a small network's step is one kernel, or its products are too "
        "small for their tiles to matter",
    ]
    ran = gpunet("tune-kernels", "--device", "cpu")
    assert ran.out.splitlines()[1:] == ["numpy has no kernels to tune"]


def test_kernels_are_tuned_for_the_network_and_the_batch_that_are_named(
    gpunet: RunCommand, halves: Path, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch(monkeypatch, devices, "choose_tiles", [])
    common = ("tune-kernels", "--data", halves, "--device", adapter.index)
    assert gpunet(*common, "--hidden", "9,8", "--batch-size", 24).code == 0
    assert gpunet(*common).code == 0
    told = [(call[0].hidden, call[0].batch_size, call[-1]) for call in calls]
    assert told == [((9, 8), 24, np.inf), ((16, 16), 64, np.inf)]


@pytest.mark.parametrize(
    ("trial", "device"), [(Trial(3e-4, 1.85e-3), "cpu"), (Trial(3e-3, 1e-3), "gpu")]
)
def test_the_command_after_a_search_names_the_device_that_the_search_took(
    gpunet: RunCommand,
    halves: Path,
    adapter: Adapter,
    monkeypatch: pytest.MonkeyPatch,
    trial: Trial,
    device: str,
) -> None:
    if not adapter.software:
        pytest.skip("only a software adapter is tried against numpy")
    monkeypatch.setattr(factory, "list_adapters", lambda: (adapter,))
    monkeypatch.setattr(factory, "look", lambda: Machine(manager="apt-get"))
    monkeypatch.setattr(factory, "SHORT", 0.0)
    monkeypatch.setattr(factory, "race", lambda *_: trial)
    Path("space.toml").write_text('[hidden]\nchoices = ["4"]\n')
    few = ("--trials", 1, "--population", 1, "--epochs", 1, "--space", "space.toml")
    ran = gpunet("tune", "--data", halves, *few)
    assert (ran.code, ran.err) == (0, "")
    assert f" --device {device} " in next(
        line for line in ran.out.splitlines() if line.startswith("gpunet train ")
    )


def test_the_command_after_a_search_leaves_out_the_device_that_is_usual(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "list_adapters", lambda: ())
    monkeypatch.setattr(factory, "look", lambda: Machine(manager="apt-get"))
    ran = gpunet("tune", "--data", halves, "--trials", 1, "--epochs", 1)
    assert " --device " not in ran.out.partition("to train it longer:")[2]


@pytest.mark.parametrize("inverted", [False, True])
def test_an_image_is_framed_like_mnist_on_the_paper_of_the_model(
    gpunet: RunCommand,
    halves: Path,
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    inverted: bool,
) -> None:
    Image.fromarray(np.load(halves)["x_test"][0]).save("one.png")
    model = replace(model_file.load(trained), inverted=inverted)
    model_file.save(model, Path("m"))
    calls = watch(monkeypatch, new_samples, "prepare_digits")
    for style in ("mnist", "as-is", "auto"):
        gpunet("predict", "m", "one.png", "--framing", style)
    assert calls == [(Path("one.png"), Framing.usual((8, 8), paper=255 if inverted else 0), (8, 8))]
    own = Framing(5, 20, 240)
    model_file.save(replace(model, framing=own), Path("m"))
    for style in ("mnist", "as-is", "auto"):
        gpunet("predict", "m", "one.png", "--framing", style)
    assert [call[1] for call in calls[1:]] == [own, own]


def test_a_plot_of_a_report_is_titled_by_it_and_called_curves_png(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpunet("train", "--data", halves, *FAST, "-q", "--report", "my.run.json").code == 0
    drawn: list[tuple[Curves, str, Path]] = []

    def noting(curves: Curves, title: str, path: Path) -> None:
        drawn.append((curves, title, path))
        path.write_bytes(b"drawn")

    monkeypatch.setattr(plots, "plot_curves", noting)
    assert gpunet("plot", "my.run.json") == (0, "plot: curves.png\n", "")
    assert gpunet("plot", "my.run.json", "-o", "other.svg") == (0, "plot: other.svg\n", "")
    (curves, title, path), (_, _, other) = drawn
    history = json.loads(Path("my.run.json").read_text())["history"]
    assert list(curves.train_loss) == pytest.approx([one["train_loss"] for one in history])
    assert (title, str(path), str(other)) == ("my.run", "curves.png", "other.svg")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[Picture]]:
    """The pictures that commands draw from now on."""
    calls: list[list[Picture]] = []

    def noting(pictures: Any, path: Path, *, signed: bool = False) -> None:
        calls.append(list(pictures))
        path.write_bytes(b"drawn")

    monkeypatch.setattr(plots, "plot_pictures", noting)
    return calls


def test_a_picture_of_a_sample_tells_its_share_and_its_loss(
    gpunet: RunCommand, uneven: Path, drawn: list[list[Picture]]
) -> None:
    options = ("--device", "cpu", "--hidden", 4, "--epochs", 1, "--output", "m", "-q")
    assert gpunet("train", "--data", uneven, *options).code == 0
    model, data = model_file.load(Path("m")), np.load(uneven)
    shares = model.predict_proba(data["x_test"])
    losses = cross_entropies(shares, data["y_test"])
    rows = np.argsort(-losses, kind="stable")[:5]
    command = ("showcase", "m", "--device", "cpu", "--plot", "p.png", "--force")
    assert gpunet(*command, "--top-losses", "-n", 5).code == 0
    assert gpunet(*command, "--index", ",".join(map(str, rows))).code == 0
    by_loss, by_index = drawn
    for one, other, row in zip(by_loss, by_index, rows, strict=True):
        label, answer = int(data["y_test"][row]), int(shares[row].argmax())
        mark = "\N{CHECK MARK}" if label == answer else "\N{BALLOT X}"
        lines = [f"{mark} {answer}  {100 * shares[row].max():.1f} %"]
        lines += [] if label == answer else [f"is {label}"]
        assert other.caption == "\n".join(lines)
        assert one.caption == "\n".join([*lines, f"loss {formats.loss(float(losses[row]))}"])
        assert (one.right, other.right) == (label == answer,) * 2
        assert np.array_equal(one.image, data["x_test"][row])


def test_a_picture_of_weights_is_that_of_the_unit_that_it_names(
    gpunet: RunCommand, trained: Path, drawn: list[list[Picture]]
) -> None:
    assert gpunet("showcase", trained, "--weights", "-n", 3, "--plot", "p.png").code == 0
    weights = model_file.load(trained).layers[0][0][0]  # (I, O)
    (pictures,) = drawn
    assert len(pictures) == 3
    for one in pictures:
        unit = int(one.caption.removeprefix("unit "))
        assert np.array_equal(one.image, weights[:, unit].reshape(8, 8))


def test_a_preview_shows_ten_samples_in_the_order_of_the_data(
    gpunet: RunCommand, halves: Path, drawn: list[list[Picture]]
) -> None:
    for options in ((), ("--seed", 0), ("--seed", 1)):
        command = ("datasets", "preview", halves, *options, "--plot", "p.png", "--force")
        assert gpunet(*command).out.endswith("plot: p.png\n")
    samples = [image.tobytes() for image in np.load(halves)["x_train"]]
    rows = [[samples.index(one.image.tobytes()) for one in pictures] for pictures in drawn]
    assert [len(one) for one in rows] == [10, 10, 10]
    assert rows[0] == rows[1] != rows[2]
    assert [sorted(one) for one in rows] == rows
    assert rows[0] != list(range(10))


@pytest.mark.parametrize(
    ("data", "hidden", "name"),
    [
        ("mnist", (16, 16), "mnist-16-16"),
        ("My data, v2.csv", (), "My-data-v2-csv-linear"),
        ("\u5b57\u2028", (8,), "data-8"),
        ("x" * 90, tuple(range(1, 12)), "x" * 24 + "-1-2-3-4-5-6-and-more"),
    ],
)
def test_a_run_is_named_by_its_data_and_its_layers(
    data: str, hidden: tuple[int, ...], name: str
) -> None:
    assert readable_name(data, TrainConfig(hidden=hidden)) == name


@pytest.mark.parametrize(
    ("options", "ranks"),
    [
        ((), [3, 4, 2, 0]),
        (("--showcase", 2), [3, 0, 2, 0]),
        (("--showcase", 0), [3, 2, 0]),
        (("--ensemble", 2), [3, 4, 2, 1, 0]),
        (("--plain",), [4, 2, 0]),
    ],
)
def test_at_the_end_of_a_run_the_curves_come_first_and_what_matters_less_goes_first(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[object, ...],
    ranks: list[int],
) -> None:
    class Screen(Callback):
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Screen:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def closing_view(self, width: int, rows: int) -> Text:
            return Text("the curves")

    monkeypatch.setattr("gpunet.terminal.live.dashboard.Dashboard", Screen)
    monkeypatch.setattr(messages, "wants_dashboard", lambda _, plain: not plain)
    shown: list[list[tuple[str, int]]] = []

    def noting(_: Console, parts: Any) -> None:
        shown.append([(str(part.content), part.rank) for part in parts])

    monkeypatch.setattr(training_end, "print_parts", noting)
    ran = gpunet("train", "--data", halves, *FAST, *options)
    assert (ran.code, ran.err) == (0, "")
    ((*parts,),) = shown
    assert [rank for _, rank in parts] == ranks
    assert (parts[0][0] == "the curves") is ("--plain" not in options)


@pytest.mark.parametrize("command", ["train", "tune"])
def test_an_output_that_breaks_while_it_works_is_told_when_all_is_saved(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    made = Console(file=PatientStream(Full()), width=80, theme=theme("dark"))  # type: ignore[arg-type]
    monkeypatch.setattr(messages, "make_console", lambda **_: made)
    files = ("--report", "r.json", "--output", "m")
    options = ("--data", halves, "--device", "cpu", "--epochs", 1, *files)
    more = ("--trials", 1, "--study", "one") if command == "tune" else ("--run-dir", "kept")
    with monkeypatch.context() as kept:
        kept.setattr("gpunet.cli.app._forget_output", lambda: 1)
        ran = gpunet(command, *options, *more)
    assert (ran.code, ran.out) == (1, "")
    assert ran.failure == "the output cannot be written: no space left on device"
    assert model_file.load(Path("m")).best_epoch == 1
    assert Path("r.json").exists()


def test_a_search_that_goes_on_asks_for_data_that_are_gone(
    gpunet: RunCommand, halves: Path
) -> None:
    Path("here.npz").write_bytes(halves.read_bytes())
    options = ("--device", "cpu", "--epochs", 1, "--trials", 1, "-q")
    assert gpunet("tune", "--data", "here.npz", "--study", "one", *options).code == 0
    Path("here.npz").rename("there.npz")
    again = ("tune", "--resume", "one", "--device", "cpu", "--trials", 2, "-q")
    ran = gpunet(*again)
    where = Path("here.npz").absolute()
    assert (ran.code, ran.failure) == (
        1,
        f"the data 'one' that the model was trained on are not at {where}; give them as --data",
    )
    assert gpunet(*again, "--data", "there.npz").code == 0
    arrays = dict(np.load(halves))
    np.savez("there.npz", **(arrays | {"y_train": 1 - arrays["y_train"]}))
    ran = gpunet(*again, "--data", "there.npz")
    assert ran.code == 1
    assert ran.failure.startswith(f"the study one has data {where} but other data (")
    assert ran.failure.endswith("leave that out or start another --study")


def test_a_search_tells_screens_what_it_is(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[SearchInfo] = []
    began = PlainSearch.on_search_begin

    def noting(self: Any, info: SearchInfo) -> None:
        told.append(info)
        began(self, info)

    monkeypatch.setattr(PlainSearch, "on_search_begin", noting)
    options = ("--data", halves, "--device", "cpu", "--epochs", 2, "--trials", 1, "--study", "one")
    ran = gpunet("tune", *options, "--monitor", "val_accuracy")
    assert ran.code == 0
    (info,) = told
    assert (info.study, info.storage, info.data) == ("one", "tune/one/journal.log", "halves")
    assert (info.monitor, info.epochs, info.device.backend) == ("val_accuracy", 2, "numpy")
    assert info.progress.trials == ()
    assert info.parameters[:3] == ("hidden", "activation", "learning_rate")


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--device", "cpu", "--epochs", 1),
        ("find-lr", "--device", "cpu", "--epochs", 1),
        ("profile", "--device", "cpu", "--epochs", 1),
        ("tune", "--device", "cpu", "--epochs", 1, "--trials", 1),
    ],
)
def test_plain_lines_have_no_escape_codes_whatever_the_environment_asks_for(
    gpunet: RunCommand,
    halves: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[object, ...],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    plain = gpunet(*command, "--data", halves, "--plain")
    assert (plain.code, "\x1b" in plain.out, plain.out.count("device:")) == (0, False, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("command", "model"),
    [
        (("train", "--run-dir", "kept"), Path("kept/best.safetensors")),
        (("tune", "--trials", "1", "--study", "one"), Path("model.safetensors")),
    ],
)
def test_a_full_disk_behind_the_output_ends_no_work(
    halves: Path, command: tuple[str, ...], model: Path
) -> None:
    words = [*command, "--data", str(halves), "--device", "cpu", "--epochs", "1"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gpunet", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    told = "error: the output cannot be written: no space left on device\n"
    assert (done.returncode, done.stderr) == (1, told)
    assert model_file.load(model).best_epoch == 1
