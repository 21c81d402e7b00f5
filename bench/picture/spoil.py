"""Cameras gone wrong, in five strengths each: 3 to 5 are what a person calls obvious."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from bench.picture.scenes import HEIGHT_PX, WIDTH_PX, Clip, Picture, grain

Spoil = Callable[[Picture, Clip, int, np.random.Generator], Picture]
"""Picture, clip, moment (0 or 1), a generator that is the same at both moments."""


def _disc(radius_px: float) -> np.ndarray:
    edge = int(np.ceil(radius_px))
    rows, columns = np.mgrid[-edge : edge + 1, -edge : edge + 1]
    disc = (rows**2 + columns**2 <= radius_px**2).astype(np.float32)
    return disc / disc.sum()


def black(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return p * (0.25, 0.12, 0.05, 0.02, 0.0)[c.strength - 1]


def underexposed(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return (
        p * (0.5, 0.33, 25 / max(p.mean(), 1), 20 / max(p.mean(), 1), 14 / max(p.mean(), 1))[c.strength - 1]
    )


def overexposed(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    level = float(np.percentile(p.mean(axis=2), (70, 60, 45, 35, 20)[c.strength - 1]))
    return p * (256 / max(level, 1))


def low_contrast(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    left = (0.6, 0.4, 0.25, 0.15, 0.08)[c.strength - 1]
    return p * left + (1 - left) * float(rng.uniform(120, 185))


def blurred(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return cv2.filter2D(p, -1, _disc((2.5, 4, 6, 10, 18)[c.strength - 1]))


def motion_blur(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    long = (5, 9, 15, 25, 45)[c.strength - 1]
    angle = float(rng.choice((0, 90, rng.uniform(0, 180))))
    kernel = np.zeros((2 * long + 1, 2 * long + 1), np.float32)
    reach = np.array((np.cos(np.radians(angle)), np.sin(np.radians(angle)))) * long / 2
    ends = [tuple(int(v) for v in np.round(long + side * reach)) for side in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    return cv2.filter2D(p, -1, kernel / kernel.sum())


def sprayed(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    where = cv2.resize(
        rng.random((9, 16)).astype(np.float32), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC
    )
    share = (0.25, 0.5, 0.8, 0.95, 1.0)[c.strength - 1]
    mask = np.clip((share * 1.5 - where) * 4, 0, 1)[..., None]
    soft = cv2.GaussianBlur(cv2.resize(p, (480, 270)), (0, 0), (1.5, 2, 3, 4, 6)[c.strength - 1])
    veil = cv2.resize(soft, (WIDTH_PX, HEIGHT_PX)) * 0.7 + 0.3 * 150
    return p * (1 - mask) + veil * mask


COVERS = (
    (60, 75, 120),  # a hand in the shade
    (100, 130, 200),  # a hand in the light
    (30, 30, 30),
    (150, 150, 150),
    (40, 80, 50),  # a leaf
    (60, 110, 150),  # cardboard
    (150, 60, 40),  # a blue bag
    (200, 205, 210),
)
"""BGR of what people put in front of a lens."""


def _cover(p: Picture, share: float, rng: np.random.Generator) -> Picture:
    """A hand, a bag or a leaf at the lens: far out of focus, shaded, in a colour of its own."""
    colour = np.float32(rng.choice(COVERS)) * np.float32(rng.uniform(0.7, 1.15))
    angle = float(rng.uniform(-0.4, 0.4))
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    along = columns / WIDTH_PX * np.cos(angle) + rows / HEIGHT_PX * np.sin(angle)
    edge = np.quantile(along[::16, ::16], share) if share < 1 else 9.0
    mask = np.clip((edge - along) * 12 + 0.5, 0, 1)[..., None]
    uneven = float(rng.choice((0.1, 0.25, 0.45)))
    shade = rng.uniform(1 - uneven, 1 + uneven, (3, 5)).astype(np.float32)
    shade = cv2.resize(shade, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    return p * (1 - mask) + colour * shade[..., None] * mask


def covered(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return _cover(p, 1.0, rng)


def partly_covered(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return _cover(p, (0.15, 0.3, 0.5, 0.6, 0.75)[c.strength - 1], rng)


def cast(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    shift = (8, 14, 22, 32, 45)[c.strength - 1]
    if rng.random() < 0.5:  # the white balance is lost: gains, so that what is dark stays grey
        gain = 1 + shift / 50
        gains = ((gain, 1, 1 / gain), (1 / gain, 1, gain), (1, gain, 1 / gain), (gain, 1 / gain, gain))
        return np.clip(p * np.array(gains[int(rng.integers(0, 4))], np.float32), 0, 255)
    blue, red = ((0.3, 1.0), (0.9, 0.8), (-0.9, 0.5), (1.0, -0.4))[int(rng.integers(0, 4))]
    moved = p + np.array((blue, -0.34 * blue - 0.7 * red, red), np.float32) * shift * 1.8
    return np.clip(moved, 0, 255)


def monochrome(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    grey = p @ np.array((0.114, 0.587, 0.299), np.float32)
    return np.repeat(grey[..., None], 3, axis=2)


def glare(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    radius = (60, 120, 200, 300, 420)[c.strength - 1]
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    x, y = rng.uniform(0.25, 0.75) * WIDTH_PX, rng.uniform(0.25, 0.7) * HEIGHT_PX
    away = np.hypot(columns - x, rows - y)
    light = 420 * np.exp(-((away / radius) ** 2) * 0.8) + 60 * np.exp(-away / (radius * 3))
    return p + light[..., None]


def noisy(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    if c.strength > 3 and rng.random() < 0.25:  # snow of an analog line: a share of points is lost
        lost = np.random.default_rng(c.seed * 2 + m).random((HEIGHT_PX // 2, WIDTH_PX // 2), np.float32)
        lost = cv2.resize(lost, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)[..., None]
        return np.where(lost < 0.15 * (c.strength - 2), lost * 255 / (0.15 * (c.strength - 2)), p).astype(
            np.float32
        )
    return p + grain(np.random.default_rng(c.seed * 2 + m + 50), (7, 11, 16, 25, 40)[c.strength - 1])


def striped(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    step, period = (3, 6, 12, 20, 35)[c.strength - 1], int(rng.choice((2, 4, 6, 8)))
    lines = step * (np.arange(HEIGHT_PX if rng.random() < 0.6 else WIDTH_PX) % period < period / 2)
    return p + (lines[:, None, None] if len(lines) == HEIGHT_PX else lines[None, :, None]).astype(np.float32)


def rolling_bars(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    depth, bands = (0.04, 0.08, 0.15, 0.25, 0.4)[c.strength - 1], float(rng.uniform(1.6, 5))
    phase = float(rng.uniform(0, 6)) + m * float(rng.uniform(1.5, 4.5))
    wave = 1 - depth * (0.5 + 0.5 * np.sin(np.arange(HEIGHT_PX) / HEIGHT_PX * 2 * np.pi * bands + phase))
    return p * wave[:, None, None].astype(np.float32)


def mosaic(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    share = (0.02, 0.05, 0.1, 0.2, 0.4)[c.strength - 1]
    own = np.random.default_rng(c.seed * 3 + m)
    p = p.copy()
    for row in range(0, HEIGHT_PX - 15, 16):
        for column in np.flatnonzero(own.random(WIDTH_PX // 16) < share) * 16:
            kind = own.random()
            block = p[row : row + 16, column : column + 16]
            if kind < 0.4:
                y, x = int(own.integers(0, 60)) * 16, int(own.integers(0, 110)) * 16
                block[:] = p[y : y + 16, x : x + 16].copy()
            elif kind < 0.7:
                block[:] = block.mean(axis=(0, 1)) + own.normal(0, 30)
            else:
                block[:] = own.uniform(0, 255, 3)
    return p


def letterbox(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    share = (0.02, 0.04, 0.07, 0.12, 0.2)[c.strength - 1]
    out = np.full_like(p, 2.0)
    if rng.random() < 0.5:
        bar = int(HEIGHT_PX * share) // 2 * 2
        out[bar : HEIGHT_PX - bar] = cv2.resize(p, (WIDTH_PX, HEIGHT_PX - 2 * bar))
    else:
        bar = int(WIDTH_PX * share) // 2 * 2
        out[:, bar : WIDTH_PX - bar] = cv2.resize(p, (WIDTH_PX - 2 * bar, HEIGHT_PX))
    return out


def no_signal(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    kind = (c.strength + c.seed) % 5
    out = np.zeros_like(p)
    if kind == 1:
        bars = (
            (191, 191, 191),
            (0, 191, 191),
            (191, 191, 0),
            (0, 191, 0),
            (191, 0, 191),
            (0, 0, 191),
            (191, 0, 0),
        )
        for number, colour in enumerate(bars):
            out[:, number * WIDTH_PX // 7 : (number + 1) * WIDTH_PX // 7] = colour
        return out
    out = out.astype(np.uint8)
    out[:] = ((180, 20, 10), (180, 20, 10), (2, 2, 2), (120, 120, 120), (60, 40, 40))[kind]
    if kind:
        words = str(rng.choice(("NO SIGNAL", "VIDEO LOSS", "No Video", "MAT TIN HIEU")))
        place = (int(rng.uniform(0.2, 0.4) * WIDTH_PX), int(rng.uniform(0.4, 0.6) * HEIGHT_PX))
        cv2.putText(out, words, place, cv2.FONT_HERSHEY_SIMPLEX, 3.5, (240, 240, 240), 9, cv2.LINE_AA)
    return out.astype(np.float32)


def upside_down(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return np.ascontiguousarray(p[::-1, ::-1])


def moved(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    share = (0.04, 0.08, 0.16, 0.25, 0.4)[c.strength - 1]
    across, down = int(share * WIDTH_PX), int(share * 0.5 * HEIGHT_PX)
    return cv2.copyMakeBorder(p, down, 0, across, 0, cv2.BORDER_REFLECT)[:HEIGHT_PX, :WIDTH_PX]


def sound(p: Picture, c: Clip, m: int, rng: np.random.Generator) -> Picture:
    return p


OPTICAL: dict[str, Spoil] = {
    f.__name__: f
    for f in (
        sound, black, underexposed, overexposed, low_contrast, blurred, motion_blur, sprayed, covered,
        partly_covered, cast, monochrome, glare, upside_down, moved,
    )
}  # fmt: skip
"""In front of the sensor: its noise comes after."""
ELECTRIC: dict[str, Spoil] = {f.__name__: f for f in (noisy, striped, rolling_bars, letterbox)}
"""Between sensor and text."""
DIGITAL: dict[str, Spoil] = {f.__name__: f for f in (no_signal,)}
"""Instead of a sensor's picture: no noise at all."""
LATE: dict[str, Spoil] = {f.__name__: f for f in (mosaic,)}
"""After the text."""
WITHOUT_HISTORY = (
    "black", "underexposed", "overexposed", "low_contrast", "no_signal", "corrupt", "mosaic", "striped",
    "rolling_bars", "letterbox", "glare", "blurred", "motion_blur", "sprayed", "covered", "noisy",
)  # fmt: skip
WITH_REFERENCE = ("moved", "upside_down", "partly_covered", "cast", "monochrome")
