"""The sample streams as the simulator serves them. Reads files once; no sockets, no clock, no decoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from camagent.simulator.packetize import split_annexb

INDEX = "index.json"
_PARAMETER_SETS = {"h264": (7, 8), "h265": (32, 33, 34), "mjpeg": ()}


@dataclass(frozen=True, slots=True)
class Clip:
    """One short clip, played in an endless loop."""

    name: str
    codec: str
    width_px: int
    height_px: int
    frame_rate_hz: float
    gop_length_frames: int
    frames: tuple[bytes, ...]
    """Access units in decoding order: Annex B, or whole JPEG files."""
    presentation: tuple[int, ...]
    """Display position of each frame, where B-frames make it another order; else 0, 1, 2 …"""
    keyframes: tuple[int, ...]
    parameter_sets: tuple[bytes, ...]
    """(SPS, PPS) or (VPS, SPS, PPS); empty for MJPEG."""

    @property
    def duration_s(self) -> float:
        """One turn of the loop."""
        return len(self.frames) / self.frame_rate_hz

    @property
    def bitrate_bps(self) -> float:
        """Mean over one turn, without any headers."""
        return sum(map(len, self.frames)) * 8 / self.duration_s


class UnknownClip(Exception):
    """No sample stream has that name."""


def clip_names() -> tuple[str, ...]:
    """Every sample stream, in the order of the index."""
    return tuple(_index())


@cache
def load_clip(name: str) -> Clip:
    """One sample stream by its name.

    Raises: UnknownClip, naming those that there are.
    """
    entry = _index().get(name)
    if entry is None:
        raise UnknownClip(f"no sample stream is called {name!r}; there are: {', '.join(_index())}")
    data = (clip_folder() / entry["file"]).read_bytes()
    frames, at = [], 0
    for size in entry["frame_sizes_bytes"]:
        frames.append(data[at : at + size])
        at += size
    return Clip(
        name=name,
        codec=entry["codec"],
        width_px=entry["width_px"],
        height_px=entry["height_px"],
        frame_rate_hz=float(entry["frame_rate_hz"]),
        gop_length_frames=entry["gop_length_frames"],
        frames=tuple(frames),
        presentation=tuple(entry["presentation"] or range(len(frames))),
        keyframes=tuple(entry["keyframes"]),
        parameter_sets=_parameter_sets(entry["codec"], frames[0]),
    )


def clip_folder() -> Path:
    """Where the clips lie: in a checkout, else in the installed package.

    Raises: FileNotFoundError where neither has them.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent / "sample_streams", package / "_sample_streams"):
        if (folder / INDEX).is_file():
            return folder
    raise FileNotFoundError(f"the sample streams are missing: no {INDEX} beside {package}")


@cache
def _index() -> Mapping[str, Mapping[str, Any]]:
    loaded: Mapping[str, Mapping[str, Any]] = json.loads((clip_folder() / INDEX).read_text(encoding="utf-8"))
    return loaded


def _parameter_sets(codec: str, first_frame: bytes) -> tuple[bytes, ...]:
    kinds = _PARAMETER_SETS[codec]
    if not kinds:
        return ()
    by_kind = {
        (nal[0] >> 1 & 0x3F) if codec == "h265" else (nal[0] & 0x1F): nal for nal in split_annexb(first_frame)
    }
    return tuple(by_kind[kind] for kind in kinds if kind in by_kind)
