"""A run's curves as a small SVG picture, for notebooks; it needs no library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.curves import Comparison, Curves

__all__ = ["curves_svg"]

WIDTH, HEIGHT, MARGIN = 300, 160, 24  # pixels
TRAIN, VALIDATION = "#0072b2", "#d55e00"  # distinguishable with any color vision


def curves_svg(curves: Curves) -> str:
    """Two charts side by side: the losses, and the accuracies or R2; validation is dashed.

    For measured targets a third chart shows predicted against true values of the first target.
    """
    name, scores = "accuracy", (curves.train_accuracy, curves.val_accuracy)
    if curves.measured:
        name, scores = "R2", (curves.train_r2, curves.val_r2)
    charts = [
        _chart("loss", curves.epochs, (curves.train_loss, curves.val_loss), 0),
        _chart(name, curves.epochs, scores, WIDTH),
    ]
    if curves.comparison is not None:
        charts.append(_scatter(curves.comparison, 2 * WIDTH))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{len(charts) * WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="loss and {name} by epoch" fill="none" '
        f'font-family="sans-serif" font-size="11">{"".join(charts)}</svg>'
    )


def _chart(
    title: str, epochs: NDArray[np.int64], curves: Sequence[NDArray[np.float64]], left: int
) -> str:
    """A chart of the training and validation curves (E,)."""
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    across = left + MARGIN + (epochs - epochs[0]) / max(1, epochs[-1] - epochs[0]) * width  # (E,)
    parts = [
        f'<text x="{left + MARGIN}" y="14" fill="currentColor">{title} {low:.4g} to {high:.4g}'
        f'</text><text x="{left + MARGIN}" y="{HEIGHT - 6}" fill="currentColor">'
        f"epochs {epochs[0]} to {epochs[-1]}</text>"
    ]
    for curve, color, dashes in zip(curves, (TRAIN, VALIDATION), ("none", "5 3"), strict=True):
        down = MARGIN + (high - curve) / ((high - low) or 1) * height  # (E,)
        known = np.isfinite(curve)
        points = [f"{x:.1f},{y:.1f}" for x, y in zip(across[known], down[known], strict=True)]
        if points:
            parts.append(
                f'<polyline points="{" ".join([points[0], *points])}" stroke="{color}" '
                f'stroke-width="2" stroke-linecap="round" stroke-dasharray="{dashes}"/>'
            )
    return "".join(parts)


def _scatter(comparison: Comparison, left: int) -> str:
    """A chart of the first target: a dot per sample, and the diagonal without error."""
    true, predicted = comparison.targets[:, 0], comparison.predictions[:, 0]
    known = np.isfinite(true) & np.isfinite(predicted)
    low, high = (float(true[known].min()), float(true[known].max())) if known.any() else (0.0, 1.0)
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    span = (high - low) or 1
    across = left + MARGIN + (true[known] - low) / span * width  # (n,)
    share = np.clip((predicted[known] - low) / span, 0, 1)
    down = MARGIN + (1 - share) * height
    name = escape(comparison.names[0][:20])
    parts = [
        f'<text x="{left + MARGIN}" y="14" fill="currentColor">predicted {name}</text>'
        f'<text x="{left + MARGIN}" y="{HEIGHT - 6}" fill="currentColor">'
        f"true {low:.4g} to {high:.4g}</text>"
        f'<path d="M{left + MARGIN} {MARGIN + height}l{width} {-height}" stroke="{VALIDATION}" '
        'stroke-dasharray="5 3"/>'
    ]
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{TRAIN}"/>'
        for x, y in zip(across, down, strict=True)
    ]
    return "".join(parts)
