"""A camera that looks at a wall, a board or clouds is sound: each is told from what it resembles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camagent.model.stream import ImageFacts
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.picture_numbers import measure_picture
from camagent.observe.picture.view import Planes
from tests.observe.media.drawn_scenes import blurred, dead_leaves, noisy

WIDE, HIGH = 1920, 1080
ROWS, COLUMNS = np.mgrid[:HIGH, :WIDE].astype(np.float32) / HIGH
DAY, DUSK = (150, 124, 130), (60, 132, 126)
SODIUM = (90, 100, 140)
INFRARED = (110, 128, 128)
LIGHTS = {"day": DAY, "dusk": DUSK, "sodium": SODIUM, "infrared": INFRARED}
"""Luma, Cb and Cr of a plain wall."""


def wall(light: str) -> np.ndarray:
    """Plaster: lit from one side by day, around the middle by the camera's own lamp."""
    luma = LIGHTS[light][0] * (1 - 0.12 * ((COLUMNS - 0.4) ** 2 + (ROWS - 0.2) ** 2))
    if light == "infrared":
        luma = luma * (0.3 + np.exp(-((COLUMNS - 0.89) ** 2 + (ROWS - 0.5) ** 2) * 1.6))
    grain = np.random.default_rng(4).normal(0, 1.5, (HIGH // 6, WIDE // 6)).astype(np.float32)
    return luma + cv2.resize(grain, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC)  # type: ignore[no-any-return]


def shown(picture: np.ndarray, light: str = "day") -> ImageFacts:
    """Two noisy pictures as a camera under this light codes them."""
    half = (HIGH // 2, WIDE // 2)
    chroma = (np.full(half, LIGHTS[light][1], np.uint8), np.full(half, LIGHTS[light][2], np.uint8))
    luma = np.clip(picture, 16, 235).astype(np.uint8)
    image = image_facts(
        [measure_picture(Planes(noisy(luma, 1.5, seed), chroma, 8, False)) for seed in (1, 2)]
    )
    assert image is not None
    return image


@pytest.mark.parametrize("light", LIGHTS)
def test_of_an_empty_wall_it_is_said_at_most_that_it_may_be_a_cover(light: str) -> None:
    image = shown(wall(light), light)
    assert not image.conditions and set(image.unsure) <= {"covered"}, image.scores


@pytest.mark.parametrize("light", LIGHTS)
def test_a_wall_with_one_sharp_thing_on_it_is_sound(light: str) -> None:
    """Somebody who walks by, a socket, a line of paint: a lens that shows it is not covered."""
    picture = wall(light)
    cv2.rectangle(picture, (1400, 300), (1500, 700), LIGHTS[light][0] * 0.5, -1)
    cv2.line(picture, (0, 850), (WIDE, 830), LIGHTS[light][0] * 0.7, 6)
    image = shown(picture, light)
    assert (image.conditions, image.unsure) == ((), ()), image.scores


def test_a_white_room_with_a_board_is_not_hazy() -> None:
    picture = np.clip(wall("day") * 1.35, 0, 215)
    cv2.rectangle(picture, (600, 250), (1300, 620), 225.0, -1)
    cv2.rectangle(picture, (600, 250), (1300, 620), 90.0, 6)
    image = shown(picture)
    assert "low_contrast" not in (*image.conditions, *image.unsure), image.scores


def test_clouds_over_sharp_houses_are_not_blurred() -> None:
    """Cloud and water are soft in themselves: the sharper fifth of the picture tells of the lens."""
    clouds = blurred(dead_leaves(3, WIDE, HIGH), 9)
    houses = dead_leaves(4, WIDE, HIGH)
    split = int(HIGH * 0.6)
    image = shown(np.vstack([clouds[:split], houses[split:]]))
    assert not {"blurred", "sprayed", "motion_blur"} & set(image.conditions), image.scores
    assert "blurred" in shown(np.vstack([clouds[:split], blurred(houses, 5)[split:]])).conditions
