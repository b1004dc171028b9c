"""A look into a network in the log of a run: rounded, and at most about 60 KB of text.

Weights and activations are kept in steps of 1/127 of the largest in a unit or sample, predictions
in steps of 1/32767. The whole parameters are not kept.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet.artifacts.logged_values import Count, as_base64, finite, from_base64
from gpunet.datasets.dataset import Samples
from gpunet.files.typed_json import UnsoundError
from gpunet.training.events import Insight, LayerInsight, Mistakes, RunInfo

__all__ = ["LoggedInsight", "logged"]

WEIGHT_BYTES, ACTIVATION_BYTES, ANSWER_BYTES, PICTURE_BYTES = 14_000, 7_000, 5_000, 8_000
"""Most bytes of each part of a look before it is written as text; larger parts are cut."""

Number = float | None  # null is no finite number
Values = NDArray[np.floating[Any]]


class _Rounded(msgspec.Struct):
    """Values (n, m) as whole numbers, the lowest standing for NaN, with scales (n,)."""

    dtype: Literal["int8", "int16"]
    shape: tuple[Count, Count]
    scales: tuple[Annotated[float, Meta(ge=0)], ...]
    base64: str

    @classmethod
    def of(cls, values: Values, dtype: Literal["int8", "int16"]) -> _Rounded:
        known, most = np.isfinite(values), np.iinfo(dtype).max
        wide = np.where(known, values, 0).astype(np.float64)
        scales = np.abs(wide).max(axis=1, initial=0) / most  # (n,)
        whole = np.rint(wide / np.where(scales > 0, scales, 1)[:, None])
        stored = np.where(known, whole, -most - 1).astype(dtype)
        return cls(
            dtype,
            (values.shape[0], values.shape[1]),
            tuple(float(f"{one:.9g}") for one in scales.tolist()),
            as_base64(stored),
        )

    def values(self, what: str, *wanted: int | None) -> NDArray[np.float32]:
        """The values, which must have the ``wanted`` shape; ``None`` allows any size.

        Raises:
            UnsoundError: they have a different shape.
        """
        if any(size not in (None, own) for size, own in zip(wanted, self.shape, strict=True)):
            raise UnsoundError(f"{what} has the shape {self.shape}, wanted {wanted}")
        whole = from_base64(self.base64, self.dtype, self.shape, what)
        if len(self.scales) != self.shape[0]:
            raise UnsoundError(f"{what} has {len(self.scales)} scales, wanted {self.shape[0]}")
        values = whole * np.array(self.scales, np.float32).reshape(-1, 1)
        return np.where(whole == np.iinfo(self.dtype).min, np.float32(np.nan), values)


class _Layer(msgspec.Struct):
    weight_norm: Number
    gradient_norm: Number
    update: Number
    idle: Count | None = None


class _Mistakes(msgspec.Struct):
    rows: tuple[Count, ...]
    labels: _Rounded | tuple[Count, ...]
    answers: _Rounded
    courses: _Rounded
    features: _Rounded | None = None

    def mistakes(self, run: RunInfo) -> Mistakes:
        """The mistakes, without features if the log lacks them."""
        count, network = len(self.rows), run.network
        if isinstance(self.labels, _Rounded):
            labels: NDArray[Any] = self.labels.values("labels", count, network.outputs)
        else:
            labels = np.array(self.labels, np.int32)
        classes = network.kind == "classes"
        if len(labels) != count or classes != (labels.ndim == 1):
            raise UnsoundError("the mistakes' labels are none of such a network")
        if classes and count and labels.max() >= network.outputs:
            raise UnsoundError(f"a mistake's class is {labels.max()}, of {network.outputs}")
        features = np.zeros((count, 0), np.float32)
        if self.features is not None:
            features = self.features.values("features", count, network.inputs)
        return Mistakes(
            rows=np.array(self.rows, np.intp),
            samples=Samples(features, labels),
            answers=self.answers.values("answers", count, network.outputs),
            courses=self.courses.values("courses", count, None),
        )


class LoggedInsight(msgspec.Struct, kw_only=True):
    """A look in a line of a log."""

    epoch: Annotated[int, Meta(ge=1)]
    step: Count
    networks: Annotated[int, Meta(ge=1, lt=1 << 16)]
    layers: tuple[_Layer, ...]
    units: tuple[Count, ...]
    weights: _Rounded
    activations: tuple[_Rounded, ...]
    gallery: _Rounded
    looked_at: Count
    matrix: tuple[tuple[Count, ...], ...]
    f1: tuple[Number, ...]
    residuals: _Rounded
    mistakes: _Mistakes

    def insight(self, run: RunInfo) -> Insight:
        """The look into a network of this run, without parameters: they are (P, 0).

        Raises:
            UnsoundError: the look does not fit this network.
        """
        network, samples = run.network, self.gallery.shape[0]
        outputs, hidden = network.outputs, network.hidden
        if len({len(row) for row in self.matrix}) > 1:
            raise UnsoundError("the matrix has rows of unlike lengths")
        matrix = np.array(self.matrix, np.int64).reshape(len(self.matrix), -1 if self.matrix else 0)
        if len(self.layers) != len(network.layers) or len(self.activations) != len(hidden):
            raise UnsoundError(f"the look has {len(self.layers)} layers of {len(network.layers)}")
        if matrix.shape not in ((0, 0), (outputs, outputs)) or len(self.f1) not in (0, outputs):
            raise UnsoundError(f"the look is at other outputs than the {outputs} that there are")
        activations = [one.values("activations", samples, None) for one in self.activations]
        if any(one.shape[1] > units for one, units in zip(activations, hidden, strict=True)):
            raise UnsoundError("the look has more units than there are")
        targets = outputs if self.residuals.shape[0] else None
        return Insight(
            epoch=self.epoch,
            step=self.step,
            parameters=np.zeros((self.networks, 0), np.float32),
            layers=tuple(
                LayerInsight(
                    one.idle, *map(_number, (one.weight_norm, one.gradient_norm, one.update))
                )
                for one in self.layers
            ),
            units=np.array(self.units, np.intp),
            weights=self.weights.values("weights", len(self.units), network.inputs),
            activations=tuple(activations),
            gallery=self.gallery.values("gallery", None, outputs),
            looked_at=self.looked_at,
            matrix=matrix,
            f1=np.array([_number(one) for one in self.f1]),
            residuals=self.residuals.values("residuals", None, targets),
            mistakes=self.mistakes.mistakes(run),
        )


def logged(insight: Insight, *, pictures: bool) -> dict[str, Any]:
    """A look for a line of a log; the mistakes' features are kept only if they are pictures."""
    outputs = insight.gallery.shape[1]
    active = sum(one.shape[1] for one in insight.activations)
    answered = max(1, ANSWER_BYTES // (2 * outputs))
    samples = max(1, min(answered, ACTIVATION_BYTES // max(1, active)))
    units = WEIGHT_BYTES // insight.weights.shape[1]
    residuals = insight.residuals
    residuals = residuals[: ANSWER_BYTES // max(1, 2 * residuals.shape[1])]
    return msgspec.to_builtins(  # type: ignore[no-any-return]
        LoggedInsight(
            epoch=insight.epoch,
            step=insight.step,
            networks=len(insight.parameters),
            layers=tuple(
                _Layer(
                    _short(one.weight_norm), _short(one.gradient_norm), _short(one.update), one.idle
                )
                for one in insight.layers
            ),
            units=tuple(insight.units[:units].tolist()),
            weights=_Rounded.of(insight.weights[:units], "int8"),
            activations=tuple(_Rounded.of(one[:samples], "int8") for one in insight.activations),
            gallery=_Rounded.of(insight.gallery[:samples], "int16"),
            looked_at=insight.looked_at,
            matrix=tuple(map(tuple, insight.matrix.tolist())),
            f1=tuple(map(_short, insight.f1.tolist())),
            residuals=_Rounded.of(residuals, "int16"),
            mistakes=_logged_mistakes(insight.mistakes, answered, pictures=pictures),
        )
    )


def _logged_mistakes(mistakes: Mistakes, answered: int, *, pictures: bool) -> _Mistakes:
    labels, features = mistakes.samples.labels, mistakes.samples.features.astype(np.float32)
    if mistakes.samples.features.dtype == np.uint8:
        features /= 255
    fitting = PICTURE_BYTES // features.shape[1]
    pictures = pictures and fitting > 0
    count = min(answered, fitting) if pictures else answered
    labels = labels[:count]
    return _Mistakes(
        rows=tuple(mistakes.rows[:count].tolist()),
        labels=tuple(labels.tolist()) if labels.ndim == 1 else _Rounded.of(labels, "int16"),
        answers=_Rounded.of(mistakes.answers[:count], "int16"),
        courses=_Rounded.of(mistakes.courses[:count], "int16"),
        features=_Rounded.of(features[:count], "int8") if pictures else None,
    )


def _short(value: float) -> float | None:
    return finite(value, 6)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
