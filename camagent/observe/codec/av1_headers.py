"""What the OBUs and sequence headers of AV1 say (AV1 specification 5.3, 5.5). Pure; any bytes give a value or
None."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from camagent.observe.codec.bits import MAX_SIDE_PX, BitReader, BitstreamError, claimed_rate_hz

_PROFILES = ("Main", "High", "Professional")
_MAX_LEVEL = 31
_UNSPECIFIED_CHROMA = (2, 2, 2)
_SRGB = (1, 13, 0)
MAX_LEB128_BYTES = 8  # AV1 specification 4.10.5
SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, TILE_GROUP = 1, 2, 3, 4
FRAME, REDUNDANT_FRAME_HEADER, TILE_LIST = 6, 7, 8
HAS_SIZE, HAS_EXTENSION = 0x02, 0x04
MAX_OBUS = 1024  # of one frame: tile groups have 4096 tiles at most, and cameras a handful


@dataclass(frozen=True, slots=True)
class Av1SequenceHeader:
    """What the stream claims to be."""

    codec_profile: str | None
    codec_level: str
    """As written: "4.0"; "max" where no level bounds the stream."""
    width_px: int
    """The largest picture of the sequence."""
    height_px: int
    chroma: str
    bit_depth: int
    frame_rate_hz: float | None
    """Of the timing information, where every picture lasts equally long: a claim."""
    full_range: bool

    @property
    def coded_width_px(self) -> int:
        return self.width_px

    @property
    def coded_height_px(self) -> int:
        return self.height_px

    @property
    def interlaced(self) -> bool:
        """AV1 codes frames only."""
        return False


def leb128(data: bytes, at: int) -> tuple[int, int] | None:
    """A number and the place behind it; None where it does not end."""
    value = 0
    for place, byte in enumerate(data[at : at + MAX_LEB128_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value, at + place + 1
    return None


def obu_type(obu: bytes) -> int | None:
    """The type of an OBU; None where its header is not whole, or forbidden."""
    if not obu or obu[0] & 0x80 or len(obu) < (2 if obu[0] & HAS_EXTENSION else 1):
        return None
    return obu[0] >> 3 & 0x0F


def content_of(obu: bytes) -> bytes:
    """Behind the header, its extension and its size."""
    at = 2 if obu[0] & HAS_EXTENSION else 1
    if obu[0] & HAS_SIZE:
        read = leb128(obu, at)
        return b"" if read is None else obu[read[1] : read[1] + read[0]]
    return obu[at:]


def is_sequence_header(obu: bytes) -> bool:
    """The OBU that stands for an SPS."""
    return obu_type(obu) == SEQUENCE_HEADER


def parse_sequence_header(obu: bytes) -> Av1SequenceHeader | None:
    """Read a sequence header OBU (5.5), its OBU header first; None if it is none."""
    if not is_sequence_header(obu):
        return None
    try:
        return _sequence_header(BitReader(content_of(obu)))
    except BitstreamError:
        return None


def _sequence_header(bits: BitReader) -> Av1SequenceHeader:
    profile = bits.u(3)
    bits.skip(1)
    reduced = bits.flag()
    rate: float | None = None
    if reduced:
        level = bits.u(5)
    else:
        rate, delay_bits = _timing(bits)
        level = _operating_points(bits, delay_bits)
    width_bits, height_bits = 1 + bits.u(4), 1 + bits.u(4)
    width, height = 1 + bits.u(width_bits), 1 + bits.u(height_bits)
    if max(width, height) > MAX_SIDE_PX:
        raise BitstreamError("picture too large")
    _skip_tools(bits, reduced)
    bit_depth, chroma, full_range = _colour(bits, profile)
    name = "max" if level == _MAX_LEVEL else f"{2 + (level >> 2)}.{level & 3}"
    profile_name = _PROFILES[profile] if profile < len(_PROFILES) else None
    return Av1SequenceHeader(profile_name, name, width, height, chroma, bit_depth, rate, full_range)


def _timing(bits: BitReader) -> tuple[float | None, int]:
    """The claimed rate, and how many bits a buffer delay has (0: no decoder model)."""
    if not bits.flag():
        return None, 0
    units_in_tick, time_scale = bits.u(32), bits.u(32)
    rate = claimed_rate_hz(time_scale, units_in_tick * (1 + bits.ue())) if bits.flag() else None
    if not bits.flag():
        return rate, 0
    delay_bits = 1 + bits.u(5)
    bits.skip(32 + 5 + 5)
    return rate, delay_bits


def _operating_points(bits: BitReader, delay_bits: int) -> int:
    """The level of the first point, which is the whole stream."""
    display_delay = bits.flag()
    first = 0
    for number in range(1 + bits.u(5)):
        bits.skip(12)
        level = bits.u(5)
        first = level if number == 0 else first
        bits.skip(1 if level > 7 else 0)  # seq_tier
        if delay_bits and bits.flag():
            bits.skip(2 * delay_bits + 1)
        if display_delay and bits.flag():
            bits.skip(4)
    return first


def _skip_tools(bits: BitReader, reduced: bool) -> None:
    """From frame ids to film grain's neighbours: everything between the size and the colour."""
    if not reduced and bits.flag():
        bits.skip(4 + 3)
    bits.skip(3)
    if not reduced:
        bits.skip(4)
        order_hint = bits.flag()
        bits.skip(2 if order_hint else 0)
        screen_tools = 2 if bits.flag() else bits.u(1)
        if screen_tools > 0 and not bits.flag():
            bits.skip(1)
        bits.skip(3 if order_hint else 0)
    bits.skip(3)


def _colour(bits: BitReader, profile: int) -> tuple[int, str, bool]:
    """Bit depth, chroma and range (5.5.2)."""
    depth = 10 if bits.flag() else 8
    if profile == 2 and depth == 10 and bits.flag():
        depth = 12
    if profile != 1 and bits.flag():
        return depth, "4:0:0", _described_range(bits)
    described = (bits.u(8), bits.u(8), bits.u(8)) if bits.flag() else _UNSPECIFIED_CHROMA
    if described == _SRGB:
        return depth, "4:4:4", True
    full_range = bits.flag()
    if profile == 0:
        return depth, "4:2:0", full_range
    if profile == 1:
        return depth, "4:4:4", full_range
    across = bits.flag() if depth == 12 else True
    if not across:
        return depth, "4:4:4", full_range
    down = depth == 12 and bits.flag()
    return depth, "4:2:0" if down else "4:2:2", full_range


def _described_range(bits: BitReader) -> bool:
    if bits.flag():
        bits.skip(24)
    return bits.flag()


def split_obus(stream: bytes) -> Iterator[bytes]:
    """The OBUs of a low-overhead stream, as far as their sizes fit."""
    at = 0
    for _ in range(MAX_OBUS):
        if at >= len(stream) or not stream[at] & HAS_SIZE:
            return
        read = leb128(stream, at + (2 if stream[at] & HAS_EXTENSION else 1))
        if read is None or read[1] + read[0] > len(stream):
            return
        yield stream[at : read[1] + read[0]]
        at = read[1] + read[0]
