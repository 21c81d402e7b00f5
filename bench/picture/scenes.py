"""Camera scenes out of photographs: a view, a light, a sensor, a clock drawn on it. One pair of pictures a
clip.

The order is that of a camera: what is in front of the lens, the lens, the light on the sensor, the sensor's
noise, sharpening, then the text. `spoil` breaks one of those at its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

WIDTH_PX, HEIGHT_PX = 1920, 1080
Picture = np.ndarray
"""Rows by columns by BGR, float32, 0-255."""
LIGHTS = ("day", "dusk", "infrared", "sodium", "fog", "rain", "web")


@dataclass(frozen=True, slots=True)
class Clip:
    """Everything that decides what a clip looks like."""

    photograph: str
    light: str
    condition: str
    strength: int
    seed: int
    osd: bool
    walker: bool
    codec: str
    keyframe_bytes: int
    noise: float
    """Standard deviation of the sensor's noise, 8-bit steps."""


def view(photograph: np.ndarray, seed: int) -> Picture:
    """A 16:9 part of the photograph at camera size; mirrored every second time."""
    rng = np.random.default_rng(seed)
    height, width = photograph.shape[:2]
    largest = min(width, height * 16 / 9)
    wide = largest * float(rng.uniform(0.75, 1.0)) if largest > 1300 else largest
    tall = wide * 9 / 16
    left, top = rng.uniform(0, width - wide + 0.01), rng.uniform(0, height - tall + 0.01)
    part = photograph[int(top) : int(top + tall), int(left) : int(left + wide)]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    way = cv2.INTER_AREA if part.shape[1] > WIDTH_PX else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(part), (WIDTH_PX, HEIGHT_PX), interpolation=way).astype(np.float32)


def lit(picture: Picture, light: str, rng: np.random.Generator) -> Picture:
    """The scene under a light, as the exposure control of a camera renders it: never darker than it must
    be."""
    shown = _under(picture, light, rng)
    least = {"day": 80.0, "dusk": 46.0, "infrared": 46.0, "sodium": 50.0}.get(light, 70.0)
    return shown * max(1.0, least / max(float(shown[::8, ::8].mean()), 1.0))


def _under(picture: Picture, light: str, rng: np.random.Generator) -> Picture:
    if light == "dusk":
        return picture * float(rng.uniform(0.35, 0.6)) * np.array((1.1, 1.0, 0.92), np.float32)
    if light == "infrared":
        grey = picture @ np.array((0.25, 0.4, 0.35), np.float32)
        rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
        away = ((columns - WIDTH_PX / 2) / WIDTH_PX) ** 2 + ((rows - HEIGHT_PX / 2) / HEIGHT_PX) ** 2
        grey = grey * (0.3 + np.exp(-away * rng.uniform(3, 7)))
        return np.repeat(grey[..., None], 3, axis=2)
    if light == "sodium":
        return picture * np.array((0.35, 0.62, 0.85), np.float32) * float(rng.uniform(0.6, 0.95))
    if light == "fog":
        depth = np.linspace(rng.uniform(0.45, 0.6), 0.15, HEIGHT_PX, dtype=np.float32)[:, None, None]
        return picture * (1 - depth) + 185 * depth
    if light == "rain":
        return _rain(picture, rng)
    return _web(picture, rng) if light == "web" else picture


def _rain(picture: Picture, rng: np.random.Generator) -> Picture:
    streaks = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for _ in range(500):
        x, y, long = (
            int(rng.integers(0, WIDTH_PX)),
            int(rng.integers(0, HEIGHT_PX)),
            int(rng.integers(15, 60)),
        )
        cv2.line(streaks, (x, y), (x + long // 8, y + long), int(rng.integers(30, 110)), 1, cv2.LINE_AA)
    return picture * 0.85 + 20 + streaks[..., None].astype(np.float32)


def _web(picture: Picture, rng: np.random.Generator) -> Picture:
    threads = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    corner = (int(rng.choice((0, WIDTH_PX))), int(rng.choice((0, HEIGHT_PX))))
    for _ in range(12):
        far = (int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX)))
        cv2.line(threads, corner, far, int(rng.integers(60, 160)), int(rng.integers(2, 6)), cv2.LINE_AA)
    soft = cv2.GaussianBlur(threads, (0, 0), 3).astype(np.float32)
    return picture + soft[..., None]


def walker(picture: Picture, seed: int, moment: int) -> Picture:
    """Somebody crosses the picture."""
    rng = np.random.default_rng(seed + 77)
    tall = int(rng.integers(150, 420))
    x = int(WIDTH_PX * (0.15 + 0.5 * moment + 0.15 * rng.random()))
    y = int(HEIGHT_PX * rng.uniform(0.35, 0.6))
    colour = tuple(float(c) for c in picture[::8, ::8].mean(axis=(0, 1)) * rng.uniform(0.3, 1.5, 3))
    picture = picture.copy()
    cv2.ellipse(picture, (x, y + tall // 2), (tall // 6, tall // 3), 0, 0, 360, colour, -1, cv2.LINE_AA)
    cv2.circle(picture, (x, y + tall // 8), tall // 12, (120, 150, 190), -1, cv2.LINE_AA)
    for side in (-1, 1):
        foot = (x + side * tall // 8, y + tall)
        cv2.line(picture, (x, y + tall // 2), foot, colour, tall // 14, cv2.LINE_AA)
    return picture


_GRAIN = np.random.default_rng(9).normal(0, 1, (2300, 3100)).astype(np.float32)


def grain(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Noise of a sensor: fine, and the same in all three colours; whole steps with a sign."""
    top, left = int(rng.integers(0, 1200)), int(rng.integers(0, 1100))
    part = _GRAIN[top : top + HEIGHT_PX, left : left + WIDTH_PX]
    return cv2.merge([np.rint(part * np.float32(sigma)).astype(np.int16)] * 3)


def text(picture: np.ndarray, seed: int, moment: int) -> np.ndarray:
    """The clock and the camera's name, white with a black rim, where makers put them."""
    rng = np.random.default_rng(seed + 5)
    size = float(rng.uniform(1.0, 2.2))
    clock = f"2026-11-{int(rng.integers(1, 29)):02d} {int(rng.integers(0, 24)):02d}:15:{10 + 4 * moment:02d}"
    name = str(rng.choice(("Camera 01", "CONG TRUONG", "IPC", "Hanh lang tang 2", "San truong")))
    right = WIDTH_PX - int(20 * size * len(name)) - 40
    places = (((40, int(30 + 28 * size)), clock), ((max(40, right), HEIGHT_PX - int(20 * size)), name))
    picture = picture.copy()
    for place, words in places:
        for colour, thick in (((0, 0, 0), 7), ((250, 250, 250), 3)):
            cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
    return picture


def sharpened(picture: np.ndarray, amount: float) -> np.ndarray:
    """What every camera does to its edges."""
    return cv2.addWeighted(picture, 1 + amount, cv2.GaussianBlur(picture, (0, 0), 1.2), -amount, 0)
