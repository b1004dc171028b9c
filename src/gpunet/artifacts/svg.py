"""A run's curves as a small SVG picture, for notebooks; it needs no library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpunet.artifacts.curves import Curves

__all__ = ["curves_svg"]

WIDTH, HEIGHT, MARGIN = 300, 160, 24  # pixels
TRAIN, VALIDATION = "#0072b2", "#d55e00"  # told apart by people of any color vision


def curves_svg(curves: Curves) -> str:
    """Two charts side by side: the losses and the accuracies by epoch; validation is dashed."""
    charts = [
        _chart("loss", curves.epochs, (curves.train_loss, curves.val_loss), 0),
        _chart("accuracy", curves.epochs, (curves.train_accuracy, curves.val_accuracy), WIDTH),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="loss and accuracy by epoch" fill="none" '
        f'font-family="sans-serif" font-size="11">{"".join(charts)}</svg>'
    )


def _chart(
    title: str, epochs: NDArray[np.int64], curves: Sequence[NDArray[np.float64]], left: int
) -> str:
    """One chart of the training and the validation curve (E,)."""
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
