"""Command lines that may be typed: options of ``gpunet train`` drawn together, and what follows.

The other tests look at one option at a time; these look for options that do not go together,
though nothing forbids it. The suite tries a few; so many seconds of them on every device are

    python tests/cli/combinations.py --seconds 600
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gpunet.cli.app import run
from gpunet.engine.wgpu.adapters import list_adapters

__all__ = ["command_lines", "save_data", "search_lines"]

HIDDEN = ("none", "1", "5", "16,16", "3,4,5")

HIDDEN_ONLY: Mapping[str, Sequence[str]] = {
    "--activation": (
        *("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "elu", "selu", "silu", "softplus"),
        *("identity", "scaled_tanh", "gelu_tanh", "mish"),
    ),
    "--layer-norm": ("",),
    "--dropout": ("0.1", "0.5"),
}
"""What needs a hidden layer; an option with an empty value is a switch."""

OPTIONS: Mapping[str, Sequence[str]] = {
    "--optimizer": ("adam", "adamw", "nadam", "rmsprop", "lion", "sgd"),
    "--loss": ("quadratic",),
    "--learning-rate": ("0.001", "0.05"),
    "--init": ("he", "glorot", "uniform", "scikit-learn"),
    "--schedule": (
        *("cosine", "constant", "linear", "one-cycle", "step", "exponential", "inverse-time"),
        *("inverse-power", "plateau"),
    ),
    "--warmup": ("0.5",),
    "--restart-every": ("2",),
    "--batch-size": ("1", "7", "64", "1000"),
    "--validation": ("0", "12", "0.3"),
    "--shuffle-split": ("",),
    "--no-standardize": ("",),
    "--framing": ("auto", "mnist", "as-is"),
    "--input-dropout": ("0.2",),
    "--l1": ("1e-4",),
    "--l2": ("1e-3",),
    "--l1-biases": ("1e-4",),
    "--l2-biases": ("1e-3",),
    "--weight-decay": ("0.01",),
    "--max-norm": ("2",),
    "--clip-value": ("0.1",),
    "--clip-norm": ("1",),
    "--label-smoothing": ("0.1",),
    "--class-weights": ("balanced", "1,2"),
    "--patience": ("0", "1", "2"),
    "--min-delta": ("0.01",),
    "--start-from-epoch": ("2",),
    "--stability": ("0.001",),
    "--monitor": ("val_loss", "val_accuracy", "train_loss"),
    "--improvement": ("at-once",),
    "--keep": ("last",),
    "--lr-stop": ("0.01",),
    "--no-shuffle": ("",),
    "--target-accuracy": ("0.9",),
    "--max-time": ("10m",),
    "--ensemble": ("2", "5"),
    "--seed": ("3",),
    "--no-autotune": ("",),
    "--force": ("",),
    "--showcase": ("0", "4"),
    "--report": ("report.json",),
    "--checkpoint-every": ("2",),
}

SEARCHED: Mapping[str, str] = {
    "hidden": 'choices = ["3", "4,4"]',
    "activation": 'choices = ["relu", "gelu", "tanh"]',
    "layer_norm": "choices = [false, true]",
    "loss": 'choices = ["cross-entropy", "quadratic"]',
    "optimizer": 'choices = ["adam", "sgd", "lion"]',
    "schedule": 'choices = ["cosine", "constant", "plateau"]',
    "batch_size": "choices = [8, 50]",
    "dropout": "choices = [0.0, 0.2]",
    "input_dropout": "choices = [0.0, 0.2]",
    "label_smoothing": "choices = [0.0, 0.1]",
    "max_norm": "choices = [1.0, 3.0]",
    "clip_norm": "choices = [0.5, 2.0]",
    "initialization": 'choices = ["he", "glorot"]',
    "warmup": "choices = [0.0, 0.5]",
}
"""Settings that a search can be over, and the tables of their choices."""

RANGES: Mapping[str, str] = {
    "learning_rate": "low = 0.001\nhigh = 0.1\nlog = true",
    "l2": "low = 1e-6\nhigh = 0.01\nlog = true",
    "lr_final": "low = 0.0\nhigh = 0.0005",
}
"""Those that no grid can be over."""

SHARE = 0.2
"""Of the options that a command line has."""

FOLLOWING: Sequence[Sequence[str]] = (
    ("evaluate", "model.safetensors"),
    ("evaluate", "model.safetensors", "--json"),
    ("show", "model.safetensors"),
    ("showcase", "model.safetensors", "--top-losses"),
)


EXCLUDED = (
    ("--patience", "0", "--stability"),
    ("--schedule", "one-cycle", "--warmup"),
    ("--schedule", "plateau", "--restart-every"),
)
"""An option's value, and the option that is refused with it."""

ENDING = {"--patience", "--stability", "--target-accuracy"}
"""What may end a training before its last epoch."""

ONLY_TRAINING = ("--force", "--report", "--showcase", "--checkpoint-every")
"""What no other command takes."""


def save_data(folder: Path) -> list[Path]:
    """Two classes as images of bytes, and as measurements in a table."""
    draws = np.random.default_rng(0)
    labels = np.arange(160) % 2
    images = draws.integers(0, 120, (160, 6, 6)) + 100 * labels[:, None, None]
    features, train, test = images.astype(np.uint8), slice(120), slice(120, 160)
    np.savez(
        folder / "images.npz",
        x_train=features[train],
        y_train=labels[train],
        x_test=features[test],
        y_test=labels[test],
    )
    measurements = draws.normal(size=(160, 3)) + labels[:, None]
    table = np.column_stack((labels, measurements.round(3)))
    np.savetxt(folder / "measurements.csv", table, ["%d", *["%.3f"] * 3], ",")
    return [folder / "images.npz", folder / "measurements.csv"]


def command_lines(draws: random.Random, device: str, data: Sequence[Path]) -> Iterator[list[str]]:
    """A training, and what may be done before and after it, as words for ``gpunet``.

    Args:
        draws: what is taken.
        device: as ``--device`` takes it.
        data: what may be trained on.
    """
    hidden = draws.choice(HIDDEN)
    options = {**OPTIONS, **({} if hidden == "none" else HIDDEN_ONLY)}
    drawn = {one: draws.choice(options[one]) for one in options if draws.random() < SHARE}
    for option, value, other in EXCLUDED:
        if drawn.get(option) == value:
            drawn.pop(other, None)
    always = {"--data": str(draws.choice(data)), "--hidden": hidden, "--device": device}
    network = _words({**always, **drawn}, without=ONLY_TRAINING)
    epochs = draws.choice((1, 2, 4))
    kept = draws.random() < 0.4
    if "--ensemble" not in drawn:
        alone = _words({**always, **drawn}, without=(*ONLY_TRAINING, "--no-autotune"))
        yield ["find-lr", *alone, "--quiet"]
    yield [draws.choice(("explain", "profile")), *network]
    training = ["train", *_words({**always, **drawn}), "--plain", "--epochs", str(epochs)]
    training += ["--output", "model.safetensors"]
    yield [*training, *(("--run-dir", "run") if kept else ())]
    if kept and not drawn.keys() & ENDING:  # a run that has ended by itself is not resumed
        longer = ["--epochs", str(epochs + 2), "--plain", "--device", device]
        yield ["train", "--resume", "run", "--output", "model.safetensors", *longer]
    for _ in range(2):
        yield list(draws.choice(FOLLOWING))


def search_lines(draws: random.Random, device: str, data: Sequence[Path]) -> Iterator[list[str]]:
    """A search over settings that are drawn, written to ``space.toml``, and its continuation."""
    sampler = draws.choice(("tpe", "random", "grid"))
    names = draws.sample([*SEARCHED, *([] if sampler == "grid" else RANGES)], 3)
    tables = {**SEARCHED, **RANGES}
    Path("space.toml").write_text("".join(f"[{name}]\n{tables[name]}\n" for name in names))
    common = ["--plain", "--device", device]
    search = ["tune", "--data", str(draws.choice(data)), "--space", "space.toml", "--study", "one"]
    search += ["--sampler", sampler, "--epochs", draws.choice("123"), *common]
    if sampler != "grid":
        search += ["--trials", "3"]
    search += ["--population", draws.choice("124")]
    search += ["--pruner", draws.choice(("halving", "median", "none"))]
    search += ["--monitor", draws.choice(("val_loss", "val_accuracy"))]
    if "optimizer" not in names:
        search += ["--optimizer", draws.choice(OPTIONS["--optimizer"])]
    yield search
    if sampler != "grid":
        yield ["tune", "--resume", "one", "--trials", "5", *common]
    yield list(draws.choice(FOLLOWING))


def _words(options: Mapping[str, str], without: Sequence[str] = ()) -> list[str]:
    return [
        word
        for option, value in options.items()
        if option not in without
        for word in (option, value)
        if word
    ]


def main() -> int:
    """Try command lines for so long, and tell those that fail."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    devices = ["cpu", *(str(adapter.index) for adapter in list_adapters())]
    tried = failed = 0
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        data = save_data(Path(folder))
        while time.monotonic() < end:
            seed = options.seed + tried
            draws = random.Random(seed)
            work = Path(folder) / "work"
            work.mkdir()
            os.chdir(work)
            lines = search_lines if seed % 3 == 0 else command_lines
            for words in lines(draws, devices[seed % len(devices)], data):
                out, err = io.StringIO(), io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    code = run(words)
                if code or err.getvalue():
                    failed += 1
                    print(f"seed {seed}: gpunet {' '.join(words)}\n  {code}: {err.getvalue()}")
                    break
            os.chdir(folder)
            shutil.rmtree(work)
            tried += 1
    print(f"{tried} tried, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
