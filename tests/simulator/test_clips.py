"""The committed sample streams: whole, small, what their index says, and made the same way twice."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from camagent.simulator.clips import UnknownClip, clip_folder, clip_names, load_clip
from camagent.simulator.packetize import split_annexb

FOLDER = clip_folder()


def test_every_file_has_its_checksum() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    wrong = [
        name
        for digest, name in (line.split("  ") for line in lines)
        if hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() != digest
    ]
    assert wrong == []
    assert len(lines) == len(clip_names()) + 1


def test_all_clips_together_stay_below_five_megabytes() -> None:
    assert (
        sum(file.stat().st_size for file in FOLDER.iterdir() if file.suffix in {".h264", ".h265", ".mjpeg"})
        < 6_000_000
    )


@pytest.mark.parametrize("name", clip_names())
def test_a_clip_is_cut_at_whole_frames_and_begins_with_a_keyframe(name: str) -> None:
    clip = load_clip(name)
    assert clip.keyframes[0] == 0
    if clip.codec == "mjpeg":
        assert all(frame[:2] == b"\xff\xd8" and frame[-2:] == b"\xff\xd9" for frame in clip.frames)
        return
    assert all(frame.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")) for frame in clip.frames)
    assert len(clip.parameter_sets) == (2 if clip.codec == "h264" else 3)
    kinds = [
        {_kind(clip.codec, nal) for nal in split_annexb(clip.frames[number])} for number in clip.keyframes
    ]
    assert all(kind & {5, 19, 20} for kind in kinds)


@pytest.mark.parametrize(
    "name", [name for name in clip_names() if name.startswith(("main_", "old_", "slow_"))]
)
def test_keyframes_of_a_living_scene_differ_within_five_seconds(name: str) -> None:
    clip = load_clip(name)
    within = range(1, round(5 * clip.frame_rate_hz))
    total = len(clip.frames)
    same = [
        (number, distance)
        for number, distance in product(clip.keyframes, within)
        if distance % total and clip.frames[(number + distance) % total] == clip.frames[number]
    ]
    assert same == []
    assert total > 5 * clip.frame_rate_hz or clip.codec == "mjpeg"


def test_an_unknown_clip_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UnknownClip, match="main_4mp_h265"):
        load_clip("nothing")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sub_360p_h264", "sub_360p_h265"])
def test_the_script_makes_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    made = []
    for turn in ("first", "second"):
        folder = tmp_path / turn
        folder.mkdir()
        command = [sys.executable, str(FOLDER / "make.py"), "--only", name, "--output", str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        made.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert made[0] == made[1]


def _kind(codec: str, nal: bytes) -> int:
    return nal[0] >> 1 & 0x3F if codec == "h265" else nal[0] & 0x1F
