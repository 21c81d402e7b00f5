"""What the receiver must know of each codec: where a frame begins, what kind it is, how its picture is put together.

Pure. The details of H.264, H.265 and JPEG payloads are in `depacketize`; this is the one table over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from camagent.observe.bitstream import h264 as h264_bitstream
from camagent.observe.bitstream import h265 as h265_bitstream
from camagent.observe.depacketize import h264, h265, mjpeg
from camagent.observe.depacketize.access_unit import annex_b
from camagent.observe.depacketize.peek import INTER, IRAP, MALFORMED, SLICE, START

Payload = bytes | memoryview
_VOP_START = b"\x00\x00\x01\xb6"
_MPEG4_SEARCH_BYTES = 512  # VOL and GOV headers before a VOP are under 100 bytes
H264_SPS, H264_PPS = 7, 8
H265_VPS, H265_SPS, H265_PPS = 32, 33, 34


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


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """One codec as the receiver sees it."""

    codec: str
    peek: Callable[[Payload], int]
    """Flags of `depacketize.peek`."""
    begins_picture: Callable[[Payload], bool]
    """The payload holds the first slice of a picture (or the picture's first piece)."""
    parameter_sets: Callable[[bytes], tuple[bytes, ...]]
    """The VPS, SPS and PPS NAL units that a payload holds whole."""
    set_key: Callable[[bytes], SetKey | None]
    """Which parameter set a NAL unit is; None where it is none, or cannot be read."""
    pps_id: Callable[[Payload], int | None]
    """The PPS that the first slice of a payload refers to."""
    field_of: Callable[[Payload, bytes], Field | None | bool]
    """Of a payload with a first slice and the SPS: its field, False for a whole frame, None where it cannot be told."""
    pieces_show_order: bool = True
    """A payload shows by itself that it continues a picture."""


def payload_format(codec: str, donl: bool = False) -> PayloadFormat:
    """The format of h264, h265 (`donl`: with decoding order numbers), mjpeg or mpeg4."""
    if codec == "h265" and donl:
        return _H265_DONL
    return _FORMATS[codec]


def is_sps(codec: str, nal: bytes) -> bool:
    """A sequence parameter set of that codec."""
    return bool(nal) and (nal[0] & 0x1F == H264_SPS if codec == "h264" else nal[0] >> 1 & 0x3F == H265_SPS)


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


def picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    """The frame as the decoder wants it: Annex B with its parameter sets in front, or a JPEG file.

    Returns: None where pieces are missing, or the codec is one that nobody decodes here.
    """
    if source.codec == "mjpeg":
        return mjpeg.jpeg_picture(payloads, source.width_px, source.height_px, source.jpeg_tables)
    if source.codec not in ("h264", "h265"):
        return None
    unit = h264.access_unit(payloads) if source.codec == "h264" else h265.access_unit(payloads, source.donl)
    if not unit.complete:
        return None
    own = set(unit.nals)
    return annex_b((*(s for s in source.parameter_sets if s not in own), *unit.nals))


def jpeg_size(payload: Payload, told: tuple[int | None, int | None]) -> tuple[int, int] | None:
    """The picture's size by a frame's first payload, and by `told` (SDP, RTP extension) where a byte cannot hold it.

    Returns: None where neither says it.
    """
    fragment = mjpeg.parse_fragment(payload)
    if fragment is None:
        return None
    width, height = (
        told_px if told_px and (not header_px or 8 * ((told_px + 7) // 8 & 0xFF) == header_px) else header_px
        for header_px, told_px in zip((fragment.width_px, fragment.height_px), told, strict=True)
    )
    return (width, height) if width and height else None


def _begins_h264(payload: Payload) -> bool:
    """first_mb_in_slice is 0: its Exp-Golomb code is a single 1 bit."""
    nal = h264.first_slice(payload)
    return len(nal) > 1 and bool(nal[1] & 0x80)


def _begins_h265(payload: Payload, donl: bool = False) -> bool:
    """first_slice_segment_in_pic_flag is the first bit behind the NAL header."""
    nal = h265.first_slice(payload, donl)
    return len(nal) > 2 and bool(nal[2] & 0x80)


def _h264_set_key(nal: bytes) -> SetKey | None:
    if (sps := h264_bitstream.parse_sps(nal)) is not None:
        return SetKey(SetKind.SPS, sps.sps_id)
    pps = h264_bitstream.parse_pps(nal)
    return None if pps is None else SetKey(SetKind.PPS, *pps)


def _h265_set_key(nal: bytes) -> SetKey | None:
    if (sps := h265_bitstream.parse_sps(nal)) is not None:
        return SetKey(SetKind.SPS, sps.sps_id)
    if len(nal) > 2 and nal[0] >> 1 == h265_bitstream.NAL_VPS:
        return SetKey(SetKind.VPS, nal[2] >> 4)
    pps = h265_bitstream.parse_pps(nal)
    return None if pps is None else SetKey(SetKind.PPS, *pps)


def _h264_pps_id(payload: Payload) -> int | None:
    header = h264_bitstream.parse_slice_header(h264.first_slice(payload))
    return None if header is None else header.pps_id


def _h265_pps_id(payload: Payload, donl: bool = False) -> int | None:
    return h265_bitstream.slice_pps_id(h265.first_slice(payload, donl))


def _h265_pps_id_donl(payload: Payload) -> int | None:
    return _h265_pps_id(payload, donl=True)


_h264_sps = lru_cache(maxsize=64)(h264_bitstream.parse_sps)  # asked for with every frame
_h265_sps = lru_cache(maxsize=64)(h265_bitstream.parse_sps)


def _h264_field(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    sps = _h264_sps(sps_nal)
    if sps is None:
        return None
    if not sps.interlaced:
        return False
    header = h264_bitstream.parse_slice_header(h264.first_slice(payload), sps)
    if header is None or header.frame_num is None:
        return None
    return Field(header.frame_num, bool(header.bottom)) if header.field else False


def _h265_field(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    """Which field it is stands in SEI messages only; without field coding every picture is a frame."""
    sps = _h265_sps(sps_nal)
    return None if sps is None or sps.interlaced else False


def _no_field(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    return None


def _no_key(nal: bytes) -> SetKey | None:
    return None


def _no_pps_id(payload: Payload) -> int | None:
    return None


def _begins_h265_donl(payload: Payload) -> bool:
    return _begins_h265(payload, donl=True)


def _peek_donl(payload: Payload) -> int:
    return h265.peek(payload, donl=True)


def _h264_sets(payload: bytes) -> tuple[bytes, ...]:
    return tuple(nal for nal in h264.access_unit([payload]).nals if nal[0] & 0x1F in (H264_SPS, H264_PPS))


def _h265_sets(payload: bytes, donl: bool = False) -> tuple[bytes, ...]:
    nals = h265.access_unit([payload], donl).nals
    return tuple(nal for nal in nals if nal[0] >> 1 & 0x3F in (H265_VPS, H265_SPS, H265_PPS))


def _h265_sets_donl(payload: bytes) -> tuple[bytes, ...]:
    return _h265_sets(payload, donl=True)


def _peek_jpeg(payload: Payload) -> int:
    """Every frame of MJPEG is a keyframe; a fragment with offset 0 begins it (RFC 2435 §3.1.2)."""
    if len(payload) < 8:
        return MALFORMED
    return SLICE | IRAP | (0 if payload[1] or payload[2] or payload[3] else START)


def _begins_jpeg(payload: Payload) -> bool:
    return len(payload) >= 8 and not (payload[1] or payload[2] or payload[3])


def _peek_mpeg4(payload: Payload) -> int:
    """MPEG-4 Part 2 has no packet header (RFC 6416): the VOP start code says where a picture begins."""
    at = bytes(payload[:_MPEG4_SEARCH_BYTES]).find(_VOP_START)
    if at < 0 or at + 4 >= len(payload):
        return SLICE
    intra = payload[at + 4] >> 6 == 0
    return START | SLICE | (IRAP if intra else INTER)


def _begins_mpeg4(payload: Payload) -> bool:
    return bool(_peek_mpeg4(payload) & START)


def _no_sets(payload: bytes) -> tuple[bytes, ...]:
    return ()


_H265_DONL = PayloadFormat(
    "h265", _peek_donl, _begins_h265_donl, _h265_sets_donl, _h265_set_key, _h265_pps_id_donl, _h265_field
)
_FORMATS = {
    "h264": PayloadFormat("h264", h264.peek, _begins_h264, _h264_sets, _h264_set_key, _h264_pps_id, _h264_field),
    "h265": PayloadFormat("h265", h265.peek, _begins_h265, _h265_sets, _h265_set_key, _h265_pps_id, _h265_field),
    "mjpeg": PayloadFormat("mjpeg", _peek_jpeg, _begins_jpeg, _no_sets, _no_key, _no_pps_id, _no_field),
    "mpeg4": PayloadFormat(
        "mpeg4", _peek_mpeg4, _begins_mpeg4, _no_sets, _no_key, _no_pps_id, _no_field, pieces_show_order=False
    ),
}
