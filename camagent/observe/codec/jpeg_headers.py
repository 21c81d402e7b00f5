"""What the header segments of a JPEG file say. Pure; any bytes give a value or None."""

from __future__ import annotations

from dataclasses import dataclass

START_OF_IMAGE = b"\xff\xd8"
MAX_SEGMENTS = 64  # a camera's JPEG has about ten before its frame header
_PROFILE_NAMES = {0xC0: "Baseline", 0xC1: "Sequential", 0xC2: "Progressive", 0xC3: "Lossless"}
_CHROMA_NAMES = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0"}


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """The frame header of a picture."""

    codec_profile: str
    """FFmpeg's name of the coding process."""
    width_px: int
    height_px: int
    bit_depth: int
    chroma: str | None
    """None for samplings without a name."""


def parse_header(picture: bytes) -> JpegHeader | None:
    """Read the segments up to the frame header; a start-of-image marker in front may be missing."""
    position = 2 if picture.startswith(START_OF_IMAGE) else 0
    for _ in range(MAX_SEGMENTS):
        if position + 4 > len(picture) or picture[position] != 0xFF:
            return None
        marker, length = picture[position + 1], int.from_bytes(picture[position + 2 : position + 4], "big")
        if marker in _PROFILE_NAMES:
            return _frame_header(marker, picture[position + 4 : position + 2 + length])
        position += 2 + max(length, 2)
    return None


def _frame_header(marker: int, body: bytes) -> JpegHeader | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    height, width, components = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"), body[5]
    if not width or not height:
        return None
    chroma = "4:0:0" if components == 1 else None
    if components == 3 and body[10] == body[13] and body[10] & 0x0F and body[10] >> 4:
        across, down = (body[7] >> 4) / (body[10] >> 4), (body[7] & 0x0F) / (body[10] & 0x0F)
        chroma = next((name for steps, name in _CHROMA_NAMES.items() if steps == (across, down)), None)
    return JpegHeader(_PROFILE_NAMES[marker], width, height, body[0], chroma)
