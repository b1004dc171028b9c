"""Runs to be shown: a small dataset, its records and a console that writes into a text."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from rich.style import Style

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Dataset, Samples
from gpunet.engine.interface import DeviceInfo, KernelTime
from gpunet.engine.wgpu.roofline import Roofline
from gpunet.terminal.draw.style import Background, theme
from gpunet.terminal.views.course import Course
from gpunet.terminal.views.view import View
from gpunet.training.events import EpochEnd, EpochRecord, Progress, RunInfo
from gpunet.training.profile import Profile

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]
MakeView = Callable[..., View]


class _AsciiText(io.StringIO):
    encoding = "ascii"


@pytest.fixture(autouse=True)
def codes_of_each_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a style find its codes again whenever it is printed.

    rich keeps those of the first console, and a test before may have had one of fewer colors.
    """
    render = Style.render

    def render_anew(style: Style, text: str = "", **settings: Any) -> str:
        style._ansi = None
        return render(style, text, **settings)

    monkeypatch.setattr(Style, "render", render_anew)


@pytest.fixture
def make_text_console() -> MakeConsole:
    """A console of some size that writes into ``console.file``."""

    def make(
        width: int = 80,
        height: int = 24,
        colors: Literal["truecolor", "256"] | None = None,
        ascii_only: bool = False,
        no_color: bool = False,
        background: Background = "dark",
    ) -> Console:
        return Console(
            file=_AsciiText() if ascii_only else io.StringIO(),
            width=width,
            height=height,
            force_terminal=colors is not None,
            color_system=colors,
            no_color=no_color,
            highlight=False,
            legacy_windows=False,
            theme=theme(background),
            _environ={},
        )

    return make


def _samples(count: int, image: bool, classes: int) -> Samples:
    rng = np.random.default_rng(3)
    labels = (np.arange(count) % classes).astype(np.int32)
    if not image:
        return Samples(rng.normal(size=(count, 4)).astype(np.float32), labels)
    pictures = np.zeros((count, 28, 28), np.uint8)  # (n, height, width)
    pictures[:, 6:22, 10:18] = rng.integers(1, 256, size=(count, 16, 8))
    return Samples(pictures.reshape(count, 784), labels)


@pytest.fixture
def make_run() -> MakeRun:
    """What is known when training starts."""

    def make(
        classes: tuple[str, ...] = tuple("0123456789"),
        image: bool = True,
        validation: int = 5000,
        gallery: int = 24,
        device: str = "a graphics card",
    ) -> RunInfo:
        config = TrainConfig(epochs=30)
        samples = _samples(gallery, image, len(classes))
        shape = (28, 28) if image else None
        dataset = Dataset("digits", samples, samples, classes, shape, "made for a test")
        network = config.network(samples.features.shape[1], len(classes))
        info = DeviceInfo(device, "discrete GPU", "Vulkan", "1.0")
        return RunInfo(
            info, network, config, dataset, samples, 55_000, validation, 860, len(samples)
        )

    return make


def record(epoch: int, loss: float = 0.5, validation: bool = True) -> EpochRecord:
    """An epoch whose losses fall with its number unless told otherwise."""
    accuracy = 1 - 1 / (epoch + 3)
    val_loss, val_accuracy = (loss + 0.01, accuracy - 0.01) if validation else (None, None)
    return EpochRecord(epoch, loss, accuracy, val_loss, val_accuracy, 0.002, 2.9, 18_500.0)


def progress(epoch: int, step: int = 430) -> Progress:
    """Somewhere within an epoch of 860 steps."""
    return Progress(epoch, step, 860, 0.4, 0.9, 18_500.0, "training", 12.0, 100.0)


def report(step: int, loss: float, accuracy: float | None) -> Progress:
    """A report from within the first epoch, of 860 steps."""
    told = Progress(1, step, 860, loss, accuracy, 18_500.0, "training", 12.0, 100.0)
    return replace(told, recent_loss=loss, recent_score=accuracy, learning_rate=0.01)


def course_of(records: Sequence[EpochRecord], *reports: Progress) -> Course:
    """What is known of the steps of a run after so many reports of its first epoch, or epochs."""
    view = View()
    for one in reports:
        view = view.progressed(one, 0.0)
    for epoch in records:
        view = view.epoch_ended(EpochEnd.of(epoch, 0, None, np.zeros((0, 0), np.float32)))
    return view.course


def probabilities(labels: NDArray[np.int32], classes: int) -> NDArray[np.float32]:
    """(n, C): every third sample is taken for the class after its own."""
    wanted = (labels + (np.arange(len(labels)) % 3 == 0)) % classes
    table = np.full((len(labels), classes), 0.2 / (classes - 1), np.float32)
    table[np.arange(len(labels)), wanted] = 0.8
    return table


@pytest.fixture
def profile() -> Profile:
    """Of a step of three kernels, one of which is not counted."""
    kernels = (
        KernelTime("forward 1", 600e-6, 600_000, 60_000),
        KernelTime("update 1", 300e-6, 3_000, 60_000),
        KernelTime("read_samples", 100e-6, None, None),
    )
    info = DeviceInfo("a graphics card", "discrete GPU", "Vulkan", "1.0")
    return Profile(info, kernels, Roofline(5e9, 1e9), 860, 860 * 1.2e-3, 860 * 1.05e-3)


@pytest.fixture
def make_record() -> Callable[..., EpochRecord]:
    """One finished epoch."""
    return record


@pytest.fixture
def make_progress() -> Callable[..., Progress]:
    """A report from within an epoch."""
    return progress


@pytest.fixture
def make_view() -> MakeView:
    """A run after some epochs."""

    def make(run: RunInfo, epochs: int, losses: list[float] | None = None) -> View:
        validation = run.validation_count > 0
        falling = losses or [2.0 / epoch for epoch in range(1, epochs + 1)]
        records = [record(i + 1, loss, validation) for i, loss in enumerate(falling[:epochs])]
        told = probabilities(run.gallery.labels, run.network.outputs) if epochs else None
        return View(
            run=run,
            progress=progress(epochs + 1),
            heard_at=0.0,
            records=tuple(records),
            course=course_of(
                records, *([] if epochs else [report(86, 2.3, 0.1), report(430, 1.9, None)])
            ),
            best_epoch=min(2, epochs),
            patience_left=3 if epochs else None,
            gallery=told,
        )

    return make
