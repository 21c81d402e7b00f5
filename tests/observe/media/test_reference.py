"""A picture beside the reference of its own camera: numbers tell what one picture alone cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from camagent.model.json_form import to_json
from camagent.model.stream import PictureNumbers
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.picture_numbers import measure_picture
from camagent.observe.picture.reference import COLUMNS, TILE, alike, compared, with_reference
from camagent.observe.picture.shading import without_shading
from camagent.observe.picture.surface import DETAIL_GRID
from camagent.observe.picture.view import THUMB_SIZE, Planes, structure
from tests.observe.media.drawn_scenes import contrast, dead_leaves, noisy

WIDE, HIGH = 1920, 1080
Luma = np.ndarray


def scene(seed: int = 3) -> Luma:
    return dead_leaves(seed, WIDE, HIGH)


def numbers(luma: Luma, colour: int | None = 0, seed: int = 1) -> PictureNumbers:
    """Of a scene whose left half is coloured; `colour` tints everything, None leaves no colour at all."""
    u = np.full((HIGH // 2, WIDE // 2), 128, np.uint8)
    v = u.copy()
    if colour is not None:
        u[:, : WIDE // 4], v[:, : WIDE // 4] = 100, 150
        u, v = u - colour, v + colour
    return measure_picture(Planes(noisy(luma, 1.2, seed), (u, v), 8, False)).numbers


def half_hidden(luma: Luma) -> Luma:
    luma = luma.copy()
    luma[:, : WIDE // 2] = 70
    return luma


@cache
def reference() -> PictureNumbers:
    """Of the camera as it was put up, by day."""
    return numbers(scene())


@cache
def infrared() -> PictureNumbers:
    """The same by night."""
    return numbers(scene(), colour=None)


def test_a_camera_turned_a_little_is_moved_though_its_large_shapes_still_overlap() -> None:
    """By a fourteenth of the width; the same scene by dusk, in fog and with noise is not."""
    across = 60 * np.sin(2 * np.pi * np.arange(WIDE) / 800)[None, :]
    down = 60 * np.sin(2 * np.pi * np.arange(HIGH) / 700)[:, None]
    fine = (scene(5).astype(np.float32) - 128) * 0.25
    view = np.clip(115 + across + down + fine, 16, 235).astype(np.uint8)
    turned = cv2.copyMakeBorder(view, 0, 0, WIDE // 14, 0, cv2.BORDER_REFLECT)[:, :WIDE]
    kept = numbers(view)
    assert alike(numbers(turned), kept)[0] > 0.5
    assert "moved" in compared(numbers(turned), [kept])
    for other in (contrast(view, 0.5, -40), contrast(view, 0.4, 50), noisy(view, 6, 3)):
        assert "moved" not in compared(numbers(other), [kept])


def test_a_car_that_stands_elsewhere_in_an_empty_yard_is_no_camera_that_moved() -> None:
    yard = np.full((HIGH, WIDE), 130, np.uint8)
    yard[:, ::240] = 100
    yards = []
    for left in (500, 640, 800):
        picture = yard.copy()
        picture[500:760, left : left + 420] = 40
        yards.append(numbers(picture))
    assert "moved" not in compared(yards[1], yards[:1]) + compared(yards[2], yards[1:2])


@pytest.mark.parametrize(
    ("now", "conditions"),
    [
        (lambda: numbers(scene(), seed=7), ()),
        (lambda: numbers(contrast(scene(), 0.5, -40), seed=8), ()),
        (lambda: numbers(scene()[::-1, ::-1]), ("upside_down",)),
        (lambda: numbers(scene(9)), ("moved",)),
        (lambda: numbers(np.roll(scene(), WIDE // 4, axis=1)), ("moved",)),
        (lambda: numbers(half_hidden(scene())), ("partly_covered",)),
        (lambda: numbers(scene(), colour=18), ("cast",)),
        (lambda: numbers(scene(), colour=None), ("monochrome",)),
        (lambda: numbers(cv2.GaussianBlur(scene(), (0, 0), 3)), ("focus_changed",)),
    ],
    ids=["same", "dusk", "flipped", "other scene", "turned", "half hidden", "tinted", "grey", "softer"],
)
def test_what_differs_from_the_reference_is_named(
    now: Callable[[], PictureNumbers], conditions: tuple[str, ...]
) -> None:
    assert compared(now(), [reference()], daylight=True) == conditions


def test_black_and_white_is_right_at_night() -> None:
    assert compared(numbers(scene(), colour=None, seed=5), [reference()]) == ()
    assert compared(numbers(scene(), colour=None, seed=5), [reference(), infrared()], daylight=True) == (
        "monochrome",
    )
    # colour where only infrared was known is no fault
    assert compared(numbers(scene(), seed=5), [infrared()]) == ()


def test_without_a_reference_nothing_is_compared() -> None:
    assert compared(numbers(scene(9)), []) == ()


def test_a_dead_picture_is_not_compared_and_a_live_one_keeps_what_it_shows() -> None:
    image = image_facts([measure_picture(Planes(noisy(scene(9), 1.2), None, 8, False))])
    assert image is not None
    assert with_reference(image, [reference()]).conditions == (*image.conditions, "moved")
    dead = replace(image, conditions=("black",))
    assert with_reference(dead, [reference()]) == dead
    assert with_reference(replace(image, numbers=None), [reference()]).conditions == image.conditions


def test_the_numbers_are_few() -> None:
    """28 x 64 luma values and 7 x 16 tiles; less than 2 kB as they are stored, whatever the size of the
    picture."""
    large = measure_picture(Planes(dead_leaves(3, 3840, 2160), None, 8, False)).numbers
    assert (len(large.luma), len(large.detail)) == (28 * 64, 7 * 16)
    assert len(large.luma + large.detail) < 2000
    assert len(json.dumps(to_json(large))) < 4000


@pytest.mark.parametrize("seed", range(6))
def test_without_arrays_the_numbers_are_the_same(seed: int) -> None:
    """Whoever compares has no array library: the shading is taken away to a fiftieth of a step all the
    same."""
    rng = np.random.default_rng(seed)
    luma = rng.integers(0, 256, (28, 64)).astype(np.uint8)
    luma[:, : seed * 10] = 255 if seed % 2 else 0
    plain = np.array(without_shading(luma.tobytes(), COLUMNS)).reshape(28, 64)
    assert np.abs(plain - structure(luma)).max() < 0.02
    assert (THUMB_SIZE[1], DETAIL_GRID[1]) == (COLUMNS, COLUMNS // TILE)


def test_a_plain_wall_is_like_nothing() -> None:
    wall = replace(reference(), luma=bytes((90,) * len(reference().luma)))
    assert alike(wall, wall) == (0.0, 0.0)
    assert abs(alike(wall, reference())[0]) < 0.01
