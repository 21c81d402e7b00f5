"""What is said of the decoded keyframes, and who may say it. Pure: no decoder, no picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Protocol

from camagent.model.fault import Fault
from camagent.model.stream import ImageFacts
from camagent.observe.frames import FrameTable

# of a keyframe's size: frames between keyframes that only repeat a picture stay below 0.005
MOVING_RATIO = 0.02


@dataclass(frozen=True, slots=True)
class PictureReport:
    """The answer about the pictures of one stream."""

    decoded: int
    """Pictures that decoded without a complaint from the decoder."""
    errors: int
    """Pictures that did not: refused by the decoder, or decoded only with concealed damage."""
    width_px: int | None
    """Cropped display size of the last decoded picture; None where none decoded."""
    height_px: int | None
    image: ImageFacts | None
    """From the pictures that decoded cleanly; None where none did."""
    kept: int = 0
    """Pictures written to disk, where that was asked for; fewer than `decoded` if the disk refused."""


class PictureJudge(Protocol):
    """Whoever decodes: the pool in production, a canned answer in tests."""

    async def judge(
        self, codec: str, pictures: Sequence[bytes], keep_as: Path | None = None
    ) -> PictureReport | Fault:
        """Decode the pictures of one stream and judge them.

        `codec` is "h264", "h265" or "mjpeg"; `pictures` are Annex B access units with their parameter sets in
        front, or complete JPEG files, in order of time. `keep_as`: only where the operator asked for
        pictures: path and stem of the files to write, "-1.png" appended. Returns: the Fault says why nobody
        looked; a picture that does not decode is a count, not a Fault.
        """


def doubt_frozen(image: ImageFacts, table: FrameTable) -> ImageFacts:
    """Take "frozen" back to unsure where the frames between the keyframes bring new picture content.

    Equal keyframes alone would call a loop frozen, whatever moves in it. The reverse is not concluded:
    between nearly equal keyframes, frames with nothing in them are also what a still scene gives at a low bit
    rate.
    """
    keys = [size for size, key in zip(table.sizes_bytes, table.keyframes, strict=True) if key]
    others = [size for size, key in zip(table.sizes_bytes, table.keyframes, strict=True) if not key]
    if "frozen" not in image.conditions or not keys or not others:
        return image
    if median(others) < MOVING_RATIO * median(keys):
        return image
    conditions = tuple(name for name in image.conditions if name != "frozen")
    return replace(image, conditions=conditions, unsure=(*image.unsure, "frozen"))
