"""``gpunet tune`` from the command line to the saved model."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conftest import summary_rows

from gpunet import tuning
from gpunet.artifacts import model_file
from gpunet.cli import search_end
from gpunet.cli.setting_options import settings_command
from gpunet.config import TrainConfig
from gpunet.config.settings_file import read_settings
from gpunet.datasets.catalog import open_dataset
from gpunet.engine.factory import Device
from gpunet.search import session, space, study
from gpunet.search.events import Work
from gpunet.search.study_progress import StudyProgress
from gpunet.search.tuner import Tuner
from gpunet.terminal.draw import formats
from gpunet.terminal.live import messages as live_messages
from gpunet.training.events import Control
from gpunet.training.outcome import accuracy_margin

if TYPE_CHECKING:
    from tests.cli.conftest import RunCommand

SPACE = """
[hidden]
choices = ["4", "3,3"]
[learning_rate]
low = 0.002
high = 0.1
log = true
[dropout]
low = 0.0
high = 0.2
"""


@pytest.fixture(autouse=True)
def _space() -> None:
    Path("space.toml").write_text(SPACE)


@pytest.fixture
def options(halves: Path) -> list[str]:
    small = ["--epochs", "3", "--batch-size", "8", "--trials", "6", "--population", "3"]
    return ["--data", str(halves), "--device", "cpu", "--space", "space.toml", *small]


def test_a_search_saves_the_best_network_and_says_how_to_train_it_again(
    gpunet: RunCommand, options: list[str]
) -> None:
    ran = gpunet("tune", *options, "--study", "one", "--report", "report.json")
    assert (ran.code, ran.err) == (0, "")
    report = json.loads(Path("report.json").read_text())
    assert len(report["trials"]) == 6
    model = model_file.load(Path("model.safetensors"))
    assert report["best"]["config"] == model.config.values_in_effect()
    assert report["best"]["test"]["accuracy"] == model.test.accuracy
    (command,) = [line for line in ran.out.splitlines() if line.startswith("gpunet train")]
    words = shlex.split(command)[1:]
    assert words[(place := words.index("--epochs")) : place + 2] == ["--epochs", "9"]
    assert "(with --epochs 3 it gives the same network, bit for bit" in ran.out
    again = gpunet(*words, "--epochs", "3", "--output", "again.safetensors", "--quiet")
    assert again.code == 0
    trained = model_file.load(Path("again.safetensors"))
    assert trained.config == model.config
    assert trained.parameters.tobytes() == model.parameters.tobytes()
    assert trained.test == model.test


def test_a_search_goes_on_with_the_settings_that_it_began_with(
    gpunet: RunCommand, options: list[str]
) -> None:
    begun = gpunet(
        "tune", *options, "--study", "one", "--sampler", "random", "--pruner", "none", "--quiet"
    )
    assert begun.code == 0
    again = ["--trials", "8", "--device", "cpu", "--report", "report.json", "--plain"]
    ran = gpunet("tune", "--resume", "one", *again)
    assert ran.code == 0
    report = json.loads(Path("report.json").read_text())
    assert (report["sampler"], report["pruner"]) == ("random", "none")
    assert "8 trials of 3 epochs at most, 6 done" in ran.out
    other = gpunet("tune", "--resume", "one", "--epochs", "4", "--device", "cpu")
    assert (
        other.code,
        other.failure.split(";")[0],
    ) == (1, "the study one has epochs 3 but 4 was asked for")


def test_a_search_that_is_there_is_not_begun_again(gpunet: RunCommand, options: list[str]) -> None:
    assert gpunet("tune", *options, "--study", "one", "--quiet").code == 0
    ran = gpunet("tune", *options, "--study", "one")
    assert ran.code == 1
    assert "resume it by --resume one" in ran.failure


def test_a_file_fixes_settings_and_what_is_typed_wins(gpunet: RunCommand, halves: Path) -> None:
    Path("fixed.toml").write_text(
        f'data = {json.dumps(str(halves))}\ndevice = "cpu"\nepochs = 9\nhidden = [5]\n'
        'optimizer = "sgd"\nbatch_size = 8\nvalidation = 0.2\n'
    )
    options = ["--config", "fixed.toml", "--epochs", "2", "--trials", "2", "--report", "r.json"]
    ran = gpunet("tune", *options)
    assert (ran.code, ran.err) == (0, "")
    report = json.loads(Path("r.json").read_text())
    config = report["best"]["config"]
    assert tuple(config[name] for name in ("epochs", "hidden", "optimizer", "batch_size")) == (
        2,
        [5],
        "sgd",
        8,
    )
    assert report["fingerprint"] == open_dataset(str(halves)).fingerprint
    assert report["device"]["backend"] == "numpy"
    assert "hidden" not in report["space"]
    assert "momentum" in report["space"]


def test_the_result_is_one_line_for_quiet(gpunet: RunCommand, options: list[str]) -> None:
    ran = gpunet("tune", *options, "--quiet", "--monitor", "val_accuracy")
    assert ran.out.startswith("best val_accuracy ")
    assert ran.out.endswith("saved as model.safetensors\n")
    assert ran.out.count("\n") == 1


@pytest.mark.usefixtures("failing_test")
def test_a_device_that_fails_at_the_test_leaves_the_best_network_and_says_why(
    gpunet: RunCommand, options: list[str]
) -> None:
    ran = gpunet("tune", *options, "--report", "report.json")
    assert ran.err == (
        "error: the device is lost; try again; the best network is kept, but untested; "
        "`gpunet evaluate` can test it later\n"
    )
    assert ran.code == 1
    assert "model.safetensors" in ran.out
    assert model_file.load(Path("model.safetensors")).test.accuracy is None
    assert len(json.loads(Path("report.json").read_bytes())["trials"]) == 6


def test_a_search_ends_when_its_time_is_over(gpunet: RunCommand, options: list[str]) -> None:
    Path("endless.toml").write_text("patience = 0\n")
    endless = [*options, "--config", "endless.toml", "--epochs", 1_000_000]
    ran = gpunet("tune", *endless, "--timeout", "2s", "--pruner", "none", "--report", "r.json")
    assert (ran.code, ran.err) == (0, "")
    reasons = {trial["reason"] for trial in json.loads(Path("r.json").read_text())["trials"]}
    assert {"time limit reached"} == reasons
    assert "bit for bit" not in ran.out
    assert "  gpunet tune --resume" in ran.out


def test_a_search_in_which_nothing_succeeds_says_so(gpunet: RunCommand, halves: Path) -> None:
    Path("space.toml").write_text("[lr]\nchoices = [1e38]\n")
    options = ["--data", halves, "--device", "cpu", "--space", "space.toml", "--trials", "2"]
    ran = gpunet("tune", *options, "--sampler", "random")
    assert ran.code == 1
    assert "no trial has come to an end with a finite metric" in ran.failure
    assert "trial 0 failed: diverged in epoch 1 (and 1 like it)" in ran.out
    assert not Path("model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--space", "none.toml"], 2, "none.toml does not exist"),
        (["--timeout", "soon"], 2, "--timeout soon: wanted a time above zero"),
        (["--study", "a/b"], 2, "is no name for a folder"),
        (["--storage", "here"], 2, "--storage is no URL"),
        (["--storage", "nothing://here"], 1, "nothing://here"),
        (["--sampler", "grid"], 2, "is a continuous range"),
        (["--resume", "one", "--study", "two"], 2, "both name a study"),
        (["--resume", "one"], 2, "there is no study one"),
        (["--output", "space.toml", "--report", "space.toml"], 2, "both name space.toml"),
        (["--epochs", "0"], 2, "--epochs is 0"),
    ],
)
def test_a_command_line_that_cannot_be_is_told_in_one_sentence(
    gpunet: RunCommand, halves: Path, arguments: list[str], code: int, told: str
) -> None:
    ran = gpunet("tune", "--data", halves, "--device", "cpu", *arguments)
    assert code == ran.code
    assert told in ran.failure
    assert "----" not in ran.failure


def test_a_population_that_does_not_fit_is_told_before_anything_is_trained(
    gpunet: RunCommand, options: list[str]
) -> None:
    Path("space.toml").write_text('[hidden]\nchoices = ["4", "100000,100000"]\n')
    ran = gpunet("tune", *options, "--study", "one", "--population", 1000)
    assert ran.code == 1
    assert "of the networks 64-100000-100000-2 with a batch of 8 at most" in ran.failure
    assert not Path("tune").exists()


@pytest.mark.parametrize("line", ["{}", "[]", "x", '{"op_code": 99, "worker_id": "a"}'])
@pytest.mark.parametrize("place", [1, -1])
def test_a_damaged_journal_is_told_in_one_sentence(
    gpunet: RunCommand, options: list[str], line: str, place: int
) -> None:
    assert gpunet("tune", *options, "--trials", "1", "--study", "torn").code == 0
    journal = Path("tune/torn/journal.log")
    lines = journal.read_text().splitlines(keepends=True)
    lines[place] = f"{line}\n"
    journal.write_text("".join(lines))
    ran = gpunet("tune", "--resume", "torn", "--trials", "2", "--device", "cpu")
    assert ran.code == 1
    assert f"the journal {journal} is damaged" in ran.failure


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [
        (r'"intermediate_value":[^}]+', '"intermediate_value":"x"'),
        (r'"intermediate_value":[^}]+', f'"intermediate_value":{"9" * 400}'),
        (r'"step":\d+', '"step":"x"'),
        (r'"worker":"[^"]+"', '"worker":"host:x"'),
        (r'"worker":"[^"]+"', '"retry_of":[]'),
        (r'"reason":"[^"]+"', '"reason":1'),
        (r'choices\\": \[.*?\]', r'choices\\": [1, 2]'),
    ],
)
def test_a_journal_with_what_no_worker_writes_is_told_in_one_sentence(
    gpunet: RunCommand, options: list[str], sound: str, damaged: str
) -> None:
    assert gpunet("tune", *options, "--trials", "1", "--study", "one").code == 0
    journal = Path("tune/one/journal.log")
    text, changes = re.subn(sound, lambda _: damaged, journal.read_text(), count=1)
    assert changes == 1
    journal.write_text(text)
    ran = gpunet("tune", "--resume", "one", "--trials", "2", "--device", "cpu")
    assert ran.code == 1
    assert f"the journal {journal} is damaged" in ran.failure


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_search_goes_on_after_a_line_that_was_never_finished(
    gpunet: RunCommand, options: list[str], cut: int
) -> None:
    whole = gpunet("tune", *options, "--trials", "3", "--study", "torn", "--pruner", "none")
    assert whole.code == 0
    journal = Path("tune/torn/journal.log")
    journal.write_bytes(journal.read_bytes()[:-cut])
    ran = gpunet("tune", "--resume", "torn", "--trials", "4", "--device", "cpu", "--plain")
    assert (ran.code, ran.err) == (0, "")
    assert "4 done, 0 pruned, 0 failed, of 4" in ran.out


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_space_without_end_is_not_read(gpunet: RunCommand, options: list[str]) -> None:
    ran = gpunet("tune", *options, "--space", "/dev/zero")
    assert ran.code == 2
    assert "/dev/zero is no ordinary file" in ran.failure


def test_a_password_is_never_told(gpunet: RunCommand, halves: Path) -> None:
    url = "postgresql://somebody:hush%21@127.0.0.1:1/nothing?password=hush"
    ran = gpunet("tune", "--data", halves, "--device", "cpu", "--storage", url)
    assert ran.code == 1
    assert "the storage postgresql://127.0.0.1:1/nothing fails" in ran.failure
    assert "hush" not in ran.out + ran.err


def test_without_optuna_one_sentence_says_what_to_install(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    ran = gpunet("tune")
    assert ran.code == 1
    assert f"{sys.executable} -m pip install 'optuna" in ran.failure


def test_without_a_driver_one_sentence_says_what_to_install(
    gpunet: RunCommand, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    url = "postgresql://127.0.0.1:1/nothing"
    ran = gpunet("tune", "--data", halves, "--device", "cpu", "--storage", url)
    assert ran.code == 1
    assert f"{sys.executable} -m pip install 'psycopg[binary]" in ran.failure


def test_a_command_for_training_means_the_settings_that_it_was_made_from(
    gpunet: RunCommand,
) -> None:
    config = TrainConfig(
        hidden=(8, 4),
        optimizer="sgd",
        momentum=0.9,
        nesterov=True,
        standardize=False,
        label="kind of plant",
        shuffle_split=True,
        layer_norm=True,
        initialization="glorot",
        learning_rate=1.1e-7,
        label_smoothing=1 / 3,
        validation=0.2,
        epochs=3,
    )
    words = shlex.split(settings_command("train", config, "a folder/data.npz", "cpu"))
    assert words[:6] == ["gpunet", "train", "--data", "a folder/data.npz", "--device", "cpu"]
    ran = gpunet("config", *words[2:])
    Path("told.toml").write_text(ran.out)
    assert config == read_settings(Path("told.toml")).train_config()


def test_a_command_line_tells_all_that_is_no_default_as_it_would_be_typed() -> None:
    config = TrainConfig(
        hidden=(8, 4),
        dropout=(0.1, 0.25),
        learning_rate=1e-7,
        initialization="he",
        standardize=False,
        shuffle_split=True,
    )
    words = shlex.split(settings_command("train", config, "my data.csv", "gpu"))
    assert words[:6] == ["gpunet", "train", "--data", "my data.csv", "--device", "gpu"]
    rest = " ".join(words[6:])
    for told in (
        *("--hidden 8,4", "--dropout 0.1,0.25", "--learning-rate 1e-07", "--initialization he"),
        *("--no-standardize", "--shuffle-split"),
    ):
        assert told in rest
        rest = rest.replace(told, "", 1)
    assert rest.strip() == ""
    assert "--device" not in settings_command("train", config, "mnist")


def test_devices_are_tried_with_the_search_s_heaviest_network(
    gpunet: RunCommand, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[TrainConfig] = []

    def noting(choice: Device, config: TrainConfig, *_: object) -> Device:
        tried.append(config)
        return choice

    monkeypatch.setattr(session, "settle_device", noting)
    Path("space.toml").write_text(
        '[hidden]\nchoices = ["4", "6,6"]\n[batch_size]\nchoices = [8, 16, 32]\n'
    )
    assert gpunet("tune", *options, "--quiet").code == 0
    assert [(config.hidden, config.batch_size, config.epochs) for config in tried] == [
        ((6, 6), 8, 6)  # two batches of three trials, of three epochs each
    ]


def test_the_summary_of_a_search_tells_what_its_report_holds(
    gpunet: RunCommand, options: list[str], uneven: Path
) -> None:
    more = ("--data", uneven, "--study", "one", "--report", "r.json", "--sampler", "random")
    ran = gpunet("tune", *options, *more, "--pruner", "none")
    assert (ran.code, ran.err) == (0, "")
    report = json.loads(Path("r.json").read_text())
    model, trials = model_file.load(Path("model.safetensors")), report["trials"]
    best = min(trials, key=lambda trial: trial["figure"])
    assert sorted(trial["number"] for trial in trials) == list(range(6))
    assert report["best"]["trial"] == best["number"]
    assert (report["study"], report["monitor"], report["sampler"], report["pruner"]) == (
        *("one", "val_loss", "random", "none"),
    )
    test = report["best"]["test"]
    assert (test["accuracy"], test["loss"]) == (model.test.accuracy, model.test.loss)
    margin = accuracy_margin(test["accuracy"], open_dataset(str(uneven)).test)
    expected = {
        "best trial": f"{best['number']}, val_loss {formats.loss(best['figure'])}",
        "test accuracy": f"{formats.percent(test['accuracy'])} ± {100 * margin:.2f}",
        "test loss": formats.loss(test["loss"]),
        "best epoch": f"{model.best_epoch} of 3",
        "model": "model.safetensors",
        "report": "r.json",
        "trials": "6 done, 0 pruned, 0 failed, of 6",
        "study": "one in tune/one/journal.log",
    }
    rows = summary_rows(ran.out.partition("\nbest trial ")[2])
    assert {"best trial": expected["best trial"], **rows}.items() >= expected.items()
    assert ran.out.splitlines()[-1].split()[:4] == ["next", "gpunet", "evaluate", expected["model"]]
    assert "gpunet tune --resume" not in ran.out


def test_every_option_of_a_search_reaches_it(
    gpunet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def note(name: str) -> Callable[..., Any]:
        return lambda *given, **named: asked[-1].update({name: given, **named})

    for room, name in (
        *(
            (tuning, "run_search"),
            (search_end, "finish"),
            (session, "new_spec"),
            (space, "read_space"),
        ),
        *((study.SearchStudy, "resume"), (live_messages, "ConsoleMessages")),
    ):
        monkeypatch.setattr(room, name, note(name))
    monkeypatch.setattr("gpunet.cli.tune._source", lambda _: "the data")
    settings = (
        "--label",
        "last",
        "--ignore",
        "a,2",
        "--epochs",
        3,
        "--batch-size",
        8,
        "--optimizer",
        "sgd",
    )
    rest = ("--seed", 5, "--monitor", "val_accuracy", "--data", "d.npz", "--device", "cpu")
    search = ("--space", "space.toml", "--trials", 7, "--population", 2, "--timeout", "1m")
    chosen = ("--sampler", "random", "--pruner", "median", "--study", "one", "--heartbeat", 4)
    files = ("--storage", "sqlite:///s.db", "--output", "o.safetensors", "--report", "r.json")
    flags = ("--force", "--plain", "--quiet")
    for options in (
        (*settings, *rest, *search, *chosen, *files, *flags),
        ("--resume", "two"),
        (),
    ):
        asked.append({})
        assert gpunet("tune", *options).code == 0
    first, second, third = asked
    typed = {
        "label": "last",
        "ignore": ("a", "2"),
        "epochs": 3,
        "batch_size": 8,
        "optimizer": "sgd",
        "seed": 5,
    }
    assert first["new_spec"] == ({**typed, "monitor": "val_accuracy"}, None, "space.toml")
    assert first["read_space"] == (Path("space.toml"),)
    assert (first["sampler"], first["pruner"], first["trials"]) == ("random", "median", 7)
    source, _, device, storage, work, *_ = first["run_search"]
    assert (source, device, work) == ("d.npz", "cpu", Work(7, 2, 60.0))
    assert (storage.folder.name, str(storage)) == ("one", "sqlite:///s.db")
    assert storage.heartbeat == 4
    assert first["finish"][2:] == ("cpu", Path("o.safetensors"), Path("r.json"))
    assert (first["plain"], first["quiet"], first["force"]) == (True,) * 3
    assert second["resume"][1] == "two"
    assert third["new_spec"] == ({}, None, "the default space")
    assert (third["sampler"], third["pruner"], third["trials"]) == (None, None, None)
    source, _, device, storage, work, *_ = third["run_search"]
    assert (source, device, work) == ("the data", "auto", Work(64, 16, None))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}", storage.folder.name)
    assert storage.heartbeat == 10
    assert third["finish"][2:] == ("auto", Path("model.safetensors"), None)
    assert (third["plain"], third["quiet"], third["force"]) == (False,) * 3


def test_a_study_in_a_storage_is_joined_and_its_next_command_names_it(
    gpunet: RunCommand, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = ("--study", "one", "--storage", "sqlite:///s.db", "--pruner", "none")
    assert gpunet("tune", *options, *shared, "--trials", 2, "--quiet").code == 0
    ran = gpunet("tune", *options, *shared, "--trials", 3, "--report", "r.json")
    assert (ran.code, ran.err) == (0, "")
    assert "3 done, 0 pruned, 0 failed, of 3" in ran.out

    def aborted(_: Tuner) -> StudyProgress:
        raise KeyboardInterrupt

    monkeypatch.setattr(Tuner, "run", aborted)
    told = gpunet("tune", *options, "--study", "a two", "--storage", "sqlite:///s.db").err
    assert shlex.split(told.split("`")[1]) == [
        *("gpunet", "tune", "--resume", "a two", "--storage", "sqlite:///s.db")
    ]


def test_failures_from_before_a_resumed_search_are_told_once(
    gpunet: RunCommand, options: list[str]
) -> None:
    Path("space.toml").write_text("[lr]\nchoices = [1e38]\n")
    failing = [*options, "--study", "one", "--sampler", "random", "--trials", "2"]
    first = gpunet("tune", *failing)
    assert first.out.count("trial 1 failed: ") == 1
    ran = gpunet("tune", "--resume", "one", "--trials", "4", "--device", "cpu")
    lines = [line for line in ran.out.splitlines() if " failed: " in line and "trial " in line]
    assert lines == [
        "trial 2 failed: diverged in epoch 1",
        "trial 3 failed: diverged in epoch 1",
        "trial 0 failed: diverged in epoch 1 (and 3 like it)",
    ]


def test_a_signal_that_ends_a_search_is_its_exit_code_and_all_is_saved(
    gpunet: RunCommand, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpunet.workflows.messages.Control", lambda: Control(signal=signal.SIGTERM))
    ran = gpunet("tune", *options, "--report", "r.json", "--quiet")
    assert (ran.code, ran.out) == (128 + signal.SIGTERM, "")
    best = json.loads(Path("r.json").read_text())["best"]
    assert model_file.load(Path("model.safetensors")).config.values_in_effect() == best["config"]


def test_a_best_network_that_lies_elsewhere_is_told_with_its_worker(
    gpunet: RunCommand, options: list[str]
) -> None:
    assert gpunet("tune", *options, "--study", "one", "--quiet").code == 0
    for path in Path("tune/one").glob("*.safetensors"):
        path.unlink()
    Path("model.safetensors").unlink()
    again = ("tune", "--resume", "one", "--trials", 6, "--device", "cpu", "--report", "r.json")
    ran = gpunet(*again)
    assert (ran.code, ran.err) == (0, "")
    report = json.loads(Path("r.json").read_text())
    assert report["best"]["test"] is None
    number = report["best"]["trial"]
    worker = next(one["worker"] for one in report["trials"] if one["number"] == number)
    assert summary_rows(ran.out)["model"] == f"with the worker that trained it, {worker}"
    assert "test accuracy" not in ran.out
    quiet = gpunet(*again, "--quiet", "--force")
    assert quiet.out.endswith(f" in trial {number}, whose model lies with its worker, {worker}\n")
    assert not Path("model.safetensors").exists()


def test_an_abort_of_a_search_says_how_to_go_on(
    gpunet: RunCommand, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def aborted(_: Tuner) -> StudyProgress:
        raise KeyboardInterrupt

    monkeypatch.setattr(Tuner, "run", aborted)
    ran = gpunet("tune", *options, "--study", "one")
    assert (ran.code, ran.err) == (130, "note: resume with `gpunet tune --resume one`\n")


def test_a_search_that_is_aborted_before_its_study_is_begun_has_nothing_to_resume(
    gpunet: RunCommand, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def aborted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gpunet.tuning.dataset_of", aborted)
    ran = gpunet("tune", *options, "--study", "one", "--storage", "sqlite:///studies.db")
    assert (ran.code, ran.err) == (130, "")


def test_a_search_lists_its_ten_best_trials_the_best_first(
    gpunet: RunCommand, options: list[str]
) -> None:
    Path("space.toml").write_text("[learning_rate]\nlow = 0.002\nhigh = 0.1\n")
    more = ("--trials", 12, "--population", 12, "--epochs", 1, "--pruner", "none")
    ran = gpunet("tune", *options, *more, "--report", "r.json", "--sampler", "random")
    trials = json.loads(Path("r.json").read_text())["trials"]
    numbers = [one["number"] for one in sorted(trials, key=lambda one: one["figure"])]
    rows = [line.split() for line in ran.out.splitlines()]
    listed = [int(row[0]) for row in rows if row[1:2] == ["done"]]
    assert listed == numbers[:10]


def test_the_line_of_quiet_tells_what_the_report_of_the_search_holds(
    gpunet: RunCommand, options: list[str], uneven: Path
) -> None:
    ran = gpunet("tune", *options, "--data", uneven, "--quiet", "--report", "r.json")
    report = json.loads(Path("r.json").read_text())
    best = next(one for one in report["trials"] if one["number"] == report["best"]["trial"])
    assert ran.out == (
        f"best val_loss {formats.loss(best['figure'])} in trial {best['number']}, test accuracy "
        f"{formats.percent(report['best']['test']['accuracy'])}, saved as model.safetensors\n"
    )


@pytest.mark.parametrize(
    ("most", "move"), [(5, "give --population 5"), (0, "leave it out of the --space")]
)
def test_a_population_that_does_not_fit_is_answered_with_what_does(
    gpunet: RunCommand,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    move: str,
) -> None:
    monkeypatch.setattr(session, "largest_population", lambda *_: most)
    ran = gpunet("tune", *options, "--population", 6)
    assert ran.code == 1
    assert f"at most {most} fit " in ran.failure
    assert f"not 6 side by side; {move}" in ran.failure
    if most:
        assert gpunet("tune", *options, "--population", most, "--quiet").code == 0


def test_a_mistake_in_the_file_of_a_search_is_told_with_its_line(
    gpunet: RunCommand, options: list[str]
) -> None:
    Path("fixed.toml").write_text("seed = 1\nbeta1 = 2.0\n")
    ran = gpunet("tune", *options, "--config", "fixed.toml")
    assert ran.code == 2
    assert "fixed.toml" in ran.failure
    assert "beta1" in ran.failure
    Path("fixed.toml").write_text("ensemble = 2\n")
    ran = gpunet("tune", *options, "--config", "fixed.toml")
    assert (ran.code, ran.failure) == (
        *(2, "--ensemble cannot be searched because a trial is one network; leave it out"),
    )
    assert not Path("tune").exists()


def test_a_grid_is_searched_whole_or_refused(gpunet: RunCommand, options: list[str]) -> None:
    Path("space.toml").write_text('[hidden]\nchoices = ["4", "3", "2"]\n')
    few = gpunet("tune", *options, "--sampler", "grid", "--trials", 2)
    assert few.code == 2
    assert "--sampler grid has 3 points but --trials is 2; leave out --trials" in few.failure
    ran = gpunet("tune", *options, "--sampler", "grid", "--trials", 3, "--report", "r.json")
    assert (ran.code, ran.err) == (0, "")
    trials = json.loads(Path("r.json").read_text())["trials"]
    assert sorted(trial["values"]["hidden"] for trial in trials) == ["2", "3", "4"]
