"""Synthetic pictures: scenes with known content, spoilt in known ways. Frames are limited-range luma unless
told."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

Luma = np.ndarray


def _drawn(picture: np.ndarray) -> Luma:
    """Limited range; read-only, because a scene is drawn once for all tests of a worker."""
    luma = np.clip(picture, 16, 235).astype(np.uint8)
    luma.setflags(write=False)
    return luma  # type: ignore[no-any-return]


@lru_cache(maxsize=16)
def dead_leaves(seed: int, width: int = 1280, height: int = 720) -> Luma:
    """Overlapping textured discs with power-law sizes: the statistics of natural scenes."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width), 128, np.float32)
    for _ in range(700):
        radius = int(min(width, height) / 3 / rng.uniform(1, 25))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(picture, centre, max(2, radius), float(rng.uniform(25, 230)), -1)
    texture = cv2.GaussianBlur(rng.normal(0, 14, picture.shape).astype(np.float32), (0, 0), 1.2)
    return _drawn(picture + texture)


@lru_cache(maxsize=16)
def corridor(seed: int, width: int = 1280, height: int = 720) -> Luma:
    """Large even walls, a floor with a gradient, a few door frames and signs: little detail, as in
    schools."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(150, 95, height, dtype=np.float32)[:, None]
    picture = np.repeat(rows, width, axis=1)
    floor = [(0, height), (width, height), (width * 3 // 5, height // 2), (width * 2 // 5, height // 2)]
    cv2.fillPoly(picture, [np.array(floor)], 90)
    for _ in range(14):
        x, y = int(rng.integers(0, width - 80)), int(rng.integers(0, height - 120))
        far = x + int(rng.integers(20, 120)), y + int(rng.integers(30, 240))
        cv2.rectangle(picture, (x, y), far, float(rng.uniform(40, 210)), 3)
        for line in range(5):
            cv2.line(picture, (x + 6 * line, y), (x + 6 * line + 9, y + 14), 50.0, 2)
    return _drawn(picture + rng.normal(0, 1.0, picture.shape))


@lru_cache(maxsize=16)
def night(seed: int, width: int = 1280, height: int = 720) -> Luma:
    """A dim yard under one infrared lamp: dark, low in contrast away from the lamp, grainy, but sound."""
    scene = dead_leaves(seed, width, height).astype(np.float32)
    rows, columns = np.mgrid[:height, :width]
    lamp = np.exp(-((columns - width / 2) ** 2 + (rows - height / 2) ** 2) / (2 * (width / 3.5) ** 2))
    rng = np.random.default_rng(seed)
    return _drawn(18 + (scene - 16) * 0.5 * lamp + rng.normal(0, 2.0, scene.shape))


SCENES: dict[str, Callable[[int], Luma]] = {"dead leaves": dead_leaves, "corridor": corridor, "night": night}


def blurred(picture: Luma, sigma: float) -> Luma:
    return picture if sigma == 0 else cv2.GaussianBlur(picture, (0, 0), sigma)


def noisy(picture: Luma, sigma: float, seed: int = 1) -> Luma:
    grain = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + grain, 16, 235).astype(np.uint8)


def striped(picture: Luma, step: float, period: int = 4) -> Luma:
    stripes = step * (np.arange(picture.shape[0]) % period < period // 2)[:, None]
    return np.clip(picture + stripes, 16, 235).astype(np.uint8)  # type: ignore[no-any-return]


def contrast(picture: Luma, factor: float, offset: float = 0.0) -> Luma:
    mean = float(picture.mean())
    return np.clip((picture - mean) * factor + mean + offset, 16, 235).astype(np.uint8)


def even(value: int, width: int = 1280, height: int = 720) -> Luma:
    return np.full((height, width), value, np.uint8)
