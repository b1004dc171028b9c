"""A model as a file for other programs: a page for browsers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from gpunet.config.choices import PageWeights
from gpunet.datasets.dataset import Dataset
from gpunet.datasets.origin import Origin
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import SettingError, UsageError
from gpunet.export.page import page_html
from gpunet.export.page_data import page_data
from gpunet.export.pictures import icon, preview
from gpunet.files.output import require_writable, write_atomically
from gpunet.model import Model
from gpunet.workflows.data import data_of_model, dataset_of, reference
from gpunet.workflows.messages import Messages

__all__ = ["PageOptions", "export_page", "require_page_name"]

ENDINGS = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The content of a page.

    Args:
        samples: most samples to train and test with; 0 for none.
        weights: ``"f32"`` as trained, or ``"f16"``, rounded to half the bytes.
        license: the license of the samples, in one line.
    """

    samples: int = 4000
    weights: PageWeights = "f32"
    license: str | None = None

    def __post_init__(self) -> None:
        if self.samples < 0:
            raise SettingError("samples", self.samples, "a number from 0 on")
        if self.weights not in get_args(PageWeights):
            raise SettingError(
                "weights", self.weights, f"one of {', '.join(get_args(PageWeights))}"
            )


def export_page(
    model: Model, path: Path, data: Any, options: PageOptions, messages: Messages
) -> int:
    """Write a model as an HTML file that predicts, shows and trains in a browser; its size.

    An existing file is replaced. Data are as in ``Model.export``.

    Raises:
        UsageError: the path does not end in ``.html``.
        OutputError: the file cannot be written.
        GpunetError: the data are missing or invalid, or do not fit the model.
    """
    require_page_name(path)
    require_writable(path)
    dataset, source = None, ""
    if options.samples:
        dataset, source = _samples(model, data, messages)
    told = page_data(
        model,
        dataset,
        samples=options.samples,
        half=options.weights == "f16",
        source=source,
        license=options.license,
    )
    title = f"{model.origin.name}: {model.network}"
    description = (
        f"A network trained on {model.origin.name}, to try and to train on in the browser."
    )
    content = page_html(
        told, title=title, description=description, icon=icon(model), preview=preview(model)
    ).encode()
    write_atomically(path, content)
    return len(content)


def require_page_name(path: Path) -> None:
    """Raise a UsageError unless a browser opens files with this name."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"{path} is no name for a page, which is what a model is exported as; give one such as "
            f"{path.stem}.html"
        )


def _samples(model: Model, data: Any, messages: Messages) -> tuple[Dataset, str]:
    """The data to take samples from, and where they come from, without any folder's name."""
    if data is None:
        return data_of_model(model, None, messages), model.origin.source
    if isinstance(data, str | Path):
        dataset = data_of_model(model, str(data), messages)
        return dataset, Origin.of(dataset, reference(str(data), dataset)).source
    dataset, _ = dataset_of(data, messages, TableOptions.of(model.config))
    return dataset, dataset.name
