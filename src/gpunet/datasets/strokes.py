"""The dataset ``strokes``: handwritten-looking digits, drawn from pen strokes.

Each digit starts from a handwriting in ``data/strokes/digits.json``. It is distorted, drawn with a
pen, and framed in 28x28 pixels as in MNIST (a 20x20 box, centered by center of mass).

Every sample has its own row of uniform random numbers, at its index in the stream of the seed. So a
sample depends only on the seed and its index, and different indices never share random numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpunet.files.resources import data_file

__all__ = ["Form", "generate", "load_pens"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

CLASSES = 10
SIDE = 28  # pixels, width and height of an image
BOX = 20  # pixels of the longer side of the ink: MNIST's box
BLOCK = 8000  # samples drawn at once, a multiple of ten: under 100 MB of working memory

MOST_CONTROLS = 24  # control points of a handwriting, over all strokes
MOST_STROKES = 2
WAVES = 3  # in the smooth displacement field
SPACING = 0.04  # distance between drawn points, in half boxes: under half a pixel
SHARPNESS = 0.35  # pen radii within which drawn points melt into one line

# How much writers differ, as standard deviations; lengths are in half boxes, angles in radians.
# Tuned by hand, so that slant, width and ink vary as much as in MNIST's training images and a
# network trained on the drawn digits reads those well.
MIDDLE = 0.13  # of the digit's middle, against its rim
TAPER = 0.13  # fraction by which one end is wider than the middle
BEND = 0.06  # of the spine
WAVE = 0.15  # largest amplitude of a wave of the displacement field
JITTER = 0.025  # of one control point
OFFSET = 0.06  # of one stroke
OVERSHOOT = 0.25  # of a stroke's end, in lengths of its last segment
BLEND = (-0.15, 0.5)  # range of the weight of a second handwriting
WIDTH = 0.18  # of the logarithm of the width
LEAN = 0.13  # mean slant to the right, x over y
SLANT = 0.27
TURN = 0.13
RADIUS = 1.25  # of the pen, pixels, median
RADIUS_SPREAD = 0.25  # of the radius's logarithm
SWELL = 0.4  # largest fraction by which pressure changes the radius
NIB = 0.35  # largest fraction by which a flat nib changes the radius
EDGE = (0.7, 1.5)  # pixels from full ink to none
INK = (0.95, 1.2)  # darkest ink, clipped at 1

# Number of random numbers of each name per sample. A bell takes three uniform numbers.
BELL = 3
COLUMNS = {
    "form": 1,
    "hands": 2,
    "blend": 1,
    "middle": 2 * BELL,
    "taper": 2 * BELL,
    "bend": 2 * BELL,
    "wave": 5 * WAVES,
    "jitter": 2 * BELL * MOST_CONTROLS,
    "offset": 2 * BELL * MOST_STROKES,
    "overshoot": 2 * BELL * MOST_STROKES,
    "width": BELL,
    "slant": BELL,
    "turn": BELL,
    "radius": BELL,
    "pressure": 3,
    "nib": 2,
    "edge": 1,
    "ink": 1,
}


@dataclass(frozen=True)
class Form:
    """One way to write a digit; its handwritings have the same strokes and control points."""

    digit: int
    name: str
    weight: float  # relative frequency among the forms of the digit
    hands: tuple[str, ...]
    controls: Floats  # (hands, controls, 2), x right and y down, the unit box at -1 ... 1
    strokes: tuple[slice, ...]  # of the controls
    spline: Floats  # (points, controls), from control points to drawn points
    steps: Floats  # (points, controls), from control points to half steps between neighbors


def generate(count: int, seed: int, *, start: int = 0) -> tuple[Bytes, Bytes]:
    """Draw samples ``start`` to ``start + count`` of the infinite dataset of ``seed``.

    Returns the images (count, 784), uint8, bright ink on black, and the labels (count,), uint8.
    Each run of ten samples, from index 0 on, has every digit once, in random order. Raises
    ValueError if count, seed or start is negative.
    """
    if min(count, seed, start) < 0:
        raise ValueError(f"count, seed and start must be at least 0, not {count}, {seed}, {start}")
    images = np.zeros((count, SIDE, SIDE), np.uint8)
    labels = _labels(count, seed, start)
    for first in range(0, count, BLOCK):
        block = slice(first, min(first + BLOCK, count))
        images[block] = _images(labels[block], _Draws.at(seed, start + first, start + block.stop))
    return images.reshape(count, SIDE * SIDE), labels


@cache
def load_pens() -> tuple[Form, ...]:
    """Load every form of every digit, in the order of the data file.

    Raises FileNotFoundError if the file is missing, and ValueError if the handwritings of a form
    differ in structure or break the limits stated in the file's README.
    """
    text = data_file("strokes", "digits.json").read_text(encoding="utf-8")
    return tuple(
        _form(int(digit), name, entry)
        for digit, forms in json.loads(text).items()
        for name, entry in forms.items()
    )


def _form(digit: int, name: str, entry: dict[str, Any]) -> Form:
    hands = entry["hands"]
    structures = {tuple(len(stroke) for stroke in hand) for hand in hands.values()}
    if len(structures) != 1:
        raise ValueError(f"form {name} of digit {digit}: its hands differ in structure")
    sizes = structures.pop()
    if len(sizes) > MOST_STROKES or sum(sizes) > MOST_CONTROLS or min(sizes) < 2:
        raise ValueError(
            f"form {name} of digit {digit} has strokes of {sizes} points, more than "
            f"{MOST_STROKES} strokes or {MOST_CONTROLS} points in all, or a stroke of one point"
        )
    boxed = [[point for stroke in hand for point in stroke] for hand in hands.values()]
    controls = (np.array(boxed) / 50 - 1).astype(np.float32)  # (hands, controls, 2), from 0 ... 100
    ends = np.cumsum(sizes).tolist()
    strokes = tuple(slice(end - size, end) for end, size in zip(ends, sizes, strict=True))
    parts = [_spline(controls[:, stroke]) for stroke in strokes]
    return Form(
        digit=digit,
        name=name,
        weight=float(entry["weight"]),
        hands=tuple(hands),
        controls=controls,
        strokes=strokes,
        spline=_side_by_side(parts),
        steps=_side_by_side([_half_steps(part) for part in parts]),
    )


def _spline(controls: Floats) -> Floats:
    """Catmull-Rom weights (points, controls) of a stroke, evenly spaced on the mean handwriting."""
    fine = _catmull_rom(np.linspace(0, controls.shape[1] - 1, 32 * controls.shape[1]), controls)
    curves = fine @ controls  # (hands, fine points, 2)
    lengths = np.linalg.norm(np.diff(curves, axis=1), axis=2)  # (hands, fine points - 1)
    count = 2 + math.ceil(float(lengths.sum(1).max()) / SPACING)
    traveled = np.concatenate([[0.0], np.cumsum(lengths.mean(0))])
    even = np.linspace(0, traveled[-1], count)
    positions = np.interp(even, traveled, np.linspace(0, controls.shape[1] - 1, len(traveled)))
    return _catmull_rom(positions, controls)


def _catmull_rom(positions: NDArray[np.float64], controls: Floats) -> Floats:
    """Weights (positions, controls) at positions between 0 and the number of controls - 1."""
    last = controls.shape[1] - 1
    span = np.minimum(positions.astype(np.int64), last - 1)
    t = positions - span
    quarters = (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
    weights = np.zeros((len(positions), last + 1), np.float32)
    for neighbor, quarter in enumerate(quarters):
        # At the ends, the end point itself replaces the missing neighbor.
        index = np.clip(span + neighbor - 1, 0, last)
        np.add.at(weights, (np.arange(len(positions)), index), quarter.astype(np.float32))
    return weights


def _half_steps(spline: Floats) -> Floats:
    padded = np.concatenate([spline[:1], spline, spline[-1:]])
    steps: Floats = (padded[2:] - padded[:-2]) / 2
    return steps


def _side_by_side(parts: list[Floats]) -> Floats:
    """Join the strokes' matrices into a block-diagonal one."""
    whole = np.zeros(np.sum([part.shape for part in parts], axis=0), np.float32)
    row = column = 0
    for part in parts:
        whole[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return whole


class _Draws:
    """The random numbers of some samples, by name."""

    def __init__(self, table: Floats) -> None:
        self._table = table  # (samples, all columns), uniform in 0 ... 1

    @classmethod
    def at(cls, seed: int, first: int, stop: int) -> _Draws:
        width = sum(COLUMNS.values())
        return cls(_uniform(seed, 1, first, stop, width).astype(np.float32))

    def rows(self, rows: Integers) -> _Draws:
        return _Draws(self._table[rows])

    def uniform(self, name: str) -> Floats:
        """Return the numbers (samples, columns of that name) between 0 and 1."""
        first = 0
        for column, width in COLUMNS.items():
            if column == name:
                return self._table[:, first : first + width]
            first += width
        raise KeyError(name)

    def between(self, name: str, limits: tuple[float, float]) -> Floats:
        """Return one number a sample, (samples,), between the limits."""
        least, greatest = limits
        numbers: Floats = least + (greatest - least) * self.uniform(name)[:, 0]
        return numbers

    def bell(self, name: str) -> Floats:
        """Return bell-shaped numbers (samples, columns / 3): mean 0, deviation 1, within 3."""
        # A sum of uniforms needs no logarithm or cosine, which may differ between platforms.
        thirds = self.uniform(name).reshape(len(self._table), -1, BELL)
        numbers: Floats = (thirds.sum(axis=2) - 1.5) * 2
        return numbers


def _uniform(seed: int, stream: int, first: int, stop: int, width: int) -> NDArray[np.float64]:
    """Rows (stop - first, width) of the infinite table of random numbers of a seed."""
    bits = np.random.PCG64(np.random.SeedSequence((seed, stream)))
    bits.advance(first * width)
    return np.random.Generator(bits).random((stop - first, width))


def _labels(count: int, seed: int, start: int) -> Bytes:
    first_run = start // CLASSES
    stop_run = -(-(start + count) // CLASSES)
    keys = _uniform(seed, 0, first_run, stop_run, CLASSES)  # (runs, 10)
    labels = keys.argsort(axis=1, kind="stable").astype(np.uint8).reshape(-1)
    skipped = start - first_run * CLASSES
    return labels[skipped : skipped + count]


def _images(labels: Bytes, draws: _Draws) -> Bytes:
    """Draw the samples (samples, 28, 28) of these labels."""
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    for form, rows in _rows_by_form(labels, draws):
        own = draws.rows(rows)
        controls = _posed(form, own)
        images[rows] = _framed(_inked(form, controls, own))
    return images


def _rows_by_form(labels: Bytes, draws: _Draws) -> Iterator[tuple[Form, Integers]]:
    """Each form in use, with the samples (rows,) that use it."""
    choice = draws.uniform("form")[:, 0]
    for digit in range(CLASSES):
        forms = [form for form in load_pens() if form.digit == digit]
        limits = np.cumsum([form.weight for form in forms])
        rows = np.flatnonzero(labels == digit)
        chosen = np.searchsorted(limits[:-1] / limits[-1], choice[rows], side="right")
        for number, form in enumerate(forms):
            if np.any(chosen == number):
                yield form, rows[chosen == number]


def _hands(form: Form, draws: _Draws) -> Integers:
    """Choose the main handwriting and the one mixed in, (samples, 2)."""
    chosen = draws.uniform("hands") * len(form.hands)
    return np.minimum(chosen.astype(np.int64), len(form.hands) - 1)


def _posed(form: Form, draws: _Draws) -> Floats:
    """Place the control points (samples, controls, 2) for one writer per sample."""
    hands = form.controls[_hands(form, draws)]  # (samples, 2, controls, 2)
    mixed = _per_sample(draws.between("blend", BLEND))
    points = hands[:, 0] + mixed * (hands[:, 1] - hands[:, 0])
    points = _reproportioned(points, draws)
    points = _waved(points, draws)
    points = _shaken(points, form, draws)
    return _leaned(points, draws)


def _per_sample(values: Floats) -> Floats:
    return values[:, np.newaxis, np.newaxis]


def _reproportioned(points: Floats, draws: _Draws) -> Floats:
    """Move the middle, widen one end against the other, bend the spine."""
    middle, taper, bend = (
        draws.bell(name)[:, np.newaxis] * strength
        for name, strength in (("middle", MIDDLE), ("taper", TAPER), ("bend", BEND))
    )  # (samples, 1, 2) each
    across = points[..., ::-1]
    moved: Floats = middle * (1 - points**2) + bend * (1 - across**2)
    return points * (1 + taper * across) + moved


def _waved(points: Floats, draws: _Draws) -> Floats:
    """Displace points by a smooth field: equal points stay equal, so corners stay corners."""
    moved = points.copy()
    waves = draws.uniform("wave").reshape(len(points), WAVES, 5)
    for wave in range(WAVES):
        direction = (waves[:, wave, :2] - 0.5) * (2 * math.pi)  # radians a half box
        phase = waves[:, wave, 2, np.newaxis] * (2 * math.pi)
        height = (waves[:, wave, np.newaxis, 3:] - 0.5) * (2 * WAVE)
        angle = np.einsum("scd,sd->sc", points, direction) + phase
        moved += height * np.sin(angle)[..., np.newaxis]
    return moved


def _shaken(points: Floats, form: Form, draws: _Draws) -> Floats:
    """Jitter every point and stroke, and let strokes start and end early or late."""
    count = len(points)
    jitter = draws.bell("jitter").reshape(count, MOST_CONTROLS, 2) * JITTER
    shaken = points + jitter[:, : points.shape[1]]
    offset = draws.bell("offset").reshape(count, MOST_STROKES, 2) * OFFSET
    overshoot = draws.bell("overshoot").reshape(count, MOST_STROKES, 2) * OVERSHOOT
    for number, stroke in enumerate(form.strokes):
        shaken[:, stroke] += offset[:, number, np.newaxis]
        for end, before in ((stroke.start, stroke.start + 1), (stroke.stop - 1, stroke.stop - 2)):
            reach = overshoot[:, number, int(end > stroke.start), np.newaxis]
            shaken[:, end] += reach * (shaken[:, end] - shaken[:, before])
    return shaken


def _leaned(points: Floats, draws: _Draws) -> Floats:
    """Stretch, slant and rotate the whole digit."""
    width = np.exp(draws.bell("width")[:, 0] * WIDTH)
    slant = draws.bell("slant")[:, 0] * SLANT + LEAN
    turn = draws.bell("turn")[:, 0] * TURN
    x = points[..., 0] * width[:, np.newaxis] - points[..., 1] * slant[:, np.newaxis]
    y = points[..., 1]
    cosine, sine = np.cos(turn)[:, np.newaxis], np.sin(turn)[:, np.newaxis]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=2)


def _inked(form: Form, controls: Floats, draws: _Draws) -> Floats:
    """Draw the strokes into MNIST's box, (samples, 20, 20), ink from 0 to 1."""
    points = form.spline @ controls  # (samples, points, 2)
    steps = form.steps @ controls  # (samples, points, 2)
    radius = RADIUS * np.exp(draws.bell("radius")[:, 0] * RADIUS_SPREAD)  # pixels
    scale = _fit(points, radius)
    lengths = np.sqrt((steps**2).sum(axis=2)) + 1e-6  # (samples, points)
    radii = radius[:, np.newaxis] * _pressed(steps / lengths[..., np.newaxis], draws)
    nearness = _nearness(points, lengths * scale[:, np.newaxis], radii * SHARPNESS)
    distance = SHARPNESS * np.sqrt(np.maximum(-2 * np.log(nearness), 0))  # in pen radii
    hardness = radius / draws.between("edge", EDGE)
    covered = np.clip((1 - distance) * _per_sample(hardness) + 0.5, 0, 1)
    ink: Floats = np.minimum(covered * _per_sample(draws.between("ink", INK)), 1)
    return ink


def _fit(points: Floats, radius: Floats) -> Floats:
    """Scale and move the points, in place, into the box; return pixels per half box (samples,)."""
    lowest, highest = points.min(axis=1), points.max(axis=1)  # (samples, 2) each
    scale: Floats = (BOX - 2 * radius) / (highest - lowest).max(axis=1)
    points -= (lowest + highest)[:, np.newaxis] / 2
    points *= _per_sample(scale)
    points += BOX / 2
    return scale


def _pressed(directions: Floats, draws: _Draws) -> Floats:
    """The relative width of the pen along the strokes (samples, points), 1 on average."""
    pressure, nib = draws.uniform("pressure"), draws.uniform("nib")
    along = np.linspace(0, 1, directions.shape[1], dtype=np.float32)
    turns = along * (0.5 + pressure[:, :1]) + pressure[:, 1:2]
    swell = SWELL * pressure[:, 2:] * np.sin(turns * (2 * math.pi))
    angle = nib[:, :1] * math.pi
    across = directions[..., 0] * np.sin(angle) - directions[..., 1] * np.cos(angle)
    radii: Floats = (1 + swell) * (1 + NIB * nib[:, 1:] * (2 * across**2 - 1))
    return radii


def _nearness(points: Floats, lengths: Floats, reach: Floats) -> Floats:
    """Sum over the points of a Gaussian around each, 1 on a straight line: (samples, 20, 20).

    A Gaussian is separable, so the sum is one small matrix product per sample.
    """
    pixels = np.arange(BOX, dtype=np.float32) + 0.5
    away = (points[..., np.newaxis] - pixels) / reach[..., np.newaxis, np.newaxis]
    # Farther away there is no ink; the limit avoids slow subnormal numbers.
    axes = np.exp(np.maximum(away**2 * -0.5, -30))  # (samples, points, 2, 20)
    weights = lengths / (reach * math.sqrt(2 * math.pi))
    rows = (axes[:, :, 1] * weights[..., np.newaxis]).transpose(0, 2, 1)
    nearness: Floats = np.matmul(rows, axes[:, :, 0])
    return nearness


def _framed(ink: Floats) -> Bytes:
    """Place the boxes in images (samples, 28, 28), centered by center of mass as in MNIST."""
    grey = np.rint(ink * 255).astype(np.uint8)
    offsets = np.arange(BOX)
    down = _margin(ink.sum(axis=2) @ offsets, ink)
    right = _margin(ink.sum(axis=1) @ offsets, ink)
    images = np.zeros((len(ink), SIDE, SIDE), np.uint8)
    sample = np.arange(len(ink))[:, np.newaxis, np.newaxis]
    row = down[:, np.newaxis, np.newaxis] + offsets[:, np.newaxis]
    images[sample, row, right[:, np.newaxis, np.newaxis] + offsets] = grey
    return images


def _margin(moment: NDArray[np.float64], ink: Floats) -> Integers:
    """Offset of the box in pixels (samples,) that puts the center of mass at pixel 14."""
    center = moment / ink.sum(axis=(1, 2))
    margin: Integers = np.clip(np.rint(SIDE / 2 - center), 0, SIDE - BOX).astype(np.int64)
    return margin
