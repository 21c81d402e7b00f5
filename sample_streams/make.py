"""Makes the sample streams: short raw clips of a drawn scene, each named by what is right or wrong with it.

Run it from the repository: `python -m sample_streams.make [--only NAME]`. Two runs give the same bytes (one
thread, fixed seeds, bit-exact flags); `SHA256SUMS` says whether another machine's run does too. Raw Annex B
and JPEG files with `index.json`, and no container, so that the simulator serves them without a demultiplexer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sample_streams import spoilt

HERE = Path(__file__).resolve().parent
INDEX = "index.json"
SUMS = "SHA256SUMS"
MAX_TOTAL_BYTES = 6_000_000  # a repository that people clone over a school's line
SUFFIX = {"h264": ".h264", "h265": ".h265", "mjpeg": ".mjpeg"}
ENCODER = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}
LEAVES = 900  # shapes of the background: edges of every size everywhere, as in a real yard
WALKERS = 4
NOISE_TILE_PX = 512
POOL_PX = 8

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Recipe:
    """One clip: what it shows and how it is encoded."""

    name: str
    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: int
    frames: int
    bitrate_bps: int
    gop_length_frames: int
    picture: str = "scene"
    seed: int = 1
    b_frames: int = 0
    grain: int = 2
    """Sensor noise in half grey levels: what makes the P-frames large."""
    note: str = ""


def _show(name: str) -> Recipe:
    """A small clip of one condition; blocks and noise need more bits to survive."""
    bitrate_bps = 330_000 if name in ("mosaic", "noisy") else 110_000
    width_px, height_px = (640, 360) if name == "noisy" else (1280, 720)
    return Recipe(f"show_{name}", "h264", width_px, height_px, 10, 60, bitrate_bps, 20, picture=name, seed=25)


# Three keyframes two seconds apart: no two in five seconds show the same instant, or a living scene would
# look frozen.
RECIPES = (
    Recipe("main_4mp_h265", "h265", 2560, 1440, 25, 150, 1_650_000, 50, seed=11),
    Recipe("main_4mp_h264", "h264", 2560, 1440, 25, 150, 900_000, 50, seed=12),
    Recipe("main_1080p_h265", "h265", 1920, 1080, 25, 150, 600_000, 50, seed=13),
    Recipe("main_1080p_h264", "h264", 1920, 1080, 25, 150, 1_100_000, 50, seed=14),
    Recipe(
        "load_1080p_h264", "h264", 1920, 1080, 25, 50, 3_600_000, 50, seed=24, note="for measuring clients"
    ),
    Recipe("old_720p15_h264", "h264", 1280, 720, 15, 90, 400_000, 30, seed=15),
    Recipe("old_720p_mjpeg", "mjpeg", 1280, 720, 12, 23, 2_000_000, 1, seed=16),
    Recipe("long_gop_1080p_h265", "h265", 1920, 1080, 25, 200, 200_000, 200, seed=17, grain=1),
    Recipe("slow_12fps_1080p_h264", "h264", 1920, 1080, 12, 72, 350_000, 24, seed=18),
    Recipe("black_1080p_h264", "h264", 1920, 1080, 25, 150, 100_000, 50, picture="black"),
    Recipe("frozen_1080p_h264", "h264", 1920, 1080, 25, 50, 600_000, 50, picture="frozen", seed=19),
    Recipe("blurred_1080p_h264", "h264", 1920, 1080, 25, 150, 150_000, 50, picture="blurred", seed=20),
    Recipe("sub_360p_h264", "h264", 640, 360, 15, 90, 100_000, 30, seed=21),
    Recipe("sub_360p_h265", "h265", 640, 360, 15, 90, 80_000, 30, seed=22),
    Recipe("b_frames_360p_h264", "h264", 640, 360, 25, 150, 140_000, 25, seed=23, b_frames=2),
    _show("sound"),  # the scene of all that follow, as it should look: their reference
    *(_show(name) for name in spoilt.SHOWN),
)


def main() -> None:
    """Make the clips, the index and the checksums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="make one clip and leave the others as they are")
    parser.add_argument("--output", type=Path, default=HERE)
    options = parser.parse_args()
    index_path: Path = options.output / INDEX
    index = json.loads(index_path.read_text()) if options.only and index_path.exists() else {}
    for recipe in RECIPES:
        if options.only in (None, recipe.name):
            index[recipe.name] = make_clip(recipe, options.output)
            print(f"{recipe.name}: {sum(index[recipe.name]['frame_sizes_bytes'])} bytes", flush=True)
    index = {recipe.name: index[recipe.name] for recipe in RECIPES if recipe.name in index}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in index.items())
    index_path.write_text(f"{{\n{lines}\n}}\n")
    _write_sums(options.output, [entry["file"] for entry in index.values()])


def make_clip(recipe: Recipe, output: Path) -> dict[str, Any]:
    """Encode one clip into its file; the index entry that the simulator needs to serve it."""
    pictures = _pictures(recipe)
    encoder = _encoder(recipe)
    packets = []
    for number in range(recipe.frames):
        frame = av.VideoFrame.from_ndarray(pictures(number), format=encoder.pix_fmt or "yuv420p")
        frame.pts = number
        frame.time_base = Fraction(1, recipe.frame_rate_hz)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    file = recipe.name + SUFFIX[recipe.codec]
    (output / file).write_bytes(b"".join(bytes(packet) for packet in packets))
    first = min(packet.pts or 0 for packet in packets)
    return {
        "file": file,
        "codec": recipe.codec,
        "width_px": recipe.width_px,
        "height_px": recipe.height_px,
        "frame_rate_hz": recipe.frame_rate_hz,
        "gop_length_frames": recipe.gop_length_frames,
        "note": recipe.note or recipe.picture,
        "keyframes": [number for number, packet in enumerate(packets) if packet.is_keyframe],
        "presentation": [(packet.pts or 0) - first for packet in packets] if recipe.b_frames else [],
        "frame_sizes_bytes": [packet.size for packet in packets],
    }


def _encoder(recipe: Recipe) -> Any:
    encoder: Any = av.CodecContext.create(ENCODER[recipe.codec], "w")
    encoder.width, encoder.height = recipe.width_px, recipe.height_px
    encoder.pix_fmt = "yuvj420p" if recipe.codec == "mjpeg" else "yuv420p"
    encoder.time_base = Fraction(1, recipe.frame_rate_hz)
    encoder.framerate = Fraction(recipe.frame_rate_hz)
    encoder.bit_rate = recipe.bitrate_bps
    encoder.gop_size = recipe.gop_length_frames
    encoder.thread_count = 1
    length = recipe.gop_length_frames
    gop = f"keyint={length}:min-keyint={length}:scenecut=0:bframes={recipe.b_frames}"
    rate_kbps = recipe.bitrate_bps // 1000
    rate = f"bitrate={rate_kbps}:vbv-maxrate={rate_kbps}:vbv-bufsize={rate_kbps * 2}"
    options = {"flags": "+bitexact"}
    if recipe.codec == "h264":
        options |= {
            "preset": "faster",
            "profile": "high",
            "x264-params": f"{gop}:{rate}:sliced-threads=0:threads=1:b-pyramid=0",
        }
    elif recipe.codec == "h265":
        serial = "pools=none:frame-threads=1:wpp=0:info=0:log-level=error:repeat-headers=1:open-gop=0"
        options |= {"preset": "fast", "x265-params": f"{gop}:{rate}:{serial}"}
    else:  # RFC 2435 carries no Huffman tables: the receiver puts in the standard ones
        options |= {"huffman": "default"}
    encoder.options = options
    return encoder


def _pictures(recipe: Recipe) -> Any:
    """The function that draws frame n, as one planar 4:2:0 array."""
    if recipe.picture == "black":
        return lambda number: _grain(_flat(recipe, 16), number, 1)
    scene = _background(recipe.width_px, recipe.height_px, recipe.seed)
    if recipe.picture in spoilt.SHOWN:
        return lambda number: _spoilt(recipe, scene, number)
    if recipe.picture == "frozen":
        return lambda number: scene
    if recipe.picture == "blurred":
        return lambda number: _blurred(_with_walkers(scene, recipe, number), recipe.height_px)
    return lambda number: _grain(_with_walkers(scene, recipe, number), number, recipe.grain)


def _spoilt(recipe: Recipe, scene: Image, number: int) -> Image:
    """What is wrong in front of the sensor gets its noise; what is wrong behind it does not."""
    live = _with_walkers(scene, recipe, number)
    spoil = spoilt.SHOWN[recipe.picture]
    if recipe.picture in spoilt.BEHIND_THE_SENSOR:
        return spoil(_grain(live, number, recipe.grain), number)
    return _grain(spoil(live, number), number, 1)


def _flat(recipe: Recipe, luma: int) -> Image:
    picture = np.full((recipe.height_px * 3 // 2, recipe.width_px), 128, np.uint8)
    picture[: recipe.height_px] = luma
    return picture


@cache
def _background(width_px: int, height_px: int, seed: int) -> Image:
    """Dead leaves: overlapping discs and boxes of every size, muted colours, drawn back to front."""
    chance = random.Random(seed)
    picture = np.full((height_px * 3 // 2, width_px), 128, np.uint8)
    luma = picture[:height_px]
    luma[:] = (90 + 70 * np.arange(height_px, dtype=np.int32) // height_px)[:, None]
    chroma = picture[height_px:].reshape(2, height_px // 2, width_px // 2)
    rows, columns = np.ogrid[:height_px, :width_px]
    for _ in range(LEAVES):
        size = int(height_px * 0.012 / max(0.04, chance.random()))  # many small, few large
        x, y, tone = chance.randrange(width_px), chance.randrange(height_px), chance.randrange(35, 215)
        tints = (128 + chance.randrange(-14, 15), 128 + chance.randrange(-14, 15))
        top, bottom, left, right = (
            max(0, y - size),
            min(height_px, y + size),
            max(0, x - size),
            min(width_px, x + size),
        )
        box = (slice(top, bottom), slice(left, right))
        if chance.random() < 0.5:
            inside = (rows[top:bottom] - y) ** 2 + (columns[:, left:right] - x) ** 2 <= size * size
            luma[box][inside] = tone
        else:
            luma[box] = tone
        for plane, tint in zip(chroma, tints, strict=True):
            plane[top // 2 : bottom // 2, left // 2 : right // 2] = tint
    return picture


def _blurred(picture: Image, height_px: int) -> Image:
    """The scene as an unfocused lens shows it: box filters, much like a Gaussian of 11 px."""
    rows, columns = height_px // POOL_PX, picture.shape[1] // POOL_PX
    luma = (
        picture[: rows * POOL_PX].astype(np.int64).reshape(rows, POOL_PX, columns, POOL_PX).sum(axis=(1, 3))
    )
    luma //= POOL_PX * POOL_PX
    for axis in (0, 1, 0, 1):
        luma = _box(luma, 4, axis)
    luma = luma.repeat(POOL_PX, axis=0).repeat(POOL_PX, axis=1)
    for axis in (0, 1):
        luma = _box(luma, 2 * POOL_PX, axis)
    soft = picture.copy()
    soft[: rows * POOL_PX] = luma.astype(np.uint8)
    return soft


def _box(values: NDArray[np.int64], width: int, axis: int) -> NDArray[np.int64]:
    pads = [(0, 0), (0, 0)]
    pads[axis] = (width // 2 + 1, width // 2 - 1)
    sums = np.cumsum(np.pad(values, pads, mode="edge"), axis=axis)
    count = values.shape[axis]
    later = np.take(sums, range(width, width + count - 1), axis=axis)
    earlier = np.take(sums, range(count - 1), axis=axis)
    last = np.take(sums, [-1], axis=axis) - np.take(sums, [count - 1], axis=axis)
    return np.concatenate([later - earlier, last], axis=axis) // width


def _with_walkers(picture: Image, recipe: Recipe, number: int) -> Image:
    """People-sized figures on closed paths, so that the loop has no visible seam."""
    moved = picture.copy()
    height_px, width_px = recipe.height_px, recipe.width_px
    chroma = moved[height_px:].reshape(2, height_px // 2, width_px // 2)
    for walker in range(WALKERS):
        turn = 2 * math.pi * (number / recipe.frames + walker / WALKERS)
        tall, wide = height_px // 5, height_px // 14
        left = int((0.15 + 0.22 * walker) * width_px + math.sin(turn) * width_px / 16) // 2 * 2
        top = int(0.55 * height_px + math.cos(turn) * height_px / 10) // 2 * 2
        moved[top : top + tall, left : left + wide] = 60 + 40 * walker
        moved[top : top + tall // 4, left + wide // 4 : left + wide - wide // 4] = 190 - 20 * walker
        chroma[walker % 2, top // 2 : (top + tall) // 2, left // 2 : (left + wide) // 2] = 116 + 8 * walker
    return moved


@cache
def _noise_tile() -> NDArray[np.int16]:
    chance = random.Random(7)
    values = [chance.randrange(-2, 3) for _ in range(NOISE_TILE_PX * NOISE_TILE_PX)]
    return np.array(values, np.int16).reshape(NOISE_TILE_PX, NOISE_TILE_PX)


def _grain(picture: Image, number: int, strength: int) -> Image:
    """Sensor noise of a few grey levels, other in each frame: without it a quiet scene would look frozen."""
    rows, columns = picture.shape[0] * 2 // 3, picture.shape[1]
    tile = np.roll(_noise_tile(), (number * 37 % NOISE_TILE_PX, number * 91 % NOISE_TILE_PX), (0, 1))
    noise = (
        np.tile(tile, (rows // NOISE_TILE_PX + 1, columns // NOISE_TILE_PX + 1))[:rows, :columns]
        * strength
        // 2
    )
    grained = picture.copy()
    grained[:rows] = np.clip(picture[:rows].astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return grained


def _write_sums(output: Path, files: list[str]) -> None:
    lines = [
        f"{hashlib.sha256((output / file).read_bytes()).hexdigest()}  {file}\n"
        for file in sorted([*files, INDEX])
    ]
    (output / SUMS).write_text("".join(lines))
    total = sum((output / file).stat().st_size for file in files)
    print(f"total: {total} bytes")
    if total > MAX_TOTAL_BYTES:
        raise SystemExit(f"the clips are larger than {MAX_TOTAL_BYTES} bytes: lower a bit rate")


if __name__ == "__main__":
    main()
