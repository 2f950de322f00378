"""Examples at a glance: images as one small PNG sheet, table rows as the features that are unusual in them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from byheart.data.task import Task

LARGEST_SIDE = 32
COLUMNS = 32
UNUSUAL = 4


@dataclass(frozen=True)
class Sheet:
    """Pictures of `rows` side by side, `columns` in a line, each `height` x `width` pixels."""

    png: bytes
    rows: np.ndarray
    height: int
    width: int
    columns: int


def sheet(task: Task, rows: np.ndarray, budget: int) -> Sheet:
    """Pictures of `rows`, the first of them first, as many as fit into `budget` bytes of PNG.

    Rows count the training examples first and the held-out ones (validation, test) after them.
    """
    rows, n = np.asarray(rows), len(task.train)
    inside = rows < n
    chosen = np.empty((len(rows), *task.input_shape), task.train.inputs.dtype)
    chosen[inside] = task.train.inputs[rows[inside]]
    chosen[~inside] = task.held_out.inputs[rows[~inside] - n]
    pixels = small(as_bytes(chosen, task.train.inputs))
    while True:
        png = _png(pixels[: len(rows)])
        if len(png) <= budget or len(rows) <= 1:
            return Sheet(png, rows, pixels.shape[1], pixels.shape[2], COLUMNS)
        rows = rows[: max(1, int(len(rows) * 0.97 * budget / len(png)))]


def as_bytes(chosen: np.ndarray, every: np.ndarray) -> np.ndarray:
    """Images (n, C, H, W) as uint8 (n, H, W, 1 or 3), stretched to the range of `every` image where it is not that of
    photographs.
    """
    shown = chosen[:, : 3 if chosen.shape[1] >= 3 else 1].transpose(0, 2, 3, 1)
    low, high = float(every.min()), float(every.max())
    if every.dtype == np.uint8 and high > 127:
        return shown
    stretched = (shown.astype(np.float32) - low) * (255 / max(high - low, 1e-12))
    return stretched.round().clip(0, 255).astype(np.uint8)


def small(pixels: np.ndarray) -> np.ndarray:
    """Images whose longer side exceeds 32 pixels, made smaller; (n, H, W, C) uint8."""
    n, height, width, channels = pixels.shape
    if max(height, width) <= LARGEST_SIDE:
        return pixels
    from PIL import Image

    factor = LARGEST_SIDE / max(height, width)
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    made = [np.asarray(Image.fromarray(p.squeeze()).resize(shape, Image.Resampling.BOX)) for p in pixels]
    return np.stack(made).reshape(n, shape[1], shape[0], channels)


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    n, height, width, channels = pixels.shape
    lines = -(-n // COLUMNS)
    canvas = np.zeros((lines * COLUMNS, height, width, channels), np.uint8)
    canvas[:n] = pixels
    whole = canvas.reshape(lines, COLUMNS, height, width, channels).transpose(0, 2, 1, 3, 4)
    out = io.BytesIO()
    Image.fromarray(whole.reshape(lines * height, COLUMNS * width, channels).squeeze()).save(out, "PNG", optimize=True)
    return out.getvalue()


def unusual(task: Task, rows: np.ndarray) -> list[list[list[object]]]:
    """For each row its four features farthest from the training mean: [name, value, deviations from the mean]."""
    flat = task.train.inputs.reshape(len(task.train), -1)
    held_out = task.held_out.inputs.reshape(len(task.held_out), -1)
    mean, std = flat.mean(0, dtype=np.float64), flat.std(0, dtype=np.float64)
    names = task.feature_names or tuple(f"feature {k}" for k in range(flat.shape[1]))
    found = []
    for row in rows:
        values = flat[row] if row < len(flat) else held_out[row - len(flat)]
        far = (values - mean) / np.where(std > 1e-12, std, 1)
        top = np.argsort(-np.abs(far), kind="stable")[:UNUSUAL]
        found.append([[str(names[k]), float(f"{values[k]:.4g}"), round(float(far[k]), 2)] for k in top])
    return found
