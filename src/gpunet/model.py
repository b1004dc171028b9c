"""A trained network or ensemble, with the preparation of its samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gpunet.config import AnswerFormat, NetworkSpec, TrainConfig
from gpunet.config.choices import Kind, PageWeights
from gpunet.datasets.dataset import Dataset, Samples, refuse_unknown_values
from gpunet.datasets.framing import Framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.pixels import FRACTIONS, Levels, inverted
from gpunet.datasets.scaling import Scaling
from gpunet.datasets.table_columns import Columns
from gpunet.errors import ModelError, OutputError
from gpunet.parameters import layer_views

if TYPE_CHECKING:
    from gpunet.training.evaluation import Evaluation

__all__ = ["Model", "Scores"]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores on a test set; ``None`` if a score does not apply.

    Args:
        loss: the mean of the model's own loss.
        accuracy: the fraction of samples predicted right, with all their labels if they have
            several.
        r2: the share of the variance of measured targets that is explained, at most 1; the mean
            over several targets, as for ``rmse`` and ``mae``.
        rmse: the root mean squared error of measured targets, in their own units.
        mae: the mean absolute error of measured targets, in their own units.
    """

    loss: float | None
    accuracy: float | None
    r2: float | None = None
    rmse: float | None = None
    mae: float | None = None

    @classmethod
    def of(cls, *scores: float | None) -> Scores:
        """Scores in the order of the fields; those that are not finite become ``None``."""
        return cls(*(one if one is not None and math.isfinite(one) else None for one in scores))

    def to_dict(self, kind: Kind) -> dict[str, float | None]:
        """The scores that apply to this kind of predictions, by name."""
        names = ("r2", "rmse", "mae") if kind == "measured" else ("accuracy",)
        return {name: getattr(self, name) for name in ("loss", *names)}


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained population.

    Args:
        network: the shape that all networks share.
        parameters: (P, N) float32, in the layout of ``gpunet.parameters``.
        config: how they were trained.
        classes: the names of the C classes.
        image_shape: height and width if a sample is a gray image, else ``None``.
        scaling: how float features were standardized, or ``None``.
        origin: the data they were trained on.
        best_epoch: the epoch whose weights these are, counted from 1; 0 if untrained.
        test: the scores on the test set.
        levels: the values of black and white in float images that it was trained on; bytes are
            converted to these.
        inverted: whether dark and light are swapped before the network sees an image.
        framing: how its training images are framed, if they show digits like MNIST's.
        columns: the columns of a table that the features come from, or ``None`` if they do not.
        targets: the names of the T measured targets or labels; empty for classes.
        target_scaling: how measured targets were standardized, or ``None``; predictions are
            converted back to the targets' units.
    """

    network: NetworkSpec
    parameters: NDArray[np.float32]
    config: TrainConfig
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    scaling: Scaling | None
    origin: Origin
    best_epoch: int
    test: Scores
    levels: Levels = FRACTIONS
    inverted: bool = False
    framing: Framing | None = None
    columns: Columns | None = None
    targets: tuple[str, ...] = ()
    target_scaling: Scaling | None = None

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the classes, or of the targets."""
        return self.classes or self.targets

    @property
    def table_columns(self) -> Columns:
        """The columns of a table for the model's features, even if it was trained on arrays."""
        if self.columns is not None:
            columns = self.columns if self.scaling else replace(self.columns, missing="refuse")
        else:
            images = self.image_shape is not None
            grey = self.scaling is None and (self.config.standardize or images)
            columns = Columns(features=None, label=None, place=0, index=False, grey=grey)
        if len(columns.places) < len(self.targets):  # trained on arrays
            further = range(columns.place + 1, columns.place + len(self.targets))
            columns = replace(columns, further=tuple(further))
        if not self.targets or columns.label is not None or columns.features is None:
            return columns
        label, *others = self.targets
        return replace(columns, label=label, further_labels=tuple(others))

    def prepare(self, samples: Samples, above: int = 0) -> Samples:
        """Prepare samples as in training: inverted and standardized if need be.

        Args:
            samples: as read.
            above: how many samples came before these, for messages.

        Raises:
            ModelError: the number of features differs from the network's.
            DataError: a feature is not finite, or too large to be standardized.
        """
        features = samples.features.shape[1]
        if features != self.network.inputs:
            raise ModelError(
                f"the samples have {features:,} features but the model takes "
                f"{self.network.inputs:,}; use data like {self.origin.name!r}, which it was "
                "trained on"
            )
        if self.inverted:
            samples = inverted(samples)
        if samples.features.dtype == np.uint8 and (self.scaling or self.levels != FRACTIONS):
            black, white = self.levels
            shares = samples.features / 255  # (n, I) from 0 to 1
            samples = replace(
                samples, features=(black + shares * (white - black)).astype(np.float32)
            )
        if self.scaling is None or not self.table_columns.fills:
            refuse_unknown_values(
                samples.features,
                lambda row, column: f"feature {column + 1:,} of sample {above + row + 1:,}",
            )
        return samples.single() if self.scaling is None else self.scaling.apply(samples, above)

    def test_samples(self, dataset: Dataset) -> Samples:
        """The dataset's test samples as read, with the numbers of the model's classes.

        Raises:
            ModelError: a class is not among the model's, targets differ, or columns are encoded
                differently.
        """
        given, known = dataset.columns, self.columns
        if given is not None and known is not None and given.encodings != known.encodings:
            raise ModelError(
                f"the columns of {dataset.name!r} become other features than those that the model "
                "was trained on; give the rows themselves, (X, y) or a table, to have them encoded "
                "as then"
            )
        if dataset.kind != self.network.kind or dataset.targets != self.targets:
            raise ModelError(
                f"the model predicts {self._what} but the data {dataset.name!r} tell of "
                f"{_named(dataset.kind, dataset.targets)}; use data like {self.origin.name!r}, "
                "which it was trained on"
            )
        if self.network.kind != "classes":
            return dataset.test
        strange = [name for name in dataset.classes if name not in self.classes]
        if strange:
            raise ModelError(
                f"the data {dataset.name!r} have a class {strange[0]!r} that the model does not "
                f"know; use data with the classes {', '.join(self.classes[:12])}"
            )
        numbers = np.array([self.classes.index(name) for name in dataset.classes], dtype=np.int32)
        return replace(dataset.test, labels=numbers[dataset.test.labels])

    def predict(self, data: Any) -> NDArray[Any]:
        """Predict the class of every sample, its labels, or its measured targets.

        Args:
            data: numbers (n, I) or (n, height, width) in an array or a data frame, or an iterator
                of such blocks; the path of a table, an .npy or .npz file, an image or a folder of
                images; a list of images. A folder's images are in the order of their paths. An .npz
                file gives the features of its test set, if it has one.

        Returns:
            (n,) classes as whole numbers if they are, else as texts; (n, T) 0 or 1 for each label;
            or float64 measured targets in their own units, (n,) for one and (n, T) for several.

        Raises:
            DataError: the data are missing or invalid.
            ModelError: they do not fit the model.

        Example:
            >>> import gpunet
            >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 9, ["low", "low", "high", "high"] * 9
            >>> model = gpunet.train((X, y), epochs=30, verbose=False).model
            >>> [str(name) for name in model.predict([[0.0], [3.0]])]
            ['low', 'high']
        """
        from gpunet.workflows.answers import answers_of

        answers = answers_of(self, data)
        if self.network.kind == "measured":
            return answers[:, 0] if len(self.targets) == 1 else answers
        if self.network.kind == "labels":
            return (answers > 0.5).astype(np.int64)
        names = np.array(self.classes)
        if all(name.lstrip("-").isdecimal() for name in self.classes):
            names = names.astype(np.int64)
        return np.asarray(names[answers.argmax(axis=1)])

    def predict_proba(self, data: Any) -> NDArray[np.float32]:
        """Predict the probability of every class or label, the mean over the networks.

        Args:
            data: as in ``predict``.

        Returns:
            (n, C), columns in the order of ``classes``; or (n, T), each label's own probability in
            the order of ``targets``.

        Raises:
            DataError: the data are missing or invalid.
            ModelError: they do not fit the model, or it predicts measured targets.
        """
        from gpunet.workflows.answers import answers_of

        if self.network.kind == "measured":
            raise ModelError(
                f"the model predicts {self._what}, which have no probabilities; call predict"
            )
        return np.asarray(answers_of(self, data), np.float32)

    def predict_file(
        self,
        data: Any,
        path: str | Path,
        *,
        format: AnswerFormat | None = None,
        id: str | None = None,
        force: bool = False,
    ) -> int:
        """Write the class of every sample, and the probability of every class, into a file.

        For labels it writes each label and its probability, for measured targets their values.

        Rows of a table are read, predicted and written block by block, so that a table of any
        length takes little memory. The file is written as a whole or not at all.

        Args:
            data: as in ``predict``.
            path: the file; it is compressed if its name ends in ``.gz``.
            format: ``"csv"``, ``"json"``, ``"jsonl"`` (one object per line) or ``"submission"``
                (two columns, for Kaggle); by default from the end of the name, else CSV.
            id: the column of a table that names its rows, by its title, its number counted from 1
                or ``"last"``; by default a first column such as ``id`` that is not a feature, else
                rows are numbered from 1.
            force: replace an existing file.

        Returns:
            The number of samples.

        Raises:
            OutputError: the file exists already, or cannot be written.
            DataError: the data are missing or invalid.
            ModelError: they do not fit the model.
            UsageError: there is no such column, or no such format.

        Example:
            >>> import gpunet, pathlib, tempfile
            >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 9, ["low", "low", "high", "high"] * 9
            >>> model = gpunet.train((X, y), epochs=30, verbose=False).model
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "answers.csv"
            >>> model.predict_file([[0.0], [3.0]], path, format="submission")
            2
            >>> path.read_text().split()
            ['id,label', '1,low', '2,high']
        """
        from gpunet.files.output import require_writable
        from gpunet.workflows.answers import answer_into
        from gpunet.workflows.new_samples import Reading

        path = _new_path(path, force=force)
        require_writable(path)
        return answer_into(path, self, data, format, Reading(id=id))

    def evaluate(self, data: Any = None, *, device: str = "cpu") -> Evaluation:
        """Compare predictions with the labels of test samples.

        Args:
            data: a name, a path, ``(X, y)`` or a ``Dataset``; by default the test samples of the
                data that the model was trained on.
            device: as in ``gpunet.train``.

        Returns:
            ``loss``, ``accuracy``, ``matrix`` (C, C), ``scores`` by class and ``probabilities``;
            for measured targets ``loss``, ``r2``, ``rmse``, ``mae``, ``targets`` (the scores of
            each) and ``answers``.

        Raises:
            DataError: the data are missing or invalid.
            ModelError: they do not fit the model.
        """
        from gpunet.engine.factory import select_device
        from gpunet.workflows.answers import evaluate_model
        from gpunet.workflows.messages import Messages

        return evaluate_model(self, data, select_device(device), Messages())[1]

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the model as a safetensors file that ``gpunet.load`` reads.

        Args:
            path: the file.
            force: replace an existing file.

        Returns:
            The path.

        Raises:
            OutputError: the file exists already, or cannot be written.
        """
        from gpunet.artifacts.model_file import save

        path = _new_path(path, force=force)
        save(self, path)
        return path

    def export(
        self,
        path: str | Path,
        data: Any = None,
        *,
        samples: int = 4000,
        weights: PageWeights = "f32",
        license: str | None = None,
        force: bool = False,
    ) -> Path:
        """Write one HTML page that predicts with, shows and trains the network in a browser.

        The page opens with a double click and loads nothing from elsewhere.

        Args:
            path: the file, whose name ends in ``.html``.
            data: where to take the page's samples from: a name, a path, ``(X, y)``,
                ``(X, y, X_test, y_test)`` or a ``Dataset``; by default the data that the model was
                trained on.
            samples: most samples in the page, to train and to test with; 0 for none.
            weights: ``"f32"`` as trained, or ``"f16"``, rounded to half the bytes.
            license: the license of the samples in one line, which the page shows.
            force: replace an existing file.

        Returns:
            The path.

        Raises:
            OutputError: the file exists already, or cannot be written.
            DataError: the data are missing or invalid.
            ModelError: they do not fit the model.
            UsageError: the name does not end in ``.html``, or an option is invalid.

        Example:
            >>> import gpunet, pathlib, tempfile
            >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 9, ["low", "low", "high", "high"] * 9
            >>> model = gpunet.train((X, y), epochs=30, verbose=False).model
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "page.html"
            >>> model.export(path, samples=0).name
            'page.html'
        """
        from gpunet.workflows.exporting import PageOptions, export_page
        from gpunet.workflows.messages import Messages

        path = _new_path(path, force=force)
        export_page(self, path, data, PageOptions(samples, weights, license), Messages())
        return path

    @property
    def layers(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The weights (P, I, O) and biases (P, O) of each layer, P networks side by side."""
        return layer_views(self.parameters, self.network)

    def summary(self) -> str:
        """The layers, the size and the test results, as lines of text."""
        networks = len(self.parameters)
        several = f"ensemble of {networks} networks " if networks > 1 else ""
        lines = [f"{several}{self.network}, {self.network.parameter_count:,} parameters"]
        lines += [
            f"  layer {number}: {layer.inputs} -> {layer.outputs}, {layer.activation}"
            for number, layer in enumerate(self.network.layers, 1)
        ]
        what = "classes" if self.classes else "targets"
        lines.append(f"  {what}: {', '.join(self.output_names[:12])}")
        lines.append(f"  trained on {self.origin.name}, weights of epoch {self.best_epoch}")
        if self.test.accuracy is not None:
            lines.append(f"  test accuracy {self.test.accuracy:.4g}, loss {self.test.loss:.4g}")
        errors = {"R2": self.test.r2, "RMSE": self.test.rmse, "MAE": self.test.mae}
        told = [f"{name} {one:.4g}" for name, one in errors.items() if one is not None]
        if told:
            lines.append(f"  test {', '.join(told)}")
        return "\n".join(lines)

    @property
    def _what(self) -> str:
        """The kind of predictions in words, for messages."""
        return _named(self.network.kind, self.targets)

    def __repr__(self) -> str:
        return f"<gpunet.Model {self.network}, trained on {self.origin.name}>"


def _named(kind: Kind, targets: tuple[str, ...]) -> str:
    """The kind and names of labels for messages, such as ``measured targets (price)``."""
    if kind == "classes":
        return "classes"
    listed = ", ".join(targets[:12]) + (", ..." if len(targets) > 12 else "")
    return f"{'labels' if kind == 'labels' else 'measured targets'} ({listed})"


def _new_path(path: str | Path, *, force: bool) -> Path:
    """The path for a file; OutputError if it exists and must not be replaced."""
    path = Path(path)
    if path.exists() and not force:
        raise OutputError(
            f"{path} is there already; give another name, or force=True to replace it"
        )
    return path
