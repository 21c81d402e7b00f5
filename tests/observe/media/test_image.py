"""What pictures are said to show: spoilt scenes are told apart, with a clock drawn on them and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from camagent.model.stream import ImageFacts
from camagent.observe.picture.conditions import EXPLAINS, ORDER
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.opinion import doubt_frozen
from camagent.observe.picture.picture_numbers import CONDITIONS, PictureMeasures, measure_picture
from camagent.observe.picture.view import PictureView, Planes
from tests.observe.media.drawn_scenes import (
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
WIDE, HIGH = 1920, 1080
Luma = np.ndarray


def planes(luma: Luma, u: int | Luma = 128, v: int | Luma = 128) -> Planes:
    half = (luma.shape[0] // 2, luma.shape[1] // 2)
    chroma = [np.full(half, c, np.uint8) if isinstance(c, int) else c for c in (u, v)]
    return Planes(luma, (chroma[0], chroma[1]), 8, False)


def measured(luma: Luma, u: int | Luma = 128, v: int | Luma = 128) -> PictureMeasures:
    return measure_picture(planes(luma, u, v))


def facts(*pictures: Luma, u: int = 128, v: int = 128) -> ImageFacts:
    figures = image_facts([measured(picture, u, v) for picture in pictures])
    assert figures is not None
    return figures


def live(picture: Luma, sigma: float = 1.5) -> ImageFacts:
    """Two pictures of a sensor, with its noise."""
    return facts(noisy(picture, sigma, 1), noisy(picture, sigma, 2))


def clock(picture: Luma, seconds: int = 10) -> Luma:
    """What makers draw: white with a black rim, along both edges."""
    picture = picture.copy()
    size = picture.shape[1] / 1000
    low = int(picture.shape[0] - 15 * size)
    for words, place in (
        (f"2026-11-28 07:15:{seconds:02d}", (30, int(40 * size))),
        ("CAMERA 01 CONG TRUONG", (30, low)),
    ):
        for level, thick in ((16, 5), (235, 2)):
            cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, level, thick, cv2.LINE_AA)
    return picture


def scene(seed: int = 3) -> Luma:
    return dead_leaves(seed, WIDE, HIGH)


def shaken(picture: Luma) -> Luma:
    return cv2.blur(picture, (31, 1))  # type: ignore[no-any-return]


def dim(picture: Luma) -> Luma:
    return np.clip(16 + (picture.astype(np.int16) - 16) // 10, 16, 235).astype(np.uint8)


def bright(picture: Luma) -> Luma:
    return np.clip(picture.astype(np.int16) + 150, 16, 235).astype(np.uint8)


def hazy(picture: Luma) -> Luma:
    return contrast(picture, 0.12)


def hand(picture: Luma) -> Luma:
    """A hand at the lens: far out of focus, dark, shaded from side to side and between its fingers."""
    shade = np.linspace(50, 80, picture.shape[1], dtype=np.float32)
    fingers = 1 + 0.08 * np.cos(np.linspace(0, 4 * np.pi, picture.shape[1], dtype=np.float32))
    return ((shade * fingers)[None] * np.ones((picture.shape[0], 1), np.float32)).astype(np.uint8)


def lamp(picture: Luma) -> Luma:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    away = np.hypot(rows - picture.shape[0] / 2, columns - picture.shape[1] / 3)
    return np.clip(picture * 0.5 + 420 * np.exp(-((away / 300) ** 2)), 16, 235).astype(np.uint8)  # type: ignore[no-any-return]


def boxed(picture: Luma) -> Luma:
    out = np.full_like(picture, 16)
    out[90:-90] = cv2.resize(picture, (picture.shape[1], picture.shape[0] - 180))
    return out


def blocks(picture: Luma) -> Luma:
    rng = np.random.default_rng(1)
    picture = picture.copy()
    for row in range(0, picture.shape[0] - 15, 16):
        for column in np.flatnonzero(rng.random(picture.shape[1] // 16) < 0.15) * 16:
            picture[row : row + 16, column : column + 16] = int(rng.integers(16, 235))
    return picture


def milky(picture: Luma) -> Luma:
    return contrast(blurred(picture, 8), 0.6)


def slate(picture: Luma) -> Luma:
    return cv2.putText(even(60, WIDE, HIGH), "NO SIGNAL", (500, 560), cv2.FONT_HERSHEY_SIMPLEX, 5, 235, 12)  # type: ignore[no-any-return]


def colour_bars(picture: Luma) -> Luma:
    return np.repeat(np.repeat(np.array([[180, 162, 131, 112, 84, 65, 35, 16]], np.uint8), 240, 1), HIGH, 0)


SPOILT: dict[str, Callable[[Luma], Luma]] = {
    "black": lambda picture: even(16, WIDE, HIGH),
    "underexposed": dim,
    "overexposed": bright,
    "low_contrast": hazy,
    "no_signal": slate,
    "mosaic": blocks,
    "striped": lambda picture: striped(picture, 30),
    "letterbox": boxed,
    "glare": lamp,
    "blurred": lambda picture: blurred(picture, 5),
    "motion_blur": shaken,
    "sprayed": milky,
    "covered": hand,
    "noisy": lambda picture: noisy(picture, 30, 5),
}


@pytest.mark.parametrize("osd", [False, True], ids=["plain", "clock"])
@pytest.mark.parametrize("name", SPOILT)
def test_each_condition_is_stated_with_a_clock_and_without(name: str, osd: bool) -> None:
    pictures = [SPOILT[name](noisy(scene(), 1.2, seed)) for seed in (1, 2)]
    if name == "noisy":
        pictures = [noisy(scene(), 30, seed) for seed in (1, 2)]
    if name not in ("no_signal", "noisy"):
        pictures = (
            [noisy(picture, 1.0, seed) for seed, picture in enumerate(pictures)]
            if name == "black"
            else pictures
        )
    if osd:
        pictures = [clock(picture, second) for second, picture in zip((10, 14), pictures, strict=True)]
    image = facts(*pictures)
    assert name in image.conditions, (image.conditions, image.unsure, dict(image.scores))


@pytest.mark.parametrize("osd", [False, True], ids=["plain", "clock"])
def test_colour_bars_and_an_even_blue_are_no_signal(osd: bool) -> None:
    for luma, u, v in ((colour_bars(scene()), 128, 128), (even(41, WIDE, HIGH), 240, 110)):
        assert facts(clock(luma) if osd else luma, u=u, v=v).conditions == ("no_signal",)


def test_bars_that_roll_are_stated_and_a_walker_is_not() -> None:
    rows = np.arange(HIGH)[:, None] / HIGH * 2 * np.pi * 3
    base = scene().astype(np.float32)
    rolling = [
        np.clip(base * (0.9 + 0.1 * np.sin(rows + phase)), 16, 235).astype(np.uint8) for phase in (0, 2)
    ]
    assert (
        "rolling_bars"
        in facts(*(clock(noisy(picture, 1.2, n)) for n, picture in enumerate(rolling))).conditions
    )
    walking = [scene().copy(), scene().copy()]
    walking[0][400:900, 300:500] = 60
    walking[1][400:900, 900:1100] = 60
    assert live(walking[0]).conditions == ()
    assert facts(*(noisy(picture, 1.2, n) for n, picture in enumerate(walking))).conditions == ()


def test_noise_that_coding_smoothed_still_shows_between_two_pictures() -> None:
    smooth = [cv2.blur(noisy(scene(), 60, seed), (3, 3)) for seed in (1, 2)]
    assert "noisy" in facts(*smooth).conditions
    assert "noisy" not in live(scene(), 4.5).conditions


def test_a_cast_is_a_picture_without_any_grey() -> None:
    assert "cast" in facts(scene(), u=100, v=158).conditions
    rng = np.random.default_rng(1)
    lawn = np.where(rng.random((HIGH // 2, WIDE // 2)) < 0.8, 100, 128).astype(np.uint8)
    assert "cast" not in image_facts([measured(scene(), lawn, lawn)]).conditions  # type: ignore[union-attr]


def test_colour_at_night_is_amplified_noise_and_no_cast() -> None:
    """OpenIPC/majestic-webui#492."""
    assert "cast" not in facts(dim(night(3)), u=90, v=165).conditions


def test_what_nobody_decoded_is_corrupt() -> None:
    luma, u, v = (
        scene(),
        np.full((HIGH // 2, WIDE // 2), 128, np.uint8),
        np.full((HIGH // 2, WIDE // 2), 128, np.uint8),
    )
    assert "corrupt" not in image_facts([measured(luma, u, v)]).conditions  # type: ignore[union-attr]
    luma = luma.copy()
    luma[HIGH - 40 :], u[HIGH // 2 - 20 :], v[HIGH // 2 - 20 :] = 0, 0, 0
    assert "corrupt" in image_facts([measured(luma, u, v)]).conditions  # type: ignore[union-attr]
    both = image_facts([measured(luma, u, v), measured(noisy(scene(), 1.5))])
    assert both is not None and both.conditions == ("corrupt",) and both.scores["corrupt"] > 0.005


def test_black_video_is_black_and_not_corrupt() -> None:
    assert facts(even(16), even(17)).conditions == ("black", "underexposed")


@pytest.mark.parametrize("osd", [False, True], ids=["plain", "clock"])
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", SEEDS)
def test_sound_scenes_raise_no_alarm(name: str, seed: int, osd: bool) -> None:
    """Sharp, even and dark ones, alone and twice with the noise of a live sensor."""
    picture = clock(SCENES[name](seed)) if osd else SCENES[name](seed)
    for image in (facts(picture), live(picture)):
        assert (image.conditions, image.unsure) == ((), ())


@pytest.mark.parametrize("seed", SEEDS)
def test_sharpness_falls_with_blur_and_strong_blur_is_stated(seed: int) -> None:
    image = [facts(blurred(scene(seed), sigma)) for sigma in (0, 2, 4, 8, 16)]
    values = [f.sharpness for f in image if f.sharpness is not None]
    assert values == sorted(values, reverse=True)
    assert ["blurred" in f.conditions for f in image] == [False, False, True, True, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_noise_of_a_sensor_does_not_make_a_soft_picture_sharp(seed: int) -> None:
    flat = contrast(scene(seed), 0.5)
    assert "blurred" in live(blurred(flat, 3.5), 4.4).conditions
    assert "blurred" not in live(flat, 4.4).conditions


def test_blur_so_wide_that_no_edge_is_left_is_still_blur() -> None:
    assert "blurred" in facts(blurred(scene(), 60)).conditions


def test_a_light_wall_is_not_called_covered() -> None:
    """Nothing tells it from a sheet of paper at the lens: a reference would."""
    image = live(even(150, WIDE, HIGH))
    assert (image.conditions, image.unsure) == ((), ("covered",))
    wall = even(150, WIDE, HIGH)
    cv2.rectangle(wall, (300, 300), (500, 900), 90, -1)
    assert (live(wall).conditions, live(wall).unsure) == ((), ())


def cover(level: float, uneven: float, seed: int) -> Luma:
    """Something light at the lens, lit unevenly by its own shape."""
    shade = np.random.default_rng(seed).uniform(1 - uneven, 1 + uneven, (3, 5)).astype(np.float32)
    return np.clip(cv2.resize(shade, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC) * level, 0, 255)  # type: ignore[no-any-return]


@pytest.mark.parametrize("osd", [False, True], ids=["plain", "clock"])
@pytest.mark.parametrize("uneven", [0.15, 0.3, 0.45])
@pytest.mark.parametrize("level", [50, *(pytest.param(level, marks=pytest.mark.slow) for level in (90, 150))])
def test_a_cover_of_any_shade_is_told_from_a_wall_by_its_own_shape(
    level: int, uneven: float, osd: bool
) -> None:
    for seed in SEEDS:
        picture = cover(level, uneven, seed).astype(np.uint8)
        image = live(clock(picture) if osd else picture)
        assert "covered" in image.conditions, (image.conditions, image.unsure, image.scores["covered"])


def test_a_scene_that_is_far_out_of_focus_is_blurred_and_not_covered() -> None:
    for seed in SEEDS:
        image = live(blurred(scene(seed), 14))
        assert "covered" not in image.conditions and {"blurred", "sprayed"} & set(image.conditions)


@pytest.mark.parametrize("level", [16, 28, 60, 128, 235])
@pytest.mark.parametrize("upright", [True, False])
def test_bars_of_any_even_colour_are_a_letterbox(level: int, upright: bool) -> None:
    picture = noisy(scene(), 1.5)
    picture = picture.T.copy() if upright else picture
    picture[:90] = picture[-90:] = level
    assert "letterbox" in facts(clock(picture.T.copy() if upright else picture)).conditions


def test_walls_on_both_sides_and_a_white_sky_are_no_letterbox() -> None:
    walls = scene().copy()
    walls[:, :200], walls[:, -200:] = 150, 170
    sky = scene().copy()
    sky[:300], sky[-300:] = 235, 90
    for picture in (walls, sky):
        assert "letterbox" not in live(picture).conditions


def test_a_scene_in_the_dark_uses_little_of_the_scale_and_has_no_veil() -> None:
    dusk = 18 + (scene().astype(np.float32) - 16) * 0.2
    assert "low_contrast" not in live(dusk.astype(np.uint8)).conditions


def test_a_box_of_text_hides_no_haze() -> None:
    picture = hazy(scene())
    picture[HIGH // 5 : HIGH // 5 + 60, :400] = 16
    picture[HIGH // 5 : HIGH // 5 + 60, 400:800] = 235
    assert "low_contrast" in live(picture).conditions


@pytest.mark.parametrize("tilt_degrees", [1.0, 3.0])
def test_a_fence_is_not_called_stripes(tilt_degrees: float) -> None:
    """Its slats are nearly level, of one width, and run from edge to edge; no lens shows them as steps."""
    rows, columns = np.mgrid[:HIGH, :WIDE]
    along = rows + np.tan(np.radians(tilt_degrees)) * columns
    picture = blurred(np.where(along % 16 < 8, 90, 170).astype(np.uint8), 0.7)
    assert "striped" not in live(picture).conditions


def test_arches_across_a_small_picture_are_no_stripes() -> None:
    """A bridge in perspective: its arches reach over the whole picture, each a little wider than the last."""
    across = np.arange(640)
    arches = 30 * np.sin(2 * np.pi * 30 * np.log1p(across / 800) / np.log1p(0.8))
    picture = np.clip(dead_leaves(3, 640, 360) * 0.5 + 60 + arches, 16, 235).astype(np.uint8)
    assert "striped" not in live(picture).conditions


def test_faint_lines_are_stated_also_in_a_small_picture() -> None:
    for period in (4, 6):
        picture = striped(dead_leaves(3, 640, 360), 8, period)
        assert "striped" in live(picture).conditions, period


def test_people_before_a_background_out_of_focus_are_in_focus() -> None:
    for seed in SEEDS:
        picture = blurred(scene(seed), 9)
        left, right = WIDE * 3 // 8, WIDE * 5 // 8
        picture[HIGH // 3 : HIGH * 2 // 3, left:right] = scene(seed)[HIGH // 3 : HIGH * 2 // 3, left:right]
        assert not {"blurred", "sprayed"} & set(live(picture).conditions)
        picture[HIGH // 3 : HIGH * 2 // 3, left:right] = blurred(scene(seed), 9)[:1, left:right]
        assert "blurred" in live(picture).conditions


def test_gravel_all_over_the_picture_is_no_noise_but_noise_on_it_is() -> None:
    gravel = noisy(np.full((288, 352), 120, np.uint8), 14, 7)
    assert "noisy" in facts(gravel).conditions, "one picture alone cannot tell"
    assert "noisy" not in live(gravel, 3).conditions
    assert "noisy" in live(gravel, 25).conditions


@pytest.mark.slow
@pytest.mark.parametrize("period", [2, 4, 8, 12])
def test_faint_lines_of_any_period_are_stated_in_a_busy_scene(period: int) -> None:
    for seed in SEEDS:
        assert "striped" in live(striped(scene(seed), 12, period)).conditions


@pytest.mark.parametrize(
    ("tilt_degrees", "period"), [(1, 6), (3, 9), (-88, 5), (8, 3), (20, 6), (45, 4), (-30, 12), (70, 8)]
)
def test_slanted_lines_are_stated_with_and_without_text(tilt_degrees: float, period: float) -> None:
    rows, columns = np.mgrid[:HIGH, :WIDE]
    tilt = np.radians(tilt_degrees)
    wave = 8 * np.sin(2 * np.pi * (rows * np.cos(tilt) + columns * np.sin(tilt)) / period)
    lined = np.clip(scene() + wave, 16, 235).astype(np.uint8)
    assert "striped" in live(lined).conditions and "striped" in live(clock(lined)).conditions
    assert "noisy" not in live(lined).conditions


def test_a_plain_room_coded_coarsely_is_no_slate() -> None:
    """JPEG and its like leave the middle of each block: even inside, another level in the next block."""
    rng = np.random.default_rng(5)
    room = np.repeat(np.linspace(60, 200, 12), HIGH // 12)[:, None] + np.zeros(WIDE)
    room = room.astype(np.uint8)
    blocks = rng.integers(0, 2, (HIGH // 8, WIDE // 8)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    assert "no_signal" not in facts(room + blocks, room + blocks[::-1]).conditions
    assert "no_signal" in facts(room, room + np.uint8(1)).conditions


def test_a_white_sky_is_no_glare() -> None:
    for seed in SEEDS:
        picture = scene(seed).astype(np.float32)
        horizon = HIGH * 0.45 - np.arange(HIGH, dtype=np.float32)[:, None]
        white = np.clip(picture + np.clip(horizon * 3, -60, 400), 0, 255)
        sky = np.where(horizon > 0, np.maximum(white, 252), picture).astype(np.uint8)
        assert "glare" not in live(sky).conditions


def test_equal_pictures_are_frozen_whatever_the_clock_says() -> None:
    touched = scene().copy()
    touched[500:540, :200] ^= 1
    assert facts(clock(scene(), 10), clock(scene(), 14)).conditions == ("frozen",)
    nearly = facts(scene(), touched)
    assert (nearly.conditions, nearly.unsure) == ((), ("frozen",))
    assert facts(scene()).change is None
    assert live(scene(), 0.8).unsure == ()


def test_a_cause_silences_what_it_explains() -> None:
    assert facts(even(16), even(16)).conditions == ("black", "underexposed")  # a dark room does not move
    assert facts(slate(scene()), slate(scene())).conditions == ("no_signal",)
    assert set(EXPLAINS) <= set(ORDER) and all(names <= set(ORDER) for names in EXPLAINS.values())


def test_one_change_among_several_pictures_is_enough() -> None:
    assert facts(scene(3), scene(4), scene(3)).conditions == ()


@pytest.mark.parametrize(
    "bad", [lambda: even(128, WIDE, HIGH), lambda: blocks(scene())], ids=["grey", "mosaic"]
)
def test_a_first_picture_of_mosaic_condemns_nothing(bad: Callable[[], Luma]) -> None:
    """BigTonyTones/Tonys-Onvf-RTSP-Server#42: grey or broken at first, sound afterwards."""
    image = facts(bad(), scene())
    assert (image.conditions, image.unsure) == ((), ())


def test_frozen_is_doubted_where_the_frames_between_bring_content() -> None:
    image = facts(scene(), scene())
    ticks = [row * 3600 for row in range(50)]
    moving = table(
        ticks, keyframes=[0, 25], sizes_bytes=[50_000 if row % 25 == 0 else 4000 for row in range(50)]
    )
    still = table(
        ticks, keyframes=[0, 25], sizes_bytes=[50_000 if row % 25 == 0 else 20 for row in range(50)]
    )
    assert doubt_frozen(image, moving) == replace(image, conditions=(), unsure=("frozen",))
    assert doubt_frozen(image, still) == image
    assert doubt_frozen(image, table(ticks, keyframes=range(50))) == image  # MJPEG has nothing between
    sound = facts(scene(3), scene(4))
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
    picture = corridor(3)
    usual = measured(picture)
    luma = picture.astype(np.float64)
    if coded.full:
        luma = (luma - 16) * 255 / 219
    scaled = np.round(luma * (1 << (coded.depth - 8))).astype(np.uint16 if coded.depth > 8 else np.uint8)
    padded = np.zeros((scaled.shape[0], scaled.shape[1] + coded.padding), scaled.dtype)
    padded[:, : scaled.shape[1]] = scaled
    padded.setflags(write=False)
    neutral = np.full((360, 640), 1 << (coded.depth - 1), scaled.dtype)
    figures = measure_picture(
        Planes(padded[:, : scaled.shape[1]], (neutral, neutral), coded.depth, coded.full)
    )
    assert figures.luma_mean == pytest.approx(usual.luma_mean, abs=1)
    assert figures.luma_std == pytest.approx(usual.luma_std, abs=1)
    assert figures.sharpness == pytest.approx(usual.sharpness, abs=0.05)
    assert (figures.cast_u, figures.cast_v) == (0, 0)
    for name, score in usual.scores.items():
        assert figures.scores[name] == pytest.approx(score, abs=3 if score > 1 else 0.05), name


def test_larger_pictures_of_the_same_scene_measure_alike() -> None:
    for width, height in ((640, 360), (1920, 1080), (3840, 2160)):
        assert facts(dead_leaves(3, width, height)).conditions == ()


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60)), elements=st.integers(0, 255)),
    st.booleans(),
    st.booleans(),
)
def test_any_picture_has_measures(luma: Luma, full: bool, monochrome: bool) -> None:
    chroma = None if monochrome else (luma[::2, ::2], luma[::2, ::2])
    figures = measure_picture(Planes(luma, chroma, 8, full))
    assert 0 <= figures.luma_mean <= 255 and figures.luma_std >= 0 and figures.noise >= 0
    assert figures.sharpness is None or 0 <= figures.sharpness <= 1.5
    assert 0 <= figures.flat_blocks_ratio <= 1 and figures.stripe_ratio >= 0
    image = image_facts([figures, figures])
    assert image is not None and set(image.conditions) | set(image.unsure) <= set(ORDER)
    assert not set(image.conditions) & set(image.unsure)


@cache
def pictures_of_all_kinds() -> tuple[Luma, ...]:
    return (scene(), night(3), *(make(scene()) for make in SPOILT.values()))


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_scores_stay_in_their_documented_range(condition: object) -> None:
    for row in CONDITIONS:
        if row is condition:
            low, high = row.span
            scores = [row.score(PictureView(planes(picture))) for picture in pictures_of_all_kinds()]
            assert all(low <= score <= high for score in scores), scores
            assert low <= row.unsure <= row.stated < high and row.source


def test_no_picture_has_no_facts() -> None:
    nothing: Sequence[PictureMeasures] = []
    assert image_facts(nothing) is None
