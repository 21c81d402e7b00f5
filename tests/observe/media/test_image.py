"""What pictures are said to show: spoilt scenes are told apart, sound ones raise no alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from camagent.model.stream import ImageFacts
from camagent.observe.picture.conditions import ORDER, conditions
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.measure import PictureMeasures, Planes, measure
from camagent.observe.picture.opinion import doubt_frozen
from tests.observe.media.scenes import (
    SCENES,
    blurred,
    contrast,
    corridor,
    dead_leaves,
    even,
    night,
    noisy,
    striped,
)
from tests.observe.media.tables import table

SEEDS = (3, 4, 5)


def planes(luma: np.ndarray, u: int = 128, v: int = 128) -> Planes:
    rows, columns = luma.shape[0] // 2, luma.shape[1] // 2
    return Planes(luma, (np.full((rows, columns), u, np.uint8), np.full((rows, columns), v, np.uint8)), 8, False)


def measured(luma: np.ndarray, u: int = 128, v: int = 128) -> PictureMeasures:
    return measure(planes(luma, u, v))


def facts(*pictures: np.ndarray) -> ImageFacts:
    found = image_facts([measured(picture) for picture in pictures])
    assert found is not None
    return found


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", SEEDS)
def test_sound_scenes_raise_no_alarm(name: str, seed: int) -> None:
    """Sharp, even and dark ones, alone and twice with the noise of a live sensor."""
    scene = SCENES[name](seed)
    for found in (facts(scene), facts(noisy(scene, 1.5, 1), noisy(scene, 1.5, 2))):
        assert found.conditions == () and found.unsure == ()


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", SEEDS)
def test_sharpness_falls_with_blur_and_strong_blur_is_stated(name: str, seed: int) -> None:
    scene = SCENES[name](seed)
    found = [facts(blurred(scene, sigma)) for sigma in (0, 1, 2, 4, 8)]
    values = [f.sharpness for f in found if f.sharpness is not None]
    assert len(values) == 5 and all(a > b for a, b in pairwise(values))
    assert all("blurred" not in f.conditions for f in found[:2])
    assert "blurred" in (*found[2].conditions, *found[2].unsure)
    assert all("blurred" in f.conditions for f in found[3:])


def test_blur_so_large_that_no_edge_is_left_is_still_blur() -> None:
    found = facts(blurred(dead_leaves(3), 40))
    assert found.sharpness is None and "blurred" in found.conditions


def test_nothing_in_view_is_not_called_blurred() -> None:
    assert "blurred" not in facts(noisy(even(120), 1)).conditions


@pytest.mark.parametrize("name", ["dead leaves", "corridor"])
@pytest.mark.parametrize("seed", SEEDS)
def test_spoilt_scenes_are_named(name: str, seed: int) -> None:
    scene = SCENES[name](seed)
    dim = np.clip(16 + (scene.astype(np.int16) - 16) // 12, 16, 235).astype(np.uint8)
    bright = np.clip(scene.astype(np.int16) + 170, 16, 235).astype(np.uint8)
    assert facts(noisy(scene, 20)).conditions == ("noisy",)
    assert facts(contrast(scene, 3.5 / float(scene.std()))).conditions == ("low_contrast",)
    assert facts(bright).conditions == ("overexposed",)
    assert "underexposed" in facts(dim).conditions and "black" not in facts(dim).conditions
    assert "striped" in facts(striped(scene, 60)).conditions
    assert "cast" in conditions([measured(scene, 110, 155)], None)[0]
    assert conditions([measured(scene, 133, 124)], None) == ((), ())


def test_flat_pictures_are_told_apart() -> None:
    assert facts(even(16)).conditions == ("black",)
    assert facts(noisy(even(16), 1)).conditions == ("black",)
    assert facts(even(110)).conditions == ("covered",)
    assert facts(even(235)).conditions == ("overexposed",)
    assert conditions([measured(even(41), 240, 110)], None)[0] == ("no_signal",)
    assert facts(noisy(even(126), 60)).conditions == ("noisy",)  # snow of a lost analogue channel


def test_colour_at_night_is_amplified_noise_and_no_cast() -> None:
    """OpenIPC/majestic-webui#492."""
    dark = np.clip(16 + (night(3).astype(np.int16) - 16) // 2, 16, 235).astype(np.uint8)
    assert "cast" not in conditions([measured(dark, 110, 160)], None)[0]


def test_equal_pictures_are_frozen_and_nearly_equal_ones_unsure() -> None:
    scene = dead_leaves(3)
    touched = scene.copy()
    touched[:40, :200] ^= 1
    assert facts(scene, scene).conditions == ("frozen",)
    nearly = facts(scene, touched)
    assert nearly.conditions == () and nearly.unsure == ("frozen",)
    assert facts(scene).change is None
    assert facts(even(16), even(16)).conditions == ("black",)  # a dark room does not move


def test_one_change_among_several_pictures_is_enough() -> None:
    scene, other = dead_leaves(3), dead_leaves(4)
    assert facts(scene, other, scene).conditions == ()


def test_a_first_picture_of_mosaic_condemns_nothing() -> None:
    """BigTonyTones/Tonys-Onvf-RTSP-Server#42: grey at first, sound afterwards."""
    found = facts(even(128), dead_leaves(3))
    assert found.conditions == () and "covered" in found.unsure


def test_frozen_is_doubted_where_the_frames_between_bring_content() -> None:
    image = facts(dead_leaves(3), dead_leaves(3))
    ticks = [row * 3600 for row in range(50)]
    moving = table(ticks, keyframes=[0, 25], sizes_bytes=[50_000 if row % 25 == 0 else 4000 for row in range(50)])
    still = table(ticks, keyframes=[0, 25], sizes_bytes=[50_000 if row % 25 == 0 else 20 for row in range(50)])
    assert doubt_frozen(image, moving) == replace(image, conditions=(), unsure=("frozen",))
    assert doubt_frozen(image, still) == image
    assert doubt_frozen(image, table(ticks, keyframes=range(50))) == image  # MJPEG has nothing between
    sound = facts(dead_leaves(3), dead_leaves(4))
    assert doubt_frozen(sound, still) == sound


@dataclass(frozen=True)
class _Coded:
    depth: int
    full: bool
    padding: int


@pytest.mark.parametrize(
    "coded", [_Coded(8, True, 0), _Coded(8, False, 24), _Coded(10, False, 0), _Coded(12, True, 32)]
)
def test_depth_range_and_padding_do_not_change_what_is_seen(coded: _Coded) -> None:
    """The same scene as decoders hand it out: padded rows, 16-bit words, full or limited range, read-only."""
    scene = corridor(3)
    usual = measured(scene)
    luma = scene.astype(np.float64)
    if coded.full:
        luma = (luma - 16) * 255 / 219
    scaled = np.round(luma * (1 << (coded.depth - 8))).astype(np.uint16 if coded.depth > 8 else np.uint8)
    padded = np.zeros((scaled.shape[0], scaled.shape[1] + coded.padding), scaled.dtype)
    padded[:, : scaled.shape[1]] = scaled
    padded.setflags(write=False)
    neutral = np.full((360, 640), 1 << (coded.depth - 1), scaled.dtype)
    found = measure(Planes(padded[:, : scaled.shape[1]], (neutral, neutral), coded.depth, coded.full))
    assert found.luma_mean == pytest.approx(usual.luma_mean, abs=1)
    assert found.luma_std == pytest.approx(usual.luma_std, abs=1)
    assert found.sharpness == pytest.approx(usual.sharpness, abs=0.05)
    assert found.stripe_ratio == pytest.approx(usual.stripe_ratio, rel=0.2)
    assert (found.cast_u, found.cast_v) == (0, 0)


def test_larger_pictures_of_the_same_scene_measure_alike() -> None:
    for width, height in ((640, 360), (1920, 1080), (3840, 2160)):
        assert facts(dead_leaves(3, width, height)).conditions == ()


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60)), elements=st.integers(0, 255)),
    st.booleans(),
    st.booleans(),
)
def test_any_picture_has_measures(luma: np.ndarray, full: bool, monochrome: bool) -> None:
    chroma = None if monochrome else (luma[::2, ::2], luma[::2, ::2])
    found = measure(Planes(luma, chroma, 8, full))
    assert 0 <= found.luma_mean <= 255 and found.luma_std >= 0 and found.noise >= 0
    assert found.sharpness is None or 0 <= found.sharpness <= 1.5
    assert 0 <= found.flat_blocks_ratio <= 1 and found.stripe_ratio >= 0
    image = image_facts([found, found])
    assert image is not None and set(image.conditions) | set(image.unsure) <= set(ORDER)
    assert not set(image.conditions) & set(image.unsure)


def test_no_picture_has_no_facts() -> None:
    nothing: Sequence[PictureMeasures] = []
    assert image_facts(nothing) is None
