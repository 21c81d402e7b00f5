"""What the program must know of a codec, as one value; each codec's file makes its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from camagent.model.codec_names import CodecNames

Payload = bytes | memoryview


class SetKind(Enum):
    """Of a parameter set."""

    VPS = "vps"
    SPS = "sps"
    PPS = "pps"


class SetKey(NamedTuple):
    """Which parameter set a NAL unit is."""

    kind: SetKind
    set_id: int
    sps_id: int | None = None
    """The SPS that a PPS refers to."""


class Field(NamedTuple):
    """Which field of which frame a picture is; two of one frame have the same number and opposite parity."""

    frame_num: int
    bottom: bool


class StreamHeader(Protocol):
    """What an SPS, or AV1's sequence header, says of the pictures."""

    @property
    def codec_profile(self) -> str | None: ...
    @property
    def codec_level(self) -> str: ...
    @property
    def width_px(self) -> int: ...
    @property
    def height_px(self) -> int: ...
    @property
    def coded_width_px(self) -> int: ...
    @property
    def coded_height_px(self) -> int: ...
    @property
    def chroma(self) -> str: ...
    @property
    def bit_depth(self) -> int: ...
    @property
    def interlaced(self) -> bool: ...
    @property
    def frame_rate_hz(self) -> float | None: ...


class FrameHeader(Protocol):
    """What a picture of a codec without parameter sets says of itself."""

    @property
    def codec_profile(self) -> str: ...
    @property
    def width_px(self) -> int: ...
    @property
    def height_px(self) -> int: ...
    @property
    def chroma(self) -> str | None: ...
    @property
    def bit_depth(self) -> int: ...


class PictureFormat(NamedTuple):
    """What decides how much memory a decoded picture takes."""

    width_px: int
    height_px: int
    bit_depth: int
    chroma: str | None


@dataclass(frozen=True, slots=True)
class PictureSource:
    """What a decoder needs beside the payloads of the frame."""

    codec: str
    parameter_sets: tuple[bytes, ...] = ()
    width_px: int | None = None
    """For JPEG: the size by SDP, where RFC 2435's one byte cannot hold it."""
    height_px: int | None = None
    donl: bool = False
    jpeg_tables: Mapping[int, bytes] = field(default_factory=dict)
    """Quantisation tables of earlier frames by Q, for senders that do not repeat them."""


def _nothing(payload: Payload) -> None:
    return None


def _no_field(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    return None


def never_usual(head: int) -> int:
    """Every payload has to be looked at whole."""
    return 0


def _no_sets(payload: bytes) -> tuple[bytes, ...]:
    return ()


def _no_rate(nals: Sequence[bytes]) -> float | None:
    return None


def _no_size(payload: Payload, stated_px: tuple[int | None, int | None]) -> tuple[int, int] | None:
    return None


def _never(nal: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec; the fields with defaults are what a codec without parameter sets, slices or decoder leaves
    out."""

    names: CodecNames
    peek: Callable[[Payload], int]
    """Flags of `payload_flags` for one RTP payload. Never raises."""
    begins_picture: Callable[[Payload], bool]
    """The payload holds the first slice of a picture (or the picture's first piece)."""
    parameter_sets: Callable[[bytes], tuple[bytes, ...]] = _no_sets
    """The VPS, SPS and PPS NAL units (AV1: sequence headers) that a payload holds whole."""
    set_key: Callable[[bytes], SetKey | None] = _nothing
    """Which parameter set a NAL unit is; None where it is none, or cannot be read."""
    is_sps: Callable[[bytes], bool] = _never
    parse_sps: Callable[[bytes], StreamHeader | None] = _nothing
    pps_id: Callable[[Payload], int | None] = _nothing
    """The PPS that the first slice of a payload refers to."""
    usual_start: Callable[[int], int] = never_usual
    """Flags by the first four bytes of a payload alone, where it is the first slice of a picture that is no
    keyframe, or begins it, and holds nothing else; 0: look closer."""
    field_of: Callable[[Payload, bytes], Field | None | bool] = _no_field
    """Of a payload with a first slice and the SPS: its field, False for a whole frame, None where it cannot
    be told."""
    pieces_show_order: bool = True
    """A payload shows by itself that it continues a picture."""
    picture: Callable[[Sequence[bytes], PictureSource], bytes | None] | None = None
    """One frame out of its payloads as a decoder wants it; None where pieces are missing, or nobody decodes
    it here."""
    decodable: Callable[[bytes], bytes] = bytes
    """What the decoder needs of a picture; empty where it cannot stand alone."""
    picture_format: Callable[[bytes], PictureFormat | None] = _nothing
    """By the headers of a picture; None where they do not say it."""
    decoder: str | None = None
    """FFmpeg's name."""
    conceals: bool = False
    """The decoder marks what it made up; others have to be told to refuse damage."""
    stands_alone: bool = False
    """Every picture is a keyframe."""
    profile_without_sets: str | None = None
    """Of a codec whose packets can carry one profile only."""
    claimed_rate_hz: Callable[[Sequence[bytes]], float | None] = _no_rate
    """Of these parameter sets, where one other than the SPS states it."""
    size_px: Callable[[Payload, tuple[int | None, int | None]], tuple[int, int] | None] = _no_size
    """By a frame's first payload, and by the size that SDP or a packet's extension states."""
    extension_size_px: Callable[[bytes], tuple[int, int] | None] = _nothing
    """What the header extension of a packet says of the picture's size."""
    tables: Callable[[Payload], tuple[int, bytes] | None] = _nothing
    """What a frame's first payload brings once for later frames too, under its number."""
    annex_b_filter: str | None = None
    """FFmpeg's bitstream filter towards the form that `nal_sequence` reads; None: a file's frames are taken
    whole."""
    file_sets: Callable[[bytes], tuple[bytes, ...]] = _no_sets
    """The parameter sets that a container keeps apart."""
    frame_sets: Callable[[bytes], tuple[bytes, ...]] = _no_sets
    """Those in one whole frame of a file."""
    file_frame: Callable[[bytes], bytes] = bytes
    """A whole frame of a file, without what makers write before it."""
    frame_header: Callable[[bytes], FrameHeader | None] = _nothing

    @property
    def name(self) -> str:
        """Ours, as the documents have it."""
        return self.names.name
