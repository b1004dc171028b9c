"""Finds the digits in a photograph, a scan or a drawing.

The paper's brightness is evened out, ink is separated from it, and everything that is not a figure
(rules, a box, dust, the desk around a sheet) is left out; the remaining figures are cropped.

An even paper is described by a single gray level, and the strokes keep their grays. Otherwise the
paper's level is estimated at every pixel, and filled in from around under the ink.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from gpunet.datasets.images import LARGEST_SIDE, resampled, within
from gpunet.datasets.pieces import Mask, Numbers, Pieces, find_pieces, joined, run_lengths

__all__ = ["EDGE", "FAINTEST_CONTRAST", "Figure", "find_digits"]

Levels = NDArray[np.float32]
"""Gray levels, or contrasts in gray levels, (height, width)."""

COARSE_SIDE = 64
"""Pixels of the longer side of the copy in which the paper is estimated."""

SHEET_SIDE = 128
"""Pixels of the longer side of the copy in which a sheet on a desk is sought."""

FAINTEST_CONTRAST = 16
"""Smallest difference in gray levels between paper and ink; below, an image counts as blank."""

FAINTEST_INK = 0.08
"""Fraction of the full contrast below which a pixel is paper, or ringing of an earlier resize."""

EDGE = 0.2
"""Fraction of the full contrast below which a pixel at a digit's edge is blur of a resize."""

INK_IN_NOISE = 4
"""Standard deviations of the noise below which a pixel is paper."""

SURELY_INK = 8
"""Standard deviations of the noise that the strongest contrast exceeds if there is ink."""

MOST_PIECES = 256
"""Number of the largest pieces of ink that are examined; a figure has a few."""


class Figure(NamedTuple):
    """A connected drawing in an image, cropped: a possible digit."""

    ink: NDArray[np.uint8]
    """(h, w) from 0, the paper, to 255."""
    box: tuple[int, int, int, int]
    """Left, top, right and bottom in pixels of the whole image; right and bottom are exclusive."""


class _Contrast(NamedTuple):
    """The contrast of each pixel: its difference from the paper, toward the ink."""

    levels: Levels
    floor: float
    """A contrast that the noise of the paper does not reach."""
    is_even: bool
    """Whether the paper has one level everywhere."""


def find_digits(grey: NDArray[np.uint8]) -> list[Figure]:
    """The figures of an image, from left to right; none if it is blank.

    Strokes close to each other are one figure. A piece that touches the border of the image is left
    out if it is an edge of the scene, but not if strokes merely run out of the image.

    Args:
        grey: (H, W) of any size, dark ink on light paper or light on dark.
    """
    image = within(Image.fromarray(grey), LARGEST_SIDE)
    contrast = _contrast(_on_sheet_alone(np.asarray(image, np.float32)))
    if contrast is None:
        return []
    pieces = find_pieces(_without_rules(contrast.levels > _threshold(contrast)))
    scales = grey.shape[1] / image.width, grey.shape[0] / image.height
    return [
        _cropped(contrast, pieces.drawn(members), scales) for members in _figures(pieces, contrast)
    ]


def _contrast(grey: Levels) -> _Contrast | None:
    """The contrast of the image's pixels; ``None`` if no ink stands out."""
    noise = _noise(grey)
    span = float(np.ptp(grey))
    if noise > 0.01 * span:
        radius = min(12 * noise / span, max(grey.shape) / 120)
        smooth = Image.fromarray(np.rint(grey).astype(np.uint8))
        grey = np.asarray(smooth.filter(ImageFilter.GaussianBlur(radius)), np.float32)
        noise /= max(1.0, 3.5 * radius)  # in theory 2 sqrt(pi) times the radius
    coarse = _coarse(grey, COARSE_SIDE)
    level = _even_paper(coarse, grey)
    paper = _local_paper(coarse) if level is None else np.full(coarse.shape, level, np.float32)
    is_dark = _is_dark(coarse if level is None else grey, paper if level is None else level)
    # At the edge of a shadow, a pixel counts as paper if it matches either side.
    nearest = ImageFilter.MinFilter(3) if is_dark else ImageFilter.MaxFilter(3)
    paper = _filtered(paper, nearest) if level is None else paper
    paper = _resized(paper, grey.shape)
    levels = np.maximum(paper - grey if is_dark else grey - paper, 0)
    if levels.max() < max(FAINTEST_CONTRAST, SURELY_INK * noise):
        return None
    floor = INK_IN_NOISE * noise
    if level is None:  # shadows darken paper and ink by the same factor
        levels = np.where(levels > floor, levels * (paper.max() / np.maximum(paper, 32)), 0)
    return _Contrast(levels, floor, level is not None)


def _noise(grey: Levels) -> float:
    """The standard deviation of independent noise; 0 for drawings."""
    if min(grey.shape) < 16:
        return 0.0
    second = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    return float(1.4826 / np.sqrt(6) * np.median(np.abs(second)))


def _is_dark(levels: Levels, paper: Levels | float) -> bool:
    """Whether the pixels farthest from the paper's level are darker than it."""
    return bool((paper - levels).max() > (levels - paper).max())


def _even_paper(coarse: Levels, grey: Levels) -> float | None:
    """The level of even paper; ``None`` if more than edges lies between paper and ink."""
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    level = float(np.median(border))
    ink = float(grey.min() if _is_dark(grey, level) else grey.max())
    if ink == level:
        return level
    part = (coarse - level) / (ink - level)
    padded = np.pad(part, 1, mode="edge")
    neighbors = (padded[1:-1, 2:], padded[1:-1, :-2], padded[2:, 1:-1], padded[:-2, 1:-1])
    slope = np.max([np.abs(neighbor - part) for neighbor in neighbors], axis=0)
    between = (np.abs(part - 0.41) < 0.29) | (part < -0.12)
    return level if (between & (slope < 0.15)).mean() < 0.02 else None


def _local_paper(coarse: Levels) -> Levels:
    """The paper's level at every pixel of a coarse image, also under the ink."""
    paper = _median(coarse)
    for _ in range(2):
        away = paper - coarse if _is_dark(coarse, paper) else coarse - paper
        ink = (away > max(0.15 * float(away.max()), FAINTEST_CONTRAST / 2)).astype(np.float32)
        paper = _filled(coarse, _filtered(ink, ImageFilter.MaxFilter(5)) == 0)
    return paper


def _median(coarse: Levels) -> Levels:
    """The median of a large field around each pixel, which most strokes hardly affect."""
    half = coarse[::2, ::2]
    reach = min(round(0.3 * max(half.shape)), min(half.shape) - 1)
    padded = np.pad(half, reach, "reflect", reflect_type="odd") if reach else half
    median = _filtered(np.clip(padded, 0, 255), ImageFilter.MedianFilter(2 * reach + 1))
    inner = median[reach : reach + half.shape[0], reach : reach + half.shape[1]]
    return _resized(inner, coarse.shape)


def _filled(levels: Levels, known: Mask) -> Levels:
    """The levels, with unknown ones smoothly filled in from around."""
    if known.all() or not known.any():
        return levels
    height, width = (side + side % 2 for side in levels.shape)
    grow = ((0, height - levels.shape[0]), (0, width - levels.shape[1]))

    def halved(values: Levels) -> Levels:
        fours = np.pad(values, grow).reshape(height // 2, 2, width // 2, 2)
        total: Levels = fours.sum(axis=(1, 3), dtype=np.float32)
        return total

    weight = halved(known.astype(np.float32))
    mean: Levels = halved(np.where(known, levels, 0).astype(np.float32))
    mean /= np.maximum(weight, 1)
    finer = _resized(_filled(mean, weight > 0), (height, width))
    return np.where(known, levels, finer[: levels.shape[0], : levels.shape[1]])


def _on_sheet_alone(grey: Levels) -> Levels:
    """The image with everything around a bright sheet replaced by paper."""
    coarse = _coarse(grey, SHEET_SIDE)
    border = np.concatenate([coarse[0], coarse[-1], coarse[:, 0], coarse[:, -1]])
    pieces = find_pieces(coarse > (np.median(border) + np.percentile(coarse, 95)) / 2)
    whole = (pieces.contact == 0) & (pieces.area >= 0.15 * coarse.size)
    if not whole.any():
        return grey
    sheet = pieces.drawn(np.arange(len(whole)) == np.argmax(pieces.area * whole))
    rest = find_pieces(~sheet)
    silhouette = ~rest.drawn(rest.contact > 0)
    inside = _filtered(silhouette.astype(np.float32), ImageFilter.MinFilter(5)) > 0
    written = inside.any() and np.median(coarse[inside]) - coarse[inside].min() > FAINTEST_CONTRAST
    if not (written and _is_rectangle(silhouette)):
        return grey
    around = _resized(_filled(coarse, inside), grey.shape)
    return np.where(_resized(inside.astype(np.float32), grey.shape) > 0.5, grey, around)


def _is_rectangle(mask: Mask) -> bool:
    """Whether the mask fills its smallest enclosing rectangle, at any angle."""
    rows, columns = np.nonzero(mask)
    angles = np.radians(np.arange(0, 90, 3))[:, np.newaxis]
    along = np.ptp(columns * np.cos(angles) + rows * np.sin(angles), axis=1) + 1
    across = np.ptp(rows * np.cos(angles) - columns * np.sin(angles), axis=1) + 1
    return bool(len(rows) >= 0.85 * (along * across).min())


def _threshold(contrast: _Contrast) -> float:
    """The smallest contrast of ink, by Otsu's criterion.

    However little ink there is, paper and ink get the same total weight.
    """
    strongest = float(contrast.levels.max())
    floor = max(contrast.floor, FAINTEST_INK * strongest)
    counts, edges = np.histogram(contrast.levels[contrast.levels > floor], 128, (floor, strongest))
    weights = np.concatenate([[counts.sum()], counts]).astype(np.float64)
    middles = np.concatenate([[0], (edges[1:] + edges[:-1]) / 2])
    below, moment = weights.cumsum(), (weights * middles).cumsum()
    above = np.maximum(below[-1] - below, 1)
    between = (moment[-1] * below - moment * below[-1]) ** 2 / (np.maximum(below, 1) * above)
    return max(floor, float(edges[np.argmax(between[:-1])]))


def _without_rules(mask: Mask) -> Mask:
    """The ink without thin straight lines across the image; strokes that cross them stay whole."""
    thickest = max(2, round(max(mask.shape) / 60))
    left = mask.copy()
    for turn in (False, True):
        field = mask.T if turn else mask
        pieces = find_pieces(field & (thickest >= run_lengths(field.T).T))
        across = field.shape[1]
        near = 0.01 * across
        at_border = (pieces.left <= near) | (pieces.right >= across - near)
        rule = (pieces.width >= 0.8 * across) | (at_border & (pieces.width >= 0.1 * across))
        rule &= (pieces.area <= thickest * pieces.width) & (pieces.width > 5 * thickest)
        gone = pieces.drawn(rule)
        left &= ~(gone.T if turn else gone)
    return left if left.any() else mask


def _figures(pieces: Pieces, contrast: _Contrast) -> list[Mask]:
    """The pieces of each figure, as masks (pieces,), from left to right."""
    kept = _plausible(pieces, contrast.is_even)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(-pieces.area[rows], kind="stable")][:MOST_PIECES]
    group = _grouped(pieces, rows)
    figures = []
    for number in range(int(group.max(initial=-1)) + 1):
        own = rows[group == number]
        left, right = pieces.left[own].min(), pieces.right[own].max()
        size = max(right - left, pieces.bottom[own].max() - pieces.top[own].min())
        members = np.zeros(len(kept), np.bool_)
        members[own] = True
        figures.append((int(left), int(size), members))
    largest = max((size for _, size, _ in figures), default=0)
    large = [figure for figure in figures if figure[1] > 0.35 * largest]
    return [members for _, _, members in sorted(large, key=lambda figure: figure[0])]


def _plausible(pieces: Pieces, is_even: bool) -> Mask:
    """Which pieces (pieces,) may be strokes of digits."""
    kept = np.ones(len(pieces.area), np.bool_)
    if not len(kept):
        return kept
    touches = pieces.contact > 0
    width = pieces.area / pieces.extent  # of the stroke, roughly
    if touches.any() and not touches.all():
        inner = np.flatnonzero(~touches)[np.argmax(pieces.area[~touches])]
        hair = touches & (width < 0.3 * width[inner])
        small = 0.25 * pieces.extent[touches].max() > pieces.extent[inner]
        kept &= ~(hair if small else touches & (hair | (pieces.contact > 0.25 * pieces.extent)))
    if not is_even:
        kept &= pieces.contact <= 0.25 * pieces.extent
    solid = kept & (pieces.area >= 0.01 * np.max(pieces.area[kept], initial=0))
    widest = np.max(width[solid], initial=0)
    solid &= ~(touches & (width < 0.3 * widest))
    return solid & ~_boxes(pieces, solid)


def _boxes(pieces: Pieces, kept: Mask) -> Mask:
    """Which pieces (pieces,) are thin boxes around others that are large enough for a digit."""
    boxes = np.zeros(len(kept), np.bool_)
    field = pieces.height * pieces.width
    thin = kept & (pieces.area < 0.12 * field) & (pieces.extent > 0.5 * max(pieces.shape))
    for box in np.flatnonzero(thin):
        inside = (pieces.left > pieces.left[box]) & (pieces.right < pieces.right[box])
        inside &= (pieces.top > pieces.top[box]) & (pieces.bottom < pieces.bottom[box]) & kept
        boxes[box] = np.max(pieces.height[inside], initial=0) > 0.25 * pieces.height[box]
    return boxes


def _grouped(pieces: Pieces, rows: Numbers) -> Numbers:
    """The number of the figure (rows,) of each of these pieces, from 0.

    Pieces are one figure if one lies above the other with a small gap, like the top stroke of a
    five, or if one is a fragment close to a much taller one.
    """
    left, right = pieces.left[rows], pieces.right[rows]
    top, bottom = pieces.top[rows], pieces.bottom[rows]
    height, width, extent = bottom - top, right - left, pieces.extent[rows]
    narrower = np.minimum(width[:, np.newaxis], width)
    smaller = np.minimum(extent[:, np.newaxis], extent)
    shorter = np.minimum(height[:, np.newaxis], height)
    taller = np.maximum(height[:, np.newaxis], height)
    aside = np.maximum(left[:, np.newaxis], left) - np.minimum(right[:, np.newaxis], right)
    apart = np.maximum(top[:, np.newaxis], top) - np.minimum(bottom[:, np.newaxis], bottom)
    above = (-aside >= 0.3 * narrower) & (apart <= 0.3 * smaller)
    fragment = (shorter < 0.5 * taller) & (np.maximum(aside, apart) <= 0.12 * taller)
    first, second = np.nonzero(np.triu(above | fragment))
    return joined(len(rows), first, second)


def _cropped(contrast: _Contrast, own: Mask, scales: tuple[float, float]) -> Figure:
    """The crop of a figure with this ink mask (height, width), with its soft edges."""
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    reach = max(1, round(max(np.ptp(rows), np.ptp(columns)) / 20))  # a pixel of MNIST's box
    top, left = max(0, int(rows[0]) - reach), max(0, int(columns[0]) - reach)
    part = (slice(top, int(rows[-1]) + 1 + reach), slice(left, int(columns[-1]) + 1 + reach))
    levels, own = contrast.levels[part], own[part]
    strongest = float(levels[own].max() if contrast.is_even else np.median(levels[own]))
    seen = _spread(own, reach) & (levels > max(FAINTEST_INK * strongest, contrast.floor))
    ink = np.where(seen, np.minimum(levels / strongest, 1), 0)
    clear = ink > EDGE
    rows, columns = np.flatnonzero(clear.any(axis=1)), np.flatnonzero(clear.any(axis=0))
    first, last = (int(rows[0]), int(columns[0])), (int(rows[-1]) + 1, int(columns[-1]) + 1)
    crop = np.rint(ink[first[0] : last[0], first[1] : last[1]] * 255).astype(np.uint8)
    edges = (left + first[1], top + first[0], left + last[1], top + last[0])
    (across, down), stops = scales, (edges[2], edges[3])
    box = (int(across * edges[0]), int(down * edges[1]))
    return Figure(crop, (*box, math.ceil(across * stops[0]), math.ceil(down * stops[1])))


def _spread(mask: Mask, reach: int) -> Mask:
    """The mask dilated by this many pixels in rows and columns."""
    for axis in (0, 1):
        padded = np.pad(mask, [(reach + 1, reach) if axis == now else (0, 0) for now in (0, 1)])
        counts = padded.cumsum(axis=axis, dtype=np.int32)
        ends = np.arange(mask.shape[axis]) + 2 * reach + 1
        mask = counts.take(ends, axis) > counts.take(ends - 2 * reach - 1, axis)
    return mask


def _coarse(grey: Levels, side: int) -> Levels:
    """The image, shrunk so that its longer side has at most this many pixels."""
    scale = max(1.0, max(grey.shape) / side)
    height, width = (max(1, round(pixels / scale)) for pixels in grey.shape)
    small = resampled(Image.fromarray(grey), width, height, Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def _resized(levels: Levels, shape: tuple[int, ...]) -> Levels:
    """The levels resized to (height, width), interpolated smoothly."""
    image = Image.fromarray(np.ascontiguousarray(levels, np.float32))
    return np.asarray(resampled(image, shape[1], shape[0], Image.Resampling.BILINEAR))


def _filtered(levels: Levels, kind: ImageFilter.Filter) -> Levels:
    """The levels, rounded, through one of Pillow's filters."""
    return np.asarray(Image.fromarray(np.rint(levels).astype(np.uint8)).filter(kind), np.float32)
